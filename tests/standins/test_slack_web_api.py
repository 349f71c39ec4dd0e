"""The Web API as slack_sdk's own client speaks it."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.standins.conftest import Town, new_client
from tests.standins.slack import SlackStandIn


async def error(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_who_the_bot_is(town: Town) -> None:
    answer = await town.client.auth_test()
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == ("UBOT", "T1", town.slack.bot.bot_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_tokens(town: Town) -> None:
    assert await error(new_client(town.slack, "xoxb-other").auth_test()) == "invalid_auth"
    assert await error(new_client(town.slack, town.slack.app_token).auth_test()) == "not_allowed_token_type"
    async with aiohttp.ClientSession() as session, session.post(town.slack.api_url + "auth.test") as answer:
        assert (await answer.json())["error"] == "not_authed"
    town.slack.revoke()
    assert await error(town.client.auth_test()) == "token_revoked"


async def test_scopes(town: Town) -> None:
    town.slack.withdraw("chat:write", "groups:read")
    with pytest.raises(SlackApiError) as refused:
        await town.client.chat_postMessage(channel=town.ops.id, text="hello")
    answer = refused.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert "users:read" in answer["provided"]
    secret = town.slack.channel("#secret", private=True, members=["ann"])
    assert await error(town.client.conversations_info(channel=secret.id)) == "missing_scope"


@pytest.mark.parametrize("how", ["query", "form", "json"])
async def test_parameters_come_in_any_wrapping(town: Town, how: str) -> None:
    params = {"channel": town.ops.id, "text": "hi", "metadata": {"event_type": "m", "event_payload": {"id": 1}}}
    flat = params | {"metadata": json.dumps(params["metadata"])}
    wrapped: dict[str, Any] = {"query": {"params": flat}, "form": {"data": flat}, "json": {"json": params}}[how]
    headers = {"Authorization": f"Bearer {town.slack.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(town.slack.api_url + "chat.postMessage", **wrapped) as answer,
    ):
        assert (await answer.json())["ok"] is True
    assert town.slack.messages("#ops")[0].metadata == params["metadata"]


async def test_messages_are_told_apart_by_ts(town: Town) -> None:
    first = await town.client.chat_postMessage(channel=town.ops.id, text="one")
    second = await town.client.chat_postMessage(channel="#ops", text="two", thread_ts=first["ts"])
    town.clock.forward(seconds=1)
    third = await town.client.chat_postMessage(channel=town.ops.id, text="three")
    assert [first["ts"], third["ts"]] == ["1772442000.000100", "1772442001.000100"]
    assert first["ts"] < second["ts"] < third["ts"]
    assert second["message"]["thread_ts"] == first["ts"]
    assert second["message"]["bot_profile"]["app_id"] == town.slack.workspace.app_id


async def test_an_update_of_text_takes_the_blocks_away(town: Town) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*one*"}}]
    posted = await town.client.chat_postMessage(channel=town.ops.id, text="one", blocks=blocks)
    await town.client.chat_update(channel=town.ops.id, ts=posted["ts"], text="two", blocks=blocks)
    assert (town.slack.messages("#ops")[0].edited, town.slack.messages("#ops")[0].text) == (False, "two")
    await town.client.chat_update(channel=town.ops.id, ts=posted["ts"], text="three")
    (seen,) = town.slack.messages("#ops")
    assert (seen.blocks, seen.edited, seen.plain()) == ([], True, "three")


async def test_only_its_own_messages_are_the_bots_to_change(town: Town) -> None:
    said = await town.slack.say("ann", "#ops", "mine")
    assert await error(town.client.chat_update(channel=town.ops.id, ts=said.ts, text="x")) == "cant_update_message"
    assert await error(town.client.chat_delete(channel=town.ops.id, ts=said.ts)) == "cant_delete_message"
    posted = await town.client.chat_postMessage(channel=town.ops.id, text="bot's")
    await town.client.chat_delete(channel=town.ops.id, ts=posted["ts"])
    assert await error(town.client.chat_update(channel=town.ops.id, ts=posted["ts"], text="x")) == "message_not_found"
    assert await error(town.client.chat_delete(channel=town.ops.id, ts="1.0")) == "message_not_found"


async def test_where_the_bot_may_not_speak(town: Town) -> None:
    slack, client = town.slack, town.client
    outside = slack.channel("#outside", members=["ann"], with_bot=False)
    secret = slack.channel("#secret", private=True, members=["ann"], with_bot=False)
    old = slack.channel("#old", members=["ann"], archived=True)
    assert await error(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"
    assert await error(client.chat_postMessage(channel=secret.id, text="x")) == "channel_not_found"
    assert await error(client.chat_postMessage(channel=outside.id, text="x")) == "not_in_channel"
    assert await error(client.chat_postMessage(channel=old.id, text="x")) == "is_archived"
    assert await error(client.chat_postMessage(channel=town.ops.id, text="x", thread_ts="1.0")) == "thread_not_found"
    stranger = slack.user("stranger")
    whisper = client.chat_postEphemeral(channel=town.ops.id, user=stranger.id, text="psst")
    assert await error(whisper) == "user_not_in_channel"
    assert await error(client.conversations_history(channel=outside.id)) == "not_in_channel"
    assert await error(client.api_call("chat.postmessage")) == "unknown_method"


async def test_a_reply_to_a_deleted_root_is_refused_or_put_into_the_channel(town: Town) -> None:
    root = await town.slack.say("ann", "#ops", "root")
    await town.slack.delete("ann", "#ops", root.ts)
    reply: dict[str, Any] = {"channel": town.ops.id, "text": "reply", "thread_ts": root.ts}
    assert await error(town.client.chat_postMessage(**reply)) == "thread_not_found"
    town.slack.workspace.unthreads_orphans = True
    assert "thread_ts" not in (await town.client.chat_postMessage(**reply))["message"]
    assert [seen.plain() for seen in town.slack.messages("#ops") if not seen.deleted] == ["reply"]


async def test_a_history_in_pages(town: Town) -> None:
    sent = [(await town.client.chat_postMessage(channel=town.ops.id, text=str(n)))["ts"] for n in range(5)]
    read = await pages(town.client.conversations_history, channel=town.ops.id, limit=2)
    assert [message["text"] for message in read] == ["4", "3", "2", "1", "0"]
    between = await town.client.conversations_history(channel=town.ops.id, oldest=sent[1], latest=sent[3])
    assert [message["text"] for message in between["messages"]] == ["2"]
    inclusive = await town.client.conversations_history(
        channel=town.ops.id, oldest=sent[1], latest=sent[3], inclusive=True
    )
    assert [message["text"] for message in inclusive["messages"]] == ["3", "2", "1"]


async def test_replies_in_pages_with_metadata_only_when_asked_for(town: Town) -> None:
    root = (await town.client.chat_postMessage(channel=town.ops.id, text="root"))["ts"]
    for number in range(4):
        await town.client.chat_postMessage(
            channel=town.ops.id,
            thread_ts=root,
            text=str(number),
            metadata={"event_type": "outbox", "event_payload": {"id": number}},
        )
    read = await pages(
        town.client.conversations_replies, channel=town.ops.id, ts=root, limit=3, include_all_metadata=True
    )
    assert [message["text"] for message in read] == ["root", "0", "1", "2", "3"]
    assert [message["metadata"]["event_payload"]["id"] for message in read[1:]] == [0, 1, 2, 3]
    assert (read[0]["reply_count"], read[0]["latest_reply"]) == (4, read[-1]["ts"])
    bare = await town.client.conversations_replies(channel=town.ops.id, ts=root)
    assert "metadata" not in bare["messages"][1]
    assert await error(town.client.conversations_replies(channel=town.ops.id, ts="1.0")) == "thread_not_found"


async def pages(method: Any, **params: Any) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        answer = await method(**params, cursor=cursor)
        found += answer["messages"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        assert answer["has_more"] is bool(cursor)
        if not cursor:
            return found


async def test_channels_and_people(town: Town) -> None:
    secret = town.slack.channel("#secret", private=True, members=["ann"])
    shared = town.slack.channel("#shared", is_ext_shared=True, with_bot=False)
    told = [(await town.client.conversations_info(channel=c.id))["channel"] for c in (town.ops, secret, shared)]
    assert [c["is_private"] for c in told] == [False, True, False]
    assert [c["is_member"] for c in told] == [True, True, False]
    assert [c["is_ext_shared"] for c in told] == [False, False, True]
    alone = await town.client.conversations_info(channel=town.slack.direct("ann").id)
    assert (alone["channel"]["is_im"], alone["channel"]["user"]) == (True, town.ann.id)
    members = await town.client.conversations_members(channel=town.ops.id)
    assert members["members"] == [town.ann.id, town.bob.id, "UBOT"]
    gone = town.slack.user("gone", deleted=True, is_restricted=True)
    user = (await town.client.users_info(user=gone.id))["user"]
    assert (user["deleted"], user["is_restricted"], user["is_bot"], user["team_id"]) == (True, True, False, "T1")
    assert await error(town.client.users_info(user="U404")) == "user_not_found"


async def test_direct_messages_and_lists(town: Town) -> None:
    await town.client.chat_postMessage(channel=town.ann.id, text="psst")
    opened = (await town.client.conversations_open(users=town.ann.id))["channel"]["id"]
    assert [seen.plain() for seen in town.slack.messages(opened)] == ["psst"]
    assert await error(town.client.conversations_open(users="U404")) == "user_not_found"
    secret = town.slack.channel("#secret", private=True)
    town.slack.channel("#hidden", private=True, with_bot=False)
    listed = await town.client.conversations_list(types="public_channel,private_channel")
    assert [channel["id"] for channel in listed["channels"]] == [town.ops.id, secret.id]


async def test_reactions_and_pins(town: Town) -> None:
    said = await town.slack.say("ann", "#ops", "ready")
    where: dict[str, Any] = {"channel": town.ops.id, "timestamp": said.ts}
    await town.client.reactions_add(name="eyes", **where)
    assert await error(town.client.reactions_add(name="eyes", **where)) == "already_reacted"
    await town.slack.react("bob", "#ops", said.ts, "eyes")
    got = await town.client.reactions_get(**where)
    assert got["message"]["reactions"] == [{"name": "eyes", "users": ["UBOT", town.bob.id], "count": 2}]
    await town.client.reactions_remove(name="eyes", **where)
    assert await error(town.client.reactions_remove(name="eyes", **where)) == "no_reaction"
    assert town.slack.seen("#ops", said.ts).reactions == {"eyes": ["bob"]}
    await town.client.pins_add(**where)
    assert await error(town.client.pins_add(**where)) == "already_pinned"


async def test_a_file_is_shared_into_a_thread(town: Town) -> None:
    root = await town.slack.say("ann", "#ops", "plan?")
    answer = await town.client.files_upload_v2(
        channel=town.ops.id, thread_ts=root.ts, filename="plan.txt", content="1. merge\n", initial_comment="the plan"
    )
    seen = town.slack.thread("#ops", root.ts)[-1]
    assert (seen.plain(), seen.files[0].name, seen.files[0].content) == ("the plan", "plan.txt", b"1. merge\n")
    assert (await town.client.files_info(file=answer["file"]["id"]))["file"]["size"] == 9
    assert await error(town.client.files_info(file="F404")) == "file_not_found"
    again = town.client.files_completeUploadExternal(files=[{"id": answer["file"]["id"]}], channel_id=town.ops.id)
    assert await error(again) == "file_not_found"


async def test_links_to_messages(town: Town) -> None:
    root = await town.slack.say("ann", "#ops", "root")
    reply = await town.slack.say("ann", "#ops", "reply", thread_ts=root.ts)
    link = (await town.client.chat_getPermalink(channel=town.ops.id, message_ts=reply.ts))["permalink"]
    assert f"/archives/{town.ops.id}/p{reply.ts.replace('.', '')}?thread_ts={root.ts}" in link


async def test_what_was_asked_is_on_record(town: Town, slack: SlackStandIn) -> None:
    await town.client.chat_postMessage(channel=town.ops.id, text="hi", unfurl_links=False)
    (call,) = slack.calls("chat.postMessage")
    assert (call.params["text"], call.params["unfurl_links"], call.at, call.ok) == (
        "hi",
        False,
        town.clock.instant,
        True,
    )
