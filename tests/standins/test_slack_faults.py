"""What can go wrong between a bot and Slack, on order."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.standins.conftest import Bot, Town
from tests.standins.slack import Fault


async def post(town: Town, text: str = "x") -> bool:
    answer = await town.client.chat_postMessage(channel=town.ops.id, text=text)
    return bool(answer["ok"])


def said(town: Town) -> list[str]:
    return [seen.plain() for seen in town.slack.messages("#ops")]


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_fault_happens_as_often_as_ordered(town: Town, fault: Fault) -> None:
    town.slack.fail("chat.postMessage", fault, times=2)
    for _ in range(2):
        with pytest.raises((SlackApiError, aiohttp.ClientError)):
            await post(town)
    assert await post(town, "at last")
    assert said(town) == ["x", "x", "at last"] if fault.applied else ["at last"]
    assert [call.answer is not None for call in town.slack.calls("chat.postMessage")] == [False, False, True]


async def test_a_fault_of_one_method_spares_the_others(town: Town) -> None:
    town.slack.fail("chat.update", Fault.HTTP_500)
    assert await post(town)
    town.slack.fail("*", "internal_error")
    with pytest.raises(SlackApiError, match="internal_error"):
        await post(town)


@pytest.mark.parametrize("applied", [False, True])
async def test_a_call_hangs_until_released(town: Town, applied: bool) -> None:
    hang = town.slack.hang("chat.postMessage", applied=applied)
    call = asyncio.ensure_future(post(town))
    await hang.reached.wait()
    assert said(town) == (["x"] if applied else [])
    hang.release()
    assert await call
    assert said(town) == ["x"]


async def test_a_caller_who_gave_up_may_have_spoken_all_the_same(town: Town) -> None:
    hang = town.slack.hang("chat.postMessage")
    call = asyncio.ensure_future(post(town))
    await hang.reached.wait()
    call.cancel()
    hang.release()
    await town.slack.until(lambda: said(town) == ["x"])


async def test_slack_is_down_until_it_is_up(town: Town, bot: Bot) -> None:
    before = town.slack.connections_so_far
    town.slack.down()
    with pytest.raises(SlackApiError):
        await post(town)
    await town.slack.say("ann", "#ops", "is anybody there?")
    assert bot.heard == []
    town.slack.up()
    await town.slack.connected(after=before)
    await town.slack.redeliver()
    assert [event["text"] for event in bot.events("message")] == ["is anybody there?"]
    assert await post(town)


async def test_the_next_calls_are_limited(town: Town) -> None:
    town.slack.limit("chat.postMessage", next_calls=1, retry_after=30)
    with pytest.raises(SlackApiError) as refused:
        await post(town)
    assert (refused.value.response.status_code, refused.value.response["error"]) == (429, "ratelimited")
    assert refused.value.response.headers["Retry-After"] == "30"
    assert await post(town)
    assert said(town) == ["x"]


async def test_a_method_has_its_rate_by_the_clock(town: Town) -> None:
    town.slack.limit("users.info", per_second=0.5)
    await town.client.users_info(user=town.ann.id)
    with pytest.raises(SlackApiError) as refused:
        await town.client.users_info(user=town.ann.id)
    assert refused.value.response.headers["Retry-After"] == "2"
    town.clock.forward(seconds=2)
    await town.client.users_info(user=town.ann.id)


async def test_a_channel_takes_one_message_a_second_after_a_burst(town: Town) -> None:
    town.slack.enforce_channel_pace(burst=3)
    other = town.slack.channel("#other")
    for _ in range(3):
        await post(town)
    with pytest.raises(SlackApiError, match="ratelimited"):
        await post(town)
    assert (await town.client.chat_postMessage(channel=other.id, text="x"))["ok"]
    town.clock.forward(seconds=1)
    assert await post(town)
    with pytest.raises(SlackApiError, match="ratelimited"):
        await post(town)


async def test_slack_sdks_own_patience_works_here(town: Town) -> None:
    town.slack.limit("chat.postMessage", next_calls=1, retry_after=0)
    town.slack.limit("chat.postMessage", next_calls=1, retry_after=1)
    handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    client = AsyncWebClient(town.slack.bot_token, base_url=town.slack.api_url, retry_handlers=list(handlers))
    assert (await client.chat_postMessage(channel=town.ops.id, text="x"))["ok"]


async def test_uploads_and_response_urls_fail_too(town: Town) -> None:
    town.slack.fail("upload", Fault.HTTP_500)
    with pytest.raises(Exception, match="Failed to upload"):
        await town.client.files_upload_v2(channel=town.ops.id, filename="a.txt", content="x")
    assert town.slack.messages("#ops") == []


async def test_slack_sdks_default_client_repeats_a_send_that_was_applied(town: Town) -> None:
    town.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    eager = AsyncWebClient(town.slack.bot_token, base_url=town.slack.api_url)
    assert (await eager.chat_postMessage(channel=town.ops.id, text="x"))["ok"]
    assert said(town) == ["x", "x"]


async def test_an_uncertain_send_is_found_by_its_metadata(town: Town) -> None:
    town.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    mark = {"event_type": "outbox", "event_payload": {"id": "42"}}
    with pytest.raises(aiohttp.ClientError):
        await town.client.chat_postMessage(channel=town.ops.id, text="x", metadata=mark)
    history = await town.client.conversations_history(channel=town.ops.id, include_all_metadata=True)
    assert [message["metadata"] for message in history["messages"]] == [mark]
