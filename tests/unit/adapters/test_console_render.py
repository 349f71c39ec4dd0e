import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.console import ConsoleChat, Room
from adapters.console.render import plain, render
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndRefused
from sops.kit.message import Button, Card, bold, code, line, link, person, time

BERLIN = ZoneInfo("Europe/Berlin")
OPS = Place(platform="console", channel="#ops")


def dangerous(text):
    return [char for char in text if char != "\t" and unicodedata.category(char) in {"Cc", "Cf"}]


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("\x1b[2J\x1b[31mred", "[2J[31mred"),
        ("\x1b]0;title\x07", "]0;title"),
        ("over\rwritten", "overwritten"),
        ("bell\x07 back\x08space", "bell backspace"),
        ("\u202egnol\u202c", "gnol"),
        ("\x9b31m", "31m"),
        ("tab\tstays", "tab\tstays"),
        ("Zürich 😀", "Zürich 😀"),
    ],
)
def test_terminal_escapes_are_defused(typed, seen):
    assert plain(typed) == seen


@given(st.text(max_size=40))
def test_nothing_anybody_typed_can_move_the_cursor(text):
    card = Card(
        lines=(line(text, bold(text), code(text), person(text), link(text, text)),),
        hint=text,
        file=(text, f"{text}\n{text}"),
    )
    assert not any(dangerous(shown) for shown in render(card, BERLIN))


def test_a_line_break_in_a_span_does_not_begin_a_line_of_its_own():
    assert render(Card(lines=(line("one\nsopwith: forged"),)), BERLIN) == ["onesopwith: forged"]


def test_times_are_shown_with_day_and_zone():
    at = datetime(2026, 4, 27, 12, 12, tzinfo=UTC)
    assert render(Card(lines=(line("Ends ", time(at)),)), BERLIN) == ["Ends Mon 27 Apr 14:12 CEST"]


def test_a_card_shows_its_lines_its_file_and_the_words_for_its_buttons():
    card = Card(
        lines=(line(person("rm"), " look at ", link("the PR", "https://forge.example/1")),),
        buttons=(Button(label="Plan", says="plan"),),
        hint="plan",
        file=("plan.txt", "1 branch\n2 bump"),
    )
    assert render(card, BERLIN) == [
        "@rm look at the PR (https://forge.example/1)",
        "[plan.txt]",
        "  1 branch",
        "  2 bump",
        "  plan",
    ]


async def test_the_same_key_is_shown_once():
    room = Room()
    chat = ConsoleChat(room, "Europe/Berlin")
    card = Card(lines=(line("hello"),))
    first = await chat.post("r1/1", OPS, card)
    assert await chat.post("r1/1", OPS, card) == first
    assert len(room.posts) == 1


async def test_an_edit_changes_the_message_and_one_of_nothing_is_refused():
    room = Room()
    chat = ConsoleChat(room, "Europe/Berlin")
    ref = await chat.post("r1/1", OPS, Card(lines=(line("hello"),)))
    await chat.edit("r1/1", OPS, ref, Card(lines=(line("goodbye"),)))
    assert room.posts[0].lines == ["goodbye"]
    with pytest.raises(FarEndRefused):
        await chat.edit("r1/2", OPS, "m99", Card(lines=()))


async def test_a_whisper_names_its_only_reader():
    room = Room()
    await ConsoleChat(room, "Europe/Berlin").whisper(
        "e/1", OPS, Actor(platform="console", id="guest"), Card(lines=(line("no"),))
    )
    assert room.posts[0].to == "guest"
