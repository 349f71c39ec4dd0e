"""What every module of replies is made with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sops.kit.action import News
from sops.kit.message import Button, Card, Line, line
from sops.kit.run import Run
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


def card(
    *lines: Line | str, hint: str = "", buttons: tuple[Button, ...] = (), file: tuple[str, str] | None = None
) -> Card:
    spans = tuple(line(entry) if isinstance(entry, str) else entry for entry in lines)
    return Card(lines=spans, hint=hint, buttons=buttons, file=file)


def names(handles: Sequence[str], last: str = "or") -> str:
    """rev1, rev2 or rev3."""
    *most, end = handles or ("nobody",)
    return f"{', '.join(most)} {last} {end}" if most else end
