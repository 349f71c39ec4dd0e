"""A real bolt app hears what people do, over Socket Mode."""

from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck

from tests.standins.conftest import Bot, Start, Town
from tests.standins.slack import NotOffered


async def test_what_people_say_arrives_as_slack_sends_it(town: Town, bot: Bot) -> None:
    said = await town.slack.say(town.ann, "#ops", "1 < 2 & see https://example.org/a?b=1, @bob in #ops, not @nobody")
    (event,) = bot.events("message")
    assert event["text"] == (
        f"1 &lt; 2 &amp; see <https://example.org/a?b=1>, <@{town.bob.id}> in <#{town.ops.id}|ops>, not @nobody"
    )
    assert (event["user"], event["channel"], event["channel_type"]) == (town.ann.id, town.ops.id, "channel")
    assert event["ts"] == event["event_ts"] == said.ts == "1772442000.000100"
    assert event["client_msg_id"]
    assert event["blocks"][0]["type"] == "rich_text"


async def test_code_is_not_linked(town: Town, bot: Bot) -> None:
    await town.slack.say("ann", "#ops", "run `@bob & README.md` then README.md and v1.8.0")
    (event,) = bot.events("message")
    assert event["text"] == "run `@bob &amp; README.md` then <http://README.md|README.md> and v1.8.0"


async def test_a_mention_arrives_twice_with_one_ts(town: Town, bot: Bot) -> None:
    await town.slack.say("ann", "#ops", "@sopwith status")
    (message,), (mention,) = bot.events("message"), bot.events("app_mention")
    assert message["text"] == mention["text"] == "<@UBOT> status"
    assert message["ts"] == mention["ts"]
    assert bot.heard[0]["event_id"] != bot.heard[1]["event_id"]


async def test_a_reply_names_its_root(town: Town, bot: Bot) -> None:
    root = await town.slack.say("ann", "#ops", "root")
    await town.slack.say("bob", "#ops", "reply", thread_ts=root.ts)
    assert bot.events("message")[1]["thread_ts"] == root.ts
    assert [seen.plain() for seen in town.slack.thread("#ops", root.ts)] == ["root", "reply"]
    assert [seen.plain() for seen in town.slack.messages("#ops")] == ["root"]


async def test_edits_and_deletions(town: Town, bot: Bot) -> None:
    said = await town.slack.say("ann", "#ops", "teh")
    await town.slack.edit("ann", "#ops", said.ts, "the")
    await town.slack.delete("ann", "#ops", said.ts)
    _, edited, deleted = bot.events("message")
    assert (edited["subtype"], edited["message"]["text"], edited["previous_message"]["text"]) == (
        "message_changed",
        "the",
        "teh",
    )
    assert "text" not in edited
    assert edited["message"]["edited"]["user"] == town.ann.id
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", said.ts)
    (seen,) = town.slack.messages("#ops")
    assert (seen.edited, seen.deleted) == (True, True)


async def test_an_edited_mention_is_told_as_a_mention_again(town: Town, bot: Bot) -> None:
    said = await town.slack.say("ann", "#ops", "@sopwith sttaus")
    await town.slack.edit("ann", "#ops", said.ts, "@sopwith status")
    first, again = bot.events("app_mention")
    assert (first["ts"], again["ts"]) == (said.ts, said.ts)
    assert ("edited" in first, again["edited"]["user"], again["text"]) == (False, town.ann.id, "<@UBOT> status")


async def test_a_deleted_root_with_replies_stays_as_a_tombstone(town: Town, bot: Bot) -> None:
    root = await town.slack.say("ann", "#ops", "root")
    await town.slack.say("bob", "#ops", "reply", thread_ts=root.ts)
    await town.slack.delete("ann", "#ops", root.ts)
    event = bot.events("message")[-1]
    assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")
    history = await town.client.conversations_history(channel=town.ops.id)
    assert history["messages"][0]["text"] == "This message was deleted."


async def test_reactions(town: Town, bot: Bot) -> None:
    said = await town.slack.say("ann", "#ops", "ready")
    await town.slack.react("bob", "#ops", said.ts, "white_check_mark")
    await town.slack.unreact("bob", "#ops", said.ts, "white_check_mark")
    (added,), (removed,) = bot.events("reaction_added"), bot.events("reaction_removed")
    assert added["item"] == {"type": "message", "channel": town.ops.id, "ts": said.ts}
    assert (added["user"], added["item_user"], added["reaction"]) == (town.bob.id, town.ann.id, "white_check_mark")
    assert removed["user"] == town.bob.id


