"""Pieces of work that go on at the same time, so that one that waits for somebody delays no other."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.engine.again import Pauses, until_done

#: Whether it did anything; told with it: whether it was wanted again meanwhile.
Work = Callable[[], Awaitable[bool]]
Ended = Callable[[bool, bool], None]


class SideBySide:
    """At most one piece of work for each key, and `most` in all. What fails is done again, until it is done."""

    def __init__(self, most: int, ended: Ended, pauses: Callable[[], Pauses]) -> None:
        self._most = most
        self._ended = ended
        self._pauses = pauses
        self._going: dict[str, asyncio.Task[None]] = {}
        self._wanted: set[str] = set()

    def begin(self, key: str, work: Work) -> None:
        """Begin it if there is room; what goes on already is noted to be wanted again once it ended."""
        if key in self._going:
            self._wanted.add(key)
        elif len(self._going) < self._most:
            self._going[key] = asyncio.create_task(self._do(key, work))

    async def stop(self) -> None:
        """Nothing goes on any more when this returns."""
        going = list(self._going.values())
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _do(self, key: str, work: Work) -> None:
        moved = False
        try:
            moved = await until_done(work, self._pauses(), at=key)
        finally:
            del self._going[key]
            wanted = key in self._wanted
            self._wanted.discard(key)
        self._ended(moved, wanted)
