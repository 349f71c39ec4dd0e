"""The bot as a service: real chats, and the real forge or a sandbox, until somebody stops it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from adapters.alarm import SchedulerAlarm
from adapters.git import Signing
from adapters.matrix import TRAITS
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.chat.rehearsal import Rehearsed
from bot.engine.again import Pauses, until_done
from bot.engine.caught import survived
from bot.engine.engine import Engine
from bot.placeholders import left_in_matrix, left_in_slack
from bot.settings import Settings
from bot.wiring import Ports, assemble, opened, sandbox_ports
from bot.wiring.closed import close_to_others
from bot.wiring.far_end import Reach, forge_of, mirror_of
from bot.wiring.homes import Home, Homes
from bot.wiring.matrix import matrix
from bot.wiring.sandbox import at_the_sandbox
from bot.wiring.seals import warn_of_seals
from bot.wiring.slack import check_tokens, slack, traits_of
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import ConfigurationError, configuration_error_in
from sops.kit.ports import Chat, Clock
from storage import owned

TICK = 1.0  # seconds between two looks at what a sandbox's world did by itself


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


async def serve(settings: Settings, *, rehearse: bool, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled. With `rehearse` the far end is a sandbox and every message says so.

    Raises ConfigurationError, before anything is said anywhere, for what the settings lack, and where another bot has
    the database.
    """
    _check(settings, sandbox=rehearse or settings.sandbox)
    await asyncio.to_thread(close_to_others, settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(owned(settings.storage))
        clock: Clock = SystemClock()
        world: SandboxWorld | None = None
        if rehearse or settings.sandbox:
            flowing = VirtualClock(datetime.now(UTC), flowing=True)
            clock, world = flowing, await stack.enter_async_context(_world(settings, flowing))
        homes = _homes(settings, clock)
        for home in homes:
            stack.push_async_callback(home.close)
        chats = {home.chat.platform: Rehearsed(home.chat) if rehearse else home.chat for home in homes}
        settings, ports = await _ports(settings, clock, world, chats)
        stack.push_async_callback(ports.close)
        if world is None:
            await warn_of_seals(settings, ports.signer)
        engine = assemble(settings, clock, ports)
        everywhere = Homes(homes, engine)
        await until_done(engine.recover, Pauses())
        await everywhere.reach()
        try:
            async with asyncio.TaskGroup() as serving:
                serving.create_task(engine.serve(SchedulerAlarm(clock)))
                for home in homes:
                    serving.create_task(everywhere.live_in(home))
                if world is not None:
                    serving.create_task(_live(world, engine, clock))
                await everywhere.opened()
                ready()
        except BaseExceptionGroup as problems:
            problem = configuration_error_in(problems)
            if problem is None:
                raise
            raise problem from None


def _homes(settings: Settings, clock: Clock) -> Sequence[Home]:
    """Every chat the settings name, not yet reached; runs begun by nobody live in the first."""
    homes: list[Home] = []
    people, zone = settings.people, settings.policy.zone
    if (slack_there := settings.slack) is not None:
        check_tokens(slack_there)
        homes.append(Home("slack", traits_of(slack_there), lambda: slack(slack_there, people, zone, clock.now)))
    if (matrix_there := settings.matrix) is not None:
        homes.append(Home("matrix", TRAITS, lambda: matrix(matrix_there, people, zone, clock.now)))
    return homes


def _check(settings: Settings, *, sandbox: bool) -> None:
    """Raises ConfigurationError for whatever the settings lack."""
    if settings.slack is None and settings.matrix is None:
        raise ConfigurationError("No chat is configured; sopwith.toml wants a section [slack] or [matrix].")
    if settings.slack is not None:
        check_tokens(settings.slack)
    if left := (*left_in_slack(settings), *left_in_matrix(settings)):
        raise ConfigurationError(" ".join(left))
    _check_home(settings.home)
    if sandbox:
        return
    needed = {
        "repository": settings.repository,
        "token": settings.token.get_secret_value(),
        "signing": settings.signing,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(
            f"sopwith.toml lacks {' and '.join(missing)} (the token belongs into SOPWITH_TOKEN); or set sandbox = true."
        )


def _check_home(home: Path) -> None:
    """Make it where it is missing. Raises ConfigurationError where nothing can be written there."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except FileExistsError as problem:
        raise ConfigurationError(
            f"home is {home}, which is a file; it wants a folder that the bot may write to."
        ) from problem
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise ConfigurationError(f"Nothing can be written to home, {home}: {reason}. Name another folder.") from problem


@asynccontextmanager
async def _world(settings: Settings, clock: VirtualClock) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(settings.home / "world", clock)
    await world.start()
    try:
        yield world
    finally:
        await world.stop()


async def _ports(
    settings: Settings, clock: Clock, world: SandboxWorld | None, chats: Mapping[str, Chat]
) -> tuple[Settings, Ports]:
    """The settings as they hold here, and every port."""
    if world is not None:
        settings = at_the_sandbox(settings, world)
        return settings, await sandbox_ports(settings, settings.home, clock, chats, world.patience, sealed=True)
    reach = Reach.of(settings, clock)
    url = settings.git_url or f"https://github.com/{settings.repository}.git"
    git = mirror_of(settings, reach, _signing(settings), clock, settings.home / "mirror", url)
    return settings, await opened(settings, reach, forge_of(settings, reach), git, url, chats)


def _signing(settings: Settings) -> Signing:
    wanted = settings.signing
    if wanted is None:
        raise ConfigurationError("tags must be signed; sopwith.toml wants a section [signing]")
    gpg = wanted.mode == "gpg"
    found = Signing.gpg(wanted.trust, wanted.key) if gpg else Signing.ssh(Path(wanted.key), wanted.trust)
    found.check_key()
    return found


async def _live(world: SandboxWorld, engine: Engine, clock: Clock) -> None:
    """The sandbox's world goes on, and the bot hears of it, as of a forge's webhook."""
    changed = asyncio.Event()
    world.on_change.append(changed.set)

    async def tick() -> None:
        world.tick()
        world.observe()
        if changed.is_set():
            changed.clear()
            untold = True
            try:
                await engine.accept(_news(f"sandbox/{clock.now().isoformat()}/{uuid.uuid4().hex}", clock.now()))
                untold = False
            finally:
                if untold:
                    changed.set()

    while True:
        await asyncio.sleep(TICK)
        await survived(tick(), world="sandbox")


def _news(key: str, at: datetime) -> Event:
    there = Place(platform="forge", channel="")
    return Event(dedupe_key=key, kind="forge", place=there, actor=Actor(platform="forge", id="news"), text="", at=at)
