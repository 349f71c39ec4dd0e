"""Severity goes up and down, people pass it on, the bot is down for a while: who is called, and how long nobody is."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.wiring.sandbox import sandbox_people
from sops.kit import paging, timing
from sops.kit.model import Severity
from sops.kit.people import People
from sops.kit.rebasing import rebased
from sops.kit.timing import ACKNOWLEDGE
from tests.unit.runs import NOW, an_incident

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PEOPLE = People(sandbox_people())
P0, P1, P2, P3 = Severity
FOUR = {"oncall1", "oncall2", "rm", "rm2"}


class Unanswered:
    """An incident nobody acknowledges, its calls made as `bot.engine.calling` makes them."""

    def __init__(self, severity):
        self.now, self.calls, self.first = NOW, [], {}  # `first`: when it was at least so bad
        self._was(severity or P1)
        self.run = timing.started(an_incident(severity), ACKNOWLEDGE, NOW)
        self._store()
        self._fire()

    def _was(self, severity):
        for each in [each for each in Severity if each >= severity]:
            self.first.setdefault(each, self.now)

    @property
    def clock(self):
        return self.run.clocks[ACKNOWLEDGE]

    @property
    def ladder(self):
        return paging.ladder_of(self.run)

    def _store(self):
        """As when the clock begins, or begins anew."""
        rows = timing.deadlines(self.run, ACKNOWLEDGE, self.now) if self.ladder else []
        self.due = rows[0].due_at if rows else None

    def _fire(self, **asked):
        """What is due now, if anything is; a call that somebody asked for leaves the next one where it is."""
        if not asked and (self.due is None or self.due > self.now):
            return
        self.run, whom, _ = paging.call(self.run, PEOPLE, self.clock, self.ladder, self.now, **asked)
        self.calls.append((self.now, set(whom)))
        if self.due is None or self.due <= self.now:
            self.due = timing.following(self.run, ACKNOWLEDGE, self.now)[1]

    def wait(self, span, *, down=False):
        end = self.now + span
        while not down and self.due is not None and self.due <= end:
            self.now = max(self.due, self.now)
            self._fire()
        self.now = end

    def rate(self, severity):
        """What is worse calls at once: who was called, and whom its ladder is due to call, but who passed it on."""
        worse = severity < paging.rated(self.run)
        before, reached = (
            len(self.calls),
            {who for at, whom in self.calls if at >= self.clock.started_at for who in whom},
        )
        self.run = rebased(self.run.but(severity=severity), self.now)
        self._was(severity)
        self._store()
        self._fire()
        if worse and severity is not P2:  # a P2 calls in the morning
            due = self.ladder.rung(self.ladder.last_by(self.now - self.first[severity]))
            wanted = {*reached, *paging.people_of(due.calls, self.run, PEOPLE)} - self.passed
            assert len(self.calls) == before + 1
            assert self.last[1] >= wanted

    @property
    def passed(self):
        return set(paging.passed(self.run, self.clock))

    def give_on(self, who):
        if self.ladder is None or who in self.passed:
            return
        self.run = paging.with_pass(self.run, self.clock, who)
        step = paging.wider(self.run, PEOPLE, self.clock, self.ladder)
        self._fire(asked=step, spared=[who])

    @property
    def last(self):
        return self.calls[-1]


def test_a_raise_calls_at_once_whoever_was_called_before_and_so_do_the_calls_after_it():
    it = Unanswered(P1)
    it.wait(HOUR)
    assert it.last == (NOW + HOUR, {"rm", "rm2"})
    it.rate(P0)
    assert it.last == (NOW + HOUR, FOUR)
    it.wait(2 * MINUTE)
    assert it.last == (NOW + HOUR + 2 * MINUTE, FOUR)


def test_a_raise_calls_as_well_whom_a_call_would_have_reached_that_was_missed_in_downtime():
    it = Unanswered(P1)
    it.wait(2 * HOUR, down=True)
    it.rate(P0)
    assert it.last == (NOW + 2 * HOUR, FOUR)


def test_who_passed_it_on_stays_passed_over_whatever_becomes_of_its_severity():
    it = Unanswered(P1)
    it.give_on("oncall1")
    assert it.last == (NOW, {"oncall2"})
    it.wait(MINUTE)
    it.rate(P0)
    assert it.last == (NOW + MINUTE, {"oncall2"})
    it.rate(P1)
    it.wait(14 * MINUTE)  # whose rung calls the first: the next that has others is called
    assert it.last == (NOW + 15 * MINUTE, {"oncall2"})


def test_severity_that_goes_back_and_forth_postpones_nothing():
    it = Unanswered(P0)
    for _ in range(10):
        it.wait(MINUTE)
        it.rate(P1)
        it.wait(MINUTE)
        it.rate(P0)
    assert it.last[1] > FOUR
    assert it.clock.due_at == NOW + 15 * MINUTE


def test_what_was_never_so_bad_begins_its_ladder_then():
    it = Unanswered(P3)
    it.wait(5 * HOUR)
    it.rate(P0)
    assert it.last == (NOW + 5 * HOUR, {"oncall1"})
    it.rate(P2)
    it.wait(10 * MINUTE)
    it.rate(P0)
    assert it.last == (NOW + 5 * HOUR + 10 * MINUTE, FOUR)


def test_a_reopened_one_knows_nothing_of_the_calls_before():
    it = Unanswered(P0)
    it.wait(HOUR)
    it.now += HOUR
    it.run = timing.started(timing.stopped(it.run, ACKNOWLEDGE, it.now), ACKNOWLEDGE, it.now)
    it.first = {P0: it.now}
    it._store()
    it._fire()
    assert it.last[1] == {"oncall1"}
    it.rate(P2)
    it.wait(MINUTE)
    it.rate(P0)
    assert it.last[1] == {"oncall1"}


STEPS = some.one_of(
    some.tuples(some.just("rate"), some.sampled_from([P0, P1, P2, P3])),
    some.tuples(some.just("pass"), some.sampled_from([*sorted(FOUR), "rev1"])),
    some.tuples(some.sampled_from(["wait", "wait", "down"]), some.integers(1, 200)),
)


def _allowed(it):
    """The longest the ladder it has lets nobody be called; None where it calls nobody, or in working hours only."""
    if it.ladder is None or it.ladder.working:
        return None
    gaps = [b.after - a.after for a, b in pairwise(it.ladder.rungs)]
    return max(*gaps, *(every for _, every in it.ladder.then))


@settings(max_examples=150, deadline=None)
@given(some.sampled_from([None, P0, P1, P2, P3]), some.lists(STEPS, min_size=1, max_size=25))
def test_no_row_of_changes_makes_it_silent_or_calls_fewer(severity, steps):
    it = Unanswered(severity)
    for what, how in steps:
        if what == "rate" and how is not it.run.severity:
            it.rate(how)
        elif what == "pass":
            it.give_on(how)
        elif what in {"wait", "down"}:
            before = len(it.calls)
            it.wait(how * MINUTE, down=what == "down")
            at = [each for each, _ in it.calls[max(0, before - 1) :]]
            longest = _allowed(it)
            if what == "wait" and longest is not None:
                assert it.now - at[-1] <= longest
                assert all(b - a <= longest for a, b in pairwise(at[1:]))
    it.wait(MINUTE)  # the bot is there
    if (longest := _allowed(it)) is not None:
        assert it.now - it.last[0] <= longest
    assert all(whom for _, whom in it.calls)


@pytest.mark.parametrize("severity", [P0, P1])
def test_passing_it_on_and_a_raise_at_one_instant_leaves_nobody_uncalled(severity):
    it = Unanswered(P2)
    it.give_on("oncall1")
    it.rate(severity)
    assert it.last == (NOW, {"oncall2"})
