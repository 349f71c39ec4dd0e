"""The stage's room in Matrix: people type into rooms of a real homeserver, and what stands there is the transcript."""

import html
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.cli import SCRIPT_START
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.demo.transcript import Transcript
from bot.settings import MatrixSettings, Settings
from bot.wiring import BotHere, sandbox_ports
from bot.wiring.matrix import Matrix, matrix
from bot.wiring.sandbox import sandbox_settings
from sops.kit.conversation import Event
from sops.kit.errors import SopwithError
from sops.kit.policy import Policy
from sops.kit.run import Run
from tests.conversation.heard import RoomHeard
from tests.standins.synapse import Client, Synapse

ROOMS = ("releases", "ops", "maintainers", "security", "general")
ZONE = "Europe/Berlin"

PASSPHRASE = "of the tests"  # of the keys for encrypted rooms


class MatrixRoom:
    """Implements `RoomOnStage`. `owner` made the rooms and reads them all; people come in when they first speak.

    `store` is where the bot keeps its keys, if it has any.
    """

    store: Path | None = None

    def __init__(self, server: Synapse, home: Path, version: str | None = None) -> None:
        self.server = server
        self.owner = server.account("owner")
        self.bot = server.account("sopwith")
        self._database = home / "sopwith.db"
        self._version = {"room_version": version} if version else {}
        self.rooms = {name: self.make(name, private=name == "security") for name in ROOMS}
        self._said_at: dict[str, datetime] = {}
        self._here: set[tuple[str, str]] = set()
        self._read: dict[str, str] = {}
        self._messages: dict[str, Said] = {}

    def make(self, name: str, *, private: bool, **options: Any) -> str:
        """A room into which the bot is invited, and where it may remove what others wrote."""
        preset = "private_chat" if private else "public_chat"
        levels = {"users": {self.bot.user: 50, **({self.owner.user: 100} if self._version else {})}}
        wanted = {"power_level_content_override": levels, **self._version, **options}
        return self.owner.create_room(name, [self.bot.user], preset=preset, **wanted)

    def who(self, handle: str, room: str) -> Client:
        """That person's client, in that room."""
        person = self.server.person(handle)
        if (handle, room) not in self._here:
            if room == self.rooms["security"]:
                self.owner.ask("POST", f"rooms/{room}/invite", {"user_id": person.user})
            person.join(room)
            self._here.add((handle, room))
        return person

    async def speak(self, handle: str, channel: str, thread: str | None, text: str, at: datetime) -> Event | None:
        """Commands begin with ! here; the scripts say / in channels."""
        room = self.rooms.get(channel.removeprefix("#"), channel)
        said = f"!{text[1:]}" if text.startswith("/") else text
        self._said_at[self.say(handle, room, said, thread)] = at
        return None

    def say(self, handle: str, room: str, said: str, thread: str | None) -> str:
        """By that person's program; returns the message's id."""
        return self.who(handle, room).say(room, said, thread, **self._mentions(said))

    def _mentions(self, said: str) -> dict[str, Any]:
        """The bot's name becomes a pill, as clients make of it."""
        if "@sopwith" not in said:
            return {}
        pill = f'<a href="https://matrix.to/#/{self.bot.user}">@sopwith</a>'
        formatted = html.escape(said).replace("@sopwith", pill)
        called = {"m.mentions": {"user_ids": [self.bot.user]}}
        return {"format": "org.matrix.custom.html", "formatted_body": formatted, **called}

    def when(self, event: dict[str, Any]) -> datetime | None:
        """The time of the story at which somebody said that."""
        return self._said_at.get(event["event_id"])

    def thread(self, run: str, channel: str = "") -> tuple[str, str] | None:
        found = self._stored(
            "SELECT outbox.channel, outbox.ref FROM outbox JOIN run ON run.id = outbox.run_id WHERE run.name = ?"
            " AND outbox.platform = 'matrix' AND outbox.logical_id GLOB ? AND outbox.channel GLOB ?"
            " AND outbox.ref IS NOT NULL",
            run,
            "*/root*" if channel else "*/root",
            self.rooms[channel.removeprefix("#")] if channel else "*",
        )
        return (found[0], found[1]) if found else None

    def run_in(self, thread: str) -> str:
        found = self._stored(
            "SELECT run.name FROM outbox JOIN run ON run.id = outbox.run_id WHERE outbox.ref = ?", thread
        )
        return str(found[0]) if found else ""

    def fresh(self) -> list["Said"]:
        """What is new or reads differently since the last look, in the order it came about."""
        found: list[tuple[int, Said]] = []
        for name, room in self.rooms.items():
            events, self._read[name] = self.owner.messages(room, self._read.get(name))
            for event in events:
                said = self._said(self.opened(event, room), name)
                if said is not None:
                    found.append((event["origin_server_ts"], said))
        return [said for _, said in sorted(found, key=lambda each: each[0])]

    def opened(self, event: dict[str, Any], room: str) -> dict[str, Any]:
        """The event as its readers read it."""
        return event

    def find(self, words: str) -> "Said":
        """The newest message with these words, as it reads now."""
        self.fresh()
        return next(said for said in reversed(self._messages.values()) if words in "\n".join(said.lines))

    def in_thread(self, root: str) -> list["Said"]:
        """What stands in that thread, its root first, as it reads now."""
        self.fresh()
        return [said for said in self._messages.values() if root in (said.ref, said.thread)]

    def count(self, words: str) -> int:
        """How many messages with these words stand anywhere."""
        self.fresh()
        return sum(words in "\n".join(said.lines) for said in self._messages.values())

    def _said(self, event: dict[str, Any], channel: str) -> "Said | None":
        content = event["content"]
        if event["type"] != "m.room.message" or "msgtype" not in content:
            return None
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            before = self._messages[relation["event_id"]]
            changed = Said(before.ref, before.author, before.channel, before.thread, _lines(content["m.new_content"]))
            changed.edited = True
            self._messages[before.ref] = changed
            return changed
        thread = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
        author = "sopwith" if event["sender"] == self.bot.user else event["sender"].partition("-")[0].removeprefix("@")
        lines = _lines(content)
        if content["msgtype"] == "m.file":
            lines = [f"[{content['filename']}]", *self.file(content).decode().splitlines()]
        said = Said(event["event_id"], author, f"#{channel}", thread, lines)
        self._messages[said.ref] = said
        return said

    def file(self, content: dict[str, Any]) -> bytes:
        """What a message with a file brought."""
        return self.owner.download(content["url"])

    def _stored(self, question: str, *about: str) -> tuple[Any, ...] | None:
        with closing(sqlite3.connect(self._database)) as database:
            found: tuple[Any, ...] | None = database.execute(question, about).fetchone()
            return found


