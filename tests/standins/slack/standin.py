"""Slack on this machine: the whole of it in one object."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Self

from tests.standins.slack.delivery import Delivery
from tests.standins.slack.errors import SlackError
from tests.standins.slack.faults import Fault, Hang
from tests.standins.slack.reading import Reading
from tests.standins.slack.requests import Call
from tests.standins.slack.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.standins.slack.workspace import HOME


class SlackStandIn(Reading):
    """A workspace with one app in it. Time is the injected clock's; nothing here waits by the wall, except for acks.

    `async with SlackStandIn(clock) as slack`: then people speak by `slack.say` and the like, and the bot talks to
    `slack.api_url` with `slack.bot_token`.
    """

    bot_token = BOT_TOKEN
    app_token = APP_TOKEN
    signing_secret = SIGNING_SECRET

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # What was asked of Slack.

    def calls(self, method: str) -> list[Call]:
        """Every request of this method so far, also `upload` and `response_url`."""
        return [call for call in self.requests if call.method == method]

    def revoke(self, token: str = BOT_TOKEN) -> None:
        self.revoked.add(token)

    def grant(self, *scopes: str) -> None:
        self.scopes.update(scopes)

    def withdraw(self, *scopes: str) -> None:
        self.scopes.difference_update(scopes)

    # The app in more than one workspace.

    def elsewhere(self, happens_in: str = HOME, sent_to: str = HOME) -> None:
        """What follows happens in that workspace, and is sent to the installation of the app in that one.

        In a channel both share they may differ, either way.
        """
        self.post.happens_in, self.post.sent_to = happens_in, sent_to

    # What goes wrong with requests.

    def limit(
        self,
        method: str,
        *,
        next_calls: int = 0,
        retry_after: int = 1,
        per_second: float | None = None,
        burst: int = 1,
    ) -> None:
        """Answer 429: to the next calls, or whenever they come faster than `per_second` by the clock."""
        self.limits.refuse_next(method, next_calls, retry_after)
        if per_second is not None:
            self.limits.pace(method, per_second, burst)

    def enforce_channel_pace(self, per_second: float = 1.0, burst: int = 3) -> None:
        """Slack's rule for chat.postMessage: one a second into a channel, with short bursts."""
        self.limits.pace_channels(per_second, burst)

    def fail(self, method: str, how: Fault | str, times: int = 1) -> None:
        """The next calls go wrong. A string is the name of an error to answer; method `*` is any."""
        self.faults.add(method, SlackError(how) if isinstance(how, str) else how, times)

    def hang(self, method: str, *, applied: bool = False) -> Hang:
        """The next call gets no answer until released; `applied` says whether Slack does the work before or after."""
        hang = Hang(applied=applied)
        self.faults.add(method, hang)
        return hang

    def down(self, how: Fault = Fault.HTTP_503) -> None:
        """Everything fails and every socket breaks, until `up`."""
        self.faults.down = how
        self.sockets.refuse(True)

    def up(self) -> None:
        self.faults.down = None
        self.sockets.refuse(False)

    # Delivery to the bot.

    @property
    def ack_within(self) -> float:
        """How long, in real seconds, a deed waits for a bot that is there and does not ack."""
        return self.sockets.ack_within

    @ack_within.setter
    def ack_within(self, seconds: float) -> None:
        self.sockets.ack_within = self.http.ack_within = seconds

    def use_http(self, events: str, commands: str | None = None, interactivity: str | None = None) -> None:
        """From now on the bot is reached by signed requests to these URLs instead of sockets."""
        self.http.send_to(events, commands, interactivity)
        self.post.transport = self.http

    def sign_wrongly(self, wrong: bool = True) -> None:
        self.http.signing.wrong = wrong

    def sign_late(self, age: timedelta = timedelta(minutes=6)) -> None:
        self.http.signing.age = age

    async def verify_url(self) -> bool:
        return await self.http.verify_url()

    @property
    def deliveries(self) -> list[Delivery]:
        return self.post.deliveries

    def events(self, kind: str, subtype: str | None = None) -> list[Delivery]:
        """What was sent of one type of event, in order."""
        told = [delivery for delivery in self.deliveries if delivery.event.get("type") == kind]
        return [delivery for delivery in told if delivery.event.get("subtype") == subtype]

    @property
    def unacked(self) -> list[Delivery]:
        return self.post.unacked()

    async def redeliver(self) -> list[Delivery]:
        """Slack tries unacked events again, as it does at once, after a minute and after five."""
        return await self.post.redeliver()

    async def repeat(self, delivery: Delivery | None = None) -> None:
        """A duplicate of an event (the last one), acked or not."""
        await self.post.repeat(delivery or self.deliveries[-1])

    def hold(self) -> None:
        """Keep what happens from the bot until `release`, which may change the order."""
        self.post.hold()

    async def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        await self.post.release(order)

    async def settled(self) -> None:
        """The bot was told of everything it did itself."""
        await self.post.settled()

    async def connected(self, count: int = 1, *, after: int = 0) -> None:
        """Wait for sockets; `after` is a number from `connections_so_far`, to wait for a new one."""
        await self.sockets.connected(count, after=after)

    @property
    def connections_so_far(self) -> int:
        return self.sockets.opened

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Slack asks the app to connect anew: warning, refresh_requested or link_disabled."""
        await self.sockets.tell_to_leave(reason)

    def cut(self) -> None:
        """Every socket breaks without a word."""
        self.sockets.cut()

    def silence(self) -> None:
        """The present sockets look alive and carry nothing; new ones do."""
        self.sockets.silence()

    async def until(self, true: Callable[[], bool], within: float = 10) -> None:
        """Wait until something holds that the bot brings about; looked at after each of its requests and acks."""
        async with asyncio.timeout(within):
            while not true():
                await self.stirred.wait()
