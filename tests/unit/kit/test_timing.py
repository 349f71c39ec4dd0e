from datetime import UTC, datetime, timedelta

import pytest

from sops.hotfix import HOTFIX
from sops.kit import paging, timing
from sops.kit.clocks import ClockState, thresholds
from sops.kit.model import Role, Severity
from sops.kit.policy import Policy
from sops.kit.rebasing import rebased
from sops.kit.run import Obligation
from sops.kit.timing import (
    ACKNOWLEDGE,
    DUE,
    EVE,
    FIX,
    LATE,
    OWED,
    OWN,
    POST_MORTEM,
    REPORT,
    SOAK,
    UPDATE,
)
from tests.unit.runs import NOW, a_release, a_run_of, an_incident

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def cest(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - 2 * HOUR


def instants(run, name):
    return dict(timing.marks(run, name, run.clocks[name]))


@pytest.mark.parametrize(
    ("severity", "promised"),
    [(Severity.P0, 15 * MINUTE), (Severity.P1, 2 * HOUR)],
)
def test_an_acknowledgement_is_due_so_long_after_the_declaration(severity, promised):
    assert timing.due(ACKNOWLEDGE, an_incident(severity), NOW) == NOW + promised


@pytest.mark.parametrize(
    ("declared", "due"),
    [
        (cest(4, 20, 10), cest(4, 21, 23, 59)),  # Monday → Tuesday
        (cest(4, 24, 18), cest(4, 27, 23, 59)),  # Friday → Monday
        (cest(4, 25, 9), cest(4, 27, 23, 59)),  # Saturday → Monday
        (cest(4, 30, 9), cest(5, 4, 23, 59)),  # the day before 1 May, a holiday → Monday
        (cest(4, 20, 0, 5), cest(4, 21, 23, 59)),  # five past midnight there, still Sunday in UTC
    ],
)
def test_a_p3_is_due_at_the_end_of_the_next_business_day(declared, due):
    assert timing.due(ACKNOWLEDGE, an_incident(Severity.P3), declared) == due


def test_the_calendar_is_the_organisations():
    run = an_incident(Severity.P3)
    british = run.but(policy=run.policy.model_copy(update={"country": "GB", "zone": "Europe/London"}))
    friday_1_may = datetime(2026, 5, 1, 22, 59, tzinfo=UTC)
    assert timing.due(ACKNOWLEDGE, british, datetime(2026, 4, 30, 9, tzinfo=UTC)) == friday_1_may


def test_a_post_mortem_has_five_business_days_across_a_weekend_and_the_first_of_may():
    verified = cest(4, 28, 15)  # a Tuesday
    assert timing.due(POST_MORTEM, an_incident(), verified) == cest(5, 6, 23, 59)


def words_about(run, name, until):
    """(mark, instant) of everything that is said of the clock before `until`, as the engine has it stored."""
    said = sorted(timing.marks(run, name, run.clocks[name]), key=lambda mark: mark[1])
    while (later := timing.following(run, name, max(said[-1][1], run.clocks[name].due_at)))[1] < until:
        said.append(later)
    return said


def test_a_post_mortem_is_recalled_the_morning_before_and_when_it_is_late_on_the_1st_3rd_and_7th_day_then_weekly():
    run = timing.started(an_incident(), POST_MORTEM, cest(5, 11, 15))  # due Tuesday 19 May; 14 May is a holiday
    assert words_about(run, POST_MORTEM, cest(6, 10, 0)) == [
        (EVE, cest(5, 18, 9)),
        (DUE, cest(5, 20, 9)),  # the morning after, which is the first day
        (LATE + 1, cest(5, 22, 9)),
        (LATE + 2, cest(5, 26, 9)),
        (LATE + 3, cest(6, 2, 9)),
        (LATE + 4, cest(6, 9, 9)),
    ]


def test_what_is_late_is_told_in_working_hours_and_what_falls_together_is_told_once():
    run = timing.started(an_incident(), POST_MORTEM, cest(4, 23, 15))  # due Thursday 30 April, before a long weekend
    assert words_about(run, POST_MORTEM, cest(5, 9, 0))[1:] == [(DUE, cest(5, 4, 9)), (LATE + 2, cest(5, 7, 9))]


@pytest.mark.parametrize("name", [POST_MORTEM, FIX, UPDATE, REPORT, f"{OWN}row:2h", f"{OWED}main-ward"])
def test_what_is_late_is_never_left_at_that(name):
    run = timing.started(an_incident(), name, NOW)
    at = run.clocks[name].due_at
    for _ in range(200):
        mark, later = timing.following(run, name, at)
        assert later > at
        assert later - at <= timedelta(days=10)
        at = later
    assert mark == LATE + 199


def test_found_years_later_the_next_word_is_still_to_come():
    run = timing.started(an_incident(), FIX, NOW)
    now = NOW + 2000 * DAY
    _, later = timing.following(run, FIX, now)
    assert now < later <= now + 11 * DAY


def test_an_organisation_sets_its_own_days():
    run = an_incident()
    run = run.but(policy=Policy(late_days=(2,), late_every=1, working_hours=(8, 12)))
    run = timing.started(run, POST_MORTEM, cest(5, 11, 15))
    assert [at for _, at in words_about(run, POST_MORTEM, cest(5, 24, 0))[2:]] == [cest(5, 21, 8), cest(5, 22, 8)]


def test_the_day_before_a_monday_is_the_friday_or_what_comes_before_a_holiday():
    run = timing.started(an_incident(), POST_MORTEM, cest(4, 24, 15))  # due Monday 4 May; Friday is 1 May
    assert run.clocks[POST_MORTEM].due_at == cest(5, 4, 23, 59)
    assert instants(run, POST_MORTEM)[EVE] == cest(4, 30, 9)


def test_a_p3_owes_a_post_mortem_only_once_somebody_set_its_cause():
    assert timing.due(POST_MORTEM, an_incident(Severity.P3), NOW) is None
    assert timing.due(POST_MORTEM, an_incident(Severity.P3, facts={"cause": "a disk"}), NOW) is not None


def test_an_unknown_clock_is_a_mistake():
    with pytest.raises(KeyError):
        timing.due("tea", an_incident(), NOW)


def test_half_of_the_time_four_fifths_and_all_of_it_are_recalled():
    run = timing.started(an_incident(Severity.P2), UPDATE, NOW)
    assert instants(run, UPDATE) == {50: NOW + 2 * HOUR, 80: NOW + 3.2 * HOUR, 100: NOW + 4 * HOUR}


def test_a_p3_reminds_of_nothing_since_it_is_listed_but_what_else_calls_nobody_does_once_it_is_late():
    run = timing.started(an_incident(Severity.P3), ACKNOWLEDGE, NOW)  # due Tuesday 23:59
    assert timing.deadlines(run, ACKNOWLEDGE, NOW) == []
    quiet = run.policy.model_copy(update={"paging": {**run.policy.paging, Severity.P2: ()}})
    run = timing.started(an_incident(Severity.P2, policy=quiet), ACKNOWLEDGE, NOW)  # due Tuesday 9:00
    (first,) = timing.deadlines(run, ACKNOWLEDGE, NOW)
    assert (first.threshold, first.due_at) == (LATE, cest(4, 22, 9))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (cest(4, 20, 9), cest(4, 21, 9)),  # the hour itself is over
        (cest(4, 20, 8, 59), cest(4, 20, 9)),
        (cest(4, 24, 10), cest(4, 27, 9)),  # a weekend
        (cest(4, 30, 10), cest(5, 4, 9)),  # a holiday before one
    ],
)
def test_the_hour_of_a_business_day_comes_again(now, then):
    assert timing.calendar(an_incident()).next_hour(now, 9) == then


