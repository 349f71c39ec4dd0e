"""The record: chains of entries, one a run, and the chain of seals over them. The arithmetic is the kit's.

What was done to it behind our back is looked for in `storage.audit`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from sops.kit.ledger import FIRST_SEAL, Head, Link, genesis, next_link, next_seal, payload_of
from sops.kit.retold import STATE, TELLING, Retold, Told, changes, differing, first, mark
from sops.kit.stores import Audit, Fault, LedgerEntry, Seal
from storage.audit import audit
from storage.statements import AnyRow, insert_new, pick
from storage.tables import LEDGER_ENTRY, LEDGER_HEAD, LEDGER_SEAL, LEDGER_SIGNATURE

_HEAD = select(LEDGER_HEAD).where(LEDGER_HEAD.c.run_id == bindparam("run")).with_for_update()
_FIRST_HEAD = insert_new(LEDGER_HEAD, LEDGER_HEAD.c.seq)
_GROWN = (
    LEDGER_HEAD.update()
    .where(LEDGER_HEAD.c.run_id == bindparam("run"))
    .values(seq=bindparam("last"), hash=bindparam("digest"), state=bindparam("told"))
)
_ENTRIES = select(LEDGER_ENTRY).where(LEDGER_ENTRY.c.run_id == bindparam("run")).order_by(LEDGER_ENTRY.c.seq)

_ONE_SEALER = text("LOCK TABLE ledger_seal IN EXCLUSIVE MODE")
_LAST_SEAL = select(LEDGER_SEAL).order_by(LEDGER_SEAL.c.number.desc()).limit(1)
_UNSEALED = select(LEDGER_HEAD).where(text("seq > sealed")).order_by(LEDGER_HEAD.c.run_id).with_for_update()
_SEALED = LEDGER_HEAD.update().where(LEDGER_HEAD.c.run_id == bindparam("run")).values(sealed=bindparam("last"))
_SEAL_OF = select(LEDGER_SEAL).where(LEDGER_SEAL.c.hash == bindparam("digest"))
_ANY_UNSEALED = select(LEDGER_HEAD.c.run_id).where(text("seq > sealed")).limit(1)  # as the partial index spells it
_SIGN = insert_new(LEDGER_SIGNATURE, LEDGER_SIGNATURE.c.number)
_AT_ONCE = 500
_SEALED_SINCE = (
    select(LEDGER_SEAL, LEDGER_SIGNATURE.c.signature)
    .outerjoin(LEDGER_SIGNATURE, LEDGER_SIGNATURE.c.number == LEDGER_SEAL.c.number)
    .where(LEDGER_SEAL.c.number > bindparam("after"))
    .order_by(LEDGER_SEAL.c.number)
    .limit(_AT_ONCE)
)


class SqlLedger:
    """See `sops.kit.stores.Ledger`. An audit (`verify`) belongs in `read`, where nothing moves while it looks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, run_id: str, *, at: datetime, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        head = self._head(run_id) or self._first_head(run_id)
        self._add(run_id, head, at, kind, actor, payload, state=head.state)

    def become(self, run_id: str, *, at: datetime, before: Told | None, now: Told) -> None:
        if before == now:
            return
        head = self._head(run_id) or self._first_head(run_id)
        payload = self._telling(run_id, head, before, now)
        self._add(run_id, head, at, STATE, "sopwith", payload, state=mark(now))

    def _telling(self, run_id: str, head: Head, before: Told | None, now: Told) -> Mapping[str, Any]:
        """What changed; or all, where nothing was told yet, or something else than what was found."""
        if before is None:
            return first(now)
        if not head.state:
            return first(now, before=True)
        if head.state == mark(before):
            return changes(before, now)
        if not head.state.startswith(f"{TELLING}:"):
            return first(now)
        links = map(_link, self._connection.execute(_ENTRIES, {"run": run_id}))
        return first(now, found=differing(_retold(links).told or {}, before))

    def _add(
        self, run_id: str, head: Head, at: datetime, kind: str, actor: str, payload: Mapping[str, Any], *, state: str
    ) -> None:
        link = next_link(run_id, head, at=at, kind=kind, actor=actor, payload=payload)
        self._connection.execute(LEDGER_ENTRY.insert(), vars(link))
        self._connection.execute(_GROWN, {"run": run_id, "last": link.seq, "digest": link.hash, "told": state})

    def _head(self, run_id: str) -> Head | None:
        row = self._connection.execute(_HEAD, {"run": run_id}).one_or_none()
        return None if row is None else _head(row)

    def _first_head(self, run_id: str) -> Head:
        """Somebody else may begin the same chain at this moment; then theirs is the first entry."""
        start = {"run_id": run_id, "seq": 0, "hash": genesis(run_id), "sealed": 0, "state": ""}
        self._connection.execute(pick(_FIRST_HEAD, self._connection), start)
        return _head(self._connection.execute(_HEAD, {"run": run_id}).one())

    def entries(self, run_id: str) -> Sequence[LedgerEntry]:
        return [_link(row).entry() for row in self._connection.execute(_ENTRIES, {"run": run_id})]

    def seal(self, at: datetime) -> str:
        """Where nothing grew, nothing is added, and the head is the one it was."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_ONE_SEALER)
        last = self.last_seal()
        heads = {row.run_id: _head(row) for row in self._connection.execute(_UNSEALED)}
        if not heads:
            return last.hash if last else FIRST_SEAL
        seal = next_seal(last, at=at, heads=heads)
        self._connection.execute(LEDGER_SEAL.insert(), vars(seal))
        self._connection.execute(_SEALED, [{"run": run_id, "last": head.seq} for run_id, head in heads.items()])
        return seal.hash

    def seal_of(self, digest: str) -> Seal | None:
        row = self._connection.execute(_SEAL_OF, {"digest": digest}).one_or_none()
        return None if row is None else _seal(row)

    def sealed(self, after: int) -> Sequence[tuple[Seal, str]]:
        """Only so many at a time, so that a file that lacks them all is filled step by step."""
        rows = self._connection.execute(_SEALED_SINCE, {"after": after})
        return [(Seal(*row[:-1]), row.signature or "") for row in rows]

    def unsealed(self) -> bool:
        return self._connection.execute(_ANY_UNSEALED).first() is not None

    def last_seal(self) -> Seal | None:
        row = self._connection.execute(_LAST_SEAL).one_or_none()
        return None if row is None else _seal(row)

    def sign(self, number: int, signature: str) -> None:
        self._connection.execute(pick(_SIGN, self._connection), {"number": number, "signature": signature})

    def verify(self) -> Sequence[Fault]:
        return self.audit().faults

    def audit(self) -> Audit:
        return audit(self._connection)


def _head(row: AnyRow) -> Head:
    return Head(seq=row.seq, hash=row.hash, sealed=row.sealed, state=row.state)


def _link(row: AnyRow) -> Link:
    return Link(*row)


def _retold(links: Iterable[Link]) -> Retold:
    """What these entries tell of their run."""
    found = Retold()
    for link in links:
        found.follow(link.seq, link.kind, link.actor, payload_of(link.payload) or {})
    return found


def _seal(row: AnyRow) -> Seal:
    return Seal(*row)
