"""A claim is kept for as long as whoever has it is at work, however long that takes.

Else two processes whose work takes longer than a lease would take it from each other for ever. A process that is gone,
or whose event loop stands still, renews nothing, and another takes over once its lease ran out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.engine.again import Sleep
from bot.engine.caught import survived
from sops.kit.stores import Store, Transaction

T = TypeVar("T")

Renew = Callable[[Transaction], bool]
PARTS = 4  # a lease is renewed so often in its time, so that one renewal may fail


class Keeping:
    """Renews leases. `sleep` waits for so many seconds."""

    def __init__(self, store: Store, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._sleep = sleep

    async def during(self, work: Awaitable[T], renew: Renew, lease: float) -> T:
        """What `work` returns, the lease of so many seconds being renewed meanwhile. Whoever lost it is left at work.

        That what the work writes is refused then is the business of its own transactions.
        """
        renewing = asyncio.create_task(self._renew(renew, lease))
        try:
            return await work
        finally:
            renewing.cancel()

    async def _renew(self, renew: Renew, lease: float) -> None:
        ours = [True]

        async def once() -> None:
            ours[0] = await self._store.transact(renew)

        while ours[0]:
            await self._sleep(lease / PARTS)
            await survived(once(), renewing="a lease")