def _lines(content: dict[str, Any]) -> list[str]:
    """A message's lines, with commands as the scripts spell them."""
    text = re.sub(r"(?<!\w)!(?=(?:incident|release|hotfix|security|deps|onboard|sop)\b)", "/", content["body"])
    return text.splitlines()


@dataclass
class Said:
    """One message, as a transcript shows it."""

    ref: str
    author: str
    channel: str
    thread: str | None
    lines: list[str]
    to: str = ""
    edited: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class BotInMatrix:
    """A bot that takes in what was said before it does what there is to do."""

    def __init__(self, bot: BotHere, account: Matrix) -> None:
        self.here = bot
        self.account = account

    async def accept(self, event: Event) -> None:
        await self.here.accept(event)

    async def drain(self) -> None:
        await self.account.hear()
        await self.here.drain()

    async def next_due(self) -> datetime | None:
        return await self.here.next_due()

    async def run(self, name: str) -> Run | None:
        return await self.here.run(name)

    async def kill(self) -> None:
        await self.here.kill()


def settings_in(room: MatrixRoom, settings: Settings, url: str | None = None) -> Settings:
    """The same settings with that account, and with everybody's own there beside those they have."""
    people = tuple(
        person.model_copy(update={"accounts": {**person.accounts, "matrix": _accounts(room, person.handle)}})
        for person in settings.people
    )
    told = MatrixSettings(
        homeserver=url or room.server.url,
        user=room.bot.user,
        access_token=room.bot.token,
        device_id=room.bot.device,
        rooms=room.rooms,
        store=room.store,
        store_key=SecretStr(PASSPHRASE),
        invite_from=(room.owner.user,),
    )
    return settings.model_copy(update={"people": people, "matrix": told})


def _accounts(room: MatrixRoom, handle: str) -> tuple[str, ...]:
    return tuple(room.server.person(name).user for name in (handle, f"{handle}-phone"))


@asynccontextmanager
async def matrix_stage(
    home: Path,
    server: Synapse,
    policy: Policy | None,
    echo: Callable[[str], None],
    *,
    version: str | None = None,
    url: str | None = None,
    rooms: Callable[[Synapse, Path, str | None], MatrixRoom] = MatrixRoom,
) -> AsyncIterator[tuple[Player, MatrixRoom, Stage]]:
    """A world, rooms on a homeserver and a bot between them; a player for scripts. `url` is where the bot goes."""
    clock = VirtualClock(SCRIPT_START)
    world = SandboxWorld(home / "world", clock)
    await world.start()
    try:
        room = rooms(server, home, version)
        settings = settings_in(room, sandbox_settings(world, f"sqlite:///{home / 'sopwith.db'}", policy), url)
        assert settings.matrix is not None
        told = settings.matrix

        async def start() -> BotInMatrix:
            account = await matrix(
                told, settings.people, settings.policy.zone, clock.now, told_at=lambda e: room.when(e) or clock.now()
            )
            ports = await sandbox_ports(settings, home, clock, {"matrix": account.chat}, world.patience)

            async def close() -> None:
                await account.close()
                await ports.close()

            bot = BotHere(settings, clock, replace(ports, close=close))
            await bot.recover()
            try:
                await account.let_in(bot.engine)
            except SopwithError:
                await bot.kill()
                raise
            return BotInMatrix(bot, account)

        stage = Stage(world, clock, room, start)
        await stage.open()
        heard = RoomHeard(room, Transcript(clock.now, ZONE, room.run_in, echo))
        try:
            yield Player(stage, heard, echo), room, stage
        finally:
            await stage.close()
    finally:
        await world.stop()
