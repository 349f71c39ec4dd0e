"""The record is sealed: hourly while it grows, for whoever proves it; and told each morning where people keep it.

Who may write the database cannot write what they read, nor sign as the bot does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.replies import record
from bot.engine.caught import caught
from bot.engine.proving import Proving
from sops.kit.conversation import Place
from sops.kit.ledger import FIRST_SEAL, moment_of
from sops.kit.ports import Clock
from sops.kit.stores import Outgoing, Store, Transaction

RECORD = "record"  # the channel in which the head is told, and what the last one told is kept under
HOUR = 9
OFTEN = timedelta(hours=1)  # so long at most does an entry stand under no seal
LOOKS = timedelta(minutes=1)  # between two looks whether the record grew
AGAIN = timedelta(minutes=10)  # after a seal could not be signed or kept


class Sealing:
    """Seals all chains hourly while they grow, and tells the seal's hash each morning it differs from the last told.

    Without `proving` nobody signs or keeps the seals, and they are made each morning only.
    """

    def __init__(
        self, store: Store, clock: Clock, places: Sequence[Place], zone: str, proving: Proving | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._places = tuple(places)
        self._zone = ZoneInfo(zone)
        self._proving = proving if proving is not None and proving.wanted else None
        self._next: datetime | None = None
        self._next_look: datetime | None = None
        self._idle = False  # nothing had grown when it was looked last, and nobody asked since
        self._differed = False

    async def seal(self) -> bool:
        """Seal, prove and tell what is due; False if there was nothing to tell."""
        now = self._clock.now()
        if self._proving is not None:
            await self._hourly(self._proving, now)
        if not self._places or (self._next is not None and now < self._next):
            return False
        told = await self._store.transact(lambda tx: self._tell(tx, now))
        self._next = self._morning(now + timedelta(days=1) if now >= self._morning(now) else now)
        return told

    def due(self) -> datetime | None:
        """When there will be something to do, as far as is known."""
        look = None if self._proving is None or self._idle else self._next_look
        known = [at for at in (self._next if self._places else None, look) if at is not None]
        return min(known, default=None)

    async def _hourly(self, proving: Proving, now: datetime) -> None:
        if self._next_look is not None and now < self._next_look:
            self._idle = False  # somebody was at work since
            return
        last, grown = await self._store.read(lambda tx: (tx.ledger.last_seal(), tx.ledger.unsealed()))
        sealed = moment_of(last.at) if last else None
        if grown and (sealed is None or now - sealed >= OFTEN):
            await self._store.transact(lambda tx: tx.ledger.seal(now))
            sealed, grown = now, False
        failed = await caught(self._prove(proving, now), record="seals")
        self._next_look = now + AGAIN if failed else max(now + LOOKS, (sealed or now) + OFTEN) if grown else now + LOOKS
        self._idle = not grown and not failed

    async def _prove(self, proving: Proving, now: datetime) -> None:
        if await proving.prove() or self._differed:
            return
        self._differed = True
        await self._store.transact(lambda tx: self._tell_apart(tx, now))

    def _tell_apart(self, tx: Transaction, now: datetime) -> None:
        for place in self._places:
            name = f"{RECORD}/apart/{now.isoformat()}/{place.platform}"
            tx.outbox.put(Outgoing("post", name, place, record.apart()), now)

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
