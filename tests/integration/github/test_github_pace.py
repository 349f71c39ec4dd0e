"""Writes are made one at a time, with the pause GitHub asks for."""

import asyncio
import threading

import pytest

from adapters.github.pace import WritePace


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


async def test_writes_do_not_overlap() -> None:
    pace, inside, most = WritePace(0), [0], [0]

    def write() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        inside[0] -= 1

    await asyncio.gather(*(pace.run(write) for _ in range(5)))
    assert most == [1]


async def test_a_pause_lies_between_two_writes_but_not_before_the_first() -> None:
    time = Time()
    pace = WritePace(1.0, monotonic=time.monotonic, sleep=time.sleep)
    for expected in ([], [1.0]):
        await pace.run(lambda: None)
        assert time.slept == expected
    time.now += 5
    await pace.run(lambda: None)
    assert time.slept == [1.0]


async def test_a_write_cancelled_under_way_still_holds_the_next_one_back() -> None:
    pace, under_way, may_end, order = WritePace(0), threading.Event(), threading.Event(), []

    def slow() -> None:
        under_way.set()
        may_end.wait(5)
        order.append("slow")

    first = asyncio.create_task(pace.run(slow))
    await asyncio.to_thread(under_way.wait, 5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(pace.run(lambda: order.append("second")))
    await asyncio.sleep(0)
    may_end.set()
    await second
    assert order == ["slow", "second"]


async def test_a_write_cancelled_before_its_turn_is_never_made() -> None:
    pace, may_end, made = WritePace(0), threading.Event(), []
    first = asyncio.create_task(pace.run(lambda: may_end.wait(5)))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(pace.run(lambda: made.append("waiting")))
    await asyncio.sleep(0)
    waiting.cancel()
    may_end.set()
    await first
    await pace.run(lambda: made.append("third"))
    assert made == ["third"]


async def test_a_failed_write_gives_its_turn_back() -> None:
    pace = WritePace(0)

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await pace.run(fail)
    assert await pace.run(lambda: 1) == 1
