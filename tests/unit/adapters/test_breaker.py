"""A far end's breaker: who is let through, who is turned away and for how long, and what its operators hear."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.reach.breaker import Breaker, Temper
from sops.kit.errors import FarEndError
from sops.kit.standing import Standing

TEMPER = Temper(failures=3, first=timedelta(seconds=30), longest=timedelta(minutes=2), trial=timedelta(minutes=1))


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def passes(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Told:
    """What operators heard, and whether it could be kept."""

    def __init__(self) -> None:
        self.heard: list[Standing] = []
        self.keeps = True

    async def hear(self, standing: Standing) -> bool:
        self.heard.append(standing)
        return self.keeps


def failing(clock: Clock) -> Breaker:
    breaker = Breaker("forge", "GitHub", clock, TEMPER)
    for _ in range(TEMPER.failures):
        breaker.admit()
        breaker.failed("no answer in time")
    return breaker


def turned_away(breaker: Breaker, budget: str = "") -> float | None:
    """For how long; None if it is not."""
    try:
        breaker.admit(budget)
    except FarEndError as away:
        return away.retry_after
    return None


def test_failures_that_an_answer_lies_between_turn_nobody_away() -> None:
    breaker = Breaker("forge", "GitHub", Clock(), TEMPER)
    for _ in range(10):
        breaker.failed("status 502")
        breaker.failed("status 502")
        breaker.answered()
    assert turned_away(breaker) is None


def test_after_failures_in_a_row_everybody_is_turned_away_at_once_and_told_when_to_come_again() -> None:
    clock = Clock()
    breaker = failing(clock)
    assert turned_away(breaker) == 30
    clock.passes(20)
    with pytest.raises(FarEndError, match=r"GitHub keeps failing \(no answer in time\).*nothing was sent"):
        breaker.admit()
    assert turned_away(breaker) == 10


def test_one_call_tries_and_each_failure_makes_the_rest_longer_up_to_the_longest() -> None:
    clock = Clock()
    breaker = failing(clock)
    for rest in (30, 60, 120, 120):
        assert turned_away(breaker) == rest
        clock.passes(rest)
        assert turned_away(breaker) is None  # the one that tries
        assert turned_away(breaker) == 60  # everybody else meanwhile
        breaker.failed("no answer in time")


def test_the_first_answer_lets_everybody_through() -> None:
    clock = Clock()
    breaker = failing(clock)
    clock.passes(30)
    breaker.admit()
    breaker.answered()
    assert turned_away(breaker) is None
    breaker.failed("once")
    assert turned_away(breaker) is None


def test_a_try_that_is_never_heard_of_again_is_followed_by_another() -> None:
    clock = Clock()
    breaker = failing(clock)
    clock.passes(30)
    breaker.admit()
    clock.passes(60)
    assert turned_away(breaker) is None


def test_calls_that_were_under_way_do_not_lengthen_the_rest() -> None:
    breaker = failing(Clock())
    for _ in range(5):
        breaker.failed("no answer in time")
    assert turned_away(breaker) == 30


def test_a_time_to_be_left_alone_holds_for_everybody_and_a_budget_for_those_who_draw_on_it() -> None:
    clock = Clock()
    breaker = Breaker("forge", "GitHub", clock, TEMPER)
    breaker.be_quiet(600, "graphql")
    assert (turned_away(breaker, "graphql"), turned_away(breaker, "core")) == (600, None)
    breaker.be_quiet(30)
    breaker.be_quiet(5)  # a shorter one does not take it back
    assert (turned_away(breaker, "graphql"), turned_away(breaker, "core"), turned_away(breaker)) == (600, 30, 30)
    clock.passes(30)
    assert (turned_away(breaker, "graphql"), turned_away(breaker, "core")) == (570, None)


def test_nobody_is_left_alone_for_longer_than_an_hour_at_a_time() -> None:
    breaker = Breaker("forge", "GitHub", Clock(), TEMPER)
    breaker.be_quiet(10**9)
    assert turned_away(breaker) == 3600


async def test_operators_hear_once_that_it_fails_and_once_that_it_is_well() -> None:
    clock, told = Clock(), Told()
    breaker = failing(clock)
    breaker.hear = told.hear
    for _ in range(3):
        await breaker.tell()
    clock.passes(30)
    breaker.admit()
    breaker.answered()
    for _ in range(3):
        await breaker.tell()
    assert [(each.well, each.name) for each in told.heard] == [(False, "GitHub"), (True, "GitHub")]


async def test_what_could_not_be_kept_is_told_again() -> None:
    told = Told()
    told.keeps = False
    breaker = failing(Clock())
    breaker.hear = told.hear
    await breaker.tell()
    told.keeps = True
    await breaker.tell()
    await breaker.tell()
    assert len(told.heard) == 2


async def test_operators_hear_once_that_it_asks_for_long_and_once_that_it_answers_after_that() -> None:
    clock, told = Clock(), Told()
    breaker = Breaker("forge", "GitHub", clock, TEMPER)
    breaker.hear = told.hear
    breaker.be_quiet(120)
    await breaker.tell()
    assert [each.well for each in told.heard] == [True]  # two minutes are not worth a word
    breaker.be_quiet(1800, "graphql")
    for _ in range(3):
        breaker.answered()  # of another budget
        await breaker.tell()
    clock.passes(1800)
    breaker.failed("status 503")  # once is not often, but no answer either
    await breaker.tell()
    breaker.answered()
    for _ in range(2):
        await breaker.tell()
    half_an_hour = timedelta(minutes=30)
    assert [(each.well, each.asked) for each in told.heard[1:]] == [(False, half_an_hour), (True, None)]


def test_whatever_is_raised_while_sending_counts_and_only_once() -> None:
    breaker = Breaker("forge", "GitHub", Clock(), TEMPER)
    for counted in (ConnectionError, asyncio.CancelledError):
        for _ in range(TEMPER.failures):
            with pytest.raises(counted), breaker.sending(ConnectionError):
                raise counted
    assert turned_away(breaker) is None  # whoever sends says so of the first; the second is nobody's failure
    for _ in range(TEMPER.failures):
        with pytest.raises(ValueError, match="odd"), breaker.sending(ConnectionError):
            raise ValueError("odd")
    assert turned_away(breaker) == 30
