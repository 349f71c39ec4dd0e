"""The world as a run sees it whose fix nobody may read yet: what it pushes goes to its private repository, or nowhere.

Whatever piece asks, and whatever it is called: the project's own repository can be read here and not be written to.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

from sops.kit.action import Private, World
from sops.kit.errors import FarEndRefused
from sops.kit.patterns import Pattern
from sops.kit.ports import Forge, GitRepository

_SHA = Pattern(r"[0-9a-f]{40}")
_OF_ALL = frozenset({"tag", "tags", "verify_tag"})
_READS = frozenset(
    {"read", "link", "conflicts", "merged_tree", "describe", "log", "first_parents"}
    | {"changed_paths", "is_ancestor", "copied"}
)
_WRITES = frozenset(
    {"create_branch", "delete_branch", "commit", "push_branch", "merge", "record", "revert", "cherry_pick"}
)
_ASKED = frozenset(
    {"viewer", "starts_workflows", "pull_requests", "pull_request", "open_pull_requests", "merged_pull_requests"}
    | {"pull_request_authors", "reviews", "rules", "checks", "release_by_tag", "releases", "upstream_releases"}
    | {"download_asset", "asset_digest", "issues", "issue", "milestone", "milestone_issues", "own_issues", "comments"}
    | {"discussion_categories", "own_discussions", "advisories", "workflow_runs", "workflow_run", "is_private"}
)
_NOWHERE = "nothing of it is pushed where others read before the disclosure"

Call = Callable[..., Awaitable[Any]]


def behind(world: World, home: str, private: Private | None, own: frozenset[str]) -> World:
    """That world for a run that is built in the repository `home`; the branches `own` are those there."""
    git = _Git(world.git, private, home, own)
    return replace(world, git=cast("GitRepository", git), forge=cast("Forge", _Forge(world.forge)), private=private)


class _Git:
    """Reads both repositories and writes to the private one, once the forge says that it is private."""

    def __init__(self, public: GitRepository, private: Private | None, home: str, own: frozenset[str]) -> None:
        self._public = public
        self._private = private
        self._home = home
        self._own = own

    def __getattr__(self, name: str) -> Call:
        if name in _OF_ALL:
            return cast("Call", getattr(self._public, name))
        if name in _READS | _WRITES:
            return self._reading(name) if name in _READS else self._writing(name)

        async def refuse(*_: Any, **__: Any) -> None:
            raise FarEndRefused(_NOWHERE)

        return refuse

    async def branch(self, name: str) -> str | None:
        if name not in self._own:
            return await self._public.branch(name)
        return await self._there().git.branch(name)

    def _there(self) -> Private:
        if self._private is None:
            raise FarEndRefused(f"{_NOWHERE}, and {self._home or 'its private repository'} cannot be reached")
        return self._private

    def _reading(self, name: str) -> Call:
        async def read(*arguments: Any, **named: Any) -> Any:
            await self._have(arguments)
            return await getattr(self._there().git, name)(*arguments, **named)

        return read

    def _writing(self, name: str) -> Call:
        async def write(*arguments: Any, **named: Any) -> Any:
            there = self._there()
            if not await there.forge.is_private():
                raise FarEndRefused(f"{self._home} can be read by all: {_NOWHERE}")
            await self._have([*arguments, *named.values()])
            return await getattr(there.git, name)(*arguments, **named)

        return write

    async def _have(self, values: Any) -> None:
        """Both repositories keep their commits in one place here; what neither has is for the call itself to meet."""
        for sha in [each for each in values if isinstance(each, str) and _SHA.fullmatch(each)]:
            for git in (self._there().git, self._public):
                try:
                    await git.describe(sha)
                    break
                except FarEndRefused:
                    continue


class _Forge:
    """The project's forge, which is asked and told nothing."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge

    def __getattr__(self, name: str) -> Call:
        if name in _ASKED:
            return cast("Call", getattr(self._forge, name))

        async def refuse(*_: Any, **__: Any) -> None:
            raise FarEndRefused(_NOWHERE)

        return refuse
