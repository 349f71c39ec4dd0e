"""A yes that could not be followed: for how long counts, and who is asked for what is left of it."""

from datetime import timedelta
from typing import Any

import pytest

from bot.engine import afresh, held_up
from bot.engine.requests import latest, quorum_of, turns
from sops import ALL
from sops.kit.approvals import HeldUp, Request, RequestState, Yes
from sops.kit.covered import agreed, approval_of, asking, covering, permanent
from sops.kit.gate import Approved
from sops.kit.model import Role, Severity, Sop, Step
from sops.kit.run import Failing, Run, StepRecord, StepState
from sops.rollback import ROLLBACK
from tests.unit.runs import NOW, a_release, a_run_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DONE = StepRecord(state=StepState.DONE)


def a_request(step: str, seq: int = 1, covers: tuple[str, ...] = (), **changes: Any) -> Request:
    """One that rev1 agreed to, a minute before NOW + 30 s, and that was used."""
    asked = Request(
        seq=seq,
        code=f"c0d{seq}",
        step=step,
        iteration=1,
        role=Role.REVIEWER,
        quorum=1,
        subject={"format": 2, "effects": [{"step": name} for name in covers]},
        digest="",
        effects=(),
        excluded={},
        made_at=NOW - HOUR,
        expires_at=NOW + 48 * HOUR,
        yeses=(Yes(person="rev1", account="console:rev1", at=NOW),),
        grace_until=NOW + timedelta(seconds=30),
        state=RequestState.CONSUMED,
    )
    return asked.but(**changes)


def up_to(sop: Sop, step: str, **changes: Any) -> Run:
    """A run of it in which everything before that step is done."""
    names = [each.id for each in sop.steps]
    return a_run_of(sop, version="1.4.0", records=dict.fromkeys(names[: names.index(step)], DONE), **changes)


def after_a_merge(**changes: Any) -> Run:
    done = dict.fromkeys(("branch", "bump", "pull-request", "checks", "merge"), DONE)
    return a_release(records=done, requests=(a_request("merge"),)).but(**changes)


def held(run: Run) -> HeldUp:
    found = run.requests[0].held
    assert found is not None
    return found


def test_what_overlaps_counts_once_and_what_people_knew_of_does_not() -> None:
    run = held_up.counted(after_a_merge(), "GitHub", NOW - HOUR, NOW + HOUR)  # before the yes, and in its grace
    assert held(run).span == HOUR - timedelta(seconds=30)
    run = held_up.counted(run, "the git remote", NOW + HOUR / 2, NOW + 2 * HOUR)
    run = held_up.counted(run, "GitHub", NOW + HOUR, NOW + 2 * HOUR)
    assert (held(run).span, held(run).by) == (2 * HOUR - timedelta(seconds=30), ("GitHub", "the git remote"))
    assert held_up.counted(run, held_up.DOWNTIME, NOW, NOW + HOUR) == run


def test_hiccups_are_none_and_many_of_them_are_an_outage() -> None:
    run, at = after_a_merge(), NOW + MINUTE
    for _ in range(29):
        run = held_up.counted(run, "GitHub", at, at + MINUTE)
        at += 2 * MINUTE
    assert not held_up.long(run, run.requests[0], at)
    run = held_up.counted(run, "GitHub", at, at + MINUTE)
    assert held_up.long(run, run.requests[0], at)
    assert not held_up.too_old(run, run.requests[0], at)
    assert held_up.too_old(run, run.requests[0], NOW + timedelta(days=1))


def test_one_that_goes_on_counts_as_far_as_it_went_and_only_where_the_yes_is_waited_for() -> None:
    failing = StepRecord(state=StepState.RUNNING, failing=Failing(at="git", said="gone", since=NOW + MINUTE))
    run = after_a_merge()
    waits = run.but(records={**run.records, "tag": failing})
    assert not held_up.long(waits, waits.requests[0], NOW + 30 * MINUTE)
    assert held_up.long(waits, waits.requests[0], NOW + 32 * MINUTE)
    told = waits.requests[0].but(grace_until=NOW + 40 * MINUTE)
    assert not held_up.long(waits, told, NOW + 60 * MINUTE)
    assert held_up.long(waits, told, NOW + 75 * MINUTE)


