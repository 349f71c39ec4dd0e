"""How far the bot has read where events are told in order."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from storage.statements import INSERT, pick
from storage.tables import CURSOR

_GET = select(CURSOR.c.value).where(CURSOR.c.name == bindparam("which"))
_UNDER = select(CURSOR.c.name, CURSOR.c.value).where(CURSOR.c.name.startswith(bindparam("begin"), autoescape=False))
_DROP = CURSOR.delete().where(CURSOR.c.name == bindparam("which"))
_PUT = {
    name: insert(CURSOR).on_conflict_do_update(index_elements=[CURSOR.c.name], set_={"value": bindparam("upto")})
    for name, insert in INSERT.items()
}


class SqlCursors:
    """See `sops.kit.stores.Cursors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        value: str | None = self._connection.execute(_GET, {"which": name}).scalar()
        return value

    def put(self, name: str, value: str) -> None:
        self._connection.execute(pick(_PUT, self._connection), {"name": name, "value": value, "upto": value})

    def under(self, beginning: str) -> Mapping[str, str]:
        rows = self._connection.execute(_UNDER.order_by(CURSOR.c.name), {"begin": beginning})
        return {row.name: row.value for row in rows if row.name.startswith(beginning)}  # LIKE takes _ for any letter

    def drop(self, name: str) -> None:
        self._connection.execute(_DROP, {"which": name})
