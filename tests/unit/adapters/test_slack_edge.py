"""The door of HTTP mode, knocked at over real connections: what is not Slack's own is turned away unread."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from adapters.slack.edge import Bounds
from adapters.slack.origin import slacks_own
from tests.unit.adapters.test_slack_events import NOW, TEAM, Listening, delivery

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SAID = {"type": "message", "channel": "C1", "user": "U1", "text": "ack", "ts": "1776672000.000100"}
SMALL = Bounds(body_bytes=2_000, body_seconds=0.2, idle_seconds=0.2, bodies=2)


class Door(Listening):
    """A home that listens; `knock` says what a request is answered with."""

    url: str
    port: int

    async def knock(self, body: str | bytes, *, secret: str = SECRET, age: int = 0, **changed: str) -> int:
        sent = body.encode() if isinstance(body, str) else body
        stamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
        digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + sent, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        async with aiohttp.ClientSession() as session, session.post(self.url, data=sent, headers=headers) as answer:
            return answer.status

    async def form(self, **fields: str) -> int:
        return await self.knock(urlencode(fields), Content_Type="application/x-www-form-urlencoded")


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    door.home._our_app = "A1"
    door.port = await door.home.listen("127.0.0.1", 0, SECRET, bounds=SMALL)
    door.url = f"http://127.0.0.1:{door.port}/slack/events"
    yield door
    await door.home.close()


def event(**changes: Any) -> str:
    return json.dumps(delivery(SAID, api_app_id="A1", **changes))


async def test_what_slack_signed_is_heard(door: Door) -> None:
    assert await door.knock(event()) == 200
    assert await door.knock(event(), age=299) == 200
    assert [each.text for each in door.events] == ["ack", "ack"]


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "of somebody else"},
        {"age": 301},
        {"age": -301},
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v0=" + "0" * 64},
        {"X_Slack_Signature": "v0=ünknown"},
        {"X_Slack_Request_Timestamp": "yesterday"},
        {"X_Slack_Request_Timestamp": "9" * 5_000},
        {"X_Slack_Request_Timestamp": ""},
    ],
)
async def test_what_slack_did_not_sign_now_is_turned_away_unread(door: Door, forged: dict[str, Any]) -> None:
    assert await door.knock(event(), **forged) == 401
    assert await door.knock("{", **forged) == 401
    assert (door.events, door.odd) == ([], 0)


async def test_a_body_that_is_no_text_carries_no_signature(door: Door) -> None:
    assert await door.knock(b"\xff\xfe") == 401


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '"text"', "[" * 900, "[" * 1_999, '{"type": ' + "9" * 1_900 + "."]
)
async def test_a_signed_body_that_makes_no_sense_is_refused_and_counted(door: Door, body: str) -> None:
    assert await door.knock(body) == 400
    assert door.odd == 1
    assert await door.knock(event()) == 200


async def test_a_form_with_odd_fields_is_refused(door: Door) -> None:
    assert await door.form(payload="[1]") == 400
    assert await door.form(payload="{") == 400
    assert await door.form(**{f"f{n}": "" for n in range(101)}) == 400
    assert door.odd == 3


async def test_a_command_may_hold_any_word(door: Door) -> None:
    said = {"command": "/incident", "text": "declare P1 the payload=x is broken", "trigger_id": "1.2"}
    answer = await door.form(**said, team_id=TEAM, user_id="U1", channel_id="C1", api_app_id="A1")
    assert answer == 200
    assert [each.text for each in door.events] == ["/incident declare P1 the payload=x is broken"]


async def test_what_was_sent_to_another_app_is_refused(door: Door) -> None:
    assert await door.knock(event().replace('"A1"', '"A2"')) == 403
    assert await door.knock(json.dumps(delivery(SAID))) == 403
    assert door.events == []


async def test_a_body_is_bounded_in_size(door: Door) -> None:
    assert await door.knock(event(padding="x" * 2_000)) == 413
    assert await door.knock(event()) == 200


async def test_who_is_slow_is_left_and_keeps_no_place(door: Door) -> None:
    """More connections than there are places say that a body will come, and send none of it."""
    slow = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(4)]
    for _, writer in slow:
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 500\r\n\r\n{")
    answers = [await _read(reader, writer) for reader, writer in slow]
    assert sorted(answer.split()[1] for answer in answers) == [b"408", b"408", b"503", b"503"]
    assert await door.knock(event()) == 200


@pytest.mark.parametrize("begun", [b"", b"POST /slack/events HTTP/1.1\r\nX-Slow: "])
async def test_who_never_asks_is_left(door: Door, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(begun)
    assert await _read(reader, writer) == b""


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """All that is answered until the other end hangs up."""
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://hooks.slack.com/commands/T1/1/x", True),
        ("https://hooks.slack-gov.com/actions/T1/1/x", True),
        ("https://slack.com/api/x", True),
        ("http://hooks.slack.com/commands/T1/1/x", False),
        ("https://hooks.slack.com:8443/commands", False),
        ("https://hooks.slack.com.evil.example/commands", False),
        ("https://hooks.slack.com@evil.example/commands", False),
        ("https://evil@hooks.slack.com/commands", False),
        ("https://evil.example/hooks.slack.com", False),
        ("//hooks.slack.com/x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_private_answers_go_to_slack_alone(address: str, own: bool) -> None:
    assert slacks_own(address, "https://slack.com/api/") is own


def test_a_stand_in_answers_where_its_api_is() -> None:
    assert slacks_own("http://127.0.0.1:8080/hooks/1", "http://127.0.0.1:8080/api/")
    assert not slacks_own("http://127.0.0.1:8081/hooks/1", "http://127.0.0.1:8080/api/")
