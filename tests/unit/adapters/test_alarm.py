"""The alarm on its own: the injected clock says how long, what really passes is a few milliseconds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.alarm import SchedulerAlarm
from adapters.sandbox.clock import VirtualClock
from tests.unit.runs import NOW

SOON = timedelta(milliseconds=10)
LONG = 5  # seconds a test may wait for what ought to come at once


class Sleeper:
    """Somebody to wake; counts how often."""

    def __init__(self) -> None:
        self.times = 0
        self._rung = asyncio.Event()

    def wake(self) -> None:
        self.times += 1
        self._rung.set()

    async def woken(self) -> None:
        await asyncio.wait_for(self._rung.wait(), LONG)
        self._rung.clear()


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
async def alarm(sleeper: Sleeper) -> AsyncIterator[SchedulerAlarm]:
    alarm = SchedulerAlarm(VirtualClock(NOW))
    await alarm.start(sleeper.wake)
    yield alarm
    await alarm.stop()


async def test_it_wakes_at_the_armed_instant_of_the_injected_clock(alarm, sleeper):
    alarm.arm(NOW + SOON)
    await sleeper.woken()
    assert sleeper.times == 1


async def test_an_instant_already_over_wakes_at_once(alarm, sleeper):
    alarm.arm(NOW - timedelta(days=3))
    await sleeper.woken()


async def test_a_new_instant_replaces_the_one_before(alarm, sleeper):
    alarm.arm(NOW + timedelta(days=365))
    alarm.arm(NOW + SOON)
    await sleeper.woken()
    assert sleeper.times == 1


async def test_it_can_be_armed_again_and_again(alarm, sleeper):
    for _ in range(3):
        alarm.arm(NOW + SOON)
        await sleeper.woken()
    assert sleeper.times == 3


async def test_it_can_be_armed_again_by_whoever_it_woke(sleeper):
    alarm = SchedulerAlarm(VirtualClock(NOW))

    def wake() -> None:
        sleeper.wake()
        if sleeper.times < 3:
            alarm.arm(NOW)

    await alarm.start(wake)
    alarm.arm(NOW)
    while sleeper.times < 3:
        await sleeper.woken()
    await alarm.stop()


async def test_disarmed_it_stays_silent(alarm, sleeper):
    alarm.arm(NOW + SOON)
    alarm.arm(None)
    alarm.arm(None)
    marker = SchedulerAlarm(VirtualClock(NOW))
    later = Sleeper()
    await marker.start(later.wake)
    marker.arm(NOW + 5 * SOON)  # by the time this one rings the other would have
    await later.woken()
    await marker.stop()
    assert sleeper.times == 0


async def test_an_instant_far_away_by_the_injected_clock_does_not_ring_early(alarm, sleeper):
    alarm.arm(NOW + timedelta(days=30))
    other = Sleeper()
    marker = SchedulerAlarm(VirtualClock(NOW + timedelta(days=30)))
    await marker.start(other.wake)
    marker.arm(NOW + timedelta(days=30))  # the same instant, by a clock that is there already
    await other.woken()
    await marker.stop()
    assert sleeper.times == 0


async def test_the_net_wakes_also_when_nothing_is_armed(sleeper):
    alarm = SchedulerAlarm(VirtualClock(NOW), net=timedelta(seconds=1))
    await alarm.start(sleeper.wake)
    await sleeper.woken()
    await alarm.stop()


async def test_before_its_start_and_after_its_end_it_takes_no_orders(sleeper):
    alarm = SchedulerAlarm(VirtualClock(NOW))
    alarm.arm(NOW)
    await alarm.start(sleeper.wake)
    await alarm.stop()
    alarm.arm(NOW)
    await alarm.stop()
    assert sleeper.times == 0
