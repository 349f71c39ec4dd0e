"""Matrix's events as ours: what anybody sends that is none is passed over, and what follows is heard."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.matrix.events import Translator

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
ROOM = "!ops:example.org"


async def nothing(*_: str) -> None:
    return None


def told(**changes: Any) -> dict[str, Any]:
    said = {"msgtype": "m.text", "body": "!sop list"}
    return {"type": "m.room.message", "event_id": "$1", "sender": "@rm:example.org", "content": said, **changes}


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(event.get("origin_server_ts", 0)) / 1000, UTC)


@pytest.mark.parametrize(
    "none",
    [
        told(event_id=None, content={"msgtype": "m.text", "body": None}),
        told(content={"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.replace"}}),
        {"type": "m.room.message", "sender": "@rm:example.org", "content": {"msgtype": "m.text", "body": "!x"}},
        told(origin_server_ts="yesterday"),
        told(origin_server_ts=10**30),
        told(content={"msgtype": "m.text", "body": 7, "m.mentions": 8, "formatted_body": []}),
        told(content=["no", "object"]),
    ],
)
async def test_an_event_that_is_none_stops_nothing(none: dict[str, Any]) -> None:
    translator = Translator("@sopwith:example.org", lambda user: user, at, nothing, nothing)
    heard = await translator.events(ROOM, [none, told(event_id="$2")])
    assert heard[-1].dedupe_key == f"matrix/{ROOM}/$2"
    assert heard[-1].text == "!sop list"