def test_thresholds_fall_on_whole_seconds_and_the_last_on_the_instant_itself():
    end = NOW + timedelta(seconds=7)
    assert thresholds(NOW, end, (50, 100)) == [(50, NOW + timedelta(seconds=3)), (100, end)]


def test_a_raise_begins_anew_and_keeps_when_it_was_declared():
    run = timing.started(an_incident(Severity.P2), ACKNOWLEDGE, NOW)
    run = rebased(run.but(severity=Severity.P0), NOW + HOUR)
    state = run.clocks[ACKNOWLEDGE]
    assert (state.started_at, state.due_at, state.generation) == (NOW, NOW + HOUR + 15 * MINUTE, 2)
    assert (state.counted_from, state.severity) == (NOW + HOUR, Severity.P0)


def test_a_raise_that_an_older_build_counted_from_the_declaration_stays_so():
    state = ClockState(started_at=NOW, due_at=NOW + 15 * MINUTE, calls_from=NOW + HOUR)
    assert state.counted_from == NOW


def test_a_raise_waits_anew_for_the_next_update():
    run = timing.started(an_incident(Severity.P2), UPDATE, NOW)
    run = rebased(run.but(severity=Severity.P0), NOW + 3 * HOUR)
    assert run.clocks[UPDATE].due_at == NOW + 3 * HOUR + 30 * MINUTE


