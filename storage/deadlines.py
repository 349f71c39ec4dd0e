"""Deadlines by the injected clock: stored once, fired once."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select
from sqlalchemy.sql.dml import ReturningUpdate

from sops.kit.ledger import canonical
from sops.kit.stores import Deadline
from sops.kit.timing import LOOK, OWED
from storage.statements import INSERT, AnyRow, constant, insert_new, pick
from storage.tables import DEADLINE

_PENDING = DEADLINE.c.state == constant("pending")
_ORDER = (DEADLINE.c.due_at, DEADLINE.c.id)

_PUT = insert_new(DEADLINE, DEADLINE.c.id)
_LOOK = {
    name: insert(DEADLINE).on_conflict_do_update(
        index_elements=[DEADLINE.c.run_id, DEADLINE.c.clock, DEADLINE.c.generation, DEADLINE.c.threshold],
        set_={"due_at": bindparam("at"), "state": "pending"},
    )
    for name, insert in INSERT.items()
}
_OF_RUN = DEADLINE.update().where(_PENDING, DEADLINE.c.run_id == bindparam("run"))
_CANCEL = _OF_RUN.values(state="cancelled")
_CANCEL_CLOCK = _CANCEL.where(DEADLINE.c.clock == bindparam("name"))
_POSTPONE = _OF_RUN.where(
    DEADLINE.c.clock == bindparam("name"),
    DEADLINE.c.threshold < bindparam("below"),
    DEADLINE.c.due_at < bindparam("until"),
).values(due_at=bindparam("until"))
_LASTING = DEADLINE.c.clock.startswith(OWED, autoescape=True)
#: Every clock, those that outlive their run, and the others.
_KINDS: Mapping[bool | None, ColumnElement[bool]] = {
    None: _PENDING,
    True: _PENDING & _LASTING,
    False: _PENDING & ~_LASTING,
}


def _take(kind: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """The rows are picked and locked first, each by one taker; rows somebody else is taking are passed over."""
    picked = (
        select(DEADLINE.c.id)
        .where(kind, DEADLINE.c.due_at <= bindparam("now"))
        .order_by(*_ORDER)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    return DEADLINE.update().where(DEADLINE.c.id.in_(select(picked.c.id))).values(state="fired").returning(*DEADLINE.c)


_TAKE = {lasting: _take(kind) for lasting, kind in _KINDS.items()}
_NEXT_DUE = {lasting: select(func.min(DEADLINE.c.due_at)).where(kind) for lasting, kind in _KINDS.items()}
_AGAIN = (
    DEADLINE.update()
    .where(
        DEADLINE.c.run_id == bindparam("run"),
        DEADLINE.c.clock == bindparam("name"),
        DEADLINE.c.generation == bindparam("which"),
        DEADLINE.c.threshold == bindparam("mark"),
    )
    .values(state="pending", due_at=bindparam("until"))
)
_PASS_OVER = (
    DEADLINE.update()
    .where(
        _PENDING,
        DEADLINE.c.run_id == bindparam("the_run_id"),
        DEADLINE.c.clock == bindparam("the_clock"),
        DEADLINE.c.generation == bindparam("the_generation"),
        DEADLINE.c.threshold == bindparam("the_threshold"),
    )
    .values(state="fired")
)
_OF_RUN_PENDING = select(*DEADLINE.c).where(_PENDING, DEADLINE.c.run_id == bindparam("run")).order_by(*_ORDER)


class SqlDeadlines:
    """See `sops.kit.stores.Deadlines`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, deadline: Deadline) -> bool:
        return self._connection.execute(pick(_PUT, self._connection), _row(deadline)).scalar() is not None

    def look(self, run_id: str, at: datetime) -> None:
        row = _row(Deadline(run_id, LOOK, 0, 0, at, {}))
        self._connection.execute(pick(_LOOK, self._connection), {**row, "at": at})

    def cancel(self, run_id: str, clock: str | None = None) -> None:
        if clock is None:
            self._connection.execute(_CANCEL, {"run": run_id})
        else:
            self._connection.execute(_CANCEL_CLOCK, {"run": run_id, "name": clock})

    def postpone(self, run_id: str, clock: str, *, until: datetime, below: int) -> None:
        self._connection.execute(_POSTPONE, {"run": run_id, "name": clock, "until": until, "below": below})

    def take_due(self, now: datetime, limit: int, *, lasting: bool | None = None) -> Sequence[Deadline]:
        taken = self._connection.execute(_TAKE[lasting], {"now": now, "most": limit})
        return [_deadline(row) for row in sorted(taken, key=lambda row: (row.due_at, row.id))]

    def again(self, deadline: Deadline, at: datetime) -> None:
        key = {"run": deadline.run_id, "name": deadline.clock, "which": deadline.generation}
        self._connection.execute(_AGAIN, {**key, "mark": deadline.threshold, "until": at})

    def pass_over(self, deadline: Deadline) -> bool:
        row = _row(deadline)
        key = {f"the_{name}": row[name] for name in ("run_id", "clock", "generation", "threshold")}
        return self._connection.execute(_PASS_OVER, key).rowcount == 1

    def next_due(self, *, lasting: bool | None = None) -> datetime | None:
        return self._connection.execute(_NEXT_DUE[lasting]).scalar()

    def pending(self, run_id: str) -> Sequence[Deadline]:
        return [_deadline(row) for row in self._connection.execute(_OF_RUN_PENDING, {"run": run_id})]


def _row(deadline: Deadline) -> dict[str, Any]:
    return {
        "run_id": deadline.run_id,
        "clock": deadline.clock,
        "generation": deadline.generation,
        "threshold": deadline.threshold,
        "due_at": deadline.due_at,
        "payload": canonical(deadline.payload),
        "state": "pending",
    }


def _deadline(row: AnyRow) -> Deadline:
    return Deadline(
        run_id=row.run_id,
        clock=row.clock,
        generation=row.generation,
        threshold=row.threshold,
        due_at=row.due_at,
        payload=json.loads(row.payload),
    )
