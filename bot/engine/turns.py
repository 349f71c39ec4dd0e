"""Turns within one process. A claim belongs to the process, so callers of this process wait for each other here."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """One at a time for each name. Nothing is kept of a name nobody is at or waits for."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        """To be entered with `async with`; whoever came first goes first."""
        return self._locks.setdefault(name, asyncio.Lock())
