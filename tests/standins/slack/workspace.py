"""What Slack remembers: people, channels, messages, files, views, and what was handed out for a while."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.standins.slack.errors import Json, SlackError

HOME = "T1"
HOME_DOMAIN = "example"
STEP = 100  # microseconds between two messages of one instant
TRIGGER_LIVES = timedelta(seconds=3)
RESPONSE_URL_LIVES = timedelta(minutes=30)
RESPONSE_URL_USES = 5


@dataclass
class User:
    """An account. `flags` are users.info's own words: is_restricted, is_ultra_restricted, is_stranger, deleted …"""

    id: str
    name: str
    team: str
    is_bot: bool = False
    bot_id: str = ""
    flags: dict[str, bool] = field(default_factory=dict)

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def domain(self) -> str:
        return HOME_DOMAIN if self.team == HOME else self.team.lower()


@dataclass
class File:
    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""
    user: str = ""
    shared: bool = False
    created: int = 0
    url: str = ""

    def wire(self) -> Json:
        links = {"url_private": self.url, "url_private_download": f"{self.url}?download=1"} if self.url else {}
        return links | {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": "text/plain",
            "filetype": "text",
            "size": self.length,
            "user": self.user,
            "mode": "hosted",
            "is_external": False,
            "is_public": self.shared,
        }


@dataclass
class Message:
    """One message as Slack keeps it; `text` is already escaped. `deleted` ones are kept for those who test."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    bot_id: str = ""
    app_id: str = ""
    team: str = HOME
    subtype: str = ""
    client_msg_id: str = ""
    username: str = ""
    metadata: Json | None = None
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: Json | None = None
    deleted: bool = False
    broadcast: bool = False
    unfurls: bool = True
    only_for: str = ""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Channel:
    id: str
    name: str
    private: bool = False
    members: list[str] = field(default_factory=list)
    archived: bool = False
    is_im: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    seen_from_outside: bool = False  # a private one that Slack shows to those who are not in it
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """As events and scopes call it."""
        return "im" if self.is_im else "group" if self.private else "channel"

    def alive(self, ts: str) -> Message | None:
        message = self.messages.get(ts)
        return None if message is None or message.deleted else message

    def replies(self, root_ts: str) -> list[Message]:
        return [m for m in self.messages.values() if m.thread_ts == root_ts and m.is_reply and not m.deleted]


@dataclass
class View:
    """A modal somebody looks at. `errors` are those the bot answered a submission with, by block."""

    id: str
    user: str
    content: Json
    hash: str
    root: str
    errors: dict[str, str] = field(default_factory=dict)
    open: bool = True


@dataclass
class Trigger:
    user: str
    until: datetime
    used: bool = False


@dataclass
class ResponseUrl:
    """Where the bot may answer one interaction. `original` is the message whose button was pressed."""

    channel: str
    user: str
    until: datetime
    original: Message | None = None
    uses: int = 0


class Workspace:
    """All of it, by the injected clock. Every ts is unique, increasing, and at the clock's instant."""

    def __init__(self, clock: Callable[[], datetime], bot_name: str) -> None:
        self.clock = clock
        self._count = itertools.count(1)
        self._last = 0
        self.app_id = "A0SOPWITH"
        self.bot = User("UBOT", bot_name, HOME, is_bot=True, bot_id="B0SOPWITH")
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.ephemerals: list[Message] = []
        self.unthreads_orphans = False
        self.org_wide = False  # the app is installed for a whole organisation

    def new_id(self, letter: str) -> str:
        return f"{letter}0{next(self._count):08X}"

    def next_ts(self) -> str:
        now = int(self.clock().timestamp()) * 1_000_000 + self.clock().microsecond
        self._last = max(now, self._last) + STEP
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def now(self) -> int:
        return int(self.clock().timestamp())

    def new_trigger(self, user: User) -> str:
        trigger = f"{next(self._count)}.{self.now()}.{self.new_id('')}"
        self.triggers[trigger] = Trigger(user.id, self.clock() + TRIGGER_LIVES)
        return trigger

    def take_trigger(self, trigger_id: str) -> Trigger:
        """Valid once, and for three seconds."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock() > trigger.until:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, channel: Channel, user: User, original: Message | None = None) -> str:
        key = f"{HOME}/{next(self._count)}/{self.new_id('')}"
        self.response_urls[key] = ResponseUrl(channel.id, user.id, self.clock() + RESPONSE_URL_LIVES, original)
        return key

    def named_user(self, name: str) -> User | None:
        return next((u for u in self.users.values() if u.name == name and not u.flags.get("deleted")), None)

    def named_channel(self, name: str) -> Channel | None:
        return next((c for c in self.channels.values() if c.name == name and not c.is_im), None)

    def direct_with(self, user: User) -> Channel:
        """The conversation of one person with the bot alone."""
        pair = [user.id, self.bot.id]
        found = next((c for c in self.channels.values() if c.is_im and c.members == pair), None)
        if found is None:
            found = Channel(self.new_id("D"), f"dm-{user.name}", is_im=True, members=pair)
            self.channels[found.id] = found
        return found

    def visible_channel(self, wanted: str) -> Channel:
        """As the bot's token sees it: a private channel it is not in does not exist."""
        channel = self.channels.get(wanted) or (self.named_channel(wanted[1:]) if wanted.startswith("#") else None)
        if channel is None:
            raise SlackError("channel_not_found")
        if channel.kind != "channel" and self.bot.id not in channel.members and not channel.seen_from_outside:
            raise SlackError("channel_not_found")
        return channel

    def add(self, message: Message) -> Message:
        self.channels[message.channel].messages[message.ts] = message
        return message
