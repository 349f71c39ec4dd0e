"""What a rollback that nobody can read holds up, and how people go on."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sops.kit.gate import Met, Waiting
from sops.kit.rolled_back import NothingDropped, NotRolledBack
from sops.kit.security_gates import AgreedDay
from sops.kit.soak import Soaked
from sops.kit.unread_runs import passed
from sops.kit.unreadable import Unreadable
from sops.security_response import SECURITY_RESPONSE
from tests.unit.runs import NOW, a_release, a_run_of

BACK = Unreadable("b1", "RBK-1", "SOP-04", over=False, why="severity: enum", state="active", revision=7)


class Book:
    """Nothing of it can be read but its columns."""

    def __init__(self, *unread: Unreadable) -> None:
        self.unread = unread

    async def of_version(self, version: str) -> list[Any]:
        return []

    async def open(self) -> list[Any]:
        return []

    async def unreadable(self, **_: Any) -> list[Unreadable]:
        return list(self.unread)


def a_world(*unread: Unreadable) -> Any:
    async def none(*_: Any, **__: Any) -> list[Any]:
        return []

    async def pull(_: int) -> Any:
        return SimpleNamespace(head_sha="a" * 40)

    return SimpleNamespace(runs=Book(*unread), now=NOW, forge=SimpleNamespace(issues=none, pull_request=pull))


def look(gate: Any, run: Any, *unread: Unreadable) -> Met | Waiting:
    found: Met | Waiting = asyncio.run(gate.check(run, a_world(*unread)))
    return found


@pytest.mark.parametrize("state", ["active", "held", "done", "cancelled"])
def test_a_release_waits_for_a_rollback_that_nobody_can_read_and_says_how_people_go_on(state: str) -> None:
    run = a_release()
    back = Unreadable("b1", "RBK-1", "SOP-04", over=False, why="", state=state, revision=7)
    found = look(NotRolledBack("{version}"), run, back)
    assert isinstance(found, Waiting)
    assert "RBK-1 cannot be read by this version, so nobody knows whether it takes 1.4.0 back" in found.note
    assert "two people may say !waive RBK-1 reason" in found.note
    assert isinstance(look(NotRolledBack("{version}"), passed(run, back), back), Met)
    moved = Unreadable("b1", "RBK-1", "SOP-04", over=False, why="", state=state, revision=8)
    assert isinstance(look(NotRolledBack("{version}"), passed(run, back), moved), Waiting), "it is another by now"


def test_what_nobody_started_and_what_is_no_rollback_hold_up_nothing() -> None:
    planned = Unreadable("b1", "RBK-1", "SOP-04", over=False, why="", state="planned")
    other = Unreadable("b2", "FIX-1", "SOP-02", over=False, why="", state="active")
    assert isinstance(look(NotRolledBack("{version}"), a_release(), planned, other), Met)


def test_a_soak_stands_still_for_it_and_nothing_is_merged_that_it_may_have_reverted() -> None:
    run = a_release(iteration=2).with_facts({"pr": 45, "published.at": NOW.isoformat()})
    found = look(Soaked(), run, BACK)
    assert isinstance(found, Waiting)
    assert "RBK-1 cannot be read" in found.note
    (news,) = found.news
    assert news.about == {"by": "RBK-1", "unread": True}
    dropped = look(NothingDropped(), run, BACK)
    assert isinstance(dropped, Waiting)
    assert "nobody knows whether it reverted 1.4.0-rc1 on main" in dropped.note


def test_a_private_hotfix_is_held_while_nobody_can_read_the_day_agreed_on() -> None:
    report = Unreadable("5ec", "SEC-1", SECURITY_RESPONSE.id, over=False, why="", state="active", revision=3)
    run = a_release(private=True, parent="5ec")
    found = look(AgreedDay(), run, report)
    assert isinstance(found, Waiting)
    assert "nobody knows which disclosure is agreed on" in found.note
    assert isinstance(look(AgreedDay(), passed(run, report), report), Met)
    assert isinstance(look(AgreedDay(), a_release(private=True, parent="0ther"), report), Met)
    assert isinstance(look(AgreedDay(), a_run_of(SECURITY_RESPONSE), report), Met)
