"""Writes are made one at a time, with the pause GitHub asks for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.github.pace import WritePace
from sops.kit.errors import FarEndError


class Time:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def nothing() -> None:
    pass


async def test_writes_do_not_overlap() -> None:
    pace, inside, most = WritePace(0), [0], [0]

    async def write() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        for _ in range(3):
            await asyncio.sleep(0)
        inside[0] -= 1

    await asyncio.gather(*(pace.run(write) for _ in range(5)))
    assert most == [1]


async def test_a_pause_lies_between_two_writes_but_not_before_the_first() -> None:
    time = Time()
    pace = WritePace(1.0, monotonic=time.monotonic, sleep=time.sleep)
    for expected in ([], [1.0]):
        await pace.run(nothing)
        assert time.slept == expected
    time.now += 5
    await pace.run(nothing)
    assert time.slept == [1.0]


async def test_a_write_cancelled_under_way_still_holds_the_next_one_back() -> None:
    pace, under_way, may_end, order = WritePace(0), asyncio.Event(), asyncio.Event(), list[str]()

    async def slow() -> None:
        under_way.set()
        await may_end.wait()
        order.append("slow")

    async def second() -> None:
        order.append("second")

    first = asyncio.create_task(pace.run(slow))
    await under_way.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    next_one = asyncio.create_task(pace.run(second))
    await asyncio.sleep(0)
    may_end.set()
    await next_one
    assert order == ["slow", "second"]


async def test_a_write_cancelled_before_its_turn_is_never_made() -> None:
    pace, may_end, made = WritePace(0), asyncio.Event(), list[str]()

    async def noted(name: str) -> None:
        made.append(name)

    first = asyncio.create_task(pace.run(may_end.wait))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(pace.run(lambda: noted("waiting")))
    await asyncio.sleep(0)
    waiting.cancel()
    may_end.set()
    await first
    await pace.run(lambda: noted("third"))
    assert made == ["third"]


async def test_a_failed_write_gives_its_turn_back() -> None:
    pace = WritePace(0)

    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await pace.run(fail)
    assert await pace.run(nothing) is None


async def test_no_more_is_written_than_a_minute_and_an_hour_take_and_the_rest_is_told_when_to_come_again() -> None:
    now = [datetime(2026, 4, 20, 8, 0, tzinfo=UTC)]
    made = []
    budgets = ((3, timedelta(minutes=1)), (6, timedelta(hours=1)))  # one of the six is kept for what is urgent
    pace = WritePace(0, budgets=budgets, now=lambda: now[0])

    async def write() -> None:
        made.append(now[0])

    async def turned_away(after: float) -> float | None:
        now[0] += timedelta(seconds=after)
        try:
            await pace.run(write)
        except FarEndError as away:
            return away.retry_after
        return None

    assert [await turned_away(10) for _ in range(4)] == [None, None, None, 30]
    assert [await turned_away(30) for _ in range(3)] == [None, None, 3600 - 120]
    assert await turned_away(-7200) is None  # a clock that was set back turns nobody away for long
    assert await turned_away(7200 + 3600) is None
    assert len(made) == 7