def test_a_mark_a_new_severity_left_behind_is_due_now_and_only_the_last_of_them():
    run = timing.started(a_run_of(HOTFIX, severity=Severity.P1), FIX, NOW)
    now = NOW + 40 * HOUR
    run = rebased(run.but(severity=Severity.P0), now)
    first, *later = timing.deadlines(run, FIX, now)
    assert (first.threshold, first.due_at, first.generation) == (80, now, 2)
    assert [deadline.threshold for deadline in later] == [DUE]


def test_a_stopped_clock_keeps_the_severity_under_which_it_stopped():
    run = timing.started(an_incident(Severity.P2), ACKNOWLEDGE, NOW)
    run = timing.stopped(run, ACKNOWLEDGE, NOW + HOUR)
    after = rebased(run.but(severity=Severity.P0), NOW + 2 * HOUR)
    assert after.clocks[ACKNOWLEDGE] == run.clocks[ACKNOWLEDGE]
    assert after.clocks[ACKNOWLEDGE].severity is Severity.P2


def test_stopping_twice_keeps_the_first_instant():
    run = timing.stopped(timing.started(an_incident(), UPDATE, NOW), UPDATE, NOW + MINUTE)
    assert timing.stopped(run, UPDATE, NOW + HOUR) == run


def test_stopping_a_clock_that_never_ran_changes_nothing():
    run = an_incident()
    assert timing.stopped(run, POST_MORTEM, NOW) is run


def test_a_clock_that_starts_again_is_of_a_new_generation():
    run = timing.started(timing.started(an_incident(), UPDATE, NOW), UPDATE, NOW + HOUR)
    assert (run.clocks[UPDATE].generation, run.clocks[UPDATE].started_at) == (2, NOW + HOUR)


def test_a_severity_without_a_clock_stops_the_one_that_ran():
    run = timing.started(an_incident(Severity.P1), UPDATE, NOW)
    run = rebased(run.but(severity=Severity.P3), NOW + MINUTE)
    assert run.clocks[UPDATE].stopped_at == NOW + MINUTE


def missing_updates(severity):
    """How long each missing update is waited for, one after the other."""
    runs = [an_incident(severity, facts={"update.missed": missed}) for missed in range(7)]
    return [timing.due(UPDATE, run, NOW) - NOW for run in runs]


def test_updates_that_do_not_come_are_asked_for_less_and_less():
    assert missing_updates(Severity.P2) == [4 * HOUR, 23 * HOUR, 23 * HOUR, DAY, DAY, DAY, DAY]  # in working hours


@pytest.mark.parametrize(
    ("begun", "acknowledge", "update"),
    [
        (cest(4, 20, 9), cest(4, 20, 17), cest(4, 20, 13)),
        (cest(4, 20, 16), cest(4, 21, 9), cest(4, 21, 9)),
        (cest(4, 20, 22), cest(4, 21, 17), cest(4, 21, 13)),  # begun in the evening, it begins in the morning
        (cest(4, 24, 17), cest(4, 27, 9), cest(4, 27, 9)),  # before a weekend
        (cest(4, 30, 22), cest(5, 4, 17), cest(5, 4, 13)),  # before a holiday and one
    ],
)
def test_a_p2_is_due_in_working_hours_and_nothing_reminds_of_it_at_night(begun, acknowledge, update):
    run = an_incident(Severity.P2)
    assert (timing.due(ACKNOWLEDGE, run, begun), timing.due(UPDATE, run, begun)) == (acknowledge, update)
    run = timing.started(run, UPDATE, begun)
    assert timing.in_hours(run, UPDATE)
    told = [*instants(run, UPDATE).values(), *(each.due_at for each in timing.deadlines(run, UPDATE, begun))]
    assert all(paging.heeded(run, at) == at for at in told)
    promised = timing.promised(run, UPDATE, cest(4, 20, 17), 4 * HOUR)
    assert promised.clocks[UPDATE].due_at == cest(4, 21, 9)


def test_what_was_due_before_is_called_for_in_the_morning():
    run, night = timing.started(an_incident(Severity.P2), ACKNOWLEDGE, NOW), cest(4, 21, 2)
    (only,) = timing.deadlines(run, ACKNOWLEDGE, night)  # as after an ack that was taken back at night
    assert only.due_at == cest(4, 21, 9)
    assert timing.awaited(run, UPDATE, night) == cest(4, 21, 9)
    urgent = an_incident(Severity.P1)
    assert (timing.awaited(urgent, UPDATE, night), timing.in_hours(urgent, UPDATE)) == (night, False)


