"""What fails is tried again, after longer and longer pauses: a pump, a chat, whatever must never end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.engine.caught import survived

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

FIRST, LONGEST = 1.0, 60.0  # seconds


class Pauses:
    """The pauses after failures in a row. `elapsed` counts seconds, from whenever."""

    def __init__(self, sleep: Sleep = asyncio.sleep, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._sleep = sleep
        self._elapsed = elapsed
        self._failures = 0
        self._since = elapsed()

    async def pause(self, least: float = 0.0) -> None:
        """Twice as long as after the failure before, unless that is so long ago that it was another trouble."""
        if self._elapsed() - self._since > 2 * LONGEST:
            self._failures = 0
        wait = min(FIRST * 2 ** min(self._failures, 10), LONGEST)
        self._failures += 1
        await self._sleep(max(wait, least))
        self._since = self._elapsed()


async def until_done(work: Callable[[], Awaitable[T]], pauses: Pauses, **about: object) -> T:
    """What `work` returns, once it returns: whatever it raises is logged, and it is done again."""
    done: list[T] = []

    async def once() -> None:
        done.append(await work())

    while await survived(once(), **about) is not None:
        await pauses.pause()
    return done[0]
