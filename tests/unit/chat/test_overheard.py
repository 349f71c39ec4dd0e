"""After a mention a short command acts, and a sentence that only begins like one is asked about."""

from datetime import UTC, datetime

import pytest

from bot.chat import commands
from bot.chat.overheard import asked_first
from sops.kit.conversation import Actor, Event, Place
from sops.kit.message import Card


def heard(text: str, kind: str = "message", *, addressed: bool = True) -> Card | None:
    event = Event.model_validate(
        {
            "dedupe_key": "1",
            "kind": kind,
            "place": Place(platform="matrix", channel="!r", thread="$t"),
            "actor": Actor(platform="matrix", id="@rm:acme.example"),
            "text": text,
            "at": datetime(2026, 4, 20, tzinfo=UTC),
            "addressed": addressed,
        }
    )
    return asked_first(commands.parse(text, in_run=True, addressed=True), event)


@pytest.mark.parametrize(
    "sentence",
    [
        "cancel whatever you had planned for tonight, we are there at five",
        ": reject his idea of lunch, who would want that?",
        "hold my beer?",
        "skip review and come over here before it is gone",
        "waive main-green the rest of us will not come in before ten",
        "restrict yourself to one coffee a day, says my doctor to me",
        "false alarm, the cake in the kitchen is not for all of us",
        "cancel it\nand then some more",
    ],
)
def test_a_sentence_does_nothing_and_shows_the_command_it_would_be(sentence: str) -> None:
    card = heard(sentence)
    assert card is not None
    assert [button.says for button in card.buttons] == ["!" + sentence.removeprefix(":").strip()]
    assert "so nothing was done" in str(card)


@pytest.mark.parametrize(
    "command",
    [
        "cancel wrong version",
        "hold the disk is full",
        "reject 7f3a the numbers are wrong",
        "!cancel whatever you had planned for tonight, we are there at five",
        "note it was whatever we had planned for tonight, is that so?",
        "ack",
        "page @rm2 the disk is full and nobody knows where the backups are",
    ],
)
def test_a_command_with_a_short_reason_its_mark_or_no_such_end_acts(command: str) -> None:
    assert heard(command) is None


def test_what_was_typed_or_pressed_as_a_command_acts() -> None:
    sentence = "cancel whatever you had planned for tonight, we are there at five"
    assert heard(sentence, "choice") is None
    assert heard(sentence, "command") is None
    assert heard(sentence, addressed=False) is None


def test_a_button_holds_no_more_than_a_chat_takes() -> None:
    card = heard("cancel " + "word " * 200)
    assert card is not None
    assert card.buttons == ()
