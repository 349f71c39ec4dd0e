"""Each morning the hash that seals the record is told where people keep it, and an audit is held against it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from adapters.sandbox.clock import VirtualClock
from bot.cli import app
from bot.engine.sealing import Sealing
from sops.kit.conversation import Place
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
