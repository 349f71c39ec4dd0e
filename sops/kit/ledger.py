"""The record's arithmetic: what is hashed, how entries link, and what an audit can find wrong. Pure.

A run's entries form a chain: each names the hash of the one before it. The heads of all chains that grew are
linked now and then into one global chain of seals. Whoever kept a seal's hash can tell later whether anything
before it was changed. An entry commits to its payload through `payload_hash`, so a chain verifies also where a
payload is withheld.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sops.kit.stores import Fault, LedgerEntry, Seal

#: What the first seal names as the one before it.
FIRST_SEAL = hashlib.sha256(b"sopwith seals").hexdigest()

#: Faults of the global chain carry this instead of a run's name.
SEALS = "seals"


@dataclass(frozen=True)
class Link:
    """An entry as it is stored: the instant and the payload are the exact text that was hashed.

    `payload` is None where it is withheld.
    """

    run_id: str
    seq: int
    at: str
    kind: str
    actor: str
    payload: str | None
    payload_hash: str
    previous: str
    hash: str

    def entry(self) -> LedgerEntry:
        """The entry in words. What is damaged reads as nothing, or as the beginning of time; an audit names it."""
        return LedgerEntry(
            run_id=self.run_id,
            seq=self.seq,
            at=moment_of(self.at) or _NO_TIME,
            kind=self.kind,
            actor=self.actor,
            payload=payload_of(self.payload) or {},
            payload_hash=self.payload_hash,
            previous=self.previous,
            hash=self.hash,
        )


@dataclass(frozen=True)
class Head:
    """The end of a chain. `sealed` is the seq of the last entry a seal covers, 0 if none does.

    `state` names what the chain tells of its run (see `sops.kit.retold`), empty if it tells nothing.
    """

    seq: int
    hash: str
    sealed: int = 0
    state: str = ""


@dataclass(frozen=True)
class Point:
    """What seal `number` says of one chain: entry `seq` has this hash."""

    number: int
    seq: int
    hash: str


def canonical(value: Any) -> str:
    """The one text of a JSON value: keys sorted, no spaces, ASCII. Raises TypeError or ValueError if it is none."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def instant(at: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds. Raises ValueError for a naive datetime."""
    if at.utcoffset() is None:
        raise ValueError("the ledger takes only aware datetimes")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(text: str) -> datetime | None:
    """The instant that text tells; None if it tells none, or without a zone."""
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return found if found.utcoffset() is not None else None


def payload_of(text: str | None) -> dict[str, Any] | None:
    """What that text says; nothing where it is withheld, None where it is no JSON object."""
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text_hash(text: str) -> str:
    """SHA-256 of the text in UTF-8, hexadecimal; of any text, also one that never was canonical."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def genesis(run_id: str) -> str:
    """What a chain's first entry names as the one before it: chains cannot be exchanged for one another."""
    return text_hash(canonical(["sopwith chain", run_id]))


def link_hash(link: Link) -> str:
    """The hash `link` ought to have."""
    covered = [link.run_id, link.seq, link.at, link.kind, link.actor, link.payload_hash, link.previous]
    return text_hash(canonical(covered))


def next_link(
    run_id: str, head: Head | None, *, at: datetime, kind: str, actor: str, payload: Mapping[str, Any]
) -> Link:
    """The entry that follows `head`; the first of its chain if that is None."""
    text = canonical(payload)
    seq, previous = (head.seq + 1, head.hash) if head else (1, genesis(run_id))
    moment, digest = instant(at), text_hash(text)
    covered = [run_id, seq, moment, kind, actor, digest, previous]
    return Link(run_id, seq, moment, kind, actor, text, digest, previous, text_hash(canonical(covered)))


def seal_hash(seal: Seal) -> str:
    """The hash `seal` ought to have."""
    return text_hash(canonical([seal.number, seal.at, text_hash(seal.heads), seal.previous]))


def next_seal(last: Seal | None, *, at: datetime, heads: Mapping[str, Head]) -> Seal:
    """The seal that follows `last` and covers `heads`, by run id. It is never older than `last`, whatever the clock."""
    text = canonical([[run_id, head.seq, head.hash] for run_id, head in sorted(heads.items())])
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST_SEAL)
    moment = max(instant(at), last.at if last and moment_of(last.at) else "")
    return Seal(number, moment, text, previous, text_hash(canonical([number, moment, text_hash(text), previous])))


