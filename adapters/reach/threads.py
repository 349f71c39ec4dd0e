"""The threads in which one far end's blocking calls are made: its own, so that one that hangs takes no other's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.reach.deadline import Deadline, under

T = TypeVar("T")

GRACE = 1.0  # seconds a call whose deadline was cut has to say by itself how far it came


class NotBegun(Exception):  # what happened, not what is wrong
    """The call's time was over before a thread was free: nothing was asked."""


class OutOfTime(Exception):  # what happened, not what is wrong
    """The call's time is over and nobody knows how far it came; it may still be on its way in its thread."""


class Threads:
    """At most `most` calls at a time; more wait for their turn, which counts as their time."""

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=name)

    async def run(self, call: Callable[[], T], deadline: Deadline) -> T:
        """The result of `call`. A cancelled one goes on in its thread until its end or its deadline.

        Raises NotBegun or OutOfTime when the deadline is over, and whatever the call raises.
        """

        def within() -> T:
            if deadline.over:  # a thread became free just then
                raise NotBegun
            with under(deadline):
                return call()

        job = self._pool.submit(within)
        future = asyncio.wrap_future(job)
        alarm = asyncio.get_running_loop().call_later(deadline.remaining, deadline.cut)
        future.add_done_callback(lambda done: _seen(done, alarm))
        await asyncio.wait({future}, timeout=deadline.remaining)
        if not future.done():
            if job.cancel():
                raise NotBegun
            deadline.cut()
            await asyncio.wait({future}, timeout=GRACE)
        if not future.done():
            raise OutOfTime
        return future.result()

    def close(self) -> None:
        """Take no further calls. Those under way end by themselves, at their deadline at the latest."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _seen(done: "asyncio.Future[T]", alarm: asyncio.TimerHandle) -> None:
    alarm.cancel()
    if not done.cancelled():
        done.exception()  # seen, also when whoever asked has been cancelled
