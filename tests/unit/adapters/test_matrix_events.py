"""Matrix's events as ours: what anybody sends that is none is passed over, and what follows is heard."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from adapters.matrix.answers import parsed
from adapters.matrix.events import Translator
from adapters.matrix.told import sane, understood
from sops.kit.conversation import Event
from sops.kit.errors import FarEndError, FarEndRefused
from tests.unit.adapters.odd import ODD, bent

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
ROOM = "!ops:example.org"
BOT = "@sopwith:example.org"


async def nothing(*_: str) -> None:
    return None


def told(**changes: Any) -> dict[str, Any]:
    said = {"msgtype": "m.text", "body": "!sop list"}
    return {"type": "m.room.message", "event_id": "$1", "sender": "@rm:example.org", "content": said, **changes}


def reply_to(ref: Any, **changes: Any) -> dict[str, Any]:
    relation = {"m.in_reply_to": {"event_id": ref}}
    return told(content={"msgtype": "m.text", "body": "!sop list", "m.relates_to": relation}, **changes)


def at(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(event.get("origin_server_ts", 0)) / 1000, UTC)


class Homeserver:
    """Answers who looks an event up as told; `asked` is what it was asked for."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def lookup(self, room: str, ref: str) -> Any:
        self.asked.append(ref)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def translator(homeserver: Homeserver | None = None) -> Translator:
    return Translator(BOT, lambda user: user, at, nothing, (homeserver or Homeserver()).lookup)


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
        told(sender=["@rm:example.org"]),
        told(event_id="$" + "x" * 20_000),
    ],
)
async def test_an_event_that_is_none_stops_nothing(none: dict[str, Any]) -> None:
    heard = (await translator().events(ROOM, [none, told(event_id="$2")])).events
    assert heard[-1].dedupe_key == f"matrix/{ROOM}/$2"
    assert heard[-1].text == "!sop list"


async def test_what_somebody_says_that_they_do_is_talk() -> None:
    doing = told(content={"msgtype": "m.emote", "body": "approve"})
    heard = await translator().events(ROOM, [doing])
    assert (heard.events, heard.odd) == ([], 0)


async def test_what_cannot_be_read_is_counted() -> None:
    heard = await translator().events(
        ROOM, [told(origin_server_ts="yesterday"), told(event_id="$2"), told(event_id="")]
    )
    assert [event.dedupe_key for event in heard.events] == [f"matrix/{ROOM}/$2"]
    assert heard.odd == 2


@pytest.mark.parametrize("ref", ["$" + "x" * 20_000, "", "a b", "$\0", "$\ud800", 7, ["$1"], {"a": 1}, None, True])
async def test_a_reference_that_cannot_be_one_counts_as_none_and_is_not_looked_up(ref: Any) -> None:
    homeserver = Homeserver()
    heard = await translator(homeserver).events(ROOM, [reply_to(ref)])
    assert [(event.text, event.place.thread) for event in heard.events] == [("!sop list", None)]
    assert homeserver.asked == []
    in_thread = told(
        content={"msgtype": "m.text", "body": "!x", "m.relates_to": {"rel_type": "m.thread", "event_id": ref}}
    )
    assert [event.place.thread for event in (await translator().events(ROOM, [in_thread])).events] == [None]


@pytest.mark.parametrize(
    "answer",
    [FarEndRefused("Matrix refused: M_INVALID_PARAM"), None, {"content": []}, {"content": {"m.relates_to": 7}}],
)
async def test_a_reference_to_nothing_counts_as_none(answer: Any) -> None:
    heard = await translator(Homeserver(answer)).events(ROOM, [reply_to("$gone"), told(event_id="$2")])
    assert [(event.text, event.place.thread) for event in heard.events] == [("!sop list", None)] * 2


async def test_a_homeserver_in_trouble_is_asked_again_but_not_for_ever_about_one_reference() -> None:
    homeserver = Homeserver(FarEndError("the Matrix homeserver failed (500)"))
    reading = translator(homeserver)
    for _ in range(2):
        with pytest.raises(FarEndError):
            await reading.events(ROOM, [reply_to("$odd")])
    assert [event.text for event in (await reading.events(ROOM, [reply_to("$odd")])).events] == ["!sop list"]
    homeserver.answer = FarEndError("the Matrix homeserver asks to wait", retry_after=30)
    for _ in range(9):
        with pytest.raises(FarEndError):
            await reading.events(ROOM, [reply_to("$another")])


