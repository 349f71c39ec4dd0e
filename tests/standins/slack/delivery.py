"""What Slack sends the bot, over either transport, and what came back: every try, every ack."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.standins.slack.errors import Json
from tests.standins.slack.workspace import HOME, Channel, User, Workspace

EVENTS = "events_api"
COMMANDS = "slash_commands"
INTERACTIVE = "interactive"
RETRIES = 3
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}


@dataclass
class Delivery:
    """One thing for the bot. `response` is what it answered with its ack; `trouble` why there is none."""

    kind: str
    payload: Json
    tries: int = 0
    acks: int = 0
    response: Json | None = None
    trouble: str = ""
    envelope_ids: list[str] = field(default_factory=list)

    @property
    def acked(self) -> bool:
        return self.acks > 0

    @property
    def event(self) -> Json:
        event: Json = self.payload.get("event", {})
        return event

    def ack(self, response: Json | None) -> None:
        self.acks += 1
        self.trouble = ""
        if response is not None:
            self.response = response


class Stirred:
    """Wakes everybody who waits for the bot to do something."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def stir(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        await self._event.wait()


class Transport(Protocol):
    """`send` hands over in order; what it returns waits for the ack, bounded by `within` real seconds."""

    async def send(self, delivery: Delivery, retry: tuple[int, str] | None) -> Coroutine[Any, Any, None]: ...


class Post:
    """Sends, keeps count, and tries again when a test says so."""

    def __init__(self, workspace: Workspace, scopes: set[str], transport: Transport) -> None:
        self.workspace = workspace
        self.scopes = scopes
        self.transport = transport
        self.subscriptions: set[str] | None = None
        self.deliveries: list[Delivery] = []
        self.echoes = True
        self.happens_in = HOME
        self.sent_to = HOME
        self._held: list[Delivery] | None = None
        self._background: set[asyncio.Task[None]] = set()

    async def deliver(self, *deliveries: Delivery) -> None:
        """Send all in order, then wait until each is acked or cannot be any more."""
        self.deliveries += deliveries
        if self._held is not None:
            self._held += deliveries
            return
        await self._send(deliveries)

    async def _send(self, deliveries: Iterable[Delivery], *, reason: str = "") -> None:
        waits = []
        for delivery in deliveries:
            retry = (delivery.tries, reason or delivery.trouble or "timeout") if delivery.tries else None
            delivery.tries += 1
            waits.append(await self.transport.send(delivery, retry))
        await asyncio.gather(*waits)

    def hold(self) -> None:
        """From now on nothing is sent; it waits for `release`."""
        self._held = self._held or []

    async def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        held, self._held = self._held or [], None
        await self._send(order(held))

    def unacked(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if not delivery.acked]

    async def redeliver(self) -> list[Delivery]:
        """Slack's next round of retries. Only events are retried, three times; people press again instead."""
        again = [d for d in self.unacked() if d.kind == EVENTS and 0 < d.tries <= RETRIES]
        await self._send(again)
        return again

    async def repeat(self, delivery: Delivery) -> None:
        """The same event once more although it was acked, as happens when Slack did not see the ack in time."""
        await self._send([delivery], reason="timeout")

    def announce(self, channel: Channel, event: Json) -> None:
        """Tell the bot of something it did itself, beside the answer to its call."""
        if self.echoes:
            self.in_background(self.deliver(*self.events(channel, event)))

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def settled(self) -> None:
        """All that the bot's own deeds set off has been delivered."""
        while self._background:
            await asyncio.gather(*self._background)

    async def abandon(self) -> None:
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def events(self, channel: Channel, *events: Json, by: User | None = None) -> list[Delivery]:
        """Those of these events the app subscribed to, may read, and is in the channel for."""
        if self.workspace.bot.id not in channel.members:
            return []
        wanted = [event for event in events if self._wanted(channel, event)]
        return [Delivery(EVENTS, self._envelope(channel, event, by)) for event in wanted]

    def _wanted(self, channel: Channel, event: Json) -> bool:
        prefix = {"channel": "channels", "group": "groups", "im": "im"}[channel.kind]
        kind = event["type"]
        scope = f"{prefix}:history" if kind == "message" else EVENT_SCOPES.get(kind, f"{prefix}:read")
        name = f"message.{prefix}" if kind == "message" else kind
        return scope in self.scopes and (self.subscriptions is None or name in self.subscriptions)

    def _envelope(self, channel: Channel, event: Json, by: User | None) -> Json:
        foreign = {"user_team": by.team, "source_team": by.team} if by is not None and by.team != HOME else {}
        bot = self.workspace.bot
        return {
            "token": "verification",
            "team_id": self.happens_in,
            "context_team_id": self.sent_to,
            "context_enterprise_id": None,
            "api_app_id": self.workspace.app_id,
            "event": event | foreign,
            "type": "event_callback",
            "event_id": self.workspace.new_id("Ev"),
            "event_time": self.workspace.now(),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self.sent_to,
                    "user_id": bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": channel.is_ext_shared,
            "event_context": self.workspace.new_id("4-"),
        }
