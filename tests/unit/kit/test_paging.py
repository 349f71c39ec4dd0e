from datetime import UTC, datetime, timedelta

import pytest

from bot.wiring.sandbox import sandbox_people
from sops.kit import paging, timing
from sops.kit.ladder import EVERYONE, FIRST, SECOND
from sops.kit.model import Role, Severity
from sops.kit.people import People
from sops.kit.rebasing import rebased
from sops.kit.timing import ACKNOWLEDGE, CALL
from tests.unit.runs import NOW, an_incident

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PEOPLE = People(sandbox_people())


def waiting(severity, since=NOW):
    """An incident that nobody acknowledges, its first call made."""
    run = timing.started(an_incident(severity), ACKNOWLEDGE, since)
    return paging.with_step(run, run.clocks[ACKNOWLEDGE], 0)


def stored(run, now):
    (only,) = timing.deadlines(run, ACKNOWLEDGE, now)
    return only.threshold - CALL, only.due_at


def cest(day, hour, minute=0):
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC) - 2 * HOUR


def test_of_all_the_calls_to_come_only_the_next_is_stored():
    assert stored(waiting(Severity.P0), NOW) == (1, NOW + 2 * MINUTE)
    assert timing.following(waiting(Severity.P0), ACKNOWLEDGE, NOW + 2 * MINUTE) == (CALL + 2, NOW + 5 * MINUTE)


def test_after_long_downtime_the_widest_that_is_due_comes_at_once_and_then_the_next():
    run, now = waiting(Severity.P0), NOW + 3 * DAY
    number, at = stored(run, now)
    assert at == now
    assert paging.ladder_of(run).rung(number).calls[0] == EVERYONE
    assert timing.following(run, ACKNOWLEDGE, now) == (CALL + number + 1, now + 30 * MINUTE)


def test_a_rise_begins_anew_however_late_it_comes():
    run, now = timing.started(an_incident(Severity.P3), ACKNOWLEDGE, NOW), NOW + 3 * HOUR
    run = rebased(run.but(severity=Severity.P0), now)
    assert stored(run, now) == (0, now)
    assert timing.following(run, ACKNOWLEDGE, now) == (CALL + 1, now + 2 * MINUTE)
    assert run.clocks[ACKNOWLEDGE].due_at == now + 15 * MINUTE


def test_who_raised_it_and_why_is_told_as_long_as_its_clock_counts_from_there():
    now = NOW + 3 * HOUR
    run = rebased(waiting(Severity.P2).but(severity=Severity.P0), now)
    run = paging.with_raise(run, Severity.P2, "rm", "orders are lost", now)
    assert paging.raised(run, run.clocks[ACKNOWLEDGE]) == ("P2", "rm", "orders are lost", now)
    less = rebased(run.but(severity=Severity.P1), now + MINUTE)
    assert paging.raised(less, less.clocks[ACKNOWLEDGE]) is None
    assert less.clocks[ACKNOWLEDGE].due_at == now + 2 * HOUR  # made less of, it is not late for that
    again = timing.started(run, ACKNOWLEDGE, now + HOUR)  # as it is reopened
    assert paging.raised(again, again.clocks[ACKNOWLEDGE]) is None


def test_a_fall_or_the_first_word_of_how_bad_it_is_repeats_no_call():
    run, now = paging.with_call(waiting(None), ["oncall1"], NOW + 15 * MINUTE), NOW + 20 * MINUTE
    run = rebased(run.but(severity=Severity.P1), now)
    assert stored(run, now) == (2, NOW + 30 * MINUTE)
    run = rebased(run.but(severity=Severity.P2), now)
    assert stored(run, now) == (1, NOW + 4 * HOUR)


@pytest.mark.parametrize(
    ("declared", "calls"),
    [
        (cest(20, 10), [cest(20, 10), cest(20, 14), cest(21, 9), cest(22, 9)]),
        (cest(20, 3), [cest(20, 9), cest(20, 13)]),  # at night: from the morning on
        (cest(24, 20), [cest(27, 9), cest(27, 13)]),  # on Friday evening: from Monday on
    ],
)
def test_a_p2_calls_in_working_hours(declared, calls):
    run = timing.started(an_incident(Severity.P2), ACKNOWLEDGE, declared)
    found, at = [], declared - MINUTE
    for _ in calls:
        _, at = paging.next_after(run, paging.ladder_of(run), run.clocks[ACKNOWLEDGE], at)
        found.append(at)
    assert found == calls


def test_whoever_is_named_is_found_and_nobody_twice():
    run = an_incident()
    assert paging.people_of((FIRST, SECOND), run, PEOPLE) == ("oncall1", "oncall2")
    assert paging.people_of((Role.ON_CALL.value, FIRST), run, PEOPLE) == ("oncall1", "oncall2")
    everyone = paging.people_of((EVERYONE,), run, PEOPLE)
    assert everyone[:4] == ("oncall1", "oncall2", "rm", "rm2")
    assert {"rev1", "seclead", "maint"} < set(everyone)
    assert "guest" not in everyone


def test_of_a_private_run_nobody_is_called_who_does_not_answer_for_it():
    private = an_incident(private=True)
    assert paging.people_of((EVERYONE,), private, PEOPLE) == ("oncall1", "oncall2", "rm", "rm2", "seclead")


def test_passing_it_on_reaches_somebody_new_and_spares_who_passed():
    run = waiting(Severity.P0)
    state, ladder = run.clocks[ACKNOWLEDGE], paging.ladder_of(run)
    run = paging.with_pass(run, state, "oncall1")
    assert paging.whom(run, PEOPLE, state, ladder, paging.wider(run, PEOPLE, state, ladder)) == ("oncall2",)
    run = paging.with_step(paging.with_pass(run, state, "oncall2"), state, 2)
    assert paging.whom(run, PEOPLE, state, ladder, paging.wider(run, PEOPLE, state, ladder)) == ("rm", "rm2")
    last = paging.with_step(run, state, 300)
    assert paging.wider(last, PEOPLE, state, ladder) == 300
    assert "oncall1" in paging.whom(last, PEOPLE, state, ladder, 300)


def test_a_thousand_calls_are_remembered_in_the_room_of_one():
    run = waiting(Severity.P0)
    for number in range(1000):
        run = paging.with_call(run, ["oncall1", "rm"], NOW + number * MINUTE)
    assert paging.called(run) == ("oncall1", "rm")
    assert paging.count(run) == 1000


def test_what_an_older_build_kept_counts():
    run = an_incident(facts={"paged": [["oncall1", NOW.isoformat()], ["rm", NOW.isoformat()]]})
    assert paging.called(run) == ("oncall1", "rm")
    assert paging.count(paging.with_call(run, ["oncall2"], NOW)) == 3
