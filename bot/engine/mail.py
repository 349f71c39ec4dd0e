"""The two ends of the post: the inbox that journals before anybody acknowledges, the outbox that delivers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.engine.caught import caught
from sops.kit.conversation import Event
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.message import Card
from sops.kit.ports import Chat, Clock
from sops.kit.stores import Delivery, InboxItem, Outgoing, Store, Transaction

FORGE = "forge"
MOST_ATTEMPTS = 300  # a day, at five minutes each
_log = structlog.get_logger(__name__)


class Intake:
    """Stores events. Once `accept` returns, the event survives anything, and its platform may be told."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def accept(self, event: Event) -> bool:
        """Journal the event; False if it is known already."""
        return await self._store.transact(lambda tx: tx.inbox.accept(event, conversation_of(tx, event)))


def conversation_of(tx: Transaction, event: Event) -> str:
    """Events of one conversation are handled in order: a run's thread, else the thread or channel."""
    if event.kind == "forge":
        return FORGE
    run_id = run_of(tx, event)
    place = event.place
    return f"run:{run_id}" if run_id else f"{place.platform}:{place.channel}:{place.thread or ''}"


def run_of(tx: Transaction, event: Event) -> str | None:
    """The run whose thread the event stands in."""
    place = event.place
    if place.thread is None:
        return None
    root = tx.outbox.sent_as(place.platform, place.channel, place.thread)
    return root.run_id if root else None


def put_answer(tx: Transaction, item: InboxItem, card: Card, at: datetime) -> None:
    """Queue a whisper to who spoke, where they spoke."""
    event = item.event
    tx.outbox.put(Outgoing("whisper", f"event/{item.seq}", event.place, card, to=event.actor), at)


class Postman:
    """Delivers the outbox: in order within a thread, retrying what may yet arrive, giving up what never will."""

    def __init__(self, store: Store, clock: Clock, chats: Mapping[str, Chat]) -> None:
        self._store = store
        self._clock = clock
        self._chats = chats

    async def deliver(self) -> bool:
        """Deliver what can be delivered now; False if there was nothing."""
        now = self._clock.now()
        waiting = await self._store.read(lambda tx: tx.outbox.deliverable(now))
        for delivery in waiting:
            problem = await caught(self._deliver(delivery), message=delivery.message.logical_id)
            if problem is not None:
                await self._postpone(delivery, problem)
        return bool(waiting)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            ref = await self._send(delivery)
        except FarEndError as problem:
            await self._postpone(delivery, str(problem))
            return
        except FarEndRefused as refusal:
            error = str(refusal)
            _log.error("message cannot be delivered", message=delivery.message.logical_id, reason=error)
            await self._store.transact(lambda tx: tx.outbox.dead(delivery.row, error))
            return
        at = self._clock.now()
        await self._store.transact(lambda tx: tx.outbox.delivered(delivery.row, ref, at))

    async def _postpone(self, delivery: Delivery, error: str) -> None:
        """Try again later and later; after a day of failures the message is given up."""
        if delivery.attempts >= MOST_ATTEMPTS:
            await self._store.transact(lambda tx: tx.outbox.dead(delivery.row, error))
            return
        later = self._clock.now() + timedelta(seconds=min(2 ** min(delivery.attempts, 9), 300))
        await self._store.transact(lambda tx: tx.outbox.retry(delivery.row, later, error))

    async def _send(self, delivery: Delivery) -> str:
        message = delivery.message
        chat = self._chats.get(message.place.platform)
        if chat is None:
            raise FarEndRefused(f"no chat named {message.place.platform} is configured")
        place = message.place.model_copy(update={"thread": delivery.thread})
        if message.kind == "edit":
            await chat.edit(message.logical_id, place, delivery.ref or "", message.card)
            return delivery.ref or ""
        if message.kind == "whisper" and message.to is not None:
            await chat.whisper(message.logical_id, place, message.to, message.card)
            return ""
        return await chat.post(message.logical_id, place, message.card)