async def test_another_bot_has_no_user(town: Town, bot: Bot) -> None:
    other = town.slack.other_bot("alerts")
    await town.slack.say_as_bot(other, "#ops", "disk full")
    (event,) = bot.events("message")
    assert (event["subtype"], event["bot_id"], event["username"]) == ("bot_message", other.bot_id, "alerts")
    assert "user" not in event


async def test_a_shared_file_can_be_fetched_with_the_token(town: Town, bot: Bot) -> None:
    await town.slack.share("ann", "#ops", "log.txt", b"boom", "see @bob")
    (event,) = bot.events("message")
    assert (event["subtype"], event["text"]) == ("file_share", f"see <@{town.bob.id}>")
    url = event["files"][0]["url_private_download"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Authorization": f"Bearer {town.slack.bot_token}"}) as answer:
            assert await answer.read() == b"boom"
        async with session.get(url) as answer:
            assert "Sign in" in await answer.text()


async def test_archiving_and_leaving(town: Town, bot: Bot) -> None:
    await town.slack.leave("bob", "#ops")
    await town.slack.archive("ann", "#ops")
    assert bot.events("member_left_channel")[0]["user"] == town.bob.id
    assert bot.events("channel_archive")[0]["channel"] == town.ops.id
    with pytest.raises(NotOffered, match="archived"):
        await town.slack.say("ann", "#ops", "hello?")


async def test_a_channel_without_the_bot_is_not_heard(town: Town, bot: Bot) -> None:
    town.slack.channel("#elsewhere", members=["ann"], with_bot=False)
    await town.slack.say("ann", "#elsewhere", "@sopwith status")
    await town.slack.leave(town.slack.bot, "#ops")
    await town.slack.say("ann", "#ops", "gone?")
    assert [body["event"]["type"] for body in bot.heard] == ["channel_left"]


async def test_a_stranger_is_marked_by_team(town: Town, bot: Bot) -> None:
    guest = town.slack.user("guest", team="T2", is_stranger=True)
    town.slack.channel("#shared", members=[guest], is_ext_shared=True)
    await town.slack.say(guest, "#shared", "hello")
    (event,) = bot.events("message")
    assert (event["user_team"], event["team"]) == ("T2", "T2")
    assert bot.heard[0]["is_ext_shared_channel"] is True
    assert (await town.client.users_info(user=guest.id))["user"]["is_stranger"] is True


async def test_what_the_bot_says_comes_back_to_it(town: Town, bot: Bot) -> None:
    await town.client.chat_postMessage(channel=town.ops.id, text="I said so")
    await town.slack.settled()
    (event,) = bot.events("message")
    assert (event["user"], event["bot_id"], event["text"]) == ("UBOT", town.slack.bot.bot_id, "I said so")


async def test_a_command_its_ack_and_its_response_url(town: Town, bot: Bot) -> None:
    @bot.app.command("/incident")
    async def declare(ack: AsyncAck, body: dict[str, Any], respond: Any) -> None:
        await ack(text="one moment")
        await respond(text="declared", response_type="in_channel")

    delivery = await town.slack.slash("ann", "#ops", "/incident", "declare P1 @bob is <down>")
    body = delivery.payload
    assert body["text"] == f"declare P1 <@{town.bob.id}|bob> is &lt;down&gt;"
    assert (body["user_id"], body["channel_name"], body["team_domain"]) == (town.ann.id, "ops", "example")
    assert "thread_ts" not in body
    assert delivery.acked
    assert [seen.plain() for seen in town.slack.ephemerals("ann")] == ["one moment"]
    await town.slack.until(lambda: bool(town.slack.calls("response_url")))
    assert [seen.plain() for seen in town.slack.messages("#ops")] == ["declared"]


async def test_a_command_nobody_answers_shows_an_error(town: Town) -> None:
    await town.slack.slash("ann", "#ops", "/incident", "declare")
    assert "dispatch_failed" in town.slack.ephemerals("ann")[0].plain()


async def test_commands_from_private_places(town: Town, bot: Bot, start_bot: Start) -> None:
    @bot.app.command("/sop")
    async def answer(ack: AsyncAck) -> None:
        await ack()

    town.slack.channel("#secret", private=True, members=["ann"])
    secret = await town.slack.slash("ann", "#secret", "/sop", "status")
    alone = await town.slack.slash("ann", town.slack.direct("ann"), "/sop", "status")
    assert secret.payload["channel_id"].startswith("G")
    assert (secret.payload["channel_name"], alone.payload["channel_name"]) == ("privategroup", "directmessage")
