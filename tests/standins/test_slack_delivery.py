"""What becomes of events when sockets break, bots are slow, and Slack repeats itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.standins.conftest import Bot, Start, Town, new_client


def heard(bot: Bot) -> list[str]:
    return [event["text"] for event in bot.events("message")]


async def test_what_nobody_heard_is_delivered_again(town: Town, start_bot: Start) -> None:
    await town.slack.say("ann", "#ops", "anybody?")
    (missed,) = town.slack.unacked
    assert missed.trouble == "no_connection"
    bot = await start_bot()
    assert heard(bot) == []
    assert await town.slack.redeliver() == [missed]
    assert heard(bot) == ["anybody?"]
    assert bot.retries == ["1"]
    assert town.slack.unacked == []
    assert await town.slack.redeliver() == []


async def test_slack_gives_up_after_three_retries(town: Town) -> None:
    await town.slack.say("ann", "#ops", "anybody?")
    assert [len(await town.slack.redeliver()) for _ in range(4)] == [1, 1, 1, 0]


async def test_a_bot_that_fails_before_it_acks_gets_the_event_again(town: Town, bot: Bot) -> None:
    town.slack.ack_within = 0.2
    failures = [RuntimeError("the database is away")]

    @bot.app.middleware
    async def journal(next_: Callable[[], Awaitable[None]]) -> None:
        if failures:
            raise failures.pop()
        await next_()

    await town.slack.say("ann", "#ops", "first")
    assert [delivery.trouble for delivery in town.slack.unacked] == ["timeout"]
    await town.slack.redeliver()
    assert town.slack.unacked == []
    assert heard(bot) == ["first", "first"]
    assert bot.heard[0]["event_id"] == bot.heard[1]["event_id"]


async def test_nobody_waits_for_a_bot_that_died(town: Town, bot: Bot) -> None:
    town.slack.ack_within = 60
    stuck = asyncio.Event()

    @bot.app.middleware
    async def journal(next_: Callable[[], Awaitable[None]]) -> None:
        stuck.set()
        await asyncio.Event().wait()

    speaking = asyncio.ensure_future(town.slack.say("ann", "#ops", "hello?"))
    await stuck.wait()
    town.slack.cut()
    await asyncio.wait_for(speaking, 5)
    assert [delivery.trouble for delivery in town.slack.unacked] == ["timeout"]


async def test_an_acked_event_may_come_twice(town: Town, bot: Bot) -> None:
    await town.slack.say("ann", "#ops", "once")
    await town.slack.repeat()
    assert heard(bot) == ["once", "once"]
    assert bot.heard[0]["event_id"] == bot.heard[1]["event_id"]
    assert (bot.retries, town.slack.deliveries[-1].acks) == (["0", "1"], 2)


async def test_events_may_come_in_another_order(town: Town, bot: Bot) -> None:
    town.slack.hold()
    for text in ("one", "two", "three"):
        await town.slack.say("ann", "#ops", text)
    assert bot.heard == []
    await town.slack.release(order=reversed)
    assert heard(bot) == ["three", "two", "one"]
    assert [delivery.event["text"] for delivery in town.slack.events("message")] == ["one", "two", "three"]


async def test_each_envelope_goes_to_one_of_several_connections(town: Town, start_bot: Start) -> None:
    first, second = await start_bot(), await start_bot()
    for number in range(4):
        await town.slack.say("ann", "#ops", str(number))
    assert sorted(heard(first) + heard(second)) == ["0", "1", "2", "3"]
    assert len(heard(first)) == len(heard(second)) == 2


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_a_bot_told_to_leave_connects_anew(town: Town, bot: Bot, reason: str) -> None:
    before = town.slack.connections_so_far
    await town.slack.disconnect(reason)
    await town.slack.connected(after=before)
    await town.slack.say("ann", "#ops", "still there?")
    assert heard(bot) == ["still there?"]


async def test_a_cut_cable_is_noticed_and_mended(town: Town, bot: Bot) -> None:
    before = town.slack.connections_so_far
    town.slack.cut()
    await town.slack.connected(after=before)
    await town.slack.say("ann", "#ops", "still there?")
    assert heard(bot) == ["still there?"]


async def test_connected_but_silent(town: Town, start_bot: Start) -> None:
    deaf = await start_bot()
    town.slack.silence()
    await town.slack.say("ann", "#ops", "hello?")
    assert (heard(deaf), len(town.slack.unacked)) == ([], 1)
    before = town.slack.connections_so_far
    assert deaf.disconnect is not None
    await deaf.disconnect()
    await town.slack.connected(after=before)
    await town.slack.redeliver()
    assert heard(deaf) == ["hello?"]


async def test_only_subscribed_events_come(town: Town, bot: Bot) -> None:
    town.slack.post.subscriptions = {"app_mention"}
    await town.slack.say("ann", "#ops", "@sopwith status")
    assert [body["event"]["type"] for body in bot.heard] == ["app_mention"]
    town.slack.withdraw("app_mentions:read")
    await town.slack.say("ann", "#ops", "@sopwith status")
    assert len(bot.heard) == 1


@contextlib.asynccontextmanager
async def raw_socket(town: Town) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection nobody mends or answers."""
    opened = await new_client(town.slack, town.slack.app_token).apps_connections_open(app_token=town.slack.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        yield socket


async def test_envelopes_on_the_wire(town: Town) -> None:
    async with raw_socket(town) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        speaking = asyncio.ensure_future(town.slack.say("ann", "#ops", "hi"))
        envelope = await socket.receive_json()
        assert not speaking.done()
        assert (envelope["type"], envelope["accepts_response_payload"], envelope["retry_attempt"]) == (
            "events_api",
            False,
            0,
        )
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await speaking
    assert town.slack.unacked == []


async def test_a_connection_told_to_leave_gets_nothing_new(town: Town) -> None:
    async with raw_socket(town) as socket:
        await socket.receive_json()
        await town.slack.disconnect("warning")
        said = await socket.receive_json()
        assert (said["type"], said["reason"]) == ("disconnect", "warning")
        await town.slack.say("ann", "#ops", "hi")
        assert [delivery.trouble for delivery in town.slack.unacked] == ["no_connection"]


async def test_a_connection_that_ends_without_an_ack_ends_the_waiting(town: Town) -> None:
    town.slack.ack_within = 60
    async with raw_socket(town) as socket:
        await socket.receive_json()
        speaking = asyncio.ensure_future(town.slack.say("ann", "#ops", "hi"))
        await socket.receive_json()
    await asyncio.wait_for(speaking, 5)
    assert len(town.slack.unacked) == 1


async def test_a_url_opens_one_connection_and_only_with_an_app_token(town: Town) -> None:
    opened = await new_client(town.slack).apps_connections_open(app_token=town.slack.app_token)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(opened["url"]) as socket:
            await socket.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await new_client(town.slack).apps_connections_open(app_token=town.slack.bot_token)
