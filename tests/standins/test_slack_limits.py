"""What Slack refuses in blocks, and where it is never exact about it, what people measured."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import block_elements, blocks

from tests.standins.conftest import Town
from tests.standins.slack import block_shapes

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "a", **more: Any) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def confirm(**more: str) -> Block:
    said = {"title": "t", "text": "t", "confirm": "c", "deny": "d"} | more
    return {name: plain(text) for name, text in said.items()}


def select(options: int) -> Block:
    choices = [{"text": plain(str(n)), "value": str(n)} for n in range(options)]
    return {"type": "static_select", "action_id": "s", "placeholder": plain("?"), "options": choices}


REFUSED: list[tuple[str, list[Block], str]] = [
    ("51 blocks", [{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ("long section", [section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ("empty section", [section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ("nothing in it", [{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    ("11 fields", [section(fields=[plain("x")] * 11)], "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ("long header", [{"type": "header", "text": plain("x" * 151)}], "must be less than 151"),
    ("marked-up header", [{"type": "header", "text": {"type": "mrkdwn", "text": "*x*"}}], "unsupported type: mrkdwn"),
    ("26 buttons", [actions(*(button(str(n)) for n in range(26)))], "no more than 25 items allowed"),
    ("11 in context", [{"type": "context", "elements": [plain("x")] * 11}], "no more than 10 items allowed"),
    ("long label", [actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    ("marked-up label", [actions(button(text={"type": "mrkdwn", "text": "x"}))], "unsupported type: mrkdwn"),
    ("long value", [actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    ("long action_id", [actions(button("x" * 256))], "must be less than 256 characters"),
    ("twice the same", [actions(button("a")), actions(button("a"))], "`action_id` already in use: a"),
    ("block_id twice", [section(block_id="b"), section(block_id="b")], "`block_id` already in use: b"),
    ("loud style", [actions(button(style="warning"))], "invalid style: warning"),
    ("long title", [actions(button(confirm=confirm(title="x" * 101)))], "/confirm/title/text"),
    ("long question", [actions(button(confirm=confirm(text="x" * 301)))], "/confirm/text/text"),
    ("long yes", [actions(button(confirm=confirm(confirm="x" * 31)))], "/confirm/confirm/text"),
    ("long no", [actions(button(confirm=confirm(deny="x" * 31)))], "/confirm/deny/text"),
    ("101 choices", [actions(select(101))], "no more than 100 items allowed"),
    ("no choices", [actions(select(0))], "no fewer than 1 items allowed"),
    ("unknown block", [{"type": "heading"}], "unsupported type: heading [json-pointer:/blocks/0/type]"),
    ("unknown field", [section(colour="red")], "additional property: colour [json-pointer:/blocks/0]"),
    ("unknown field of a button", [actions(button(says="x"))], "additional property: says"),
    ("emoji in mrkdwn", [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}], "emoji"),
    ("an input in actions", [actions({"type": "plain_text_input", "action_id": "a"})], "unsupported type"),
]


@pytest.mark.parametrize(("given", "complaint"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_blocks_slack_refuses(town: Town, given: list[Block], complaint: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        await town.client.chat_postMessage(channel=town.ops.id, text="x", blocks=given)
    answer = refused.value.response
    assert answer["error"] == "invalid_blocks"
    assert complaint in answer["errors"][0]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {said}" for said in answer["errors"]]
    assert town.slack.messages("#ops") == []


async def test_blocks_at_the_limit_are_taken(town: Town) -> None:
    given = [
        section("x" * 3000),
        {"type": "header", "text": plain("x" * 150)},
        {"type": "context", "elements": [plain("x")] * 10},
        actions(*(button(str(n), value="x" * 2000) for n in range(25))),
        actions(button("c", text=plain("x" * 75), confirm=confirm(title="x" * 100, text="x" * 300))),
        actions(select(100)),
        *[{"type": "divider"}] * 44,
    ]
    assert (await town.client.chat_postMessage(channel=town.ops.id, text="x", blocks=given))["ok"]


async def test_all_blocks_together_are_too_long(town: Town) -> None:
    fits = [section("x" * 2600)] * 5
    assert (await town.client.chat_postMessage(channel=town.ops.id, text="x", blocks=fits))["ok"]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await town.client.chat_postMessage(channel=town.ops.id, text="x", blocks=[*fits, section("x")])


async def test_long_text_is_cut_when_posted_and_refused_when_updated(town: Town) -> None:
    posted = await town.client.chat_postMessage(channel=town.ops.id, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert posted["response_metadata"]["warnings"] == ["message_truncated"]
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await town.client.chat_update(channel=town.ops.id, ts=posted["ts"], text="x" * 4001)


async def test_messages_without_anything_in_them(town: Town) -> None:
    with pytest.raises(SlackApiError, match="no_text"):
        await town.client.api_call("chat.postMessage", json={"channel": town.ops.id})
    with pytest.raises(SlackApiError, match="invalid_metadata_format"):
        await town.client.chat_postMessage(channel=town.ops.id, text="x", metadata={"id": "7"})


def test_every_field_known_here_is_known_to_slacks_own_models() -> None:
    known: dict[str, set[str]] = {}
    for module in (blocks, block_elements):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, JsonObject) and isinstance(getattr(kind, "type", None), str):
                known.setdefault(str(vars(kind).get("type")), set()).update(object.__new__(kind).attributes)
    ours = block_shapes.BLOCK_FIELDS | block_shapes.ELEMENT_FIELDS
    assert {name: fields - known[name] for name, fields in ours.items()} == {name: set() for name in ours}
