"""Accepted events, in order of arrival within a conversation."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, func, select

from sops.kit.conversation import Event
from sops.kit.errors import AlreadyHandled, ClaimLost
from sops.kit.stores import HELD, InboxItem
from storage.claims import SqlClaims
from storage.statements import AnyRow, constant, insert_new, pick
from storage.tables import INBOX

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
_OLDEST = _ITEM.where(_WAITING, INBOX.c.conversation == bindparam("conversation")).limit(1)
_PARKED = _ITEM.where(INBOX.c.state == constant("parked"))
_ACCEPTED = _ITEM.where(INBOX.c.dedupe_key == bindparam("dedupe_key"))
_ONE = _ITEM.where(INBOX.c.seq == bindparam("number"))
_EVENT = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(event=bindparam("words"))
_STILL_WAITING = select(INBOX.c.seq).where(INBOX.c.seq == bindparam("number"), _WAITING)
_OF_MINE = INBOX.update().where(INBOX.c.seq == bindparam("number"), _WAITING)
_STATE = _OF_MINE.values(state=bindparam("state"))
_FAILED = _OF_MINE.values(attempts=INBOX.c.attempts + 1, error=bindparam("error")).returning(INBOX.c.attempts)


class SqlInbox:
    """See `sops.kit.stores.Inbox`. The claim on a conversation is `chat:` and its name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._claims = SqlClaims(connection)

    def accept(self, event: Event, conversation: str) -> bool:
        row = {
            "dedupe_key": event.dedupe_key,
            "conversation": conversation,
            "event": event.model_dump_json(),
            "state": "waiting",
            "attempts": 0,
            "error": "",
        }
        return self._connection.execute(pick(_ACCEPT, self._connection), row).scalar() is not None

    def waiting(self) -> Sequence[str]:
        return list(self._connection.execute(_CONVERSATIONS, {"held": f"{HELD}%"}).scalars())

    def held(self, conversation: str) -> Sequence[InboxItem]:
        return [_item(row) for row in self._connection.execute(_OF_ONE, {"conversation": conversation})]

    def refile(self, item: InboxItem, conversation: str) -> None:
        self._connection.execute(_REFILED, {"number": item.seq, "held": item.conversation, "where": conversation})

    def drop(self, item: InboxItem) -> None:
        self._connection.execute(_DROPPED, {"number": item.seq, "held": item.conversation})

    def oldest(self, conversation: str) -> InboxItem | None:
        row = self._connection.execute(_OLDEST, {"conversation": conversation}).one_or_none()
        return None if row is None else _item(row)

    def take(self, conversation: str, owner: str, seconds: float) -> InboxItem | None:
        fence = self._claims.take(_claim(conversation), owner, seconds)
        if fence is None:
            return None
        item = self.oldest(conversation)  # looked up only now, when nobody else can be at it any more
        if item is None:
            self._claims.release(_claim(conversation), fence)
            return None
        return replace(item, fence=fence)

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
        return [_item(row) for row in self._connection.execute(_PARKED)]

    def accepted(self, dedupe_key: str) -> InboxItem | None:
        row = self._connection.execute(_ACCEPTED, {"dedupe_key": dedupe_key}).one_or_none()
        return None if row is None else _item(row)

    def forget(self, seq: int) -> None:
        event = _item(self._connection.execute(_ONE, {"number": seq}).one()).event
        silent = event.model_copy(update={"text": ""})
        self._connection.execute(_EVENT, {"number": seq, "words": silent.model_dump_json()})


def _claim(conversation: str) -> str:
    return f"chat:{conversation}"


def _handled(item: InboxItem) -> str:
    return f"event {item.seq} was handled by somebody else already"


def _item(row: AnyRow) -> InboxItem:
    return InboxItem(
        seq=row.seq,
        conversation=row.conversation,
        event=Event.model_validate_json(row.event),
        attempts=row.attempts,
    )
