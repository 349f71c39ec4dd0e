"""Slack's deliveries as events: what cannot be read is acknowledged and counted, and what follows is heard."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, seed, settings
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import Accounts, Identity, SlackChat, SlackHome
from sops.kit.conversation import Event
from tests.unit.adapters.odd import bent

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
TEAM, BOT = "T024BE7LD", "UBOT"


class NoForms:
    """A grammar for which every command is whole."""

    def missing(self, text: str, *, in_thread: bool) -> None:
        return None

    def problem(self, text: str, *, in_thread: bool) -> str:
        return ""


class Listening:
    """A home before a list; `odd` counts what could not be read."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.odd = 0
        chat = cast("SlackChat", SimpleNamespace(remember_answer=lambda *_: None))
        identity = Identity(TEAM, BOT, "B1", frozenset())
        self.home = SlackHome(
            AsyncWebClient("xoxb-none"),
            chat,
            cast("Any", NoForms()),
            self._accept,
            self._passed_over,
            lambda: NOW,
            identity=identity,
            accounts=Accounts(TEAM, {}),
            roots={},
        )

    async def hear(self, body: Any) -> int:
        return (await self.home._journal(body)).status

    async def _accept(self, event: Event) -> bool:
        self.events.append(event)
        return True

    async def _passed_over(self) -> None:
        self.odd += 1


def delivery(event: Any, **changes: Any) -> dict[str, Any]:
    sent_to = [{"team_id": TEAM, "user_id": BOT}]
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": "Ev1",
        "authorizations": sent_to,
        "event": event,
        **changes,
    }


def message(ts: str = "1795000000.000100", **changes: Any) -> dict[str, Any]:
    return {"type": "message", "channel": "C0OPS", "user": "U061F7AUR", "text": "!sop list", "ts": ts, **changes}


PRESSED = {
    "type": "block_actions",
    "team": {"id": TEAM},
    "user": {"id": "U061F7AUR", "team_id": TEAM},
    "trigger_id": "1.2.a",
    "channel": {"id": "C0OPS"},
    "container": {"message_ts": "1795000000.000200", "channel_id": "C0OPS"},
    "message": {"ts": "1795000000.000200", "thread_ts": "1795000000.000100"},
    "actions": [{"action_id": "says:1", "value": "ack", "action_ts": "1795000001.1", "text": {"text": "Ack"}}],
}
KEPT = {"back": {"channel": "C0OPS", "thread": "", "about": ""}, "form": {"title": "x", "template": "x", "fields": []}}
KNOWN = [
    delivery(message(thread_ts="1795000000.000050", blocks=[{"type": "rich_text", "elements": []}])),
    delivery(message(type="app_mention", text="<@UBOT> status", user_team=TEAM)),
    delivery(
        {**message(), "subtype": "message_changed", "message": {**message(), "edited": {}}, "previous_message": {}}
    ),
    delivery({**message(), "subtype": "message_deleted", "previous_message": message(), "event_ts": "1795000009.1"}),
    delivery(
        {
            "type": "reaction_added",
            "user": "U061F7AUR",
            "reaction": "white_check_mark",
            "item": {"type": "message", "channel": "C0OPS", "ts": "1795000000.000100"},
            "event_ts": "1795000003.1",
        }
    ),
    {
        "command": "/incident",
        "text": "declare P1 x",
        "team_id": TEAM,
        "user_id": "U061F7AUR",
        "channel_id": "C0OPS",
        "trigger_id": "1.2.c",
        "response_url": "https://hooks.example/1",
    },
    PRESSED,
    {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": "U061F7AUR"},
        "view": {"id": "V1", "callback_id": "form", "private_metadata": json.dumps(KEPT), "state": {"values": {}}},
    },
]


async def test_an_event_that_is_odd_is_acknowledged_and_counted() -> None:
    here = Listening()
    odd = [message(user=7), message(ts=[]), message(channel="C" * 20_000), message(ts="9" * 300 + ".1"), ["none"], 7]
    assert [await here.hear(delivery(each)) for each in odd] == [200] * len(odd)
    assert (here.odd, here.events) == (len(odd), [])
    assert await here.hear(delivery(message())) == 200
    assert [event.text for event in here.events] == ["!sop list"]


async def test_what_somebody_says_that_they_do_is_talk() -> None:
    here = Listening()
    doing = message(text="approve 7f3a", thread_ts="1795000000.000050", subtype="me_message")
    assert await here.hear(delivery(doing)) == 200
    edited = {**doing, "text": "approve", "edited": {"ts": "1795000009.1"}}
    assert await here.hear(delivery({**message(), "subtype": "message_changed", "message": edited})) == 200
    assert [event for event in here.events if event.kind != "edit"] == []
    assert here.odd == 0


async def test_a_command_or_a_press_that_is_odd_is_seen_to_fail() -> None:
    here = Listening()
    assert await here.hear({**KNOWN[5], "trigger_id": None}) == 400
    assert await here.hear({**PRESSED, "actions": []}) == 400
    assert (here.odd, here.events) == (2, [])


@pytest.mark.parametrize("thread", ["", "x" * 300, 7, ["1795000000.000100"], {}, "\0"])
async def test_a_thread_that_is_none_counts_as_none(thread: Any) -> None:
    here = Listening()
    await here.hear(delivery(message(thread_ts=thread)))
    assert [event.place.thread for event in here.events] == [None]


async def test_what_is_kept_is_bounded_and_holds_only_characters() -> None:
    here = Listening()
    await here.hear(delivery(message(text="!note a\0b \ud83d" + "x" * 200_000)))
    assert here.events[0].text.startswith("!note ab ?xxx")
    assert len(here.events[0].text) <= 65_536


ALWAYS = Listening()  # one for all examples: making one takes longer than asking it


@seed(14)
@settings(max_examples=600, deadline=None, database=None)
@given(bent(KNOWN))
async def test_whatever_slack_sends_the_events_around_it_are_heard(odd: Any) -> None:
    here = ALWAYS
    here.events.clear()
    await here.hear(delivery(message("1795000000.000001")))
    if isinstance(odd, dict):
        assert await here.hear(odd) in {200, 400, 403}
    await here.hear(delivery(message("1795000000.000002")))
    keys = [event.dedupe_key for event in here.events]
    assert keys[0] == f"slack/{TEAM}/C0OPS/1795000000.000001"
    assert keys[-1] == f"slack/{TEAM}/C0OPS/1795000000.000002"
    for event in here.events:
        assert Event.model_validate_json(event.model_dump_json()) == event
