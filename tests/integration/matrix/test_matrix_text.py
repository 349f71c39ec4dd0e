"""Text arrives as text, in both directions; who is meant is read off ids, never off names."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.matrix import Renderer, powers
from adapters.matrix.text import escaped, literal, read
from sops.kit.message import Card, bold, channel, code, line, link, person, time

BOT = "@sopwith:example.org"
ONCALL = "@ann:example.org"


def handle(user: str) -> str:
    return {ONCALL: "oncall1"}.get(user, user.removeprefix("@"))


def typed(body: str, html: str = "", **more: Any) -> tuple[str, bool]:
    formatted = {"format": "org.matrix.custom.html", "formatted_body": html} if html else {}
    return read({"msgtype": "m.text", "body": body, **formatted, **more}, BOT, handle)


def pill(user: str, name: str) -> str:
    return f'<a href="https://matrix.to/#/{user}">{name}</a>'


@pytest.mark.parametrize(
    ("body", "html", "text", "addressed"),
    [
        ("!note hello", "", "!note hello", False),
        ("Sopwith: status", f"{pill(BOT, 'Sopwith')}: status", "status", True),
        (f"{BOT} status", "", "status", True),
        ("!handoff Ann Smith", f"!handoff {pill(ONCALL, 'Ann Smith')}", "!handoff @oncall1", False),
        (f"!handoff {ONCALL}", "", "!handoff @oncall1", False),
        (f"!handoff [Ann](https://matrix.to/#/{ONCALL})", "", "!handoff @oncall1", False),
        ("!handoff oncall1", f"!handoff {pill('@eve:evil.example', 'oncall1')}", "!handoff @eve:evil.example", False),
        ("sopwith is slow today", "", "sopwith is slow today", False),
        (f"{BOT}, ack", "", "ack", True),
        (f"{BOT}: ack", "", "ack", True),
        (f" {BOT}\nack", "", "ack", True),
        (
            f"cancel my dentist please, {BOT} keeps me busy",
            "",
            "cancel my dentist please, @sopwith keeps me busy",
            False,
        ),
        (f"security guards are funny, even {BOT}", "", "security guards are funny, even @sopwith", False),
        (f"thanks {BOT}", f"thanks {pill(BOT, 'sopwith')}", "thanks @sopwith", False),
        ("cancel it, Sopwith", f"cancel it, {pill(BOT, 'Sopwith')}", "cancel it, @sopwith", False),
        ("\ufdd0 cancel", "", "cancel", False),
    ],
)
def test_what_people_typed_is_read_as_they_typed_it(body: str, html: str, text: str, addressed: bool) -> None:
    assert typed(body, html) == (text, addressed)


def test_a_mention_without_a_pill_addresses_and_a_reply_does_not() -> None:
    mention = {"m.mentions": {"user_ids": [BOT]}}
    assert typed("sopwith, status", **mention) == ("status", True)
    assert typed("sopwithout status", **mention) == ("sopwithout status", False)
    assert typed("cancel my dentist please, sopwith keeps me busy", **mention) == (
        "cancel my dentist please, sopwith keeps me busy",
        False,
    )
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}, **mention}
    assert typed("> <@sopwith:example.org> P1\n> more\n\ncancel that meeting", **reply) == (
        "cancel that meeting",
        False,
    )
    in_thread = {"is_falling_back": True, "rel_type": "m.thread", "m.in_reply_to": {"event_id": "$1"}}
    assert typed("sopwith status", **mention, **{"m.relates_to": in_thread}) == ("status", True)


def test_characters_that_turn_text_around_are_left_out() -> None:
    assert literal("a\u202eb\u2066c\u2069\x1b[31m\x00") == "abc[31m"
    assert escaped("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"


@pytest.fixture
def renderer() -> Renderer:
    return Renderer("Europe/Berlin", {"oncall1": ONCALL}.get, {"!ops": "#ops"}.get, ["incident", "release"])  # type: ignore[arg-type]


EVIL = f'<img src=x onerror=alert(1)> {ONCALL} @room [x](https://evil.example) <a href="https://evil.example">bank</a>'


def test_nothing_a_person_typed_becomes_markup_a_mention_or_a_link(renderer: Renderer) -> None:
    shown = renderer.content(Card(lines=(line(EVIL), line(bold(EVIL), code(EVIL), link(EVIL, "javascript:alert(1)")))))
    assert "<img" not in shown["formatted_body"]
    assert "<a " not in shown["formatted_body"]
    assert shown["m.mentions"] == {}
    assert shown["msgtype"] == "m.notice"


def test_a_card_is_a_plain_body_and_html(renderer: Renderer) -> None:
    at = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)
    card = Card(
        lines=(
            line(bold("P1"), " ack by ", time(at)),
            line(channel("!ops"), " ", link("PR", "https://x.example/?a=1&b=2")),
        ),
        hint="ack · /release stable 1.4.0",
        closed="done <b>",
    )
    shown = renderer.content(card)
    assert shown["body"] == (
        "P1 ack by Mon 20 Apr 10:02 CEST\n#ops PR (https://x.example/?a=1&b=2)\ndone <b>\nack · !release stable 1.4.0"
    )
    assert shown["formatted_body"] == (
        "<strong>P1</strong> ack by Mon 20 Apr 10:02 CEST<br>"
        '<a href="https://matrix.to/#/!ops">#ops</a> <a href="https://x.example/?a=1&amp;b=2">PR</a><br>'
        "<em>done &lt;b&gt;</em><br><em>ack · !release stable 1.4.0</em>"
    )


def test_whoever_is_mentioned_is_called_by_id_and_only_where_that_is_wanted(renderer: Renderer) -> None:
    card = Card(lines=(line(person("oncall1"), person("nobody"), " please"),))
    shown = renderer.content(card)
    assert (shown["msgtype"], shown["m.mentions"]) == ("m.text", {"user_ids": [ONCALL]})
    assert shown["formatted_body"] == f"{pill(ONCALL, '@oncall1')}@nobody please"
    quiet = renderer.content(card, pings=False)
    assert (quiet["msgtype"], quiet["m.mentions"]) == ("m.notice", {})


def test_who_made_a_room_of_version_12_may_do_anything_there() -> None:
    levels = {"users": {"@b:x": 50}, "redact": 75}
    create = {"sender": "@a:x", "content": {"room_version": "12", "additional_creators": ["@c:x"]}}
    twelve = powers(create, levels)
    assert twelve.may_redact("@a:x")
    assert twelve.may_redact("@c:x")
    assert not twelve.may_redact("@b:x")
    eleven = powers({"sender": "@a:x", "content": {"room_version": "11"}}, levels)
    assert not eleven.may_redact("@a:x")
    assert powers({"sender": "@a:x", "content": {"room_version": "10"}}, None).may_redact("@a:x")
