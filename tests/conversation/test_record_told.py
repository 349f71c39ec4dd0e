"""Where the settings name a channel for the record, the hash that seals it is told there each morning."""

from pathlib import Path

import pytest

from adapters.sandbox.clock import VirtualClock
from bot import wiring
from bot.cli import SCRIPT_START, on_stage
from bot.wiring import open_sandbox
from bot.wiring.sandbox import sandbox_settings
from sops.kit.policy import Policy
from storage import SqlStore

TWO_DAYS = """
@guest #ops: /incident declare P3 a typo
%clock +1d
@oncall1 in INC-1: ack
%crash
%clock +1d
"""


async def test_the_seal_is_told_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(world: object, storage: str, policy: Policy | None = None) -> object:
        settings = sandbox_settings(world, storage, policy)  # type: ignore[arg-type]
        return settings.model_copy(update={"channels": {**settings.channels, "record": "#record"}})

    monkeypatch.setattr(wiring, "sandbox_settings", told)
    sandbox = await open_sandbox(tmp_path, VirtualClock(SCRIPT_START))
    try:
        await on_stage(sandbox, lambda _: None).play(TWO_DAYS, "two days")
        said = [post.lines for post in sandbox.room.posts if post.channel == "#record"]
    finally:
        await sandbox.close()
    hashes = [first.rpartition(" ")[2].strip("`") for first, *_ in said]
    assert all(first.startswith("The record up to now: ") for first, *_ in said)
    assert len(hashes) == len(set(hashes)) == 2  # after each day; at the start there is no record yet
    store = SqlStore(sandbox.storage)
    await store.open()
    try:
        assert all([await store.read(lambda tx, each=each: tx.ledger.seal_of(each)) for each in hashes])
    finally:
        await store.close()