@pytest.mark.parametrize(
    ("zone", "night", "morning"),
    [
        ("", cest(4, 25, 9), cest(4, 27, 9)),  # a Saturday
        ("America/New_York", cest(4, 27, 9), cest(4, 27, 15)),
        ("Pacific/Auckland", cest(4, 24, 9), cest(4, 26, 23)),  # Friday evening there, so Monday there
    ],
)
def test_what_is_late_waits_for_the_working_hours_of_who_is_reminded(zone, night, morning):
    run = an_incident(Severity.P1)
    for name in (POST_MORTEM, timing.FIRST_REVIEW, f"{OWED}action-1"):
        assert timing.awaited(run, name, night, DUE, zone) == morning
    assert timing.awaited(run, FIX, night, LATE, zone) == morning
    assert all(timing.awaited(run, name, night, LATE, zone) == night for name in (UPDATE, REPORT, ACKNOWLEDGE))
    assert timing.awaited(run, FIX, night, DUE, zone) == night  # until it is due it is urgent


def test_what_is_owed_by_a_day_off_is_told_of_on_the_next_business_day():
    debt = Obligation(id="action-1", text="", role=Role.ON_CALL, since=NOW, promised=cest(4, 25, 23, 59))
    run = timing.started(an_incident(obligations=(debt,)), f"{OWED}action-1", NOW)
    assert instants(run, f"{OWED}action-1") == {DUE: cest(4, 27, 9)}


def test_of_an_urgent_incident_they_are_asked_for_every_four_hours_at_least():
    assert missing_updates(Severity.P0) == [HOUR / 2, HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR]
    assert missing_updates(Severity.P1) == [HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR]


def test_what_is_owed_stays_owed_since_the_first_update_that_did_not_come():
    run = timing.update_missed(timing.started(an_incident(Severity.P1), UPDATE, NOW), NOW + HOUR, NOW + HOUR)
    run = timing.update_missed(run, run.clocks[UPDATE].due_at, NOW + 3 * HOUR)
    assert timing.update_due(run) == NOW + HOUR
    assert run.clocks[UPDATE].due_at == NOW + 7 * HOUR
    assert timing.update_due(timing.answered(run)) is None


def test_a_soak_has_a_word_a_day_one_on_its_eve_and_its_end():
    run = a_release(clocks={SOAK: ClockState(started_at=NOW, due_at=NOW + 7 * DAY)})
    days = {day: NOW + day * DAY for day in range(1, 6)}
    assert instants(run, SOAK) == {**days, EVE: NOW + 6 * DAY, DUE: NOW + 7 * DAY}


def test_a_soak_that_was_extended_does_not_repeat_the_days_that_are_over():
    run = timing.window(a_release(), SOAK, NOW, NOW + 7 * DAY, NOW)
    now = NOW + 3 * DAY
    run = timing.window(run, SOAK, NOW, NOW + 8 * DAY, now)
    assert run.clocks[SOAK].generation == 2
    assert [deadline.threshold for deadline in timing.deadlines(run, SOAK, now)] == [4, 5, 6, EVE, DUE]


def test_a_window_that_did_not_move_stays_as_it_is():
    run = timing.window(a_release(), SOAK, NOW, NOW + 7 * DAY, NOW)
    assert timing.window(run, SOAK, NOW, NOW + 7 * DAY, NOW + DAY) is run


def test_a_window_nobody_can_date_stands_still():
    run = timing.window(a_release(), SOAK, NOW, NOW + 7 * DAY, NOW)
    assert timing.window(run, SOAK, NOW, None, NOW + DAY).clocks[SOAK].stopped_at == NOW + DAY


def test_a_note_ends_the_silence_and_puts_off_no_promise():
    at = datetime(2026, 11, 27, 10, tzinfo=UTC)
    usual = timing.started(an_incident(Severity.P0), timing.UPDATE, at)
    noted = timing.worked(usual, at + timedelta(minutes=20))
    assert noted.clocks[timing.UPDATE].due_at == at + timedelta(minutes=50)
    promised = timing.promised(usual, timing.UPDATE, at, timedelta(minutes=10))
    assert timing.worked(promised, at + timedelta(minutes=5)) == promised
    broken = timing.worked(promised, at + timedelta(minutes=10))
    assert broken.clocks[timing.UPDATE].due_at == at + timedelta(minutes=40)
    assert timing.heard(promised, at + timedelta(minutes=5)).clocks[timing.UPDATE].due_at == at + timedelta(minutes=35)
