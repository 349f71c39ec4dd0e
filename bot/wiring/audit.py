"""The record of an existing database, to be verified or exported."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.chat import replies
from bot.chat.privacy import withheld
from bot.engine.mail import PASSED_OVER
from bot.wiring.seals import signatures, unsigned
from sops.kit.errors import SopwithError
from sops.kit.sealed import Held, held_against
from sops.kit.stores import Audit, Fault, LedgerEntry, Seal
from storage import SqlReader


async def seal_of(storage: str, digest: str) -> Seal | None:
    """The seal with that hash, which somebody kept."""
    store = await _opened(storage)
    try:
        return await store.read(lambda tx: tx.ledger.seal_of(digest.strip().lower()))
    finally:
        await store.close()


async def undone(storage: str) -> list[str]:
    """Events nobody could handle and messages nobody could deliver, each in a line without a word of what they say."""
    store = await _opened(storage)
    try:
        parked = await store.read(lambda tx: tx.inbox.parked())
        dead = await store.read(lambda tx: tx.outbox.dead_letters())
        unread = await store.read(lambda tx: tx.inbox.unreadable())
        lines = [*(replies.record.parked(item) for item in parked), *(replies.record.dead(*each) for each in dead)]
        return [*lines, *(replies.record.unreadable_event(number) for number in unread)]
    finally:
        await store.close()


async def unreadable(storage: str) -> list[str]:
    """Runs that another version stored and this one cannot read, each in a line."""
    store = await _opened(storage)
    try:
        return [replies.record.unreadable(run) for run in await store.read(lambda tx: tx.runs.unreadable())]
    finally:
        await store.close()


async def passed_over(storage: str) -> list[str]:
    """What could not be read when it came, by chat: how often, since the database was made."""
    store = await _opened(storage)
    try:
        counted = await store.read(lambda tx: tx.tallies.under(PASSED_OVER))
    finally:
        await store.close()
    return [replies.record.passed_over(name.removeprefix(PASSED_OVER), counted[name]) for name in sorted(counted)]


@dataclass(frozen=True)
class Audited:
    """What an audit found. `kept` and `signer` are the last seals somebody else can vouch for, None where none can."""

    audit: Audit
    faults: Sequence[Fault]
    kept: Seal | None = None
    signed: Seal | None = None
    signer: str = ""


async def audited(storage: str, against: Path | None = None, signers: Path | None = None) -> Audited:
    """Look at the whole record; hold it against seals kept in a file, and its signatures against those who may sign.

    Raises SopwithError for a file that cannot be read.
    """
    store = await _opened(storage)
    try:
        found = await store.read(lambda tx: tx.ledger.audit())
    finally:
        await store.close()
    held = await asyncio.to_thread(_held, against, found.seals) if against else None
    bad, signed, who = await asyncio.to_thread(_signed, found, signers) if signers else ([], None, "")
    faults = [*found.faults, *(held.faults if held else ()), *bad]
    return Audited(found, faults, held.last if held else None, signed, who)


def _held(file: Path, seals: Sequence[Seal]) -> Held:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return held_against(lines, seals)
    except OSError as problem:
        raise SopwithError(f"{file} cannot be read: {problem.strerror}.") from problem


def _signed(found: Audit, signers: Path) -> tuple[list[Fault], Seal | None, str]:
    if not signers.is_file():
        raise SopwithError(f"There are no allowed signers at {signers}.")
    faults, seal, who = signatures(found.seals, found.signed, signers)
    return [*faults, *unsigned(found.seals, seal)], seal, who


async def _opened(storage: str) -> SqlReader:
    """An existing database, only to be read: a typo must not create an empty one and call it whole."""
    store = SqlReader(storage)
    await store.open()
    return store


async def exported(storage: str, markdown: bool, only: str) -> list[str]:
    """The record as lines, of every run or `only` of one; what is under embargo is withheld. Raises SopwithError."""
    store = await _opened(storage)
    try:
        every = await store.read(lambda tx: tx.runs.all())
        unread = await store.read(lambda tx: tx.runs.unreadable())
        unknown = {True, *(run.id for run in unread)} if unread else set()
        secret = {
            run.id for run in every if run.embargoed or withheld(run, every) or run.facts.get("restricted") in unknown
        }
        runs = [run for run in every if only in {"", run.name}]
        silent = [run for run in unread if only in {"", run.name}]
        if only and not runs and not silent:
            raise SopwithError(f"There is no run {only}.")
        lines: list[str] = []
        for each in silent:  # nobody can say whether it is under embargo
            lines += [] if markdown else replies.record.export_withheld(await _entries(store, each.id))
        for run in runs:
            entries = await _entries(store, run.id)
            if run.id in secret and (not run.parent or run.parent in secret):
                lines += [] if markdown else replies.record.export_withheld(entries)
                continue
            lines += (
                replies.record.export_markdown(run, entries) if markdown else replies.record.export_json(run, entries)
            )
        return lines
    finally:
        await store.close()


async def _entries(store: SqlReader, run_id: str) -> Sequence[LedgerEntry]:
    return await store.read(lambda tx: tx.ledger.entries(run_id))
