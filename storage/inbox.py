"""Accepted events, in order of arrival within a conversation."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy import Connection, bindparam, func, select

from sops.kit.conversation import Event
from sops.kit.errors import AlreadyHandled, ClaimLost
from sops.kit.stores import HELD, InboxItem
from storage.claims import SqlClaims
from storage.statements import AnyRow, constant, insert_new, pick
from storage.tables import INBOX

UNREADABLE = "stored by another version, and cannot be read"

_WAITING = INBOX.c.state == constant("waiting")

_ACCEPT = insert_new(INBOX, INBOX.c.seq)
_CONVERSATIONS = (
    select(INBOX.c.conversation)
    .where(_WAITING, INBOX.c.conversation.not_like(bindparam("held")))
    .group_by(INBOX.c.conversation)
    .order_by(func.min(INBOX.c.seq))
)
_ITEM = select(INBOX.c.seq, INBOX.c.conversation, INBOX.c.event, INBOX.c.attempts).order_by(INBOX.c.seq)
_OF_ONE = _ITEM.where(_WAITING, INBOX.c.conversation == bindparam("conversation"))
_STILL_HELD = INBOX.update().where(
    INBOX.c.seq == bindparam("number"), _WAITING, INBOX.c.conversation == bindparam("held")
)
_REFILED = _STILL_HELD.values(conversation=bindparam("where"))
_DROPPED = _STILL_HELD.values(state="done")
_TAKEN_OUT = (
    INBOX.delete()
    .where(INBOX.c.seq == bindparam("number"), _WAITING, INBOX.c.conversation == bindparam("held"))
    .returning(INBOX.c.dedupe_key, INBOX.c.event)
)
_OLDEST = _ITEM.where(_WAITING, INBOX.c.conversation == bindparam("conversation")).limit(1)
_PARKED = _ITEM.where(INBOX.c.state == constant("parked"))
_ACCEPTED = _ITEM.where(INBOX.c.dedupe_key == bindparam("dedupe_key"))
_ONE = _ITEM.where(INBOX.c.seq == bindparam("number"))
_EVENT = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(event=bindparam("words"))
_STILL_WAITING = select(INBOX.c.seq).where(INBOX.c.seq == bindparam("number"), _WAITING)
_OF_MINE = INBOX.update().where(INBOX.c.seq == bindparam("number"), _WAITING)
_STATE = _OF_MINE.values(state=bindparam("state"))
_FAILED = _OF_MINE.values(attempts=INBOX.c.attempts + 1, error=bindparam("error")).returning(INBOX.c.attempts)
_ASIDE = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(state="parked", error=UNREADABLE)


class SqlInbox:
    """See `sops.kit.stores.Inbox`. The claim on a conversation is `chat:` and its name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._claims = SqlClaims(connection)

    def accept(self, event: Event, conversation: str) -> bool:
        return self._insert(event.dedupe_key, conversation, event.model_dump_json())

    def _insert(self, key: str, conversation: str, event: str) -> bool:
        row = {
            "dedupe_key": key,
            "conversation": conversation,
            "event": event,
            "state": "waiting",
            "attempts": 0,
            "error": "",
        }
        return self._connection.execute(pick(_ACCEPT, self._connection), row).scalar() is not None

    def waiting(self) -> Sequence[str]:
        return list(self._connection.execute(_CONVERSATIONS, {"held": f"{HELD}%"}).scalars())

    def held(self, conversation: str) -> Sequence[InboxItem]:
        return _readable(self._connection.execute(_OF_ONE, {"conversation": conversation}))

    def refile(self, item: InboxItem, conversation: str) -> None:
        self._connection.execute(_REFILED, {"number": item.seq, "held": item.conversation, "where": conversation})

    def drop(self, item: InboxItem) -> None:
        self._connection.execute(_DROPPED, {"number": item.seq, "held": item.conversation})

    def readmit(self, item: InboxItem, conversation: str) -> None:
        row = self._connection.execute(_TAKEN_OUT, {"number": item.seq, "held": item.conversation}).one_or_none()
        if row is not None:
            self._insert(row.dedupe_key, conversation, row.event)

    def oldest(self, conversation: str) -> InboxItem | None:
        row = self._connection.execute(_OLDEST, {"conversation": conversation}).one_or_none()
        item = None if row is None else _item(row)
        return item if row is None or item else next(iter(self.held(conversation)), None)

    def take(self, conversation: str, owner: str, seconds: float) -> InboxItem | None:
        fence = self._claims.take(_claim(conversation), owner, seconds)
        if fence is None:
            return None
        self._set_aside(conversation)
        item = self.oldest(conversation)  # looked up only now, when nobody else can be at it any more
        if item is None:
            self._claims.release(_claim(conversation), fence)
            return None
        return replace(item, fence=fence)

    def renew(self, item: InboxItem, seconds: float) -> bool:
        return item.fence is not None and self._claims.renew(_claim(item.conversation), item.fence, seconds)

    def _set_aside(self, conversation: str) -> None:
        """Park what cannot be read and stands before all that can."""
        while (row := self._connection.execute(_OLDEST, {"conversation": conversation}).one_or_none()) is not None:
            if _item(row) is not None:
                return
            self._connection.execute(_ASIDE, {"number": row.seq})

    def check(self, item: InboxItem) -> None:
        self._check_claim(item)
        if self._connection.execute(_STILL_WAITING, {"number": item.seq}).scalar() is None:
            raise AlreadyHandled(_handled(item))

    def done(self, item: InboxItem) -> None:
        self._settle(item, "done")

    def failed(self, item: InboxItem, error: str) -> int:
        fence = self._check_claim(item)
        attempts: int | None = self._connection.execute(_FAILED, {"number": item.seq, "error": error}).scalar()
        if attempts is None:
            raise AlreadyHandled(_handled(item))
        self._claims.release(_claim(item.conversation), fence)
        return attempts

    def park(self, item: InboxItem) -> None:
        self._settle(item, "parked")

    def _settle(self, item: InboxItem, state: str) -> None:
        fence = self._check_claim(item)
        if self._connection.execute(_STATE, {"number": item.seq, "state": state}).rowcount != 1:
            raise AlreadyHandled(_handled(item))
        self._claims.release(_claim(item.conversation), fence)

    def _check_claim(self, item: InboxItem) -> int:
        if item.fence is None:
            raise ClaimLost(f"event {item.seq} was looked at and not taken, so it is not to be handled")
        self._claims.check(_claim(item.conversation), item.fence)
        return item.fence

    def parked(self) -> Sequence[InboxItem]:
        return _readable(self._connection.execute(_PARKED))

    def unreadable(self) -> Sequence[int]:
        return [row.seq for row in self._connection.execute(_PARKED) if _item(row) is None]

    def accepted(self, dedupe_key: str) -> InboxItem | None:
        row = self._connection.execute(_ACCEPTED, {"dedupe_key": dedupe_key}).one_or_none()
        return None if row is None else _item(row)

    def forget(self, seq: int) -> None:
        event = json.loads(self._connection.execute(_ONE, {"number": seq}).one().event)
        self._connection.execute(_EVENT, {"number": seq, "words": json.dumps({**event, "text": ""})})


def _claim(conversation: str) -> str:
    return f"chat:{conversation}"


def _handled(item: InboxItem) -> str:
    return f"event {item.seq} was handled by somebody else already"


def _readable(rows: Iterable[AnyRow]) -> list[InboxItem]:
    return [item for item in map(_item, rows) if item is not None]


def _item(row: AnyRow) -> InboxItem | None:
    """None where the event was stored by another version, in a way nobody here can read."""
    try:
        event = Event.model_validate_json(row.event)
    except ValidationError:
        return None
    return InboxItem(seq=row.seq, conversation=row.conversation, event=event, attempts=row.attempts)
