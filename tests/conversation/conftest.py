"""A conversation with a bot in a sandbox of its own: say something, let time pass, read what was answered."""

import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.cli import SCRIPT_START, on_stage
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.wiring import Sandbox, open_sandbox
from bot.wiring.sandbox import sandbox_policy
from sops.kit.policy import Policy
from sops.kit.run import Run
from storage import SqlStore


@dataclass
class Conversation:
    """One sandbox and what is said in it. `lines` is the transcript, as `sopwith demo --script` prints it."""

    sandbox: Sandbox
    player: Player
    lines: list[str]
    home: Path

    @property
    def world(self) -> SandboxWorld:
        return self.sandbox.world

    @property
    def room(self) -> Room:
        return self.sandbox.room

    @property
    def stage(self) -> Stage:
        return self.sandbox.stage

    @property
    def text(self) -> str:
        """The whole transcript."""
        return "\n".join(self.lines)

    async def play(self, script: str, name: str = "script") -> None:
        """Play lines of the script format; raises Failed at the first that does not come true."""
        await self.player.play(script, name)

    async def say(self, handle: str, where: str, text: str) -> str:
        """A person speaks in `#channel` or `in RUN`; returns what the bot answers, new posts only."""
        before = len(self.room.posts)
        await self.stage.say(handle, where, text)
        return "\n".join(line for post in self.room.posts[before:] if post.author == "sopwith" for line in post.lines)

    async def run(self, name: str) -> Run:
        """The stored run; fails when there is none."""
        found = await self.stage.bot.run(name)
        assert found is not None, f"there is no run {name}"
        return found

    def stored(self) -> dict[str, int]:
        """What the database holds of what must not come about by accident, and of what must not be left behind."""
        questions = {
            "runs": "SELECT count(*) FROM run",
            "ledger": "SELECT count(*) FROM ledger_entry",
            "deadlines": "SELECT count(*) FROM deadline",
            "unhandled": "SELECT count(*) FROM inbox WHERE state <> 'done'",
            "undelivered": "SELECT count(*) FROM outbox WHERE state <> 'sent'",
        }
        with closing(sqlite3.connect(self.home / "sopwith.db")) as database:
            return {name: database.execute(question).fetchone()[0] for name, question in questions.items()}

    def git(self, *arguments: str) -> str:
        """What git says of the world's repository; fails when git does."""
        command = ("git", "-C", str(self.world.git_path), *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def refs(self) -> set[str]:
        """Every branch and tag, by full name."""
        return set(self.git("for-each-ref", "--format=%(refname)").split())

    def merged(self) -> list[int]:
        """Numbers of merged pull requests."""
        pulls = self.world.core.state.pulls()
        return [issue.number for issue in pulls if issue.pull is not None and issue.pull.merge_sha]

    async def parked(self) -> list[str]:
        """Events set aside because handling them failed five times."""
        store = SqlStore(self.sandbox.storage)
        await store.open()
        try:
            return [item.event.text for item in await store.read(lambda tx: tx.inbox.parked())]
        finally:
            await store.close()

    async def code(self, name: str) -> str:
        """The code of the newest request of a run."""
        return (await self.run(name)).requests[-1].code


def seldom(**changes: Any) -> Policy:
    """Settings of a sandbox, which looks seldom since its forge tells its news, with these changes."""
    return Policy(**{**sandbox_policy().model_dump(), **changes})


Open = Callable[..., Awaitable[Conversation]]


@pytest.fixture
async def converse(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens sandboxes, each below a folder of its own, and closes them afterwards."""
    async with conversations(tmp_path) as begin:
        yield begin


@asynccontextmanager
async def conversations(folder: Path) -> AsyncIterator[Open]:
    """Opens sandboxes below `folder`, and closes them in the end."""
    opened: list[Sandbox] = []

    async def begin(policy: Policy | None = None) -> Conversation:
        home = folder / f"sandbox-{len(opened) + 1}"
        home.mkdir()
        sandbox = await open_sandbox(home, VirtualClock(SCRIPT_START), policy)
        opened.append(sandbox)
        lines: list[str] = []
        return Conversation(sandbox, on_stage(sandbox, lines.append), lines, home)

    try:
        yield begin
    finally:
        for sandbox in opened:
            await sandbox.close()


@pytest.fixture
async def chat(converse: Open) -> Conversation:
    """A conversation in a fresh sandbox with the settings of the demo."""
    return await converse()
