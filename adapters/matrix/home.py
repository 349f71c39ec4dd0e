"""The bot's home on a homeserver: what it is told is stored together with how far it was told, in one transaction.

So a kill at any moment neither loses nor repeats an event. What a sync leaves out is read from the room's history
before anything is stored. A homeserver in trouble is left alone for longer and longer.
"""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from adapters.matrix.encryption import Encryption
from adapters.matrix.errors import TokenUnknown
from adapters.matrix.events import KINDS, Translator
from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.rooms import ENCRYPTED, INSTEAD
from adapters.matrix.told import Timeline, Told, sane, understood
from sops.kit.conversation import Event
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused

WAIT = 30.0  # seconds the homeserver may take before it has something to tell
LONGEST_PAUSE = 60.0  # seconds
_PAGE = 100  # events a homeserver tells at once; it allows no more
_NOTHING: Json = {"types": []}
_log = logging.getLogger(__name__)

LOGGED_OUT = (
    "the homeserver does not know the bot's access token: it is wrong, or the bot was logged out. "
    "SOPWITH_MATRIX__ACCESS_TOKEN wants a new one, or matrix.login_file is to be removed, so that the bot logs in by "
    "its password again; docs/matrix.md says more."
)


class Door(Protocol):
    """Where events come in, and what is known of them."""

    async def read_upto(self, cursor: str) -> str | None: ...
    async def accept_all(self, events: Sequence[Event], cursor: str, upto: str, *, odd: int = 0) -> None:
        """`odd` is how many events could not be read."""
        ...


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
        self._cursor = f"matrix/{homeserver.user}"

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
        if await self._door.read_upto(self._cursor) is None:
            await self._door.accept_all([], self._cursor, told.upto)

    async def run(self) -> None:
        """Hear until cancelled. Raises ConfigurationError when the homeserver does not know the bot any more."""
        failures = 0
        while True:
            try:
                await self.hear(WAIT)
            except TokenUnknown as problem:
                raise ConfigurationError(f"Matrix: {LOGGED_OUT}") from problem
            except (FarEndError, FarEndRefused) as problem:
                failures += 1
                pause = _pause(failures, getattr(problem, "retry_after", None))
                _log.warning("Matrix: %s; the next try is in %.0f s", problem, pause)
                await self._sleep(pause)
            else:
                failures = 0

    async def hear(self, wait: float = 0.0) -> None:
        """One sync: everything since the last one is stored, or nothing is and the next tells it again."""
        since = await self._door.read_upto(self._cursor)
        if since is None:
            await self.open()
            return
        told = await self._homeserver.get(
            "sync", since=since, timeout=str(int(wait * 1000)), filter=_filter(_PAGE), wait=wait
        )
        news = understood(told, self._homeserver.user, self._served.values())
        await self._come_in(news)
        await self._encryption.take_in(told)
        timelines = dict(await self._encryption.late())
        odd = 0
        for room, timeline in news.timelines.items():
            read = await self._encryption.read(room, await self._timeline(room, timeline, since))
            timelines[room] = [*timelines.get(room, ()), *read]
            odd += timeline.odd
        events: list[Event] = []
        for room, each in timelines.items():
            heard = await self._translator.events(room, each)
            events += heard.events
            odd += heard.odd
        if events or odd or news.upto != since:
            await self._door.accept_all(events, self._cursor, news.upto, odd=odd)
            await self._encryption.accepted()

    async def _timeline(self, room: str, timeline: Timeline, since: str) -> list[Json]:
        """What happened in a room, oldest first; what the sync left out is read from its history."""
        start: Any = timeline.before
        missed: list[Json] = []
        while start:
            asked = {"from": start, "to": since, "dir": "b", "limit": str(_PAGE)}
            page = await self._homeserver.get("rooms", room, "messages", wait=0.0, **asked)
            chunk, _ = sane(page.get("chunk"))
            missed += chunk
            start = page.get("end") if chunk else None
        for event in timeline.events:
            if event.get("type") == "m.room.encryption" and not await self._encryption.can_speak(room):
                _log.error("Matrix: %s: %s", room, ENCRYPTED)
        return [*reversed(missed), *timeline.events]

    async def _come_in(self, told: Told) -> None:
        """Take invitations into served rooms from whom the settings trust; no others."""
        for room, inviter in told.invitations.items():
            if room not in self._served.values() or not self._is_trusted(inviter):
                _log.warning("Matrix: not taken: the invitation of %s into %s", inviter or "somebody", room)
                continue
            try:
                await self._homeserver.post("join", room, body={})
            except FarEndRefused as refusal:
                _log.warning("Matrix: %s cannot be joined: %s", room, refusal)

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


def _pause(failures: int, asked: float | None) -> float:
    """Longer and longer, and not all bots at once; as long as the homeserver asks, if that is more."""
    grown = min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
    return max(grown * random.uniform(0.5, 1.0), asked or 0.0)  # noqa: S311  # nothing here is secret


def _filter(limit: int) -> str:
    timeline = {"limit": limit, "types": list(KINDS)}
    room = {"timeline": timeline, "state": _NOTHING, "ephemeral": _NOTHING, "account_data": _NOTHING}
    return json.dumps({"room": room, "presence": _NOTHING, "account_data": _NOTHING})
