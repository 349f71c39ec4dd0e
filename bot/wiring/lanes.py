"""Where the repositories of lanes are, and the git remotes that reach them."""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from adapters.git import GitMirror
from sops.kit.policy import Policy


def own_repositories(policy: Policy) -> tuple[str, ...]:
    """The repositories that lanes have of their own, each once."""
    return tuple(dict.fromkeys(lane.repository for lane in policy.lanes.values() if lane.repository))


def lanes_of(policy: Policy, git: GitMirror, url: str) -> Mapping[str, GitMirror]:
    """A remote for each of them, at the host of the project's own `url`, with the token of that host."""
    return {
        each: git.beside(url_beside(url, each), f"lane-{hashlib.sha256(each.encode()).hexdigest()[:12]}")
        for each in own_repositories(policy)
    }


def url_beside(url: str, repository: str) -> str:
    """Where `repository` (`owner/name`) is if the project is at `url`; below a plain path only its name counts."""
    if url.startswith(("/", "file://")):
        return f"{url.rpartition('/')[0]}/{repository.rpartition('/')[2]}.git"
    if "://" not in url:
        host, _, path = url.partition(":")
        return f"{host}:{_beside(path, repository)}"
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=_beside(parts.path, repository)))


def _beside(path: str, repository: str) -> str:
    above = path.removesuffix("/").split("/")[:-2]
    return "/".join([*above, f"{repository}.git"])
