"""What a command costs, as ratios within one run: against the bare rows, and against a house full of closed runs.

Not part of the gate (`make bench`): ratios are steadier than times, but no clock of a shared machine is steady.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.wiring import Sandbox, open_sandbox
from sops.kit.run import RunState

pytestmark = pytest.mark.bench

COMMANDS = 200
CLOSED = 5_000
#: Rows a note writes: inbox in and out, run, ledger and its head, outbox in and out, claims.
STATEMENTS, COMMITS = 14, 7


async def seconds(deed: Callable[[int], Awaitable[None]]) -> float:
    started = time.perf_counter()
    for number in range(COMMANDS):
        await deed(number)
    return time.perf_counter() - started


@pytest.fixture
async def sandbox(tmp_path: Path):
    found = await open_sandbox(tmp_path, VirtualClock(datetime(2026, 4, 20, 8, 2, tzinfo=UTC)))
    await found.stage.say("guest", "#ops", "/incident declare P3 a typo")
    yield found
    await found.close()


async def notes(sandbox: Sandbox) -> float:
    return await seconds(lambda number: sandbox.stage.say("oncall1", "in INC-1", f"!note {number}"))


def floor(path: Path) -> float:
    """The same number of rows and commits in bare SQL, with the same durability."""
    with sqlite3.connect(path, isolation_level=None) as bare:
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        bare.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)")
        body = "x" * 500
        started = time.perf_counter()
        for _ in range(COMMANDS):
            for _ in range(COMMITS):
                bare.execute("BEGIN IMMEDIATE")
                for _ in range(STATEMENTS // COMMITS):
                    bare.execute("INSERT INTO row (body) VALUES (?)", (body,))
                bare.execute("COMMIT")
        took = time.perf_counter() - started
    bare.close()
    return took


async def test_a_command_against_the_bare_rows(sandbox: Sandbox, tmp_path: Path) -> None:
    took, least = await notes(sandbox), floor(tmp_path / "bare.db")
    print(f"\n{COMMANDS / took:.0f} commands/s, {least / took:.2f} of the bare rows' rate")
    assert least / took > 0.01


async def test_a_command_costs_the_same_in_a_house_of_closed_runs(sandbox: Sandbox) -> None:
    alone = await notes(sandbox)
    store = sandbox.stage.bot.store  # type: ignore[attr-defined]  # the bench looks behind the stage
    run = await sandbox.stage.bot.run("INC-1")
    assert run is not None
    closed = run.but(state=RunState.DONE)
    await store.transact(
        lambda tx: [tx.runs.add(closed.but(id=f"old{n}", name=f"INC-{n + 10}")) for n in range(CLOSED)]
    )
    crowded = await notes(sandbox)
    print(f"\nwith {CLOSED} closed runs a command takes {crowded / alone:.2f} times as long")
    assert crowded / alone < 2
