"""Accepted events, in order of arrival within a conversation."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select

from sops.kit.conversation import Event
from sops.kit.stores import HELD, InboxItem
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
_REFILED = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(conversation=bindparam("where"))
_OLDEST = _ITEM.where(_WAITING, INBOX.c.conversation == bindparam("conversation")).limit(1)
_PARKED = _ITEM.where(INBOX.c.state == constant("parked"))
_ACCEPTED = _ITEM.where(INBOX.c.dedupe_key == bindparam("dedupe_key"))
_ONE = _ITEM.where(INBOX.c.seq == bindparam("number"))
_EVENT = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(event=bindparam("words"))
_STATE = INBOX.update().where(INBOX.c.seq == bindparam("number")).values(state=bindparam("state"))
_FAILED = (
    INBOX.update()
    .where(INBOX.c.seq == bindparam("number"))
    .values(attempts=INBOX.c.attempts + 1, error=bindparam("error"))
    .returning(INBOX.c.attempts)
)


class SqlInbox:
    """See `sops.kit.stores.Inbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def refile(self, seq: int, conversation: str) -> None:
        self._connection.execute(_REFILED, {"number": seq, "where": conversation})

    def oldest(self, conversation: str) -> InboxItem | None:
        row = self._connection.execute(_OLDEST, {"conversation": conversation}).one_or_none()
        return None if row is None else _item(row)

    def done(self, seq: int) -> None:
        self._connection.execute(_STATE, {"number": seq, "state": "done"})

    def failed(self, seq: int, error: str) -> int:
        return int(self._connection.execute(_FAILED, {"number": seq, "error": error}).scalar_one())

    def park(self, seq: int) -> None:
        self._connection.execute(_STATE, {"number": seq, "state": "parked"})

    def parked(self) -> Sequence[InboxItem]:
        return [_item(row) for row in self._connection.execute(_PARKED)]

    def accepted(self, dedupe_key: str) -> InboxItem | None:
        row = self._connection.execute(_ACCEPTED, {"dedupe_key": dedupe_key}).one_or_none()
        return None if row is None else _item(row)

    def forget(self, seq: int) -> None:
        event = _item(self._connection.execute(_ONE, {"number": seq}).one()).event
        silent = event.model_copy(update={"text": ""})
        self._connection.execute(_EVENT, {"number": seq, "words": silent.model_dump_json()})


def _item(row: AnyRow) -> InboxItem:
    return InboxItem(
        seq=row.seq,
        conversation=row.conversation,
        event=Event.model_validate_json(row.event),
        attempts=row.attempts,
    )
