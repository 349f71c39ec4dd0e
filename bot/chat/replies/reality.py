"""What is said when the record and the world differ: adopt, redo, done by hand."""

from collections.abc import Sequence

from bot.chat.replies.parts import card, seconds
from sops.kit.action import Conflict
from sops.kit.escaping import printable
from sops.kit.message import Card
from sops.kit.model import Step


def nothing_to_adopt(name: str) -> str:
    return f"{name} did not stop, so there is nothing to adopt; status shows where things are."


def not_there(step: Step) -> str:
    return f"{step.title}: I cannot see it done; do it first, or say !retry to let me try."


def still_there(step: Step) -> str:
    return f"{step.title}: it is there, so there is nothing to do again."


def adopted(step: Step, who: str) -> Card:
    return card(f"{who} adopts what is there: {step.title}.")


def nothing_to_redo(name: str) -> str:
    return f"{name} is not a public effect that was done; status shows what is recorded and not so."


def redo_asked(step: Step, who: str, why: str) -> Card:
    return card(
        f"{who} wants {step.title} done again: {printable(why)}",
        "Nothing is done yet. A second person must agree by saying the same.",
        hint=f"!redo {step.id} reason",
    )


def redoing(step: Step, who: str) -> Card:
    return card(f"{step.title} is done again, agreed by {who}.")


def nothing_by_hand(name: str) -> str:
    return f"{name} is not in turn, or not something I do; !done {name} signs off what people do."


def must_be_seen(step: Step) -> str:
    return f"What follows needs {step.title}, so I must see it myself: do it, then !retry or !adopt {step.id}."


def yes_not_by_hand(step: Step) -> str:
    return (
        f"{step.title} needs the yeses it asks for; nobody's word replaces them. What people did at the forge all the"
        " same is noticed by itself, and what is left is asked for anew."
    )


def by_hand_asked(step: Step, who: str, why: str) -> Card:
    return card(
        f"{who} says {step.title} was done by hand: {printable(why)}",
        "A second person must agree by saying the same.",
        hint=f"!byhand {step.id} reason",
    )


BY_HAND = "by hand"


def unlearned(step: Step, fact: str) -> Conflict:
    """A step stands where what it needs was never found out."""
    return Conflict(
        f"{step.title} needs {fact!r}, which nothing before it found out",
        f"!retry once it can be known, !waive {step.id} reason if it may be left out, or !cancel reason",
    )


def done_by_hand(step: Step, who: str) -> Card:
    return card(f"✓ {step.title}, by hand; agreed by {who}.")


def second_must_be_another(able: Sequence[str]) -> str:
    return f"You said so already; a second person must agree: {seconds(able)}."
