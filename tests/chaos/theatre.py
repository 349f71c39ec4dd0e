"""Plays a scenario with bots that die as fate decides, and tells what is left at the end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.demo.play import Heard, Player
from bot.demo.stage import BotOnStage, Stage
from bot.settings import Settings
from bot.wiring import in_room, sandbox_ports
from bot.wiring.sandbox import sandbox_settings
from tests.chaos.fate import Fate
from tests.chaos.mortal import MortalBot, mortal_bot
from tests.chaos.outcome import Outcome, outcome
from tests.chaos.scenarios import START, Scenario


@dataclass(frozen=True)
class House:
    """What outlives the bots of one play."""

    home: Path
    clock: VirtualClock
    world: SandboxWorld
    room: Room
    settings: Settings


StartBot = Callable[[], Awaitable[BotOnStage]]
Deed = Callable[[SandboxWorld], None]
#: How bots are made in this house; what making them needs is there inside the context.
Crew = Callable[[House, Fate], AbstractAsyncContextManager[StartBot]]


async def play(
    home: Path,
    scenario: Scenario,
    fate: Fate,
    crew: Crew,
    deeds: Mapping[int, Deed] = MappingProxyType({}),
    storage: str = "",
) -> Outcome:
    """Play it to the end; `deeds` happen to the world before their lines. Raises Failed where the script does.

    Without a `storage` the database is a file beside the world.
    """
    clock = VirtualClock(START)
    world = SandboxWorld(home / "world", clock)
    await world.start()
    try:
        storage = storage or f"sqlite:///{home / 'sopwith.db'}"
        room = Room()
        house = House(home, clock, world, room, sandbox_settings(world, storage, scenario.policy))
        async with crew(house, fate) as start:
            await _follow(Stage(world, clock, room, start), scenario, fate, lambda line: deeds.get(line, _none)(world))
        return await outcome(storage, world, room)
    finally:
        await world.stop()


async def _follow(stage: Stage, scenario: Scenario, fate: Fate, before: Callable[[int], None]) -> None:
    player = Player(stage, Heard(), lambda _: None)
    try:
        await stage.open()
        for number, line in enumerate(scenario.lines, 1):
            fate.begin(number)
            before(number)
            await player.play(line, f"{scenario}, line {number}")
    finally:
        await stage.close()


def _none(_: SandboxWorld) -> None:
    """Nothing happens."""


@asynccontextmanager
async def in_process(house: House, fate: Fate) -> AsyncIterator[StartBot]:
    """Bots here, that die by raising."""

    async def start() -> MortalBot:
        chats = in_room(house.settings, house.room)
        ports = await sandbox_ports(house.settings, house.home, house.clock, chats)
        return await mortal_bot(house.settings, house.clock, ports, fate)

    yield start
