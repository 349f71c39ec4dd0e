"""A Slack of our own, and a bot made of the real slack_bolt that listens to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.standins.slack import Channel, SlackStandIn, User


@dataclass
class Clock:
    """Stands still until told otherwise."""

    instant: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Town:
    """Slack with a channel, its people, and a plain client with the bot's token."""

    slack: SlackStandIn
    clock: Clock
    client: AsyncWebClient
    ops: Channel
    ann: User
    bob: User


@dataclass
class Bot:
    """A real bolt app. `heard` is every body it got, in order, `retries` the retry numbers among them."""

    app: AsyncApp
    heard: list[dict[str, Any]] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    disconnect: Callable[[], Awaitable[None]] | None = None

    def events(self, kind: str) -> list[dict[str, Any]]:
        events = [body["event"] for body in self.heard if body.get("type") == "event_callback"]
        return [event for event in events if event["type"] == kind]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(clock) as slack:
        yield slack


@pytest.fixture
def town(slack: SlackStandIn, clock: Clock) -> Town:
    ann, bob = slack.user("ann"), slack.user("bob")
    ops = slack.channel("#ops", members=[ann, bob])
    return Town(slack, clock, new_client(slack), ops, ann, bob)


def new_client(slack: SlackStandIn, token: str | None = None) -> AsyncWebClient:
    """One that never tries again by itself, so that each call is one request."""
    return AsyncWebClient(token or slack.bot_token, base_url=slack.api_url, retry_handlers=[])


def listening(app: AsyncApp, bot: Bot) -> None:
    """Note everything before it is acknowledged, as a bot that journals does."""

    @app.middleware
    async def note(req: Any, body: dict[str, Any], next_: Callable[[], Awaitable[None]]) -> None:
        bot.heard.append(body)
        bot.retries += req.headers.get("x-slack-retry-num", [])
        await next_()

    for kind in ("message", "app_mention", "reaction_added", "reaction_removed", "member_left_channel"):
        app.event(kind)(_nothing)
    app.event("channel_archive")(_nothing)
    app.event("channel_left")(_nothing)
    app.command("/sop")(_ack)


async def _nothing() -> None:
    return


async def _ack(ack: AsyncAck) -> None:
    await ack()


Start = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def start_bot(slack: SlackStandIn) -> AsyncIterator[Start]:
    """Start a bot on Socket Mode; it is stopped with the test."""
    async with AsyncExitStack() as stack:

        async def start() -> Bot:
            app = AsyncApp(client=new_client(slack), token=slack.bot_token, ignoring_self_events_enabled=False)
            handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.1)
            bot = Bot(app)
            listening(app, bot)
            before = slack.connections_so_far
            connect: Callable[[], Awaitable[None]] = handler.connect_async
            await connect()
            bot.disconnect = handler.client.disconnect
            stack.push_async_callback(handler.close_async)
            await slack.connected(after=before)
            return bot

        yield start


@pytest.fixture
async def bot(start_bot: Start) -> Bot:
    return await start_bot()
