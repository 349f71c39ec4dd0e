"""What begins a run after a look at the far end is a conversation of its own; all else keeps its order."""

import pytest

from bot.chat import commands
from bot.chat.openings import OPENINGS
from bot.engine.mail import conversation_of, is_beside
from sops.kit.conversation import Actor, Event, Place
from tests.unit.runs import NOW


class Tx:
    """Nothing was posted yet."""

    outbox = None


def said(text: str, *, kind: str = "message", addressed: bool = False) -> str:
    place, whom = Place(platform="console", channel="#ops"), Actor(platform="console", id="rm")
    event = Event(dedupe_key="console/m1", kind=kind, place=place, actor=whom, text=text, at=NOW, addressed=addressed)  # type: ignore[arg-type]  # one of its kinds
    return conversation_of(Tx(), event)  # type: ignore[arg-type]  # it is in no thread, so nothing is looked up


def test_every_beginning_that_looks_is_known() -> None:
    assert set(commands.BEGINNINGS) == {*OPENINGS, commands.StartOwn}


@pytest.mark.parametrize("text", ["/release rc 1.4.0", "!hotfix 1.4.1 P0 wal", "/security report a hole"])
def test_a_beginning_keeps_nobody_waiting(text: str) -> None:
    assert is_beside(said(text))
    assert said(text).startswith("console:#ops:")


@pytest.mark.parametrize(
    "text",
    ["/incident declare P1 it is down", "/sop INC-1 ack", "/release unfreeze", "release rc 1.4.0", "/release rc"],
)
def test_all_else_is_handled_in_its_order(text: str) -> None:
    assert said(text) == "console:#ops:"


def test_an_edit_begins_nothing() -> None:
    assert said("/release rc 1.4.0", kind="edit") == "console:#ops:"
