"""A yes may be asked for before an instant has come, where that alone is missing, and not too early."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.engine.looks import Looking
from sops.kit.approvals import Request, RequestState
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.model import Role
from tests.unit.runs import a_release

INSTANT = datetime(2026, 4, 28, 16, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Timed(Gate):
    """Waits for an instant."""

    ahead = DAY


@dataclass(frozen=True)
class Other(Gate):
    """Waits for something."""


WAITS, HOLDS = Waiting("not before", until=INSTANT), Met()


@pytest.mark.parametrize(
    ("found", "before", "askable", "until"),
    [
        ([(Timed(), WAITS)], 2 * DAY, False, INSTANT),
        ([(Timed(), WAITS)], DAY, True, INSTANT),
        ([(Timed(), WAITS)], HOUR, True, INSTANT),
        ([(Timed(), WAITS), (Other(), HOLDS)], HOUR, True, INSTANT),
        ([(Timed(), WAITS), (Other(), Waiting("red"))], HOUR, False, None),
        ([(Other(), Waiting("red"))], HOUR, False, None),
        ([(Other(), WAITS)], HOUR, False, None),  # nobody may answer that one ahead
        ([(Timed(), HOLDS)], HOUR, True, None),
        ([], HOUR, True, None),
    ],
)
def test_who_is_asked_when(
    found: list[tuple[Gate, Met | Waiting]], before: timedelta, askable: bool, until: datetime | None
) -> None:
    so_far, now = Looking(), INSTANT - before
    for gate, answer in found:
        so_far.found(a_release(), gate, answer, now)
    assert (so_far.askable, so_far.until) == (askable, until)


@pytest.mark.parametrize(("before", "every"), [(3 * DAY, 2 * DAY), (DAY + HOUR, HOUR), (HOUR, HOUR)])
def test_it_is_looked_at_when_it_may_be_asked_and_when_the_instant_comes(before: timedelta, every: timedelta) -> None:
    so_far = Looking()
    so_far.every = 30 * DAY
    run = a_release()
    so_far.found(run, Timed(), WAITS, INSTANT - before)
    assert so_far.every == min(every, run.policy.look_every)


@pytest.mark.parametrize(("before", "stops"), [(HOUR, False), (timedelta(minutes=5), True), (timedelta(0), True)])
def test_talk_stops_what_is_armed_only_shortly_before(before: timedelta, stops: bool) -> None:
    asked = Request(
        seq=1,
        code="ab12",
        step="reveal",
        iteration=1,
        role=Role.SECURITY_LEAD,
        quorum=1,
        subject={},
        digest="",
        effects=(),
        excluded={},
        made_at=INSTANT - 2 * DAY,
        expires_at=INSTANT + DAY,
        state=RequestState.GRANTED,
        grace_until=INSTANT,
        armed_for=INSTANT,
    )
    assert asked.in_grace(INSTANT - before) is stops
