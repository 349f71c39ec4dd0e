"""What a reader sees of what the bot sent."""

from typing import Any

from tests.standins.conftest import Town


async def test_blocks_are_read_as_text(town: Town) -> None:
    at = "<!date^1772442000^{date_short} {time}|Mon 2 Mar 09:00 UTC>"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "INC-7 <!here>"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<@{town.ann.id}> in <#{town.ops.id}> by {at}: a &lt; b &amp; c"},
            "fields": [{"type": "mrkdwn", "text": "*State*\nopen"}],
            "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Page"}},
        },
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "<https://example.org/7|the log> <!channel>"}]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": text}} for text in ("Ack", "Q&amp;A")
            ],
        },
    ]
    await town.client.chat_postMessage(channel=town.ops.id, text="fallback", blocks=blocks)
    (seen,) = town.slack.messages("#ops")
    assert seen.plain().splitlines() == [
        "INC-7 <!here>",
        "@ann in #ops by Mon 2 Mar 09:00 UTC: a < b & c",
        "*State*",
        "open",
        "[Page]",
        "---",
        "the log @channel",
        "[Ack] [Q&A]",
    ]
    assert (seen.buttons, seen.author, seen.text) == (["Page", "Ack", "Q&A"], "sopwith", "fallback")


async def test_a_bots_text_is_stored_with_entities(town: Town) -> None:
    text = "a < b & c &amp; <https://example.org?a=1&b=2|link> <@U1> <nothing> <!here>"
    answer = await town.client.chat_postMessage(channel=town.ops.id, text=text)
    stored = "a &lt; b &amp; c &amp; <https://example.org?a=1&amp;b=2|link> <@U1> &lt;nothing&gt; <!here>"
    assert answer["message"]["text"] == stored
    assert town.slack.messages("#ops")[0].plain() == "a < b & c & link @U1 <nothing> @here"


async def test_a_broadcast_reply_stands_in_the_channel_too(town: Town) -> None:
    root = await town.slack.say("ann", "#ops", "root")
    await town.client.chat_postMessage(channel=town.ops.id, text="loud", thread_ts=root.ts, reply_broadcast=True)
    await town.client.chat_postMessage(channel=town.ops.id, text="quiet", thread_ts=root.ts)
    assert [seen.plain() for seen in town.slack.messages("#ops")] == ["root", "loud"]
    assert [seen.plain() for seen in town.slack.thread("#ops", root.ts)] == ["root", "loud", "quiet"]
    history = await town.client.conversations_history(channel=town.ops.id)
    assert [message["text"] for message in history["messages"]] == ["loud", "root"]


async def test_what_is_typed_as_markup_is_not_markup(town: Town) -> None:
    said = await town.slack.say("ann", "#ops", "<!channel> <@UBOT> &amp; @channel mail a.b@example.org")
    assert said.text == (
        "&lt;!channel&gt; &lt;@UBOT&gt; &amp;amp; <!channel> mail <mailto:a.b@example.org|a.b@example.org>"
    )
    assert town.slack.seen("#ops", said.ts).plain() == "<!channel> <@UBOT> &amp; @channel mail a.b@example.org"
    sent = await town.slack.say_sent("ann", "#ops", "<@UBOT> status")
    assert town.slack.seen("#ops", sent.ts).plain() == "@sopwith status"
