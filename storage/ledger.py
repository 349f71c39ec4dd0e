"""The record: chains of entries, one a run, and the chain of seals over them. The arithmetic is the kit's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from sops.kit.ledger import FIRST_SEAL, Head, Link, Point, Seal, check_chain, check_seals, genesis, next_link, next_seal
from sops.kit.stores import Fault, LedgerEntry
from storage.statements import AnyRow, insert_new, pick
from storage.tables import LEDGER_ENTRY, LEDGER_HEAD, LEDGER_SEAL, RUN

_HEAD = select(LEDGER_HEAD).where(LEDGER_HEAD.c.run_id == bindparam("run")).with_for_update()
_FIRST_HEAD = insert_new(LEDGER_HEAD, LEDGER_HEAD.c.seq)
_GROWN = (
    LEDGER_HEAD.update()
    .where(LEDGER_HEAD.c.run_id == bindparam("run"))
    .values(seq=bindparam("last"), hash=bindparam("digest"))
)
_ALL_ENTRIES = select(LEDGER_ENTRY).order_by(LEDGER_ENTRY.c.run_id, LEDGER_ENTRY.c.seq)
_ENTRIES = select(LEDGER_ENTRY).where(LEDGER_ENTRY.c.run_id == bindparam("run")).order_by(LEDGER_ENTRY.c.seq)

_ONE_SEALER = text("LOCK TABLE ledger_seal IN EXCLUSIVE MODE")
_LAST_SEAL = select(LEDGER_SEAL).order_by(LEDGER_SEAL.c.number.desc()).limit(1)
_UNSEALED = (
    select(LEDGER_HEAD).where(LEDGER_HEAD.c.seq > LEDGER_HEAD.c.sealed).order_by(LEDGER_HEAD.c.run_id).with_for_update()
)
_SEALED = LEDGER_HEAD.update().where(LEDGER_HEAD.c.run_id == bindparam("run")).values(sealed=bindparam("last"))
_SEAL_OF = select(LEDGER_SEAL).where(LEDGER_SEAL.c.hash == bindparam("digest"))
_SEALS = select(LEDGER_SEAL).order_by(LEDGER_SEAL.c.number)
#: An audit reads the whole record; it holds only so many rows at a time.
_STREAMED = {"yield_per": 1000}


class SqlLedger:
    """See `sops.kit.stores.Ledger`. An audit (`verify`) belongs in `read`, where nothing moves while it looks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, run_id: str, *, at: datetime, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        head = self._head(run_id) or self._first_head(run_id)
        link = next_link(run_id, head, at=at, kind=kind, actor=actor, payload=payload)
        self._connection.execute(LEDGER_ENTRY.insert(), vars(link))
        self._connection.execute(_GROWN, {"run": run_id, "last": link.seq, "digest": link.hash})

    def _head(self, run_id: str) -> Head | None:
        row = self._connection.execute(_HEAD, {"run": run_id}).one_or_none()
        return None if row is None else _head(row)

    def _first_head(self, run_id: str) -> Head:
        """Somebody else may begin the same chain at this moment; then theirs is the first entry."""
        start = {"run_id": run_id, "seq": 0, "hash": genesis(run_id), "sealed": 0}
        self._connection.execute(pick(_FIRST_HEAD, self._connection), start)
        return _head(self._connection.execute(_HEAD, {"run": run_id}).one())

    def entries(self, run_id: str) -> Sequence[LedgerEntry]:
        return [_link(row).entry() for row in self._connection.execute(_ENTRIES, {"run": run_id})]

    def seal(self, at: datetime) -> str:
        """Where nothing grew, nothing is added, and the head is the one it was."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_ONE_SEALER)
        row = self._connection.execute(_LAST_SEAL).one_or_none()
        last = None if row is None else _seal(row)
        heads = {row.run_id: _head(row) for row in self._connection.execute(_UNSEALED)}
        if not heads:
            return last.hash if last else FIRST_SEAL
        seal = next_seal(last, at=at, heads=heads)
        self._connection.execute(LEDGER_SEAL.insert(), vars(seal))
        self._connection.execute(_SEALED, [{"run": run_id, "last": head.seq} for run_id, head in heads.items()])
        return seal.hash

    def seal_of(self, digest: str) -> tuple[int, str] | None:
        row = self._connection.execute(_SEAL_OF, {"digest": digest}).one_or_none()
        return None if row is None else (row.number, row.at)

    def verify(self) -> Sequence[Fault]:
        points: dict[str, list[Point]] = {}
        seals = self._connection.execute(_SEALS, execution_options=_STREAMED)
        faults = list(check_seals(map(_seal, seals), points))
        return [*faults, *self._chains(points)]

    def _chains(self, points: dict[str, list[Point]]) -> Iterator[Fault]:
        names = {row.id: row.name for row in self._connection.execute(select(RUN.c.id, RUN.c.name))}
        heads = {row.run_id: _head(row) for row in self._connection.execute(select(LEDGER_HEAD))}
        links = map(_link, self._connection.execute(_ALL_ENTRIES, execution_options=_STREAMED))
        for run_id, chain in groupby(links, key=lambda link: link.run_id):
            known = points.pop(run_id, [])
            yield from check_chain(run_id, chain, heads.pop(run_id, None), known, name=names.get(run_id))
        for run_id in sorted({*heads, *points}):
            yield from check_chain(run_id, (), heads.get(run_id), points.get(run_id, []), name=names.get(run_id))


def _head(row: AnyRow) -> Head:
    return Head(seq=row.seq, hash=row.hash, sealed=row.sealed)


def _link(row: AnyRow) -> Link:
    return Link(*row)


def _seal(row: AnyRow) -> Seal:
    return Seal(*row)
