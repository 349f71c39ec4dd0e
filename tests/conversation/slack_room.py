"""The stage's room in Slack: people type into the stand-in, and what it shows is the transcript."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.cli import SCRIPT_START
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.demo.transcript import Transcript
from bot.settings import Settings, SlackSettings
from bot.wiring import BotHere, sandbox_ports
from bot.wiring.sandbox import SANDBOX_ROLES, sandbox_settings
from bot.wiring.slack import slack
from sops.kit.conversation import Event
from sops.kit.policy import Policy
from tests.conversation.heard import RoomHeard
from tests.standins.slack import Channel, Seen, SlackStandIn, User, View

CHANNELS = ("releases", "ops", "maintainers", "security", "general")
ZONE = ZoneInfo("Europe/Berlin")


class SlackRoom:
    """Implements `RoomOnStage`."""

    def __init__(self, slack: SlackStandIn) -> None:
        self.slack = slack
        self.users: dict[str, User] = {}
        for handle in SANDBOX_ROLES:
            self.users |= {name: slack.user(name) for name in (handle, f"{handle}-phone")}
        everybody = list(self.users.values())
        self.channels: dict[str, Channel] = {
            name: slack.channel(f"#{name}", private=name == "security", members=everybody) for name in CHANNELS
        }
        self._shown: dict[tuple[str, str], str] = {}

    async def speak(self, handle: str, channel: str, thread: str | None, text: str, at: datetime) -> Event | None:
        user, where = self.users[handle], self.channels[channel.removeprefix("#")]
        command, _, rest = text.partition(" ")
        if thread is None and re.fullmatch(r"/\w+", command):
            await self.slack.slash(user, where, command, rest)
        else:  # a thread has no slash commands; there the bot is mentioned
            said = f"@sopwith {text[1:]}" if text.startswith("/") else text
            await self.slack.say(user, where, said, thread_ts=thread)
        return None

    def thread(self, run: str, channel: str = "") -> tuple[str, str] | None:
        root = re.compile(r"/root(~\d+)?$" if channel else "/root$")
        name = re.compile(rf"(?<![\w-]){re.escape(run)}(?![\w-])")
        for each in self.channels.values() if not channel else [self.channels[channel.removeprefix("#")]]:
            for seen in reversed(self.slack.messages(each)):
                key = ((seen.metadata or {}).get("event_payload") or {}).get("key", "")
                if root.search(key) and name.search(seen.plain().partition("\n")[0]):
                    return each.name, seen.ts
        return None

    def run_in(self, thread: str) -> str:
        for channel in self.channels.values():
            for seen in self.slack.messages(channel):
                if seen.ts == thread and (found := re.search(r"[A-Z]{3}-\d+", seen.plain().partition("\n")[0])):
                    return found[0]
        return ""

    def fresh(self) -> list["Said"]:
        """What is new or reads differently since the last look."""
        found = []
        for name, channel in self.channels.items():
            for root in self.slack.messages(channel):
                replies = self.slack.thread(channel, root.ts)[1:]
                found += [self._said(seen, name, "") for seen in (root, *replies)]
        for name, user in self.users.items():
            found += [self._said(seen, seen.message.channel, name) for seen in self.slack.ephemerals(user)]
            found += [self._asked(view, name) for view in self.slack.views(user)]
        changed = [said for said in found if self._shown.get(said.id) != "\n".join(said.lines)]
        for said in sorted(changed, key=lambda said: said.ref):
            said.edited = said.id in self._shown
            self._shown[said.id] = "\n".join(said.lines)
        return sorted(changed, key=lambda said: said.ref)

    def _asked(self, view: View, to: str) -> "Said":
        """A form, as whoever it was opened for reads it."""
        blocks = view.content["blocks"]
        labels = [block["label"]["text"] for block in blocks if block["type"] == "input"]
        small = [part["text"] for block in blocks if block["type"] == "context" for part in block["elements"]]
        return Said(view.id, "sopwith", "a form", None, to, [view.content["title"]["text"], *labels, *small])

    def _said(self, seen: Seen, channel: str, to: str) -> "Said":
        files = [line for file in seen.files for line in (f"[{file.name}]", *file.content.decode().splitlines())]
        shown = [line for line in seen.plain().splitlines() if not _BUTTONS.match(line)]
        return Said(seen.ts, seen.author, f"#{channel}", seen.thread_ts, to, shown + files)


_BUTTONS = re.compile(r"^(\[[^\]]+\] ?)+$")


@dataclass
class Said:
    """One message, as a transcript shows it."""

    ref: str
    author: str
    channel: str
    thread: str | None
    to: str
    lines: list[str]
    edited: bool = False

    @property
    def id(self) -> tuple[str, str]:
        return self.ref, self.to


@asynccontextmanager
async def slack_stage(
    home: Path,
    policy: Policy | None,
    echo: Callable[[str], None],
    *,
    mode: str = "socket",
    paced: bool = False,
    commands: Mapping[str, str] | None = None,
) -> AsyncIterator[tuple[Player, SlackRoom, Stage]]:
    """A world, a Slack and a bot between them; a player for scripts."""
    clock = VirtualClock(SCRIPT_START)
    world = SandboxWorld(home / "world", clock)
    await world.start()
    try:
        async with SlackStandIn(clock.now) as server:
            room = SlackRoom(server)
            settings = sandbox_settings(world, f"sqlite:///{home / 'sopwith.db'}", policy)
            settings = settings_in(room, settings, mode=mode, paced=paced, commands=dict(commands or {}))
            told = slack_of(settings)

            async def start() -> BotHere:
                workspace = await slack(told, settings.people, settings.policy.zone, clock.now)
                ports = await sandbox_ports(settings, home, clock, {"slack": workspace.chat}, world.patience)

                async def close() -> None:
                    await workspace.close()
                    await ports.close()

                bot = BotHere(settings, clock, replace(ports, close=close))
                await bot.recover()
                port = await workspace.open(bot.hear, partial(bot.engine.intake.passed_over, "slack"))
                if mode == "http":
                    server.use_http(f"http://127.0.0.1:{port}/slack/events")
                return bot

            stage = Stage(world, clock, room, start)
            await stage.open()
            transcript = Transcript(clock.now, str(ZONE), room.run_in, echo)
            heard = RoomHeard(room, transcript)
            try:
                yield Player(stage, heard, echo), room, stage
            finally:
                await stage.close()
    finally:
        await world.stop()


def settings_in(room: SlackRoom, settings: Settings, **more: Any) -> Settings:
    """The same settings with that workspace, and with everybody's account there beside those they have."""
    server = room.slack
    people = tuple(
        person.model_copy(update={"accounts": {**person.accounts, "slack": _accounts(room, person.handle)}})
        for person in settings.people
    )
    told = SlackSettings(
        bot_token=server.bot_token,
        app_token=server.app_token,
        signing_secret=server.signing_secret,
        channels={name: channel.id for name, channel in room.channels.items() if name != "general"},
        api_url=server.api_url,
        port=0,
        **{"paced": False, **more},
    )
    return settings.model_copy(update={"people": people, "slack": told})


def slack_of(settings: Settings) -> SlackSettings:
    """The workspace of these settings, which have one."""
    assert settings.slack is not None
    return settings.slack


def _accounts(room: SlackRoom, handle: str) -> tuple[str, ...]:
    users = (room.users[name] for name in (handle, f"{handle}-phone"))
    return tuple(f"{user.team}/{user.id}" for user in users)
