"""Counts of what nobody keeps one by one; in the table of counters, under names no run's can be."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from storage.statements import INSERT, pick
from storage.tables import COUNTER

_PREFIX = "tally:"
_OF = select(COUNTER.c.name, COUNTER.c.value).where(COUNTER.c.name.startswith(bindparam("begin"), autoescape=False))
_ADD = {
    name: insert(COUNTER).on_conflict_do_update(
        index_elements=[COUNTER.c.name], set_={"value": COUNTER.c.value + bindparam("more")}
    )
    for name, insert in INSERT.items()
}


class SqlTallies:
    """See `sops.kit.stores.Tallies`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, count: int) -> None:
        row = {"name": f"{_PREFIX}{name}", "value": count, "more": count}
        self._connection.execute(pick(_ADD, self._connection), row)

    def under(self, beginning: str) -> Mapping[str, int]:
        found = self._connection.execute(_OF, {"begin": f"{_PREFIX}{beginning}"})
        return {row.name.removeprefix(_PREFIX): row.value for row in found}
