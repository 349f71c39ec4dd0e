"""An answer costs the same however much goes on."""

from dataclasses import dataclass, field
from typing import Any

from bot.chat.replies.parts import card
from bot.engine.mail import put_answer
from sops.kit.conversation import Actor, Event, Place
from sops.kit.run import Run
from sops.kit.stores import InboxItem, Outgoing
from tests.unit.runs import NOW, an_incident

HERE = Place(platform="console", channel="#ops")


@dataclass
class Books:
    """Of all that is open, only what is under embargo may be read."""

    under_embargo: list[Run] = field(default_factory=list)
    put: list[Outgoing] = field(default_factory=list)

    @property
    def runs(self) -> Any:
        return self

    @property
    def outbox(self) -> Any:
        outbox: Any = type("Outbox", (), {"put": lambda _, message, at: self.put.append(message)})()
        return outbox

    def embargoed(self) -> list[Run]:
        return self.under_embargo

    def open(self) -> list[Run]:
        raise AssertionError("every open run was read")


def answered(books: Any) -> Outgoing:
    event = Event(
        dedupe_key="1", kind="message", place=HERE, actor=Actor(platform="console", id="rm"), text="?", at=NOW
    )
    item = InboxItem(seq=1, event=event, conversation="console:#ops:", attempts=0)
    put_answer(books, item, card("No."), NOW)
    whisper: Outgoing = books.put[-1]
    return whisper


def test_only_what_is_under_embargo_is_looked_at_and_makes_what_is_said_there_private() -> None:
    assert not answered(Books()).private
    assert not answered(
        Books([an_incident(private=True, place=Place(platform="console", channel="#security"))])
    ).private
    assert answered(Books([an_incident(private=True, place=HERE)])).private
