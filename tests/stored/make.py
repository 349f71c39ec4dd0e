"""Fills databases as the build it runs under does: `python -m tests.stored.make NAME`, from that build's own tree.

Each play is played once. After every transaction of the bot in which some run came to a step it was not seen at before
(or asked, was granted, used up, put on hold, mirrored, or came to owe something), everything is kept: a bot that is
started there goes on as after a crash. How the play ended is kept beside it. Made for b09b042 in a tree of that commit,
with this folder copied into it.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.demo import lines
from bot.demo.play import Heard, Player
from bot.demo.stage import Stage
from bot.wiring import BotHere, Ports, in_room, sandbox_ports
from bot.wiring.sandbox import IDENTITY, sandbox_settings
from sops.kit.policy import Policy
from sops.kit.run import Run
from sops.kit.stores import Store, Transaction
from tests.stored import keeping
from tests.stored.plays import DOCUMENT, PLAYS, SETTINGS

T = TypeVar("T")
HERE = Path(__file__).parent
START = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)  # a Monday morning in Berlin


class Watcher:
    """Keeps the moments in which a run is where none was seen yet."""

    def __init__(self, database: Path, world: SandboxWorld, room: Room) -> None:
        self._at = (database, world, room)
        self._seen: set[tuple[str, ...]] = set()
        self.line = 0
        self.until = ""  # how far the line lets time move
        self.moments: list[keeping.Kept] = []

    async def look(self, store: Store) -> None:
        runs = await store.read(lambda tx: [run for run in tx.runs.all() if not run.state.over or run.owing])
        marks = {mark for run in runs for mark in _marks(run)}
        fresh = marks - self._seen
        if not fresh:
            return
        self._seen |= fresh
        about = {"line": self.line, "until": self.until, "why": sorted(" ".join(mark) for mark in fresh)}
        self.moments.append({**about, **keeping.take(*self._at)})


def _marks(run: Run) -> Iterator[tuple[str, ...]]:
    for step in run.current():
        record = run.record(step.id)
        if record.since is not None:
            yield (run.name, step.id, str(run.iteration))
        if record.intent is not None:
            yield (run.name, step.id, "intent")
    for request in run.requests:
        grace = " in grace" if request.grace_until is not None and request.live else ""
        yield (run.name, f"request {request.seq}", f"{request.state}{grace}", f"{len(request.yeses)} yeses")
    yield (run.name, "run", str(run.state))
    for debt in run.obligations:
        yield (run.name, "owes" if debt.open else "met", debt.id)
    for mirror in run.mirrors:
        yield (run.name, "mirrored", str(mirror.number))


class WatchedStore:
    """A store that is looked at after each transaction."""

    def __init__(self, store: Store, watcher: Watcher) -> None:
        self._store = store
        self._watcher = watcher

    async def transact(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        result = await self._store.transact(work, urgent=urgent)
        await self._watcher.look(self._store)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)

    async def close(self) -> None:
        await self._store.close()


async def played(home: Path, script: str) -> keeping.Kept:
    """The play, with every moment that is worth keeping."""
    clock, room = VirtualClock(START), Room()
    world = SandboxWorld(home / "world", clock)
    await world.start()
    database, document = home / "sopwith.db", home / "ours.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    keeping.make_signer(home, IDENTITY[1])
    settings = sandbox_settings(world, f"sqlite:///{database}", Policy(**SETTINGS))
    settings = settings.model_copy(update={"procedures": (document,)})
    watcher = Watcher(database, world, room)

    async def start() -> BotHere:
        ports = await sandbox_ports(settings, home, clock, in_room(settings, room))
        watched = Ports(WatchedStore(ports.store, watcher), ports.far, ports.chats, ports.close)
        bot = BotHere(settings, clock, watched)
        await bot.recover()
        return bot

    stage = Stage(world, clock, room, start)
    await stage.open()
    player = Player(stage, Heard(), lambda _: None)
    directions = [line.strip() for line in script.strip().splitlines()]
    for number, line in enumerate(directions):
        move = lines.parse(line)
        watcher.line = number
        watcher.until = (clock.now() + move.span).isoformat() if isinstance(move, lines.Move) else ""
        await player.play(line, f"line {number}")
    ended = await stage.bot._ports.store.read(lambda tx: [_ended(run) for run in tx.runs.all()])
    found = {"lines": directions, "moments": watcher.moments, "ended": ended, "objects": keeping.objects(world)}
    await stage.close()
    await world.stop()
    return {"start": START.isoformat(), "settings": SETTINGS, "document": DOCUMENT, **found}


def _ended(run: Run) -> dict[str, Any]:
    """What another build must bring it to as well."""
    return {
        "name": run.name,
        "state": str(run.state),
        "iteration": run.iteration,
        "steps": {step.id: str(run.record(step.id).state) for step in run.steps},
        "requests": [[each.seq, each.code, each.step, str(each.state), list(each.people)] for each in run.requests],
        "owed": {debt.id: debt.open for debt in run.obligations},
    }


async def main(build: str) -> None:
    plays = {}
    for name, script in PLAYS.items():
        with tempfile.TemporaryDirectory() as home:
            plays[name] = await played(Path(home), script)
        print(f"{name}: {len(plays[name]['moments'])} moments")
    keeping.write(HERE / f"{build}.json.xz", plays)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
