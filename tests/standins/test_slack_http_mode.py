"""HTTP mode: signed requests to a real bolt app behind its own web server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp

from tests.standins.conftest import Bot, Town, listening, new_client
from tests.standins.slack import SlackStandIn
from tests.standins.test_slack_interactions import FORM, REQUEST


@pytest.fixture
async def web_bot(slack: SlackStandIn) -> AsyncIterator[Bot]:
    app = AsyncApp(
        client=new_client(slack),
        token=slack.bot_token,
        signing_secret=slack.signing_secret,
        ignoring_self_events_enabled=False,
    )
    bot = Bot(app)
    listening(app, bot)
    runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    slack.use_http(f"http://{host}:{port}/slack/events")
    slack.http.signing.clock = lambda: datetime.now(UTC)  # Bolt compares with no other
    yield bot
    await runner.cleanup()


async def test_events_commands_and_interactions_arrive(town: Town, web_bot: Bot) -> None:
    @web_bot.app.command("/incident")
    async def declare(ack: AsyncAck) -> None:
        await ack("one moment")

    @web_bot.app.action("approve")
    async def approve(ack: AsyncAck) -> None:
        await ack()

    @web_bot.app.view("declare")
    async def declared(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"severity": "no"})

    await town.slack.say("ann", "#ops", "Grüße & @sopwith")
    command = await town.slack.slash("ann", "#ops", "/incident", "declare P1 <x> & ü")
    posted = await town.client.chat_postMessage(channel=town.ops.id, text="?", blocks=REQUEST)
    await town.slack.press("bob", "#ops", posted["ts"], "Approve")
    await town.client.views_open(trigger_id=command.payload["trigger_id"], view=FORM)
    (form,) = town.slack.views("ann")
    submitted = await town.slack.submit("ann", form.id, {"severity": "P0"})
    await town.slack.settled()
    assert town.slack.unacked == []
    assert web_bot.events("app_mention")[0]["text"] == "Grüße &amp; <@UBOT>"
    kinds: list[Any] = [body.get("type") or body.get("command") for body in web_bot.heard]
    assert sorted(set(kinds)) == ["/incident", "block_actions", "event_callback", "view_submission"]
    assert [seen.plain() for seen in town.slack.ephemerals("ann")] == ["one moment"]
    assert submitted.response == {"response_action": "errors", "errors": {"severity": "no"}}
    assert form.errors == {"severity": "no"}


async def test_the_url_is_verified(town: Town, web_bot: Bot) -> None:
    assert await town.slack.verify_url()


async def test_what_is_signed_wrongly_or_long_ago_is_refused(town: Town, web_bot: Bot) -> None:
    town.slack.sign_wrongly()
    await town.slack.say("ann", "#ops", "forged")
    town.slack.sign_wrongly(False)
    town.slack.sign_late()
    await town.slack.say("ann", "#ops", "replayed")
    assert town.slack.http.statuses == [401, 401]
    assert [delivery.trouble for delivery in town.slack.unacked] == ["http_error", "http_error"]
    assert web_bot.heard == []


async def test_retries_are_numbered(town: Town, web_bot: Bot) -> None:
    town.slack.sign_wrongly()
    await town.slack.say("ann", "#ops", "hello")
    town.slack.sign_wrongly(False)
    await town.slack.redeliver()
    assert [event["text"] for event in web_bot.events("message")] == ["hello"]
    assert web_bot.retries == ["1"]


async def test_a_bot_that_is_away_is_noticed(town: Town) -> None:
    town.slack.use_http("http://127.0.0.1:9/slack/events")
    await town.slack.say("ann", "#ops", "hello")
    assert [delivery.trouble for delivery in town.slack.unacked] == ["connection_failed"]
