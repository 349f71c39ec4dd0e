"""What every module of replies is made with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sops.kit import timing
from sops.kit.action import News
from sops.kit.message import Button, Card, Line, Span, line, time
from sops.kit.model import Role
from sops.kit.run import Obligation, Run
from sops.kit.texts import duration

__all__ = ["Words", "card", "duration", "names"]


@dataclass(frozen=True)
class Words:
    """What one procedure says of its own; everything else is said the same way for all.

    `heading` names the run on its summary ("release 1.4.0"). `news` and `done` word what gates and actions tell, and
    what a step is known by once it is over; keys are kinds of news, and ids of steps. `help` are the lines of words
    for its thread, `hint` the shortest of them. A `brief` one is a line in its channel; its thread is left alone until
    somebody answers there.
    """

    heading: Callable[[Run], str]
    news: Mapping[str, Callable[[Run, News], Card]] = field(default_factory=dict)
    done: Mapping[str, Callable[[Run], str]] = field(default_factory=dict)
    help: tuple[str, ...] = ()
    hint: str = "plan · status · !hold reason"
    brief: bool = False


#: What an incident is in the open that is responded to in private: nothing of where, or why.
RESTRICTED = "restricted, goes on in private"


def card(
    *lines: Line | str, hint: str = "", buttons: tuple[Button, ...] = (), file: tuple[str, str] | None = None
) -> Card:
    spans = tuple(line(entry) if isinstance(entry, str) else entry for entry in lines)
    return Card(lines=spans, hint=hint, buttons=buttons, file=file)


def begun(name: str) -> str:
    """As a sentence begins with it."""
    return name[:1].upper() + name[1:]


def due(run: Run, name: str) -> tuple[Span | str, ...]:
    """When that running clock is due, and that it is in working hours where those were heeded."""
    return (time(run.clocks[name].due_at), " (in working hours)" if timing.in_hours(run, name) else "")


def seconds(able: Sequence[str]) -> str:
    """Who may be the second to agree; where the settings name nobody else, what they lack."""
    return names(able) if able else "nobody else may, so the settings must first name somebody (people) with that role"


def names(handles: Sequence[str], last: str = "or") -> str:
    """rev1, rev2 or rev3."""
    *most, end = handles or ("nobody",)
    return f"{', '.join(most)} {last} {end}" if most else end


def either(roles: Sequence[Role]) -> str:
    """release manager or reviewer"""
    return " or ".join(str(role) for role in roles)


def a_role(role: str) -> str:
    """A role as a subject: a reviewer, somebody on call."""
    own = {str(Role.ON_CALL): "somebody on call", str(Role.ANYONE): "anyone"}
    return own.get(str(role), f"a {role}")


def roles_of(roles: Sequence[Role]) -> str:
    """What the reader is."""
    named = [str(role) if role is Role.ON_CALL else f"a {role}" for role in roles]
    return f"You are {names(named, 'and')}" if named else "You have no role here"


def missing_facts(run: Run, names: Sequence[str]) -> list[str]:
    """Which of the facts nobody set; an empty list of actions is an answer."""
    return [name for name in names if run.facts.get(name) in (None, "")]


def debt_hint(debt: Obligation) -> str:
    if debt.probe:
        return f"it is seen once it is there · !done {debt.id} looks now · !waive {debt.id} reason"
    return f"!done {debt.id} evidence"
