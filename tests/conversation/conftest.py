"""A conversation with a bot in a sandbox of its own: say something, let time pass, read what was answered."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.cli import SCRIPT_START, on_stage
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.wiring import Sandbox, open_sandbox
from sops.kit.policy import Policy
from sops.kit.run import Run


@dataclass
class Conversation:
    """One sandbox and what is said in it. `lines` is the transcript, as `sopwith demo --script` prints it."""

    sandbox: Sandbox
    player: Player
    lines: list[str]
    home: Path
    _read: int = field(default=0)

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

    async def code(self, name: str) -> str:
        """The code of the newest request of a run."""
        return (await self.run(name)).requests[-1].code


Open = Callable[..., Awaitable[Conversation]]


@pytest.fixture
async def converse(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens sandboxes, each below a folder of its own, and closes them afterwards."""
    opened: list[Sandbox] = []

    async def begin(policy: Policy | None = None) -> Conversation:
        home = tmp_path / f"sandbox-{len(opened) + 1}"
        home.mkdir()
        sandbox = await open_sandbox(home, VirtualClock(SCRIPT_START), policy)
        opened.append(sandbox)
        lines: list[str] = []
        return Conversation(sandbox, on_stage(sandbox, lines.append), lines, home)

    yield begin
    for sandbox in opened:
        await sandbox.close()


@pytest.fixture
async def chat(converse: Open) -> Conversation:
    """A conversation in a fresh sandbox with the settings of the demo."""
    return await converse()
