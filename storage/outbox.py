"""Messages to deliver: first in, first out per queue, calls before the rest, nothing before what it depends on.

A post under a root and an edit wait in the queue of their thread, a root in the queue of its channel, an answer to
one person waits for nothing. What calls somebody goes first in its queue, the root that such a one waits for first in
its channel's, and both before what can be delivered of other queues: a chat bears a message a second in a channel, and
anybody can fill that. Calls among themselves, and the rest among itself, keep their order. A message whose root, or an
edit whose message, was given up is given up with it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Select, and_, bindparam, case, func, or_, select

from sops.kit.conversation import Place
from sops.kit.errors import ClaimLost
from sops.kit.message import Card
from sops.kit.stores import Delivery, Outgoing, Sent
from storage.claims import SqlClaims
from storage.statements import AnyRow, constant, insert_new, lock, pick
from storage.tables import OUTBOX

_MESSAGE = TypeAdapter(Outgoing)

_ROOT = OUTBOX.alias("root")
_TARGET = OUTBOX.alias("target")
_POST, _EDIT = constant("post"), constant("edit")
_QUEUED = OUTBOX.c.state == constant("queued")

_PUT = insert_new(OUTBOX, OUTBOX.c.id)
_POSTED = select(OUTBOX.c.root, OUTBOX.c.state).where(
    OUTBOX.c.kind == _POST, OUTBOX.c.logical_id == bindparam("logical_id")
)
#: A message that is given up at the same moment waits for us, and then takes us along.
_ROOT_STATE = _POSTED.with_for_update(read=True)
#: Two edits of one message are put one after the other.
_TARGET_STATE = _POSTED.with_for_update(key_share=True)
_REPLACED = (
    OUTBOX.delete()
    .where(OUTBOX.c.kind == _EDIT, OUTBOX.c.logical_id == bindparam("logical_id"))
    .returning(OUTBOX.c.state, OUTBOX.c.attempts, OUTBOX.c.not_before)
)

_WAITING = OUTBOX.alias("waiting")
_CALLED_FOR = select(_WAITING.c.root).where(
    _WAITING.c.state == constant("queued"), _WAITING.c.calls, _WAITING.c.root.is_not(None)
)
_IS_CALLED_FOR = and_(OUTBOX.c.kind == _POST, OUTBOX.c.logical_id.in_(_CALLED_FOR))
_FIRST = or_(OUTBOX.c.calls, _IS_CALLED_FOR)
_HEADS = (
    select(func.coalesce(func.min(case((_FIRST, OUTBOX.c.id))), func.min(OUTBOX.c.id)).label("id"))
    .where(_QUEUED)
    .group_by(OUTBOX.c.queue)
    .subquery("heads")
)
_WITH_ROOT = and_(_ROOT.c.kind == _POST, _ROOT.c.logical_id == OUTBOX.c.root)
_DELIVERABLE = (
    select(
        OUTBOX.c.id,
        OUTBOX.c.queue,
        OUTBOX.c.message,
        OUTBOX.c.attempts,
        OUTBOX.c.uncertain,
        OUTBOX.c.queued_at,
        _ROOT.c.ref.label("thread"),
        _TARGET.c.ref.label("target"),
    )
    .select_from(OUTBOX)
    .join(_HEADS, _HEADS.c.id == OUTBOX.c.id)
    .outerjoin(_ROOT, _WITH_ROOT)
    .outerjoin(
        _TARGET,
        and_(OUTBOX.c.kind == _EDIT, _TARGET.c.kind == _POST, _TARGET.c.logical_id == OUTBOX.c.logical_id),
    )
    .where(
        or_(OUTBOX.c.not_before.is_(None), OUTBOX.c.not_before <= bindparam("now", type_=OUTBOX.c.not_before.type)),
        or_(OUTBOX.c.root.is_(None), _ROOT.c.ref.is_not(None)),
        or_(OUTBOX.c.kind != _EDIT, _TARGET.c.ref.is_not(None)),
    )
    .order_by(case((_FIRST, 0), else_=1), OUTBOX.c.id)
)
_DELIVERABLE_ROW = _DELIVERABLE.where(OUTBOX.c.id == bindparam("row"))
_QUEUE = select(OUTBOX.c.queue).where(OUTBOX.c.id == bindparam("row"), _QUEUED)
#: Whoever takes a message and whoever withdraws it wait for each other.
_LOCKED = _QUEUE.with_for_update()
_NEXT_DUE = (
    select(func.min(OUTBOX.c.not_before))
    .select_from(OUTBOX)
    .join(_HEADS, _HEADS.c.id == OUTBOX.c.id)
    .where(OUTBOX.c.not_before > bindparam("looked", type_=OUTBOX.c.not_before.type))
)
_NEXT_DUE_ON = _NEXT_DUE.where(OUTBOX.c.platform == bindparam("chat"))

_THIS = and_(OUTBOX.c.id == bindparam("row"), _QUEUED)
_EDITED = OUTBOX.delete().where(_THIS, OUTBOX.c.kind == _EDIT)
_DELIVERED = OUTBOX.update().where(_THIS).values(state="sent", ref=bindparam("reference"), delivered_at=bindparam("at"))
_RETRY = (
    OUTBOX.update()
    .where(_THIS)
    .values(
        attempts=OUTBOX.c.attempts + 1,
        not_before=bindparam("later"),
        error=bindparam("why"),
        uncertain=bindparam("unsure"),
    )
)
_SENDING = OUTBOX.update().where(_THIS).values(uncertain=True)
_UNSURE = (
    select(OUTBOX.c.id)
    .where(
        _QUEUED,
        OUTBOX.c.kind == _POST,
        OUTBOX.c.uncertain,
        OUTBOX.c.platform == bindparam("chat"),
        OUTBOX.c.channel == bindparam("where"),
    )
    .limit(1)
)
_CARD = select(OUTBOX.c.message).where(OUTBOX.c.kind == _POST, OUTBOX.c.logical_id == bindparam("logical_id"))
_UNSENT = (
    select(OUTBOX.c.id, OUTBOX.c.queue, OUTBOX.c.calls)
    .where(_QUEUED, OUTBOX.c.kind == _POST, OUTBOX.c.uncertain.is_(False))
    .where(OUTBOX.c.logical_id == bindparam("logical_id"))
    .with_for_update()
)
#: Once one was taken, another may have come that goes before it, but none of its own rank.
_HEAD = select(func.min(OUTBOX.c.id)).where(
    _QUEUED, OUTBOX.c.queue == bindparam("line"), OUTBOX.c.calls == bindparam("rank")
)
_IS_FIRST_BY_A_CALL = select(OUTBOX.c.id).where(OUTBOX.c.id == bindparam("row"), _IS_CALLED_FOR)
_WITHDRAWN = OUTBOX.delete().where(OUTBOX.c.id == bindparam("row"))
_EDITS = OUTBOX.delete().where(_QUEUED, OUTBOX.c.kind == _EDIT, OUTBOX.c.logical_id == bindparam("logical_id"))
_GIVE_UP = OUTBOX.update().values(state="dead", error=bindparam("why")).returning(OUTBOX.c.kind, OUTBOX.c.logical_id)
_DEAD = _GIVE_UP.where(_THIS)
_DEAD_WITH = _GIVE_UP.where(
    _QUEUED,
    or_(
        OUTBOX.c.queue == bindparam("thread"),
        and_(OUTBOX.c.kind == _EDIT, OUTBOX.c.logical_id == bindparam("lost")),
    ),
)
_ALL_QUEUED = (
    select(OUTBOX.c.id, OUTBOX.c.queue, OUTBOX.c.calls, OUTBOX.c.platform, OUTBOX.c.channel, OUTBOX.c.message)
    .where(_QUEUED)
    .order_by(OUTBOX.c.id)
)
_DEAD_LETTERS = select(OUTBOX).where(OUTBOX.c.state == constant("dead")).order_by(OUTBOX.c.id)

_SENT = (
    select(
        OUTBOX.c.logical_id,
        OUTBOX.c.run_id,
        OUTBOX.c.platform,
        OUTBOX.c.channel,
        OUTBOX.c.ref,
        OUTBOX.c.delivered_at,
        _ROOT.c.ref.label("thread"),
    )
    .select_from(OUTBOX)
    .outerjoin(_ROOT, _WITH_ROOT)
    .where(OUTBOX.c.kind == _POST, OUTBOX.c.ref.is_not(None))
)
_SENT_BY_ID = _SENT.where(OUTBOX.c.logical_id == bindparam("logical_id"))
_SENT_BY_REF = (
    _SENT.where(
        OUTBOX.c.ref == bindparam("reference"),
        OUTBOX.c.channel == bindparam("where"),
        OUTBOX.c.platform == bindparam("chat"),
    )
    .order_by(OUTBOX.c.id)
    .limit(1)
)


class SqlOutbox:
    """See `sops.kit.stores.Outbox`.

    `put` raises KeyError for a post or whisper under a root, or an edit of a message, that nobody ever put.
    `delivered`, `retry` and `dead` change no row that is no longer queued: an edit that was replaced, or a post that
    was withdrawn, while it was under way. The claim is on the queue, so that nothing else of it goes out meanwhile,
    not even a newer edit.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._claims = SqlClaims(connection)

    def put(self, message: Outgoing, at: datetime) -> bool:
        row = self._edit(message) if message.kind == "edit" else self._new(message)
        row = {**_fresh(message, at), **row}
        return self._connection.execute(pick(_PUT, self._connection), row).scalar() is not None

    def _new(self, message: Outgoing) -> dict[str, Any]:
        if message.kind == "whisper":
            return {"queue": f"{_WHISPER}{message.logical_id}"}
        if message.root is None:
            return {"queue": _channel(message.place)}
        root = self._posted(_ROOT_STATE, message.root)
        return {"queue": _thread(message.root), **_fate(root.state)}

    def _edit(self, message: Outgoing) -> dict[str, Any]:
        target = self._posted(_TARGET_STATE, message.logical_id)
        row = {"queue": _thread(target.root or message.logical_id), "root": target.root, **_fate(target.state)}
        for old in self._connection.execute(_REPLACED, {"logical_id": message.logical_id}):
            if old.state == "queued":
                row |= {"attempts": old.attempts, "not_before": old.not_before}
        return row

    def _posted(self, statement: Select[Any], logical_id: str) -> AnyRow:
        found = self._connection.execute(statement, {"logical_id": logical_id}).one_or_none()
        if found is None:
            raise KeyError(logical_id)
        return found

    def deliverable(self, now: datetime) -> Sequence[Delivery]:
        found = map(_delivery, self._connection.execute(_DELIVERABLE, {"now": now}))
        return [delivery for delivery in found if delivery is not None]

    def take(self, row: int, owner: str, seconds: float, now: datetime, *, sending: bool = False) -> Delivery | None:
        queue: str | None = self._connection.execute(_QUEUE, {"row": row}).scalar()
        fence = None if queue is None else self._claims.take(_claim(queue), owner, seconds)
        if queue is None or fence is None:
            return None
        self._connection.execute(_LOCKED, {"row": row})
        found = self._connection.execute(_DELIVERABLE_ROW, {"row": row, "now": now}).one_or_none()
        delivery = None if found is None else _delivery(found)
        if delivery is None:  # as it is now that nobody else can be at it any more
            self._end(queue, fence)
            return None
        if sending:
            self._connection.execute(_SENDING, {"row": row})
        return replace(delivery, fence=fence)

    def renew(self, delivery: Delivery, seconds: float) -> bool:
        return delivery.fence is not None and self._claims.renew(_claim(delivery.queue), delivery.fence, seconds)

    def delivered(self, delivery: Delivery, ref: str, at: datetime) -> None:
        fence = self._check(delivery)
        if self._connection.execute(_EDITED, {"row": delivery.row}).rowcount == 0:
            self._connection.execute(_DELIVERED, {"row": delivery.row, "reference": ref, "at": at})
        self._end(delivery.queue, fence)

    def retry(self, delivery: Delivery, not_before: datetime, error: str, *, uncertain: bool = False) -> None:
        fence = self._check(delivery)
        values = {"row": delivery.row, "later": not_before, "why": error, "unsure": uncertain}
        self._connection.execute(_RETRY, values)
        self._claims.release(_claim(delivery.queue), fence)

    def withdraw(self, logical_id: str) -> bool:
        found = self._connection.execute(_UNSENT, {"logical_id": logical_id}).one_or_none()
        if found is None or self._under_way(found):
            return False
        self._connection.execute(_WITHDRAWN, {"row": found.id})
        self._connection.execute(_EDITS, {"logical_id": logical_id})
        return True

    def _under_way(self, row: AnyRow) -> bool:
        """Somebody took its queue, and with that the head of it, to be sent, and did not note yet how it went."""
        if not self._claims.held(_claim(row.queue)):
            return False
        head: int | None = self._connection.execute(_HEAD, {"line": row.queue, "rank": row.calls}).scalar()
        return head == row.id or self._connection.execute(_IS_FIRST_BY_A_CALL, {"row": row.id}).first() is not None

    def dead(self, delivery: Delivery, error: str) -> None:
        fence = self._check(delivery)
        self._give_up(delivery.row, error)
        self._end(delivery.queue, fence)

    def _check(self, delivery: Delivery) -> int:
        """Raises ClaimLost unless it is ours to say how it went."""
        if delivery.fence is None:
            raise ClaimLost(f"message {delivery.message.logical_id} was looked at and not taken")
        self._claims.check(_claim(delivery.queue), delivery.fence)
        place = delivery.message.place
        lock(self._connection, _outcome(place.platform, place.channel))
        return delivery.fence

    def _end(self, queue: str, fence: int) -> None:
        """End the lease. A whisper has a queue of its own, which nobody takes any more."""
        if queue.startswith(_WHISPER):
            self._claims.drop(_claim(queue), fence)
        else:
            self._claims.release(_claim(queue), fence)

    def _give_up(self, row: int, error: str) -> None:
        lost = [
            found.logical_id
            for found in self._connection.execute(_DEAD, {"row": row, "why": error})
            if found.kind == "post"
        ]
        while lost:
            gone = lost.pop()
            values = {"thread": _thread(gone), "lost": gone, "why": _DEPENDS}
            lost += [f.logical_id for f in self._connection.execute(_DEAD_WITH, values) if f.kind == "post"]

    def next_due(self, after: datetime, platform: str | None = None) -> datetime | None:
        if platform is None:
            return self._connection.execute(_NEXT_DUE, {"looked": after}).scalar()
        return self._connection.execute(_NEXT_DUE_ON, {"looked": after, "chat": platform}).scalar()

    def bury(self) -> int:
        waiting = self._connection.execute(_ALL_QUEUED).all()
        lost = [row for row in waiting if _message(row.message) is None and not self._under_way(row)]
        for row in lost:
            lock(self._connection, _outcome(row.platform, row.channel))
            self._give_up(row.id, _UNREADABLE)
        return len(lost)

    def posted(self, logical_id: str) -> Outgoing | None:
        found = self._connection.execute(_CARD, {"logical_id": logical_id}).scalar()
        return _message(found) if found else None

    def card(self, logical_id: str) -> Card | None:
        message = self.posted(logical_id)
        return message.card if message else None

    def unsure(self, platform: str, channel: str) -> bool:
        lock(self._connection, _outcome(platform, channel), shared=True)
        return self._connection.execute(_UNSURE, {"chat": platform, "where": channel}).scalar() is not None

    def sent(self, logical_id: str) -> Sent | None:
        return _sent(self._connection.execute(_SENT_BY_ID, {"logical_id": logical_id}).one_or_none())

    def sent_as(self, platform: str, channel: str, ref: str) -> Sent | None:
        values = {"chat": platform, "where": channel, "reference": ref}
        return _sent(self._connection.execute(_SENT_BY_REF, values).one_or_none())

    def dead_letters(self) -> Sequence[tuple[Outgoing, str]]:
        return [(_message(row.message) or _lost(row), row.error) for row in self._connection.execute(_DEAD_LETTERS)]


