"""Whoever keeps the bot going hears once that a far end is left alone, and once that it is well again."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.chat.replies import operators
from bot.engine.caught import survived
from sops.kit.conversation import Place
from sops.kit.ports import Clock
from sops.kit.standing import Standing
from sops.kit.stores import Outgoing, Store, Transaction

OPERATORS = "operators"  # the channel for them, where the settings name one


class Operators:
    """`places` is where they read. What they were told last is kept, so that a restart tells nothing twice."""

    def __init__(self, store: Store, clock: Clock, places: Sequence[Place], wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._places = tuple(places)
        self._wake = wake

    async def hear(self, standing: Standing) -> bool:
        """Tell them, if they do not know yet; False where that could not be stored. A far end that is well again
        wakes every open run: what waited for it need not wait longer.
        """
        key = f"far-end/{standing.key}"
        problem = await survived(self._keep(key, standing), far_end=standing.key)
        return problem is None

    async def _keep(self, key: str, standing: Standing) -> None:
        since = await self._store.read(lambda tx: tx.cursors.get(key))
        if standing.well is bool(since):  # else they know
            await self._store.transact(lambda tx: self._tell(tx, key, standing))
            self._wake()

    def _tell(self, tx: Transaction, key: str, standing: Standing) -> None:
        now, since = self._clock.now(), tx.cursors.get(key)
        if standing.well is not bool(since):  # somebody else told them meanwhile
            return
        tx.cursors.put(key, "" if standing.well else now.isoformat())
        told = operators.left_alone(standing)
        if since:
            told = operators.well_again(standing, now - datetime.fromisoformat(since))
            tx.runs.wake_open()
        for place in self._places:
            tx.outbox.put(Outgoing("post", f"{key}/{now.isoformat()}/{place.platform}", place, told), now)
