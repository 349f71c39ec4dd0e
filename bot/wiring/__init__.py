"""The composition root: the only place, with the command line, that knows concrete adapters and storage."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from adapters.console import ConsoleChat, Room
from adapters.git import GitMirror, make_demo_signer
from adapters.github import GitHubForge
from adapters.reach.breaker import Breaker
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.chat.dispatch import Dispatch
from bot.chat.looking import Looking
from bot.chat.mirroring import Mirroring
from bot.chat.newcomers import Newcomers
from bot.chat.privacy import Privacy
from bot.chat.rehearsal import Rehearsed
from bot.chat.roots import Roots
from bot.demo.stage import Stage
from bot.engine.advance import Advancer
from bot.engine.again import Pauses, Sleep
from bot.engine.alive import Alive
from bot.engine.approving import Approvals
from bot.engine.clocks import Clocks
from bot.engine.debts import Debts
from bot.engine.desk import Desks
from bot.engine.digests import Digests
from bot.engine.edge import Edge
from bot.engine.engine import Bounds, Engine, Poll
from bot.engine.far_end import FarEnd, Worlds
from bot.engine.in_time import BEGINNING, LOOK, REMINDING, InTime
from bot.engine.keeping import Keeping
from bot.engine.mail import Intake
from bot.engine.operators import OPERATORS, Operators
from bot.engine.outages import TellAfter
from bot.engine.plan import Planner
from bot.engine.postman import Postman
from bot.engine.proving import Proving
from bot.engine.sealing import RECORD, Sealing
from bot.procedures import check_tailoring, load
from bot.settings import Settings
from bot.wiring.far_end import Patience, Reach, forge_of, mirror_of, operators_at, packages_of, patient, registry_of
from bot.wiring.lanes import lanes_of
from bot.wiring.private import PrivateHomes
from bot.wiring.sandbox import sandbox_settings
from bot.wiring.seals import seals_of
from bot.wiring.unread import calls_unread
from sops import ALL
from sops.kit.conversation import Event, Place
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.ports import Chat, Clock, SealSigner, SealsOutside
from sops.kit.run import Run
from sops.kit.stores import Store
from sops.kit.switched_off import check_switched_off
from sops.kit.tailored import tailored
from sops.onboarding import ONBOARDING
from storage import SqlStore

NEWCOMERS_EVERY = timedelta(minutes=15)


@dataclass(frozen=True)
class Ports:
    """Everything an engine reaches, already concrete. Tests put a port of their own in a port's place."""

    store: Store
    far: FarEnd
    chats: Mapping[str, Chat]
    close: Callable[[], Awaitable[None]]
    breakers: Sequence[Breaker] = ()
    signer: SealSigner | None = None
    outside: SealsOutside | None = None


def assemble(
    settings: Settings,
    clock: Clock,
    ports: Ports,
    *,
    look_in: float = LOOK,
    pauses: Callable[[], Pauses] = Pauses,
    lasts: Sleep = asyncio.sleep,
) -> Engine:
    """The engine and everything it needs, from ports alone.

    `look_in` is how many seconds somebody waits for the far end; `pauses` say how long a pump that failed rests;
    `lasts` is how the time goes by after which a lease is renewed.
    """
    own = load(settings.procedures, settings.modules)
    check_switched_off(settings.policy, (*ALL, *own))
    check_tailoring(settings.policy, own)
    owner = uuid.uuid4().hex
    store = ports.store
    keeping = Keeping(store, lasts)
    people = People(settings.people)
    desks = Desks(store, clock, people)
    worlds = Worlds(ports.far, store, clock, people)
    planner = Planner(worlds)
    debts = Debts(desks, worlds, InTime(min(6 * look_in, REMINDING)))
    at_once = settings.runs_at_once
    telling = TellAfter(settings.limits.tries_until_told, settings.limits.told_after)
    advancer = Advancer(desks, worlds, Approvals(desks, people), debts, owner, keeping, at_once, telling)
    every = [tailored(sop, settings.policy) for sop in (*ALL, *own)]
    looking = Looking(store, worlds, planner, every, settings.policy, advancer.advance, debts.look, InTime(look_in))
    channels = settings.channels_by_chat()
    privacy = Privacy(ports.chats, channels)
    roots = Roots(store, clock, people, settings.policy, planner, worlds, channels, privacy, InTime(BEGINNING), own)
    chat = next(iter(ports.chats), "")
    told = operators_at(tuple(ports.chats), channels, OPERATORS)
    home = Place(platform=chat, channel=channels.get(chat, {}).get(ONBOARDING.channel, ""))
    newcomers = Newcomers(store, worlds, people, settings.policy, home)
    unread = calls_unread(every, people, settings.policy, told)
    mirroring = Mirroring(ports.chats, channels)
    dispatch = Dispatch(store, clock, people, looking, roots, newcomers, mirroring, unread.answering)
    edge = Edge(store, clock, desks, dispatch.handle, advancer.advance)
    engine = Engine(
        store,
        clock,
        Intake(store, clock.now, settings.acts_within),
        edge.handle,
        Clocks(
            store,
            clock,
            people,
            debts,
            {chat: channels.get(chat, {}) for chat in ports.chats},
            unread,
        ),
        edge.advance,
        Postman(store, clock, ports.chats, people, owner, keeping),
        owner,
        Sealing(
            store,
            clock,
            _told_of_the_record(ports.chats, channels),
            settings.policy.zone,
            Proving(store, ports.signer, ports.outside),
        ),
        Digests(store, clock, settings.policy),
        keeping,
        Alive(store, clock, people),
        Poll(dispatch.look_for_newcomers, NEWCOMERS_EVERY) if settings.policy.onboard_first_timers else None,
        pauses,
        Bounds(runs=at_once),
    )
    operators = Operators(store, clock, told, engine.wake)
    for breaker in ports.breakers:
        breaker.hear = operators.hear
    return engine


