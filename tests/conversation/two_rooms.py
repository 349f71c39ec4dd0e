"""The stage's room in two chats at once: the Slack stand-in and a real homeserver, one bot in both.

A script names a channel of Slack as `#ops`, one of Matrix as `matrix:#ops`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.cli import SCRIPT_START
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.demo.transcript import Transcript
from bot.settings import Settings
from bot.wiring import BotHere, sandbox_ports
from bot.wiring.far_end import Patience
from bot.wiring.matrix import matrix
from bot.wiring.sandbox import sandbox_settings
from bot.wiring.slack import slack
from sops.kit.conversation import Event
from sops.kit.errors import SopwithError
from sops.kit.policy import Policy
from tests.conversation import matrix_room, slack_room
from tests.conversation.heard import RoomHeard, Said
from tests.conversation.matrix_room import ZONE, BotInMatrix, MatrixRoom
from tests.conversation.slack_room import SlackRoom
from tests.standins.slack import SlackStandIn
from tests.standins.synapse import Synapse

MATRIX = "matrix:"


class TwoRooms:
    """Implements `RoomOnStage`."""

    def __init__(self, in_slack: SlackRoom, in_matrix: MatrixRoom) -> None:
        self.slack = in_slack
        self.matrix = in_matrix

    async def speak(self, handle: str, channel: str, thread: str | None, text: str, at: datetime) -> Event | None:
        room = self.matrix if channel.startswith(MATRIX) else self.slack
        return await room.speak(handle, channel.removeprefix(MATRIX), thread, text, at)

    def thread(self, run: str, channel: str = "") -> tuple[str, str] | None:
        """The run's own thread is in the chat where it was begun."""
        if not channel.startswith(MATRIX) and (found := self.slack.thread(run, channel)) is not None:
            return found
        there = self.matrix.thread(run, channel.removeprefix(MATRIX))
        return (f"{MATRIX}{there[0]}", there[1]) if there else None

    def run_in(self, thread: str) -> str:
        return self.slack.run_in(thread) or self.matrix.run_in(thread)

    def fresh(self) -> list[Said]:
        there = [replace(said, channel=f"{MATRIX}{said.channel}") for said in self.matrix.fresh()]
        return [*self.slack.fresh(), *there]


@asynccontextmanager
async def two_chats(
    home: Path, server: Synapse, echo: Callable[[str], None], *, policy: Policy | None = None, url: str | None = None
) -> AsyncIterator[tuple[Player, TwoRooms, Stage]]:
    """A world, two chats and one bot in both; a player for scripts. `url` is where the bot finds its homeserver."""
    clock = VirtualClock(SCRIPT_START)
    world = SandboxWorld(home / "world", clock)
    await world.start()
    try:
        async with SlackStandIn(clock.now) as workspace:
            rooms = TwoRooms(SlackRoom(workspace), MatrixRoom(server, home))
            settings = sandbox_settings(world, f"sqlite:///{home / 'sopwith.db'}", policy)
            settings = slack_room.settings_in(rooms.slack, matrix_room.settings_in(rooms.matrix, settings, url))
            stage = Stage(world, clock, rooms, lambda: _bot(settings, home, clock, rooms, world.patience))
            await stage.open()
            heard = RoomHeard(rooms, Transcript(clock.now, ZONE, rooms.run_in, echo))
            try:
                yield Player(stage, heard, echo), rooms, stage
            finally:
                await stage.close()
    finally:
        await world.stop()


async def _bot(settings: Settings, home: Path, clock: VirtualClock, rooms: TwoRooms, patience: Patience) -> BotInMatrix:
    """One bot, let into both chats."""
    told = settings.matrix
    assert told is not None
    people, zone = settings.people, settings.policy.zone
    workspace = await slack(slack_room.slack_of(settings), people, zone, clock.now)
    account = await matrix(told, people, zone, clock.now, told_at=lambda event: rooms.matrix.when(event) or clock.now())
    ports = await sandbox_ports(settings, home, clock, {"slack": workspace.chat, "matrix": account.chat}, patience)

    async def close() -> None:
        await workspace.close()
        await account.close()
        await ports.close()

    bot = BotHere(settings, clock, replace(ports, close=close))
    await bot.recover()
    try:
        await workspace.open(bot.hear, partial(bot.engine.intake.passed_over, "slack"))
        await account.let_in(bot.engine)
    except SopwithError:
        await bot.kill()
        raise
    return BotInMatrix(bot, account)
