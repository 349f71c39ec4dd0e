"""Each morning the hash that seals the record is told where people keep it, and an audit is held against it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from adapters.sandbox.clock import VirtualClock
from adapters.seals import SealFile
from bot.cli import app
from bot.engine.proving import Proving
from bot.engine.sealing import Sealing
from sops.kit.conversation import Place
from sops.kit.errors import SignatureInvalid
from sops.kit.sealed import read_line
from storage import SqlStore
from tests.unit.runs import a_release

MORNING = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)  # ten o'clock in Berlin
PLACE = Place(platform="console", channel="#record")


async def record(store: SqlStore, text: str, *, new: bool = False) -> None:
    def note(tx):
        if new:
            tx.runs.add(a_release())
        tx.ledger.append(a_release().id, at=MORNING, kind="note", actor="rm", payload={"text": text})

    await store.transact(note)


async def told(store: SqlStore) -> list[str]:
    """The hashes that wait to be posted, in order."""
    found = await store.read(lambda tx: tx.outbox.deliverable(MORNING + timedelta(days=99)))
    return [each.message.card.plain().splitlines()[0].rpartition(" ")[2].strip("`") for each in found]


async def test_a_hash_is_told_each_morning_on_which_the_record_grew(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'sopwith.db'}"
    store, clock = SqlStore(storage), VirtualClock(MORNING)
    await store.open()
    try:
        await record(store, "one", new=True)
        assert await Sealing(store, clock, [PLACE], "Europe/Berlin").seal()
        again = Sealing(store, clock, [PLACE], "Europe/Berlin")  # after a restart on the same day
        assert not await again.seal()
        assert again.due() == MORNING + timedelta(days=1) - timedelta(hours=1)
        clock.move_to(MORNING + timedelta(days=1))
        assert not await again.seal()  # nothing grew
        await record(store, "two")
        clock.move_to(MORNING + timedelta(days=1, hours=5))
        assert not await again.seal()
        clock.move_to(MORNING + timedelta(days=2))
        assert await again.seal()
        assert len(await told(store)) == 1  # one after the other in a channel
        quiet = Sealing(store, clock, [], "Europe/Berlin")
        assert not await quiet.seal()
        assert quiet.due() is None
    finally:
        await store.close()


class Signer:
    """Signs whatever it is given, or refuses to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    async def sign(self, text: str) -> str:
        self.asked.append(text)
        if self.broken:
            raise SignatureInvalid
        return f"signed {len(self.asked)}"


async def test_a_seal_is_made_and_signed_within_an_hour_of_any_change(tmp_path: Path) -> None:
    store, clock = SqlStore(f"sqlite:///{tmp_path / 'sopwith.db'}"), VirtualClock(MORNING)
    await store.open()
    signer, kept = Signer(), SealFile(tmp_path / "seals.jsonl")

    async def after(**time: int) -> tuple[int, datetime | None]:
        """How many seals were signed then, and when there will be something to do."""
        clock.move_to(clock.now() + timedelta(**time))
        await sealing.seal()
        return len(signer.asked), sealing.due()

    try:
        sealing = Sealing(store, clock, [], "Europe/Berlin", Proving(store, signer, kept))
        assert await after() == (0, None)  # there is no record yet
        await record(store, "one", new=True)
        assert await after(seconds=1) == (0, MORNING + timedelta(minutes=1))  # looked at a moment ago
        assert await after(seconds=59) == (1, None)
        await record(store, "two")
        assert await after(minutes=2) == (1, MORNING + timedelta(minutes=61))
        assert await after(minutes=57) == (1, MORNING + timedelta(minutes=61))
        assert await after(minutes=1) == (2, None)
        await record(store, "three")
        signer.broken = True
        assert await after(hours=1) == (3, clock.now() + timedelta(minutes=10))  # tried again until it is signed
        signer.broken = False
        assert await after(minutes=10) == (4, None)
        again = Proving(store, signer, SealFile(tmp_path / "seals.jsonl"))  # after a restart nothing is kept twice
        assert await again.prove()
        lines = [read_line(line) for line in (tmp_path / "seals.jsonl").read_text().splitlines()]
        said = [(line[0].number, line[1]) for line in lines if line]
        assert said == [(1, "signed 1"), (2, "signed 2"), (3, "signed 4")]
        assert (tmp_path / "seals.jsonl").stat().st_mode & 0o077 == 0
    finally:
        await store.close()


async def sealed(storage: str, text: str) -> list[str]:
    store = SqlStore(storage)
    await store.open()
    try:
        await record(store, text, new=True)
        await Sealing(store, VirtualClock(MORNING), [PLACE], "Europe/Berlin").seal()
        return await told(store)
    finally:
        await store.close()


def test_what_somebody_kept_shows_that_all_was_written_anew(tmp_path: Path) -> None:
    honest, forged = (f"sqlite:///{tmp_path / name}" for name in ("honest.db", "forged.db"))
    [kept] = asyncio.run(sealed(honest, "approved by two"))
    asyncio.run(sealed(forged, "approved by three"))

    def verified(storage: str) -> Result:
        return CliRunner().invoke(app, ["audit", "verify", "--storage", storage, "--head", kept])

    whole = verified(honest)
    assert whole.exit_code == 0, whole.output
    assert "That hash is seal 1" in whole.output
    anew = verified(forged)
    assert anew.exit_code == 1
    assert "The record is whole" in anew.output
    assert "No seal has that hash" in anew.output
