"""Private repositories beside the project: where a fix is built that nobody may read yet."""

import hashlib
from collections.abc import Callable

from adapters.git import GitMirror
from adapters.github import GitHubForge
from bot.wiring.lanes import url_beside
from sops.kit.action import Private

Forges = Callable[[str], GitHubForge]


class PrivateHomes:
    """Each is reached when a run is first looked at that is built there, at the project's own host with its token."""

    def __init__(self, forge: Forges, git: GitMirror, url: str) -> None:
        self._forge = forge
        self._git = git
        self._url = url
        self._known: dict[str, tuple[Private, GitHubForge]] = {}

    def __call__(self, repository: str) -> Private:
        """Raises ConfigurationError where that is no repository's name."""
        if repository not in self._known:
            forge = self._forge(repository)
            name = f"private-{hashlib.sha256(repository.encode()).hexdigest()[:12]}"
            self._known[repository] = (Private(self._git.beside(url_beside(self._url, repository), name), forge), forge)
        return self._known[repository][0]

    async def close(self) -> None:
        """Nothing may be asked afterwards."""
        for _, forge in self._known.values():
            await forge.close()
