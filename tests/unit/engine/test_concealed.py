"""Whatever piece asks: of a concealed run nothing reaches the project's own repository or forge but questions."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from bot.engine.concealed import _ASKED, _OF_ALL, _READS, _WRITES, behind
from sops.kit.action import Private, World
from sops.kit.errors import FarEndRefused
from sops.kit.ports import Forge, GitRepository

SHA, OTHER = "a" * 40, "b" * 40
BRANCH = "hotfix/1.3.1-maintenance"


class Recorder:
    """Answers everything, and keeps what it was asked."""

    def __init__(self, name: str, log: list[str], answers: dict[str, Any] | None = None) -> None:
        self._name, self._log, self._answers = name, log, answers or {}

    def __getattr__(self, called: str) -> Callable[..., Any]:
        async def answer(*_: Any, **__: Any) -> Any:
            self._log.append(f"{self._name}.{called}")
            found = self._answers.get(called)
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def seen(log: list[str], *, private: bool = True, reached: bool = True, lacks: bool = False) -> World:
    """The world of a concealed run; `private` is what the forge says of the repository it is built in."""
    own = {"describe": FarEndRefused("no such object")} if lacks else {}
    home = Private(
        cast("GitRepository", Recorder("private", log, own)),
        cast("Forge", Recorder("home", log, {"is_private": private})),
    )
    there = cast("Any", World)(
        None, None, Recorder("forge", log), Recorder("public", log), None, None, None
    )  # of which only the two are looked at
    return behind(there, "acme/private", home if reached else None, frozenset({BRANCH}))


def of(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


def test_each_method_of_the_ports_is_a_question_or_a_deed_or_refused() -> None:
    assert _READS | _WRITES | _OF_ALL | {"branch", "push_signed_tag", "push_tag"} == of(GitRepository)
    assert of(Forge) > _ASKED
    assert not [
        name
        for name in _ASKED
        if name.split("_")[0] in {"open", "edit", "create", "merge", "close", "add"}
        and name not in {"open_pull_requests"}
    ]


@pytest.mark.parametrize("name", sorted(_WRITES))
@pytest.mark.parametrize(("private", "reached"), [(True, True), (False, True), (True, False)])
def test_a_deed_reaches_the_private_repository_alone_and_only_while_it_is_private(
    name: str, private: bool, reached: bool
) -> None:
    log: list[str] = []
    deed = getattr(seen(log, private=private, reached=reached).git, name)
    if private and reached:
        asyncio.run(deed(BRANCH, expected=SHA))
        assert f"private.{name}" in log
    else:
        with pytest.raises(FarEndRefused, match="nothing of it is pushed where others read"):
            asyncio.run(deed(BRANCH, expected=SHA))
    assert [each for each in log if each.startswith(("public.", "forge."))] == []


@pytest.mark.parametrize("name", sorted(of(Forge) - _ASKED))
def test_the_projects_forge_is_told_nothing(name: str) -> None:
    log: list[str] = []
    with pytest.raises(FarEndRefused, match="before the disclosure"):
        asyncio.run(getattr(seen(log).forge, name)(41))
    assert log == []


@pytest.mark.parametrize("name", ["push_signed_tag", "push_tag"])
def test_no_tag_is_pushed_anywhere(name: str) -> None:
    log: list[str] = []
    with pytest.raises(FarEndRefused):
        asyncio.run(getattr(seen(log).git, name)("v1.3.1", at=SHA, message="x"))
    assert log == []


def test_its_own_branch_is_looked_for_in_private_and_every_other_in_the_project() -> None:
    log: list[str] = []
    git = seen(log).git
    asyncio.run(cast("Any", git.branch(BRANCH)))
    asyncio.run(cast("Any", git.branch("main")))
    asyncio.run(cast("Any", git.tag("v1.3.0")))
    assert log == ["private.branch", "public.branch", "public.tag"]


def test_a_commit_the_private_repository_lacks_is_had_from_the_project_first() -> None:
    log: list[str] = []
    asyncio.run(cast("Any", seen(log, lacks=True).git.changed_paths(SHA, OTHER)))
    assert log == ["private.describe", "public.describe"] * 2 + ["private.changed_paths"]