async def test_what_is_kept_is_bounded_and_holds_only_characters() -> None:
    said = told(content={"msgtype": "m.text", "body": "!note a\0b \ud83d" + "x" * 200_000})
    [event] = (await translator().events(ROOM, [said])).events
    assert event.text.startswith("!note ab ?xxx")
    assert len(event.text) <= 65_536
    assert Event.model_validate_json(event.model_dump_json()) == event


def test_an_answer_with_something_odd_in_it_is_read_all_the_same() -> None:
    deep, digits = "[" * 50_000 + "]" * 50_000, "9" * 5_000
    for odd in (deep, digits, '{"a":' * 5_000 + "1" + "}" * 5_000, f'["\\"[", {deep}, "]"]'):
        found = parsed(f'{{"odd": {odd}, "next_batch": "s1", "x": ["[", "\\\\"]}}'.encode())
        assert (found["next_batch"], found["x"]) == ("s1", ["[", "\\"])
    assert parsed(b'{"body": "\xff"}') == {"body": "\ufffd"}
    for none in (b"<html>", b"", b"[" * 9_000, b'{"a": ' + b"[" * 9_000 + b"}"):
        with pytest.raises(ValueError):  # noqa: PT011  # whichever
            parsed(none)


ORDINARY = (told(event_id="$before"), told(event_id="$after"))
THREAD = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$root"}}
FORMATTED = {"format": "org.matrix.custom.html", "formatted_body": "<b>hi</b>", "m.mentions": {"user_ids": [BOT]}}
KNOWN = [
    told(content={"msgtype": "m.text", "body": "ack", "m.relates_to": THREAD, **FORMATTED}, origin_server_ts=1),
    reply_to("$x", unsigned={"age": 1}),
    told(type="m.reaction", content={"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "✅"}}),
    told(type="m.room.redaction", redacts="$before", content={"redacts": "$before"}),
    told(
        content={
            "msgtype": "m.text",
            "body": "* x",
            "m.new_content": {"body": "x"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$before"},
        }
    ),
    told(type="m.room.member", state_key=BOT, content={"membership": "join"}, unsigned={"prev_content": {}}),
    told(type="m.room.encrypted", content={"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}),
]


@seed(14)
@settings(max_examples=1_000, deadline=None, database=None)
@given(bent(KNOWN), st.sampled_from([*KNOWN, *ODD, FarEndRefused("no")]))
async def test_whatever_a_homeserver_sends_the_events_around_it_are_heard(odd: Any, looked_up: Any) -> None:
    answer = looked_up if isinstance(looked_up, Exception | dict) else None
    timeline, _ = sane([ORDINARY[0], odd, ORDINARY[1]])
    heard = await translator(Homeserver(answer)).events(ROOM, timeline)
    keys = [event.dedupe_key for event in heard.events]
    around = [key for key in keys if key in {f"matrix/{ROOM}/$before", f"matrix/{ROOM}/$after"}]
    came = len(timeline) == 3 and translator().is_our_coming(odd)
    assert around == [f"matrix/{ROOM}/$before", f"matrix/{ROOM}/$after"][int(came) :]
    for event in heard.events:
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert len(event.model_dump_json()) < 8 * 65_536


@seed(14)
@settings(max_examples=300, deadline=None, database=None)
@given(bent([{"next_batch": "s1", "rooms": {"join": {ROOM: {"timeline": {"events": list(KNOWN), "limited": True}}}}}]))
def test_whatever_a_sync_looks_like_it_is_understood_or_asked_for_again(answer: Any) -> None:
    told_now = parsed(json.dumps(answer if isinstance(answer, dict) else {}).encode())
    try:
        news = understood(told_now, BOT, [ROOM])
    except FarEndError:
        return
    assert set(news.timelines) <= {ROOM}
    assert all(event["event_id"] for each in news.timelines.values() for event in each.events)