def _told_of_the_record(chats: Mapping[str, Chat], channels: Mapping[str, Mapping[str, str]]) -> list[Place]:
    """Where the record's head is told: in each chat's channel for it, where the settings name one."""
    named = {chat: channels.get(chat, {}).get(RECORD) for chat in chats}
    return [Place(platform=chat, channel=channel) for chat, channel in named.items() if channel]


async def sandbox_ports(
    settings: Settings,
    home: Path,
    clock: Clock,
    chats: Mapping[str, Chat],
    patience: Patience = patient,
    *,
    sealed: bool = False,
) -> Ports:
    """The adapters that will meet the real far end, at the sandbox's addresses; the database is opened.

    A bot beside the sandbox's world asks that for its `patience`, else a far end that hangs takes its minute. With
    `sealed` the record's seals are signed with the key of the tags.
    """
    signing = await asyncio.to_thread(make_demo_signer, home / "keys", settings.git_identity)
    if sealed and signing.mode == "ssh" and settings.record.key is None:
        own = settings.record.model_copy(update={"key": Path(signing.key), "trust": signing.trust})
        settings = settings.model_copy(update={"record": own})
    reach = Reach.of(settings, clock, patience)
    forge = forge_of(settings, reach, pause_between_writes=0.0)
    git = mirror_of(settings, reach, signing, clock, home / "mirror", settings.git_url)
    return await opened(settings, reach, forge, git, settings.git_url, chats)


async def opened(
    settings: Settings, reach: Reach, forge: GitHubForge, git: GitMirror, url: str, chats: Mapping[str, Chat]
) -> Ports:
    """All ports around these, `git` being a mirror of what is at `url`; the database is opened."""
    registry, packages = registry_of(settings, reach), packages_of(settings, reach)
    lanes = lanes_of(settings.policy, git, url)
    private = PrivateHomes(lambda name: forge_of(settings, reach, repository=name), git, url)
    store = SqlStore(settings.storage)
    await store.open()
    if settings.storage.startswith("sqlite"):
        # One process owns a SQLite file, so leases found at its start are those of the dead.
        await store.transact(lambda tx: tx.claims.forget_all())

    async def close() -> None:
        await store.close()
        await forge.close()
        await private.close()
        git.close()
        await registry.close()
        if packages is not None:
            await packages.close()

    far = FarEnd(forge, git, registry, packages, lanes, private)
    return Ports(store, far, chats, close, tuple(reach.breakers.values()), *seals_of(settings))


def in_room(settings: Settings, room: Room, rehearse: bool = False) -> Mapping[str, Chat]:
    """The console alone."""
    chat: Chat = ConsoleChat(room, settings.policy.zone)
    return {"console": Rehearsed(chat) if rehearse else chat}


class BotHere:
    """A bot in this process, for the stage: it does nothing by itself, so that nobody else reads its queues."""

    def __init__(self, settings: Settings, clock: Clock, ports: Ports) -> None:
        self._ports = ports
        # Its far end is beside it, on a machine that may be busy.
        self._engine = assemble(settings, clock, ports, look_in=REMINDING)

    async def recover(self) -> None:
        await self._engine.recover()

    async def accept(self, event: Event) -> None:
        await self._engine.accept(event)

    async def hear(self, event: Event) -> bool:
        """The door of a chat that tells its events by itself."""
        return await self._engine.accept(event)

    async def drain(self) -> None:
        await self._engine.drain()

    async def next_due(self) -> datetime | None:
        return await self._engine.next_due()

    async def run(self, name: str) -> Run | None:
        found = await self._ports.store.read(lambda tx: tx.runs.by_name(name))
        return found if isinstance(found, Run) else None

    @property
    def engine(self) -> Engine:
        """For the door of a chat that is asked for its events."""
        return self._engine

    @property
    def store(self) -> Store:
        return self._ports.store

    async def kill(self) -> None:
        # Only file handles and threads are let go of; whatever was not committed is lost, as in a crash.
        await self._ports.close()


@dataclass
class Sandbox:
    """Everything of one demo: the world, the room, and the stage that drives a bot among them."""

    world: SandboxWorld
    room: Room
    stage: Stage
    storage: str

    async def close(self) -> None:
        await self.stage.close()
        await self.world.stop()


async def open_sandbox(
    home: Path,
    clock: VirtualClock,
    policy: Policy | None = None,
    *,
    procedures: Sequence[Path] = (),
    modules: Sequence[str] = (),
    rehearse: bool = False,
    sealed: bool = False,
) -> Sandbox:
    """A world below `home`, with a bot in it that does what the stage asks for. It runs these `procedures` too.

    With `rehearse` every message says that it is one; with `sealed` the record is signed.
    """
    world = SandboxWorld(home / "world", clock)
    await world.start()
    room = Room()
    settings = sandbox_settings(world, f"sqlite:///{home / 'sopwith.db'}", policy)
    settings = settings.model_copy(update={"procedures": tuple(procedures), "modules": tuple(modules)})

    async def start_bot() -> BotHere:
        bot = BotHere(
            settings,
            clock,
            await sandbox_ports(
                settings, home, clock, in_room(settings, room, rehearse), world.patience, sealed=sealed
            ),
        )
        await bot.recover()
        return bot

    stage = Stage(world, clock, room, start_bot)
    await stage.open()
    return Sandbox(world, room, stage, settings.storage)
