"""What every method of the Web API is made of: a name, the scopes it needs, and a plain function over the workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.workspace import Channel, Message, Workspace

ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "users:read",
    }
)
_KIND_SCOPES = {"channel": "channels", "group": "groups", "im": "im"}


@dataclass
class Context:
    """What a method may use. `announce` tells the bot of an event once the call is answered."""

    workspace: Workspace
    base_url: str
    scopes: set[str]
    announce: Callable[[Channel, Json], None]
    socket_url: Callable[[], str]

    def need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def readable(self, params: Json, what: str) -> Channel:
        """The channel asked for, if the token may read its `what` (read or history)."""
        channel = self.workspace.visible_channel(str(params.get("channel", "")))
        self.need_for(channel, what)
        return channel

    def need_for(self, channel: Channel, what: str) -> None:
        self.need(f"{_KIND_SCOPES[channel.kind]}:{what}")

    def joined(self, wanted: str) -> Channel:
        channel = self.workspace.visible_channel(wanted)
        if self.workspace.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def writable(self, wanted: str) -> Channel:
        channel = self.joined(wanted)
        if channel.archived:
            raise SlackError("is_archived")
        return channel


Handler = Callable[[Context, Json], Json]


@dataclass(frozen=True)
class Method:
    scope: str
    handle: Handler


METHODS: dict[str, Method] = {}


def method(name: str, scope: str = "") -> Callable[[Handler], Handler]:
    """Registers a method of the Web API under Slack's name for it."""

    def register(handle: Handler) -> Handler:
        METHODS[name] = Method(scope, handle)
        return handle

    return register


def required(params: Json, name: str, error: str = "invalid_arguments") -> Any:
    value = params.get(name)
    if value in (None, ""):
        raise SlackError(error, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
    return value


def existing(channel: Channel, ts: Any) -> Message:
    message = channel.alive(str(ts))
    if message is None:
        raise SlackError("message_not_found")
    return message
