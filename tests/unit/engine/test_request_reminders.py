"""A request that waits: who may answer is reminded before it expires, and never of what is settled or on hold."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.engine import requests
from bot.engine.desk import Desk
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.people import People, Person, Role
from sops.kit.run import RunState
from tests.unit.runs import a_release

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = People(tuple(Person(handle=name, roles=(Role.REVIEWER,), accounts={}) for name in ("rev1", "rev2", "rm")))
ASKED = Request(
    seq=1,
    code="7f3a",
    step="merge",
    iteration=1,
    role=Role.REVIEWER,
    quorum=2,
    subject={},
    digest="0" * 64,
    effects=(),
    excluded={"rm": "starter"},
    made_at=NOW,
    expires_at=NOW + 48 * HOUR,
)


class Waiting:
    """A run that waits for one request; `look` says what is told when somebody looks at it after so many hours."""

    def __init__(self, state: RunState = RunState.ACTIVE, **asked: Any) -> None:
        self.run = a_release(state=state, owners=("rm",), requests=(ASKED.but(**asked),))

    def look(self, hours: float) -> list[str]:
        told: list[str] = []
        tx: Any = SimpleNamespace(ledger=SimpleNamespace(append=lambda *_, **__: None, entries=lambda _: ()))
        desk = Desk(tx, self.run, NOW + hours * HOUR, PEOPLE)
        desk.say = lambda card, *_, **__: told.append(str(card))  # type: ignore[method-assign,assignment]
        requests.settle(desk, 1, PEOPLE)
        self.run = desk.run
        return told


def test_it_is_told_at_half_of_its_time_and_when_a_sixth_is_left_and_then_it_expires() -> None:
    waiting = Waiting()
    said = {hours: waiting.look(hours) for hours in (1, 23.9, 24, 25, 39.9, 40, 41, 48)}
    assert [hours for hours, told in said.items() if told] == [24, 40, 48]
    assert all(words in said[24][0] for words in ("rev1", "rev2", "request 7f3a of REL-1 still needs 2 yeses"))
    assert "has expired" in said[48][0]


def test_after_downtime_it_is_told_once() -> None:
    waiting = Waiting()
    assert len(waiting.look(47)) == 1
    assert waiting.look(47.5) == []


def test_who_said_yes_is_not_asked_again() -> None:
    [told] = Waiting(yeses=(Yes(person="rev1", account="console:rev1", at=NOW),)).look(24)
    assert "still needs 1 yes" in told
    assert "rev2" in told
    assert "rev1" not in told


@pytest.mark.parametrize("state", [RequestState.GRANTED, RequestState.VOID, RequestState.CONSUMED])
def test_what_is_settled_reminds_nobody(state: RequestState) -> None:
    assert Waiting(state=RunState.ACTIVE, yeses=()).look(1) == []
    waiting = Waiting()
    waiting.run = waiting.run.but(requests=(ASKED.but(state=state),))
    assert waiting.look(40) == []


def test_a_run_on_hold_reminds_nobody_until_it_goes_on() -> None:
    waiting = Waiting(RunState.HELD)
    assert waiting.look(40) == []
    waiting.run = waiting.run.but(state=RunState.ACTIVE)
    assert len(waiting.look(41)) == 1


def test_the_engine_comes_back_for_each_reminder() -> None:
    run = Waiting().run
    assert requests.turns(run, NOW) == [NOW + 48 * HOUR, NOW + 24 * HOUR, NOW + 40 * HOUR]
