"""The record's head, told once a day where people keep it: who may write the database cannot write what they read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.replies import record
from sops.kit.conversation import Place
from sops.kit.ledger import FIRST_SEAL
from sops.kit.ports import Clock
from sops.kit.stores import Outgoing, Store, Transaction

RECORD = "record"  # the channel in which the head is told, and what the last one told is kept under
HOUR = 9


class Sealing:
    """Seals all chains each morning, and tells the seal's hash wherever it differs from the last one told."""

    def __init__(self, store: Store, clock: Clock, places: Sequence[Place], zone: str) -> None:
        self._store = store
        self._clock = clock
        self._places = tuple(places)
        self._zone = ZoneInfo(zone)
        self._next: datetime | None = None

    async def seal(self) -> bool:
        """Seal and tell if a morning went by since the last time; False if none did, or nobody wants to be told."""
        now = self._clock.now()
        if not self._places or (self._next is not None and now < self._next):
            return False
        told = await self._store.transact(lambda tx: self._tell(tx, now))
        self._next = self._morning(now + timedelta(days=1) if now >= self._morning(now) else now)
        return told

    def due(self) -> datetime | None:
        """When there will be something to do, as far as is known."""
        return self._next if self._places else None

    def _tell(self, tx: Transaction, now: datetime) -> bool:
        tx.claims.alone(RECORD)  # so that the head that is noted is the one that is told
        day = now.astimezone(self._zone).date().isoformat()
        last, _, before = (tx.cursors.get(RECORD) or "").partition(" ")
        if now < self._morning(now) or last >= day:
            return False
        head = tx.ledger.seal(now)
        tx.cursors.put(RECORD, f"{day} {head}")
        if head in {before, FIRST_SEAL}:  # nothing grew, or there is no record yet
            return False
        for place in self._places:
            tx.outbox.put(Outgoing("post", f"{RECORD}/{day}/{place.platform}", place, record.head(head)), now)
        return True

    def _morning(self, instant: datetime) -> datetime:
        local = instant.astimezone(self._zone)
        return local.replace(hour=HOUR, minute=0, second=0, microsecond=0).astimezone(instant.tzinfo)
