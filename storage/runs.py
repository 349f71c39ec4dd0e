"""Runs, their short names, and who asked to look at them."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, select, text

from sops.kit.errors import SopwithError, StaleRun
from sops.kit.run import Run
from sops.kit.unreadable import Unreadable, why_not
from storage.statements import AnyRow
from storage.tables import RUN, RUN_WAKE

_NEXT_NAME = text(
    "INSERT INTO counter (name, value) VALUES (:prefix, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
)
_OPEN = text("NOT over")  # as the partial index spells it

_RUN = select(RUN.c.id, RUN.c.name, RUN.c.sop, RUN.c.over, RUN.c.state, RUN.c.revision, RUN.c.body)
_BY_ID = _RUN.where(RUN.c.id == bindparam("id"))
#: Leaves the key alone, so that rows that refer to the run need not wait.
_LOCKED = _BY_ID.with_for_update(key_share=True)
_BY_NAME = _RUN.where(RUN.c.name == bindparam("name"))
_ALL = _RUN.order_by(RUN.c.number)
_ALL_OPEN = _ALL.where(_OPEN)
_OPEN_OF = _ALL_OPEN.where(RUN.c.sop == bindparam("sop"))
_EMBARGOED = _ALL.where(text("embargoed AND NOT over"))
_OF_VERSION = _ALL.where(RUN.c.version == bindparam("version"))
_OWING = _ALL.where(text("owing"))  # as the partial index spells it
_SAVE = (
    RUN.update()
    .where(RUN.c.id == bindparam("key"), RUN.c.revision == bindparam("known"))
    .values(
        state=bindparam("state"),
        over=bindparam("over"),
        owing=bindparam("owing"),
        embargoed=bindparam("embargoed"),
        revision=bindparam("revision"),
        body=bindparam("body"),
    )
)

_AWAKE: ColumnElement[bool] = RUN_WAKE.c.wakes > RUN_WAKE.c.looked
_LAST = select(func.coalesce(func.max(RUN_WAKE.c.position), 0)).where(_AWAKE).correlate(None).scalar_subquery()
_WAKE = RUN_WAKE.update().values(
    wakes=RUN_WAKE.c.wakes + 1,
    position=case((_AWAKE, RUN_WAKE.c.position), else_=_LAST + 1),
)
_WAKE_ONE = _WAKE.where(RUN_WAKE.c.run_id == bindparam("id"))
#: Locked in one order, so that two of these cannot wait for each other.
_WAKE_OPEN = _WAKE.where(
    RUN_WAKE.c.run_id.in_(
        select(RUN_WAKE.c.run_id)
        .where(RUN_WAKE.c.run_id.in_(select(RUN.c.id).where(_OPEN)), RUN_WAKE.c.run_id != bindparam("but"))
        .order_by(RUN_WAKE.c.run_id)
        .with_for_update()
    )
)
#: Of those woken together the one that was begun first comes first.
_AWAKE_IDS = (
    select(RUN_WAKE.c.run_id)
    .join(RUN, RUN.c.id == RUN_WAKE.c.run_id)
    .where(_AWAKE)
    .order_by(RUN_WAKE.c.position, RUN.c.number)
)
_WAKES = select(RUN_WAKE.c.wakes).where(RUN_WAKE.c.run_id == bindparam("id"))
_ASLEEP = (
    RUN_WAKE.update()
    .where(RUN_WAKE.c.run_id == bindparam("id"), RUN_WAKE.c.looked < bindparam("since"))
    .values(looked=bindparam("since"))
)

_READER, _KEPT = "sopwith run reader", 64


class SqlRuns:
    """See `sops.kit.stores.Runs`."""

    def __init__(self, connection: Connection, *, locks: bool) -> None:
        self._connection = connection
        self._by_id = _LOCKED if locks else _BY_ID
        self._parsed = _reader(connection)

    def next_name(self, prefix: str) -> str:
        number = self._connection.execute(_NEXT_NAME, {"prefix": prefix}).scalar_one()
        return f"{prefix}-{number}"

    def add(self, run: Run) -> None:
        row = {"id": run.id, "name": run.name, "sop": run.sop, "created_at": run.created_at}
        row |= {"version": run.about, **_changing(run)}
        self._connection.execute(RUN.insert(), row)
        self._connection.execute(RUN_WAKE.insert(), {"run_id": run.id, "wakes": 0, "looked": 0, "position": 0})

    def get(self, run_id: str) -> Run:
        found = self.find(run_id)
        if isinstance(found, Unreadable):
            raise KeyError(run_id)
        return found

    def find(self, run_id: str) -> Run | Unreadable:
        row = self._connection.execute(self._by_id, {"id": run_id}).one_or_none()
        if row is None:
            raise KeyError(run_id)
        return self._read(row)

    def known(self, run_id: str) -> Run | None:
        row = self._connection.execute(self._by_id, {"id": run_id}).one_or_none()
        found = None if row is None else self._read(row)
        return found if isinstance(found, Run) else None

    def by_name(self, name: str) -> Run | Unreadable | None:
        row = self._connection.execute(_BY_NAME, {"name": name}).one_or_none()
        return None if row is None else self._read(row)

    def save(self, run: Run) -> None:
        saved = run.but(revision=run.revision + 1)
        found = self._connection.execute(_SAVE, {"key": run.id, "known": run.revision, **_changing(saved)})
        if found.rowcount != 1:
            raise StaleRun(f"{run.name} changed since revision {run.revision} was read; read it again and repeat.")

    def open(self) -> Sequence[Run]:
        return self._readable(_ALL_OPEN)

    def embargoed(self) -> Sequence[Run]:
        return [run for run in self._readable(_EMBARGOED) if run.embargoed]

    def all(self) -> Sequence[Run]:
        return self._readable(_ALL)

    def of_version(self, version: str) -> Sequence[Run]:
        return self._readable(_OF_VERSION, version=version)

    def owing(self) -> Sequence[Run]:
        return self._readable(_OWING)

    def unreadable(
        self, *, sop: str = "", owing: bool = False, version: str = "", going: bool = False
    ) -> Sequence[Unreadable]:
        statement = _OF_VERSION if version else _OPEN_OF if sop else _OWING if owing else _ALL_OPEN if going else _ALL
        values = {"version": version} if version else {"sop": sop} if sop else {}
        found = map(self._read, self._connection.execute(statement, values))
        return [each for each in found if isinstance(each, Unreadable)]

    def _read(self, row: AnyRow) -> Run | Unreadable:
        """What another build added is kept; what it changed so that nobody here can read it is left alone."""
        try:
            return self._parsed(row.body)
        except (ValidationError, SopwithError) as problem:
            why = why_not(problem)
            return Unreadable(row.id, row.name, row.sop, bool(row.over), why, row.state, row.revision)

    def _readable(self, statement: Select[Any], **values: str) -> Sequence[Run]:
        found = map(self._read, self._connection.execute(statement, values))
        return [each for each in found if isinstance(each, Run)]

    def wake(self, run_id: str) -> None:
        """Raises KeyError when there is no such run."""
        if self._connection.execute(_WAKE_ONE, {"id": run_id}).rowcount != 1:
            raise KeyError(run_id)

    def wake_open(self, *, but: str = "") -> None:
        self._connection.execute(_WAKE_OPEN, {"but": but})

    def awake(self) -> Sequence[str]:
        return list(self._connection.execute(_AWAKE_IDS).scalars())

    def asleep(self, run_id: str, *, since: int) -> None:
        self._connection.execute(_ASLEEP, {"id": run_id, "since": since})

    def wakes(self, run_id: str) -> int:
        """Raises KeyError when there is no such run."""
        found = self._connection.execute(_WAKES, {"id": run_id}).scalar()
        if found is None:
            raise KeyError(run_id)
        return int(found)


def _changing(run: Run) -> dict[str, object]:
    return {
        "state": run.state.value,
        "over": run.state.over,
        "owing": run.owing,
        "embargoed": run.embargoed,
        "revision": run.revision,
        "body": run.model_dump_json(),
    }


def _reader(connection: Connection) -> Callable[[str], Run]:
    """Reads a run. It is a value, so the same bytes are read once as long as the connection is kept."""
    if _READER not in connection.info:
        connection.info[_READER] = lru_cache(maxsize=_KEPT)(_parsed)
    reader: Callable[[str], Run] = connection.info[_READER]
    return reader


def _parsed(body: str) -> Run:
    return Run.model_validate_json(body, extra="allow")
