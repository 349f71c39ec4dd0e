"""The edge around handling an event and advancing a run: what fails is counted, told, and set aside in the end."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.chat.replies import refusals
from bot.engine.caught import caught
from bot.engine.desk import Desks
from bot.engine.mail import put_answer
from sops.kit.errors import ClaimLost
from sops.kit.ports import Clock
from sops.kit.stores import InboxItem, Store, Transaction

TRIES = 5
_log = structlog.get_logger(__name__)


class Edge:
    """Lets no unexpected failure pass."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        desks: Desks,
        handle: Callable[[InboxItem], Awaitable[None]],
        advance: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._desks = desks
        self._handle = handle
        self._advance = advance

    async def handle(self, item: InboxItem) -> None:
        """Handle the event; after five failures it is parked and its sender told.

        What somebody else handled meanwhile is no failure: all that was done about it here was rolled back.
        """
        problem = await caught(self._unless_handled(item), item=item.seq)
        if problem is None:
            return

        def count(tx: Transaction) -> None:
            if tx.inbox.failed(item, problem) >= TRIES:
                tx.inbox.park(item)
                put_answer(tx, item, refusals.event_parked(), self._clock.now())

        with suppress(ClaimLost):
            await self._store.transact(count)

    async def _unless_handled(self, item: InboxItem) -> None:
        try:
            await self._handle(item)
        except ClaimLost as lost:
            _log.info("an event is somebody else's", item=item.seq, reason=str(lost))

    async def advance(self, run_id: str) -> bool:
        """Advance the run; one that fails is left alone for ten minutes, and its thread told."""
        moved = False

        async def advance() -> None:
            nonlocal moved
            moved = await self._advance(run_id)

        problem = await caught(advance(), run=run_id)
        if problem is None:
            return moved
        await self._desks.set_aside(run_id, problem)
        return True
