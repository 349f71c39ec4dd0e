"""A bot on the real store among fakes, driven by the demo's stage, in an event loop that a rule can call into."""

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from adapters.console import ConsoleChat, Room
from bot.demo.stage import Stage
from bot.engine.advance import Advancer
from bot.engine.far_end import FarEnd
from bot.settings import Settings
from bot.wiring import BotHere, Ports
from bot.wiring.sandbox import sandbox_people
from sops.kit.model import Severity
from sops.kit.policy import DAY, HOUR, Policy
from sops.kit.run import Run
from sops.kit.stores import Deadline, InboxItem, LedgerEntry, Transaction
from sops.kit.stores import Fault as Flaw
from storage import SqlStore, migrate
from tests.property.fakes import FakeForge, FakeGit, FakeRegistry, FragileChat
from tests.property.reach import Fault, MortalStore, Reach
from tests.property.world import World

T = TypeVar("T")
START = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
#: The document's promises; only looking by itself and updates are rarer, to keep examples short.
POLICY = Policy(
    look_every=timedelta(minutes=30),
    look_every_soak=2 * DAY,
    update={Severity.P0: 6 * HOUR, Severity.P1: 12 * HOUR, Severity.P2: DAY, Severity.P3: None},
)


@dataclass(frozen=True)
class Picture:
    """What the database holds between two steps."""

    runs: dict[str, Run]  # by short name
    entries: dict[str, list[LedgerEntry]]  # by short name
    deadlines: dict[str, list[Deadline]]
    waiting: list[str]
    parked: list[InboxItem]
    dead: int
    flaws: list[Flaw]


class Theatre:
    """One world, one room, one database; as many lives of the bot as it takes."""

    def __init__(self, world: World, advancer: type[Advancer]) -> None:
        self.world = world
        self.clock = world.clock
        self.room = Room()
        self.reach = Reach()
        self._home = _new_home()
        self._advancer = advancer
        self._runner = asyncio.Runner()
        self.database = self._home / "sopwith.db"
        shutil.copy(_migrated(), self.database)
        url = f"sqlite:///{self.database}"
        self.store = SqlStore(url)
        self._settings = Settings(
            storage=url, channels={"releases": "#releases", "ops": "#ops"}, people=sandbox_people(), policy=POLICY
        )
        self.stage = Stage(world, self.clock, self.room, self._start)
        self._run(self._open())

    def close(self) -> None:
        try:
            self.reach.revive()
            self._run(self._shut())
        finally:
            self._runner.close()
            shutil.rmtree(self._home)

    def do(self, deed: Callable[[Stage], Coroutine[Any, Any, T]], fault: Fault | None = None) -> T:
        """Let the stage do something while `fault` may strike; afterwards nothing goes wrong any more."""
        self.reach.set(fault)
        try:
            done = self._run(deed(self.stage))
            self.reach.set(None)
            self._run(self.stage.settle())
        finally:
            self.reach.set(None)
        return done

    def another_build(self) -> None:
        """The bot dies, and another build begins on the same data: nothing read before is remembered."""
        self._run(self.store.close())
        self._run(self.store.open())
        self.do(lambda stage: stage.crash())

    def read(self, look: Callable[[Transaction], T]) -> T:
        return self._run(self.store.read(look))

    def picture(self) -> Picture:
        return self.read(_picture)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def _open(self) -> None:
        await self.store.open()
        await self.stage.open()

    async def _shut(self) -> None:
        await self.stage.close()
        await self.store.close()

    async def _start(self) -> BotHere:
        """Another life on the same data, as `sandbox_ports` begins one."""
        self.reach.revive()
        mortal = MortalStore(self.store, self.reach)
        await mortal.transact(lambda tx: tx.claims.forget_all())
        far = FarEnd(
            FakeForge(self.world, self.reach), FakeGit(self.world, self.reach), FakeRegistry(self.world, self.reach)
        )
        chat = FragileChat(ConsoleChat(self.room, POLICY.zone), self.reach)
        ports = Ports(mortal, far, {"console": chat}, mortal.close)
        with mock.patch("bot.wiring.Advancer", self._advancer):
            bot = BotHere(self._settings, self.clock, ports)
        await bot.recover()
        return bot


def _picture(tx: Transaction) -> Picture:
    runs = {run.name: run for run in tx.runs.all()}
    return Picture(
        runs,
        {name: list(tx.ledger.entries(run.id)) for name, run in runs.items()},
        {name: list(tx.deadlines.pending(run.id)) for name, run in runs.items()},
        list(tx.inbox.waiting()),
        list(tx.inbox.parked()),
        len(tx.outbox.dead_letters()),
        list(tx.ledger.verify()),
    )


def _new_home() -> Path:
    """In memory where the system has a place for it: the same files, and a third less time."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="sopwith-", dir=memory if os.access(memory, os.W_OK) else None))


@cache
def _migrated() -> Path:
    """An empty database with all tables, made once."""
    home = _new_home()
    atexit.register(shutil.rmtree, home)
    path = home / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path
