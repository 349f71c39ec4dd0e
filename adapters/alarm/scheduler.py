"""APScheduler as an alarm clock: in memory, and allowed to forget everything.

It holds two jobs: one at the next due instant, and a net that fires regularly in case that one was lost. Both
only call `wake`; the deadline rows say what is due. The instant is armed by delay, so that an injected clock holds.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from sops.kit.ports import Clock

NEXT, NET = "next", "net"


class SchedulerAlarm:
    """Implements the `Alarm` port. Start it inside a running event loop."""

    def __init__(self, clock: Clock, *, net: timedelta = timedelta(seconds=30)) -> None:
        self._clock = clock
        self._net = net
        self._scheduler: AsyncIOScheduler | None = None
        self._wake: Callable[[], None] = lambda: None

    async def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        scheduler = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone=UTC)
        scheduler.add_job(self._ring, IntervalTrigger(seconds=int(self._net.total_seconds())), id=NET)
        scheduler.start()
        self._scheduler = scheduler

    def arm(self, at: datetime | None) -> None:
        if self._scheduler is None:
            return
        if at is None:
            if self._scheduler.get_job(NEXT):
                self._scheduler.remove_job(NEXT)
            return
        delay = max(at - self._clock.now(), timedelta())
        self._scheduler.add_job(
            self._ring,
            DateTrigger(run_date=datetime.now(UTC) + delay),
            id=NEXT,
            replace_existing=True,
            misfire_grace_time=None,
            max_instances=2,  # so that whoever is being woken may arm it again
        )

    async def stop(self) -> None:
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def _ring(self) -> None:
        # A coroutine on purpose: APScheduler would run a plain function in a thread.
        self._wake()