@pytest.mark.parametrize("state", [RequestState.OPEN, RequestState.VOID, RequestState.EXPIRED, RequestState.REJECTED])
def test_nothing_counts_where_nothing_was_agreed_to_or_nothing_is_left(state: RequestState) -> None:
    unagreed = after_a_merge(requests=(a_request("merge", state=state),))
    assert held_up.counted(unagreed, "GitHub", NOW, NOW + HOUR) == unagreed
    run = after_a_merge()
    over = run.but(records={**run.records, **dict.fromkeys(("tag", "release", "announce"), DONE)})
    assert held_up.counted(over, "GitHub", NOW, NOW + HOUR) == over


def permanent_steps() -> list[tuple[Sop, Step]]:
    return [(sop, step) for sop in ALL for step in sop.steps if permanent(step)]


@pytest.mark.parametrize(("sop", "step"), permanent_steps(), ids=lambda each: each.id)
def test_for_everything_permanent_somebody_can_be_asked_anew(sop: Sop, step: Step) -> None:
    first = asking(a_run_of(sop), step.id)
    assert first is not None, "no yes covers it"
    gate = approval_of(first)
    assert gate is not None
    run = up_to(sop, step.id, requests=(a_request(first.id),))
    assert afresh.gate_for(run, step) == approval_of(step)  # its yes holds
    assert covering(run, step) == run.requests[0]
    lapsed = run.but(requests=(a_request(first.id, lapsed=True),), severity=Severity.P1)
    again = afresh.gate_for(lapsed, step)
    assert again is not None
    assert step.id in again.covers
    assert quorum_of(lapsed, step, again) == quorum_of(lapsed, first, gate)
    if approval_of(step) is None:
        assert not any(lapsed.record(name).state.over for name in again.covers)


def both(run: Run) -> list[tuple[Approved | None, str]]:
    return [
        (afresh.gate_for(run, step), afresh.waits_on(run, step))
        for step in run.steps
        if step.id in {"latest", "announce"}
    ]


def test_steps_that_go_side_by_side_ask_once_and_wait_for_the_same() -> None:
    old = a_request("approve", lapsed=True)
    run = up_to(ROLLBACK, "latest", requests=(old,))
    (gate, _), (same, _) = both(run)
    assert gate is not None
    assert same == gate
    assert {"latest", "announce", "retract"} <= set(gate.covers)
    asked = a_request("latest", 2, gate.covers, state=RequestState.OPEN, yeses=(), grace_until=None)
    run = run.but(requests=(old, asked))
    assert both(run) == [(gate, ""), (None, "waits for 1 yes to request c0d2")]
    ended = run.but(requests=(old, asked.but(state=RequestState.EXPIRED, ended="it expired")))
    assert both(ended) == [(gate, ""), (None, "request c0d2: it expired; !retry asks again")]
    used = run.but(requests=(old, a_request("latest", 2, gate.covers)))
    assert both(used) == [(None, ""), (None, "")]
    skipped = run.but(records={**run.records, "latest": StepRecord(state=StepState.SKIPPED, by="rm")})
    (_, _), (own, other) = both(skipped)
    assert (own is not None and "announce" in own.covers, other) == (True, "")


def test_the_words_are_those_of_the_yes_that_was_used_last() -> None:
    run = up_to(ROLLBACK, "latest")
    step = next(each for each in run.steps if each.id == "announce")
    deed: Any = step.deeds[0]
    subject = {"format": 2, "effects": [{"step": "announce", "text": 0}], "texts": [["post it", "the text"]]}
    asked = a_request("announce", 2).but(subject=subject)
    told = agreed(run.but(requests=(a_request("approve", lapsed=True), asked)), deed)
    assert told is not None
    assert told.text == "the text"


def test_an_open_grace_of_what_is_left_is_looked_at_when_it_ends() -> None:
    run = after_a_merge(requests=(a_request("merge", again=True, grace_until=NOW + HOUR),))
    assert turns(run, NOW) == [NOW + HOUR]
    assert run.requests[0].going_ahead
    assert run.requests[0].in_grace(NOW + MINUTE)
    assert latest(run, "merge") == run.requests[0]


def test_an_older_builds_request_was_never_held_up() -> None:
    stored = a_request("merge").model_dump(mode="json")
    for name in ("held", "again", "lapsed"):
        del stored[name]
    read = Request.model_validate(stored)
    assert (read.held, read.again, read.lapsed, read.holds) == (None, False, False, True)
