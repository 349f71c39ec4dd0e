"""The bot's home on a homeserver: what it is told is stored together with how far it was told, in one transaction.

So a kill at any moment neither loses nor repeats an event. What a sync leaves out is read from the rooms' history
meanwhile (`adapters.matrix.backlog`). A homeserver in trouble is left alone for longer and longer.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

from adapters.matrix.backlog import PAGE, Backlog, Books
from adapters.matrix.encryption import Encryption
from adapters.matrix.errors import TokenUnknown
from adapters.matrix.events import KINDS, Translator
from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.patience import pause_after
from adapters.matrix.rooms import ENCRYPTED, INSTEAD
from adapters.matrix.told import Timeline, Told, understood
from sops.kit.conversation import Event
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, configuration_error_in
from sops.kit.reading import News

WAIT = 30.0  # seconds the homeserver may take before it has something to tell
_NOTHING: Json = {"types": []}
_log = logging.getLogger(__name__)

LOGGED_OUT = (
    "the homeserver does not know the bot's access token: it is wrong, or the bot was logged out. "
    "SOPWITH_MATRIX__ACCESS_TOKEN wants a new one, or matrix.login_file is to be removed, so that the bot logs in by "
    "its password again; docs/matrix.md says more."
)


class Door(Books, Protocol):
    """Where events come in, and what is known of how far they were read."""

    async def read_upto(self) -> str | None: ...
    async def accept(self, news: News, /) -> None: ...


class MatrixHome:
    """Hears for one account. `rooms` maps our names of the served rooms to their ids; `sleep` waits some seconds.

    `trusted` are users and servers whose invitations into served rooms are taken.
    """

    def __init__(
        self,
        homeserver: Homeserver,
        encryption: Encryption,
        translator: Translator,
        door: Door,
        served: Mapping[str, str],
        trusted: Collection[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._homeserver = homeserver
        self._encryption = encryption
        self._translator = translator
        self._door = door
        self._served = served
        self._trusted = trusted
        self._sleep = sleep
        self._backlog = Backlog(homeserver, encryption, translator, door, served.values(), sleep)
        self._invited: set[str] = set()
        self._kept_waiting = asyncio.Event()

    async def open(self) -> None:
        """Take what invitations wait and see that all is well. Raises ConfigurationError where it is not.

        What was said before the bot's first start is none of its business.
        """
        await self._encryption.open()
        for name, room in self._served.items():
            await self._check(name, room)
        found = await self._homeserver.get("sync", timeout="0", filter=_filter(0))
        told = understood(found, self._homeserver.user, self._served.values())
        await self._come_in(told)
        if await self._door.read_upto() is None:
            await self._door.accept(News(told.upto))

    async def run(self) -> None:
        """Hear until cancelled. Raises ConfigurationError when the homeserver does not know the bot any more."""
        try:
            async with asyncio.TaskGroup() as others:
                others.create_task(self._backlog.run())
                others.create_task(self._join_later())
                await self._listen()
        except BaseExceptionGroup as problems:
            problem = configuration_error_in(problems)
            if problem is None:
                raise
            raise problem from None

    async def catch_up(self) -> None:
        """Read what the syncs so far left out. Raises FarEndError and FarEndRefused."""
        await self._backlog.catch_up()

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                await self.hear(WAIT)
            except TokenUnknown as problem:
                raise ConfigurationError(f"Matrix: {LOGGED_OUT}") from problem
            except (FarEndError, FarEndRefused) as problem:
                failures += 1
                pause = pause_after(failures, getattr(problem, "retry_after", None))
                _log.warning("Matrix: %s; the next try is in %.0f s", problem, pause)
                await self._sleep(pause)
            else:
                failures = 0

    async def hear(self, wait: float = 0.0) -> None:
        """One sync: everything it tells is stored, and what it left out noted, or nothing is and the next tells it
        again.
        """
        since = await self._door.read_upto()
        if since is None:
            await self.open()
            return
        answer = await self._homeserver.get(
            "sync", since=since, timeout=str(int(wait * 1000)), filter=_filter(PAGE), wait=wait
        )
        told = understood(answer, self._homeserver.user, self._served.values())
        await self._come_in(told)
        await self._encryption.take_in(answer)
        news = await self._news(told, since)
        if news.events or news.odd or news.missing or news.upto != since:
            await self._door.accept(news)
            await self._encryption.accepted()
        if news.missing:
            self._backlog.grew()

    async def _news(self, told: Told, since: str) -> News:
        """What was said in the rooms; of a room into which the bot came just now, what was said since."""
        timelines = dict(await self._encryption.late())
        missing: dict[str, str] = {}
        odd = 0
        for room, timeline in told.timelines.items():
            await self._look_for_encryption(room, timeline)
            if timeline.limited and not any(self._translator.is_our_coming(each) for each in timeline.events):
                missing[room] = since
            timelines[room] = [*timelines.get(room, ()), *await self._encryption.read(room, timeline.events)]
            odd += timeline.odd
        events: list[Event] = []
        for room, each in timelines.items():
            heard = await self._translator.events(room, each)
            events += heard.events
            odd += heard.odd
        return News(told.upto, events, missing, odd)

    async def _look_for_encryption(self, room: str, timeline: Timeline) -> None:
        for event in timeline.events:
            if event.get("type") == "m.room.encryption" and not await self._encryption.can_speak(room):
                _log.error("Matrix: %s: %s", room, ENCRYPTED)

    async def _come_in(self, told: Told) -> None:
        """Take invitations into served rooms from whom the settings trust; no others."""
        for room, inviter in told.invitations.items():
            if room in self._served.values() and self._is_trusted(inviter):
                self._invited.add(room)
            else:
                _log.warning("Matrix: not taken: the invitation of %s into %s", inviter or "somebody", room)
        if told.invitations:
            await self._join()

    async def _join_later(self) -> None:
        """An invitation is told once only, so one that could not be taken is kept until it can."""
        failures = 0
        while True:
            await self._kept_waiting.wait()
            self._kept_waiting.clear()
            failures += 1
            await self._sleep(pause_after(failures))
            await self._join()
            failures = failures if self._kept_waiting.is_set() else 0

    async def _join(self) -> None:
        for room in sorted(self._invited):
            try:
                await self._homeserver.post("join", room, body={})
            except FarEndError as problem:  # such as the server that has the room; what is said elsewhere is heard
                _log.warning("Matrix: %s cannot be joined yet: %s", room, problem)
                self._kept_waiting.set()
                continue
            except FarEndRefused as refusal:
                _log.warning("Matrix: %s cannot be joined: %s", room, refusal)
            self._invited.discard(room)

    def _is_trusted(self, user: str) -> bool:
        return user in self._trusted or user.partition(":")[2] in self._trusted

    async def _check(self, name: str, room: str) -> None:
        try:
            speaks = await self._encryption.can_speak(room)
        except FarEndRefused:  # the bot is not in it yet
            return
        if not speaks:
            raise ConfigurationError(f"matrix.rooms.{name} is {room}: {ENCRYPTED}. {INSTEAD}")


async def who_we_are(homeserver: Homeserver, device: str) -> str:
    """The device; raises ConfigurationError unless the token is the configured user's, on the configured one."""
    try:
        found = await homeserver.get("account", "whoami")
    except TokenUnknown as problem:
        raise ConfigurationError(f"Matrix: {LOGGED_OUT}") from problem
    if found.get("user_id") != homeserver.user:
        raise ConfigurationError(
            f"matrix.user is {homeserver.user}, but the access token is that of {found.get('user_id')}."
        )
    if device and found.get("device_id") != device:
        raise ConfigurationError(
            f"matrix.device_id is {device}, but the access token belongs to {found.get('device_id')}."
        )
    return str(found.get("device_id") or "")


def _filter(limit: int) -> str:
    timeline = {"limit": limit, "types": list(KINDS)}
    room = {"timeline": timeline, "state": _NOTHING, "ephemeral": _NOTHING, "account_data": _NOTHING}
    return json.dumps({"room": room, "presence": _NOTHING, "account_data": _NOTHING})
