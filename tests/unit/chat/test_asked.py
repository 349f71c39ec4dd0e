"""The short answer to a list the bot gave: whose, where, for how long, and what it may bring about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot.chat import asked
from bot.chat.asked import Chosen
from sops.kit.conversation import Actor, Event, Place

NOW = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)
LISTED = ("INC-1", "INC-2", "REL-3")


class Kept:
    """A transaction with nothing but what is kept by name."""

    def __init__(self) -> None:
        self.cursors = self
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def put(self, name: str, value: str) -> None:
        self.kept[name] = value

    def drop(self, name: str) -> None:
        del self.kept[name]

    def under(self, beginning: str) -> Mapping[str, str]:
        return {name: value for name, value in self.kept.items() if name.startswith(beginning)}


def says(text: str, who: str = "oncall1", channel: str = "#ops", kind: str = "message") -> Event:
    actor, place = Actor(platform="console", id=who), Place(platform="console", channel=channel)
    return Event(dedupe_key=text, kind=cast("Any", kind), place=place, actor=actor, text=text, at=NOW)


def tx(said: str = "status") -> Any:
    kept = Kept()
    asked.ask(cast("Any", kept), says(said), said, LISTED, NOW)
    return kept


@pytest.mark.parametrize(
    ("text", "run"),
    [
        *(
            ("1", "INC-1"),
            ("#2", "INC-2"),
            ("2.", "INC-2"),
            ("2)", "INC-2"),
            ("no 3", "REL-3"),
            ("2\ufe0f\u20e3", "INC-2"),
        ),
        *(("the first", "INC-1"), ("Second one", "INC-2"), ("the 3rd please", "REL-3"), ("last", "REL-3")),
        *(("INC-2", "INC-2"), ("`rel-3`.", "REL-3"), ("4", ""), ("99", "")),
    ],
)
def test_a_number_an_ordinal_and_a_name_choose(text: str, run: str) -> None:
    assert asked.answer(tx(), says(text), NOW) == Chosen(run, "status", LISTED)


@pytest.mark.parametrize(
    "text", ["INC-7", "yes", "1 of them is back", "0", "100", "1?", "second thoughts", "", "x" * 99]
)
def test_anything_else_stays_talk(text: str) -> None:
    assert asked.answer(tx(), says(text), NOW) is None


def test_only_who_was_asked_answers_there_and_for_a_while() -> None:
    assert asked.answer(tx(), says("1", who="rm"), NOW) is None
    assert asked.answer(tx(), says("1", channel="#releases"), NOW) is None
    assert asked.answer(tx(), says("1", kind="edit"), NOW) is None
    assert asked.answer(tx(), says("1"), NOW + timedelta(minutes=11)) is None


def test_what_was_asked_long_ago_is_kept_no_longer() -> None:
    kept = tx()
    asked.ask(kept, says("ack", who="rm"), "ack", LISTED, NOW + timedelta(hours=1))
    assert len(kept.kept) == 1


@pytest.mark.parametrize("said", ["status", "!todo", "log", "who", "ack", "acked"])
def test_looking_and_saying_that_one_has_it_need_no_more(said: str) -> None:
    assert asked.by_number(said) == (said != "acked")


@pytest.mark.parametrize(
    "said", ["close", "verify it works", "cancel enough", "false alarm x", "duplicate INC-2", "undo"]
)
def test_what_ends_or_changes_something_is_said_whole(said: str) -> None:
    assert not asked.by_number(said)
