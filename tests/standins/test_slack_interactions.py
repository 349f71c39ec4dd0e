"""Buttons and forms, pressed by people and answered by a real bolt app."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.standins.conftest import Bot, Town
from tests.standins.slack import NotOffered


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


APPROVE = {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "approve 7f3a"}
CONFIRM = {"title": plain("Sure?"), "text": plain("It merges."), "confirm": plain("Yes"), "deny": plain("No")}
REJECT = {"type": "button", "action_id": "reject", "text": plain("Reject"), "confirm": CONFIRM}
REQUEST: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Merge *v1*?"}},
    {"type": "actions", "block_id": "answers", "elements": [APPROVE, REJECT]},
]
METADATA = {"event_type": "outbox", "event_payload": {"id": "7"}}
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "declare",
    "private_metadata": "C1",
    "title": plain("Declare"),
    "submit": plain("Go"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "severity",
            "label": plain("Severity"),
            "element": {
                "type": "static_select",
                "action_id": "chosen",
                "options": [{"text": plain(name), "value": name} for name in ("P0", "P1")],
            },
        },
        {
            "type": "input",
            "block_id": "what",
            "optional": True,
            "label": plain("What"),
            "element": {"type": "plain_text_input", "action_id": "words", "max_length": 20},
        },
    ],
}


async def test_a_pressed_button_brings_its_message_and_thread(town: Town, bot: Bot) -> None:
    pressed: list[dict[str, Any]] = []

    @bot.app.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        pressed.append(body)
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="approved", blocks=[])

    root = await town.slack.say("ann", "#ops", "release")
    asked = await town.client.chat_postMessage(
        channel=town.ops.id,
        thread_ts=root.ts,
        text="Merge?",
        blocks=REQUEST,
        metadata={"event_type": "m", "event_payload": {"id": "7"}},
    )
    delivery = await town.slack.press("bob", "#ops", asked["ts"], "Approve")
    assert delivery is not None
    assert delivery.acked
    await town.slack.until(lambda: bool(town.slack.calls("chat.update")))
    (body,) = pressed
    assert body["actions"][0] | {"action_ts": ""} == APPROVE | {"block_id": "answers", "action_ts": ""}
    assert body["container"]["thread_ts"] == body["message"]["thread_ts"] == root.ts
    assert body["message"]["metadata"]["event_payload"] == {"id": "7"}
    assert (body["user"]["id"], body["team"]["id"]) == (town.bob.id, "T1")
    with pytest.raises(NotOffered, match="no button Approve"):
        await town.slack.press("ann", "#ops", asked["ts"], "Approve")


async def test_a_confirmation_can_be_denied(town: Town, bot: Bot) -> None:
    @bot.app.action("reject")
    async def reject(ack: AsyncAck) -> None:
        await ack()

    asked = await town.client.chat_postMessage(channel=town.ops.id, text="Merge?", blocks=REQUEST)
    assert await town.slack.press("bob", "#ops", asked["ts"], "Reject", confirm=False) is None
    assert await town.slack.press("bob", "#ops", asked["ts"], "reject") is not None
    await town.slack.settled()
    assert [body["type"] for body in bot.heard] == ["event_callback", "block_actions"]


async def test_a_whisper_is_replaced_by_its_response_url(town: Town, bot: Bot) -> None:
    @bot.app.action("approve")
    async def approve(ack: AsyncAck, respond: Any) -> None:
        await ack()
        await respond(text="done", replace_original=True)

    await town.client.chat_postEphemeral(channel=town.ops.id, user=town.ann.id, text="Merge?", blocks=REQUEST)
    (whisper,) = town.slack.ephemerals("ann")
    assert town.slack.ephemerals("bob") == []
    assert whisper.plain() == "Merge *v1*?\n[Approve] [Reject]"
    delivery = await town.slack.press("ann", "#ops", whisper.ts, "Approve")
    assert delivery is not None
    assert "message" not in delivery.payload
    assert delivery.payload["container"]["is_ephemeral"] is True
    await town.slack.until(lambda: bool(town.slack.calls("response_url")))
    assert [seen.plain() for seen in town.slack.ephemerals("ann")] == ["done"]


async def opened_form(town: Town, bot: Bot) -> str:
    @bot.app.command("/incident")
    async def declare(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    await town.slack.slash("ann", "#ops", "/incident", "declare")
    await town.slack.until(lambda: bool(town.slack.views("ann")))
    return town.slack.views("ann")[0].id


async def test_a_form_is_filled_in_and_answered_with_errors_then_closed(town: Town, bot: Bot) -> None:
    got: list[dict[str, Any]] = []

    @bot.app.view("declare")
    async def declared(ack: AsyncAck, view: dict[str, Any]) -> None:
        got.append(view)
        values = view["state"]["values"]
        if values["severity"]["chosen"]["selected_option"]["value"] == "P0":
            await ack(response_action="errors", errors={"severity": "P0 needs a commander"})
        else:
            await ack()

    form = await opened_form(town, bot)
    first = await town.slack.submit("ann", form, {"severity": "P0"})
    assert first.response == {"response_action": "errors", "errors": {"severity": "P0 needs a commander"}}
    assert town.slack.views("ann")[0].errors == {"severity": "P0 needs a commander"}
    await town.slack.submit("ann", form, {"severity": "P1", "what": "down"})
    assert town.slack.views("ann") == []
    assert got[1]["state"]["values"]["what"]["words"] == {"type": "plain_text_input", "value": "down"}
    assert (got[1]["private_metadata"], got[1]["id"]) == ("C1", form)


async def test_an_answer_may_put_another_form_in_place_on_top_or_close_all(town: Town, bot: Bot) -> None:
    answers: list[dict[str, Any]] = [
        {"response_action": "update", "view": FORM | {"title": plain("Again")}},
        {"response_action": "push", "view": FORM | {"title": plain("More")}},
        {"response_action": "clear"},
    ]

    @bot.app.view("declare")
    async def declared(ack: AsyncAck) -> None:
        await ack(**answers.pop(0))

    form = await opened_form(town, bot)
    await town.slack.submit("ann", form, {"severity": "P1"})
    await town.slack.submit("ann", form, {"severity": "P1"})
    assert [view.content["title"]["text"] for view in town.slack.views("ann")] == ["Again", "More"]
    await town.slack.submit("ann", town.slack.views("ann")[1].id, {"severity": "P1"})
    assert town.slack.views("ann") == []


async def test_a_form_lets_through_only_what_the_client_does(town: Town, bot: Bot) -> None:
    form = await opened_form(town, bot)
    with pytest.raises(NotOffered, match="must be filled in"):
        await town.slack.submit("ann", form, {"what": "down"})
    with pytest.raises(NotOffered, match="no such choice"):
        await town.slack.submit("ann", form, {"severity": "P9"})
    with pytest.raises(NotOffered, match="20 characters"):
        await town.slack.submit("ann", form, {"severity": "P0", "what": "x" * 21})
    with pytest.raises(NotOffered, match="has no owner"):
        await town.slack.submit("ann", form, {"severity": "P0", "owner": "ann"})
    with pytest.raises(NotOffered, match="no such form"):
        await town.slack.submit("bob", form, {"severity": "P0"})


async def test_a_cancelled_form_is_told_where_asked_for(town: Town, bot: Bot) -> None:
    closed: list[str] = []

    @bot.app.view_closed("declare")
    async def cancelled(ack: AsyncAck, view: dict[str, Any]) -> None:
        await ack()
        closed.append(view["callback_id"])

    form = await opened_form(town, bot)
    delivery = await town.slack.close("ann", form)
    assert delivery is not None
    assert delivery.payload["type"] == "view_closed"
    assert closed == ["declare"]
    assert town.slack.views("ann") == []


async def test_a_trigger_opens_one_form_within_three_seconds(town: Town, bot: Bot) -> None:
    await town.slack.slash("ann", "#ops", "/sop", "")
    trigger = bot.heard[-1]["trigger_id"]
    await town.client.views_open(trigger_id=trigger, view=FORM)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await town.client.views_open(trigger_id=trigger, view=FORM)
    await town.slack.slash("ann", "#ops", "/sop", "")
    town.clock.forward(seconds=3.5)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await town.client.views_open(trigger_id=bot.heard[-1]["trigger_id"], view=FORM)


async def test_a_form_is_updated_unless_it_changed_meanwhile(town: Town, bot: Bot) -> None:
    form = await opened_form(town, bot)
    stale = town.slack.views("ann")[0].hash
    await town.client.views_update(view_id=form, hash=stale, view=FORM | {"title": plain("Again")})
    assert town.slack.views("ann")[0].content["title"]["text"] == "Again"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await town.client.views_update(view_id=form, hash=stale, view=FORM)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"submit": plain("x" * 25)}, "/view/submit/text"),
        ({"close": plain("x" * 25)}, "/view/close/text"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"blocks": [{"type": "divider"}] * 101}, "/view/blocks"),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "/view/blocks/0/type"),
        ({"colour": "red"}, "additional property: colour"),
    ],
)
async def test_forms_slack_does_not_open(town: Town, bot: Bot, change: dict[str, Any], complaint: str) -> None:
    await town.slack.slash("ann", "#ops", "/sop", "")
    with pytest.raises(SlackApiError) as refused:
        await town.client.views_open(trigger_id=bot.heard[-1]["trigger_id"], view=FORM | change)
    assert refused.value.response["error"] == "invalid_arguments"
    assert complaint in refused.value.response["response_metadata"]["messages"][0]


async def test_a_response_url_lasts_five_uses_and_half_an_hour(town: Town, bot: Bot) -> None:
    delivery = await town.slack.slash("ann", "#ops", "/sop", "")
    url = delivery.payload["response_url"]
    statuses = [await posted(url, {"text": str(number)}) for number in range(6)]
    assert statuses == [(200, "ok")] * 5 + [(404, '{"ok": false, "error": "used_url"}')]
    later = (await town.slack.slash("ann", "#ops", "/sop", "")).payload["response_url"]
    town.clock.forward(minutes=31)
    assert await posted(later, {"text": "late"}) == (404, '{"ok": false, "error": "expired_url"}')
    assert [seen.plain() for seen in town.slack.ephemerals("ann") if seen.author == "sopwith"] == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]


async def posted(url: str, body: dict[str, Any]) -> tuple[int, str]:
    from slack_sdk.webhook.async_client import AsyncWebhookClient

    answer = await AsyncWebhookClient(url, retry_handlers=[]).send_dict(body)
    return answer.status_code, answer.body
