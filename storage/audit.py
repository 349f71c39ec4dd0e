"""What was done to the record behind our back: everything is read as it stands, and nothing of it is trusted.

Chains and seals are computed anew; each run is told again from its entries and held against what is stored of it.
Whatever cannot be read is a fault by name, never an error: somebody may have put it there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, select

from sops.kit.errors import SopwithError
from sops.kit.ledger import Head, Link, Point, check_chain, check_seals, payload_of
from sops.kit.retold import TELLING, Retold, differing, listed, told_of
from sops.kit.run import Run
from sops.kit.stores import Audit, Fault, Seal
from storage.statements import AnyRow
from storage.tables import COUNTER, LEDGER_ENTRY, LEDGER_HEAD, LEDGER_SEAL, LEDGER_SIGNATURE, RUN

#: An audit reads the whole record; it holds only so many rows at a time.
_STREAMED = {"yield_per": 1000}
_ENTRIES = select(LEDGER_ENTRY).order_by(LEDGER_ENTRY.c.run_id, LEDGER_ENTRY.c.seq)
_SEALS = select(LEDGER_SEAL).order_by(LEDGER_SEAL.c.number)
_SIGNATURES = select(LEDGER_SIGNATURE.c.number, LEDGER_SIGNATURE.c.signature)
_RUNS = select(RUN.c.id, RUN.c.name, RUN.c.sop, RUN.c.state).order_by(RUN.c.number)
_BODY = select(RUN.c.id, RUN.c.body).where(RUN.c.id == bindparam("run"))
_HEADS = select(LEDGER_HEAD)
_NAMES = select(COUNTER.c.name, COUNTER.c.value)
_NUMBERS = frozenset({"seq", "number", "sealed"})
MOST_NAMES = 20  # that are gone, of one kind; the rest is counted


def audit(connection: Connection) -> Audit:
    """Look at all of it. Nothing may move meanwhile, so this belongs in a transaction that only reads."""
    return _Look(connection).found()


class _Look:
    """One look: what was found so far, and what it was found with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._faults: list[Fault] = []
        self._entries = 0
        self._open = 0
        self._before: list[str] = []
        self._unread: list[str] = []

    def found(self) -> Audit:
        points: dict[str, list[Point]] = {}
        seals = [Seal(*row) for row in self._sound(_SEALS, "seals")]
        self._faults += check_seals(seals, points)
        signed = {row.number: row.signature for row in self._sound(_SIGNATURES, "signatures")}
        runs = {row.id: row for row in self._sound(_RUNS, "runs")}
        self._names({str(row.name) for row in runs.values()})
        heads = {row.run_id: Head(row.seq, row.hash, row.sealed, row.state) for row in self._sound(_HEADS, "heads")}
        seen = self._chains(runs, heads, points)
        for run_id in sorted({*heads, *points} - seen):
            self._chain(run_id, (), runs.get(run_id), heads.get(run_id), points.get(run_id, []))
        known = seen | heads.keys() | points.keys()
        for run_id in [each for each in runs if each not in known]:
            self._faults.append(Fault(runs[run_id].name, None, "has no entry in the record: its chain was removed"))
        return Audit(
            self._faults, len(runs), self._entries, self._open, seals, signed, tuple(self._before), tuple(self._unread)
        )

    def _sound(self, statement: Select[Any], what: str, **values: str) -> Iterator[AnyRow]:
        """The rows whose values are what their columns are for; others are faults."""
        columns = [column for column in statement.selected_columns if isinstance(column, Column)]
        for row in self._connection.execute(statement, values, execution_options={} if values else _STREAMED):
            wrong = [column.name for column, value in zip(columns, row, strict=True) if not _is_sound(column, value)]
            if wrong:
                self._faults.append(Fault(what, None, f"a row cannot be read: {', '.join(wrong)} of {_whose(row)}"))
            else:
                yield row

    def _names(self, present: set[str]) -> None:
        """Each name that was given belongs to a run."""
        for row in self._connection.execute(_NAMES):
            if not (_is_prefix(row.name) and isinstance(row.value, int)):
                continue
            there = sum(name.partition("-")[0] == row.name for name in present)
            if there >= row.value:
                continue
            gone = [name for number in range(1, row.value + 1) if (name := f"{row.name}-{number}") not in present]
            what = "was begun, and is not there: its row was deleted or renamed"
            self._faults += [Fault(name, None, what) for name in gone[:MOST_NAMES]]
            if len(gone) > MOST_NAMES:
                self._faults.append(Fault(row.name, None, f"and {len(gone) - MOST_NAMES} more of that kind are gone"))

    def _chains(
        self, runs: Mapping[str, AnyRow], heads: Mapping[str, Head], points: Mapping[str, list[Point]]
    ) -> set[str]:
        """Every chain that has entries; returns whose they are."""
        seen: set[str] = set()
        links = (Link(*row) for row in self._sound(_ENTRIES, "entries"))
        for run_id, chain in groupby(links, key=lambda link: link.run_id):
            seen.add(run_id)
            self._chain(run_id, chain, runs.get(run_id), heads.get(run_id), points.get(run_id, []))
        return seen

    def _chain(
        self, run_id: str, chain: Iterable[Link], run: AnyRow | None, head: Head | None, points: list[Point]
    ) -> None:
        retold = Retold()
        sealed = max((point.seq for point in points), default=0)
        faults = check_chain(run_id, self._followed(chain, retold, sealed), head, points)
        retold.end()
        name = str(run.name) if run is not None else retold.name or run_id
        self._faults += [Fault(name, fault.seq, fault.what) for fault in faults]
        self._faults += [Fault(name, seq, what) for seq, what in retold.faults]
        if run is None:
            self._faults.append(Fault(name, None, "has a record, and there is no such run: its row was deleted"))
        else:
            self._stored(run, retold)

    def _followed(self, chain: Iterable[Link], retold: Retold, sealed: int) -> Iterator[Link]:
        for link in chain:
            self._entries += 1
            self._open += link.seq > sealed
            retold.follow(link.seq, link.kind, link.actor, payload_of(link.payload) or {})
            yield link

    def _stored(self, row: AnyRow, retold: Retold) -> None:
        """Hold what is stored of the run against what was told of it."""
        told = retold.told
        if told is None:
            self._before.append(row.name)
        stored = next(self._sound(_BODY, "runs", run=row.id), None)
        if stored is None:  # it was named already
            return
        if (body := payload_of(stored.body)) is None:
            self._faults.append(Fault(row.name, None, "what is stored of it is no JSON object"))
            return
        beside = {"id": row.id, "name": row.name, "sop": row.sop, "state": row.state}
        if odd := [name for name, value in beside.items() if body.get(name) != value]:
            self._faults.append(Fault(row.name, None, f"its row and what is stored in it differ: {listed(odd)}"))
        run = _read(stored.body)
        if run is None or (told is not None and retold.telling != TELLING):
            self._unread.append(row.name)
            now = {name: body.get(name) for name in ("name", "state")}
            different = [name for name in now if told is not None and told.get(name) != now[name]]
        else:
            different = [] if told is None else differing(told, told_of(run))
        if different:
            what = f"what is stored of it is not what its record tells: {listed(different)}"
            self._faults.append(Fault(row.name, None, what))


def _read(body: str) -> Run | None:
    """None where this build cannot read it; whether it is JSON was looked at before."""
    try:
        return Run.model_validate_json(body, extra="allow")
    except (ValueError, SopwithError, RecursionError):
        return None


def _is_prefix(name: object) -> bool:
    """Of runs' names: the same table counts other things as well."""
    return isinstance(name, str) and name.isascii() and name.isalpha() and name.isupper()


def _is_sound(column: Column[Any], value: object) -> bool:
    if column.name in _NUMBERS or column is COUNTER.c.value:
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(value, bytes) and (not isinstance(value, str) or _is_text(value))


def _is_text(value: str) -> bool:
    """No byte of it had to be escaped (see `storage.reading`), and it can be written again."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value) if not value.isascii() else True


def _whose(row: AnyRow) -> str:
    """What names a row that cannot be read: its first two values, as plain ASCII."""
    return " ".join(json.dumps(str(value))[:60] for value in row[:2])