@dataclass
class _Chain:
    """Walks one chain, entry after entry."""

    run_id: str
    name: str
    seq: int = 0
    hash: str = ""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, seq: int | None, what: str) -> None:
        self.faults.append(Fault(self.name, seq, what))

    def step(self, link: Link) -> None:
        if self._in_order(link):
            self._unchanged(link)
            self.seq, self.hash = link.seq, link.hash

    def _in_order(self, link: Link) -> bool:
        """False for an entry that is none of the chain: it is reported and stepped over."""
        expected = self.seq + 1
        if link.seq < expected:
            self.fault(link.seq, f"stands after entry {self.seq}: inserted, or there twice")
            return False
        if link.seq > expected:
            self.fault(expected, missing(expected, link.seq - 1))
        elif link.previous != (self.hash or genesis(self.run_id)):
            self.fault(link.seq, "does not follow the entry before it: one of the two was replaced")
        return True

    def _unchanged(self, link: Link) -> None:
        if link.payload is not None and text_hash(link.payload) != link.payload_hash:
            self.fault(link.seq, "its payload was changed")
        if link_hash(link) != link.hash:
            self.fault(link.seq, "was changed")
        if payload_of(link.payload) is None:
            self.fault(link.seq, "its payload is no JSON object")
        if moment_of(link.at) is None:
            self.fault(link.seq, "its time is none")

    def finish(self, head: Head | None) -> None:
        if head is None:
            self.fault(None, "the head of its chain is missing")
        elif head.seq < 1:
            self.fault(None, "the head of its chain is no entry")
        elif head.seq > self.seq:
            self.fault(self.seq + 1, missing(self.seq + 1, head.seq))
        elif head.seq < self.seq:
            self.fault(
                head.seq + 1, f"stands after the head of the chain, entry {head.seq}: inserted, or the head changed"
            )
        elif head.hash != self.hash:
            self.fault(head.seq, "the head of the chain has another hash")


def missing(first: int, last: int) -> str:
    """How an audit names a hole."""
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def check_chain(
    run_id: str, links: Iterable[Link], head: Head | None, points: Sequence[Point] = (), *, name: str | None = None
) -> list[Fault]:
    """What is wrong with one chain, in order. `links` come by seq and are read once; `points` are its seals'."""
    chain = _Chain(run_id, name or run_id)
    sealed = {point.seq: point for point in points}
    for link in links:
        chain.step(link)
        point = sealed.pop(link.seq, None)
        if point is not None and point.hash != link.hash:
            chain.fault(link.seq, f"is not the entry that seal {point.number} covers")
    chain.finish(head)
    for seq, point in sorted(sealed.items()):
        chain.fault(seq, f"is missing, though seal {point.number} covers it")
    known = max((point.seq for point in points), default=0)
    if head is not None and head.sealed != known:
        chain.fault(head.sealed, f"is marked as the last one sealed, but the seals end at {known}: a seal is missing")
    return chain.faults


def check_seals(seals: Iterable[Seal], points: dict[str, list[Point]]) -> Iterator[Fault]:
    """What is wrong with the global chain. Fills `points`, by run id, with what the seals say of each chain."""
    number, previous, at = 0, FIRST_SEAL, ""
    for seal in seals:
        if seal.number != number + 1:
            yield Fault(SEALS, number + 1, f"seal {number + 1} is missing")
        elif seal.previous != previous:
            yield Fault(SEALS, seal.number, "does not follow the seal before it: one of the two was replaced")
        if seal_hash(seal) != seal.hash:
            yield Fault(SEALS, seal.number, "was changed")
        if moment_of(seal.at) is None:
            yield Fault(SEALS, seal.number, "its time is none")
        elif seal.at < at:
            yield Fault(SEALS, seal.number, "is older than the seal before it: the two were exchanged")
        number, previous, at = seal.number, seal.hash, seal.at
        yield from _covered(seal, points)


def _covered(seal: Seal, points: dict[str, list[Point]]) -> Iterator[Fault]:
    """What is wrong with what one seal covers; adds its points."""
    heads = heads_of(seal)
    for run_id, seq, digest in heads or ():
        earlier = points.setdefault(run_id, [])
        if earlier and earlier[-1].seq >= seq:
            yield Fault(SEALS, seal.number, f"covers no more of a chain than seal {earlier[-1].number} did")
        earlier.append(Point(seal.number, seq, digest))
    if heads is None:
        yield Fault(SEALS, seal.number, "cannot be read")


def heads_of(seal: Seal) -> list[tuple[str, int, str]] | None:
    """Run id, seq and hash of each head it covers; None if it says no such thing."""
    try:
        return [(str(run_id), int(seq), str(digest)) for run_id, seq, digest in json.loads(seal.heads)]
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None
