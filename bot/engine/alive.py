"""That some process of the bot is alive, noted each minute, so that a start knows how long nobody was."""

from datetime import datetime, timedelta

from bot.engine import held_up
from bot.engine.desk import Desk
from sops.kit.people import People
from sops.kit.ports import Clock
from sops.kit.stores import Store, Transaction

KEY = "alive"
EVERY = timedelta(minutes=1)
MISSED = 2 * EVERY  # so long without a note, nobody was


class Alive:
    """One process's part in it."""

    def __init__(self, store: Store, clock: Clock, people: People) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._next: datetime | None = None

    def again(self, tx: Transaction) -> None:
        """At a start: what was agreed to and could not follow meanwhile knows so."""
        now, before = self._clock.now(), tx.cursors.get(KEY)
        since = datetime.fromisoformat(before) if before else now
        tx.cursors.put(KEY, max(now, since).isoformat())
        for run in tx.runs.open() if now - since >= MISSED else ():
            desk = Desk(tx, run, now, self._people)
            desk.run = held_up.counted(run, held_up.DOWNTIME, since, now)
            desk.finish()

    async def beat(self) -> bool:
        """Note it, if it is time to. False, for there is nothing more to do."""
        now = self._clock.now()
        if self._next is None or now >= self._next:
            await self._store.transact(lambda tx: tx.cursors.put(KEY, now.isoformat()))
            self._next = now + EVERY
        return False

    async def due(self, _: datetime) -> datetime | None:
        return self._next