_UNREADABLE = "stored by another version, and cannot be read"
_WHISPER = "whisper "
_DEPENDS = "the message it belongs to could not be delivered"


def _claim(queue: str) -> str:
    return f"post:{queue}"


def _outcome(platform: str, channel: str) -> str:
    """The lock under which it is noted how a post into that channel went."""
    return f"outcome {platform} {channel}"


def _thread(root: str) -> str:
    return f"thread {root}"


def _channel(place: Place) -> str:
    return f"channel {place.platform} {place.channel}"


def _fate(state: str) -> dict[str, str]:
    return {"state": "dead", "error": _DEPENDS} if state == "dead" else {}


def _fresh(message: Outgoing, at: datetime) -> dict[str, Any]:
    return {
        "kind": message.kind,
        "logical_id": message.logical_id,
        "root": message.root,
        "run_id": message.run_id,
        "platform": message.place.platform,
        "channel": message.place.channel,
        "message": _MESSAGE.dump_json(message).decode(),
        "state": "queued",
        "calls": message.calls,
        "attempts": 0,
        "not_before": None,
        "error": "",
        "ref": None,
        "queued_at": at,
        "delivered_at": None,
    }


def _message(stored: str) -> Outgoing | None:
    """None where another version stored it in a way nobody here can read. What it adds to it changes nothing."""
    try:
        return _MESSAGE.validate_json(stored)
    except ValidationError:
        return None


def _lost(row: AnyRow) -> Outgoing:
    """What its row says of a message that cannot be read."""
    place = Place(platform=row.platform, channel=row.channel)
    return Outgoing(row.kind, row.logical_id, place, Card(lines=()), row.run_id, root=row.root)


def _delivery(row: AnyRow) -> Delivery | None:
    message = _message(row.message)
    if message is None:
        return None
    thread = row.thread or message.place.thread
    return Delivery(
        row=row.id,
        queue=row.queue,
        message=message,
        thread=thread,
        ref=row.target,
        attempts=row.attempts,
        uncertain=row.uncertain,
        queued_at=row.queued_at,
    )


def _sent(row: AnyRow | None) -> Sent | None:
    if row is None:
        return None
    return Sent(
        logical_id=row.logical_id,
        run_id=row.run_id,
        place=Place(platform=row.platform, channel=row.channel, thread=row.thread),
        ref=row.ref,
        delivered_at=row.delivered_at,
    )
