"""One write at a time, with a pause after each: what GitHub asks of programs that write."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class WritePace:
    """Makes writes one after the other, `pause` seconds apart.

    PyGithub has a throttle of its own, which is not safe across threads and is therefore turned off.
    """

    def __init__(
        self,
        pause: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pause = pause
        self._monotonic = monotonic
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`. Cancelled before its turn, it is never made; afterwards it runs to its end.

        What is under way cannot be taken back, so the next write waits for a cancelled one as for any other.
        """
        await self._turn.acquire()
        try:
            remaining = self._not_before - self._monotonic()
            if remaining > 0:
                await self._sleep(remaining)
        except BaseException:
            self._turn.release()
            raise
        writing = asyncio.ensure_future(call())
        writing.add_done_callback(self._finished)
        return await asyncio.shield(writing)

    def _finished(self, writing: "asyncio.Future[T]") -> None:
        self._not_before = self._monotonic() + self._pause
        self._turn.release()
        if not writing.cancelled():
            writing.exception()  # seen, also when whoever asked has been cancelled
