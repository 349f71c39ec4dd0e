"""What is said of a run that nobody here can read: to those in its thread, to those it may concern, to operators."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat.replies.parts import card, duration, seconds
from sops.kit.escaping import printable
from sops.kit.message import Button, Card, Line, Span, bold, line, person, time
from sops.kit.run import Run
from sops.kit.unreadable import Unreadable


def listed(run: Unreadable) -> Line:
    """Among what goes on."""
    return line(bold(run.name), " cannot be read by this version of Sopwith")


def call(run: Unreadable, whom: Sequence[str], since: datetime) -> Card:
    """To everybody who may have to take it: nobody can say how bad it is, or whether somebody has it."""
    to: list[Span | str] = []
    for handle in whom:
        to += [person(handle), " "]
    return card(
        line(*to, bold(f"{run.name} is open and cannot be read by this version of Sopwith."), " Since ", time(since)),
        "Nobody is called for what is in it, and I cannot say whether somebody has it. Look at it yourselves, and have"
        " an operator start a version that can read it, or mend it. I go on calling until somebody says: ack.",
        hint="ack · !seen",
        buttons=(Button(label="I've got it", says="ack"),),
    )


def known(run: Unreadable, who: str, lasting: timedelta) -> Card:
    """In its thread: somebody looks after it."""
    return card(
        f"{who} knows of {run.name}; nobody else is called for it for {duration(lasting)}, and then if it still cannot"
        " be read.",
        "Once it can be read again it goes on as it was stored: if nobody had it then, say ack once more.",
    )


def to_operators(run: Unreadable, *, secret: bool) -> Card:
    """What they can do about it; of what is secret they learn no more than that there is something."""
    which = "Something" if secret else f"{run.name} ({run.sop})"
    return card(
        line(bold(f"{which} is open and cannot be read by this version: "), Span(text=printable(run.why))),
        "Start a version that can read it, or restore it; sopwith doctor runs lists it.",
    )


def say_in_its_thread(run: Unreadable) -> Card:
    """To who answers a page, though which run is meant cannot be read."""
    return card(
        f"{run.name} is open and cannot be read by this version of Sopwith.",
        hint=f"/sop {run.name} ack",
        buttons=(Button(label="I've got it", says=f"/sop {run.name} ack"),),
    )


def same_version(other: Unreadable) -> str:
    """What may be in the way of a run that is begun for the same version."""
    return f"{other.name} is open for the same version and cannot be read; see what it left before you say !start"


def passed_already(other: Unreadable) -> str:
    return f"This run goes on without {other.name} already."


def pass_same(other: Unreadable, able: Sequence[str]) -> str:
    return f"You asked for it already; a second person must agree to go on without {other.name}: {seconds(able)}."


def pass_asked(run: Run, other: Unreadable, who: str, reason: str, able: Sequence[str]) -> Card:
    return card(
        line(f"{who} wants {run.name} to go on although {other.name} cannot be read: ", Span(text=reason), "."),
        f"A second person must agree within a day by saying the same: {seconds(able)}.",
        hint=f"!waive {other.name} reason",
    )


def goes_on_without(run: Run, other: Unreadable, by: str, why: str) -> Card:
    return card(line(f"{run.name} goes on without {other.name}, say {by}: ", Span(text=why)))
