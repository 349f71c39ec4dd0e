"""A chat message before any platform: lines of spans, buttons that have text equivalents, forms that ask for more.

Text inside a span is data. Adapters escape it for their platform; nobody else does. A `time` span is
shown in the reader's zone where the platform can, else with date and zone printed.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")  # what another build added is kept


_KINDS = frozenset({"text", "bold", "code", "person", "time", "link", "channel"})


class Span(_Value):
    """A stretch of a line. `target` is a person's handle, a URL of a `link`, the chat's own id of a `channel`.

    In an `own` one, which is our sentence and nobody's data, a root command is spelled as the chat knows it.
    """

    kind: Literal["text", "bold", "code", "person", "time", "link", "channel"] = "text"
    text: str = ""
    target: str = ""
    at: AwareDatetime | None = None
    own: bool = False

    @field_validator("kind", mode="before")
    @classmethod
    def _plain_at_least(cls, kind: object) -> object:
        """A kind that only another build knows reads as text."""
        return kind if kind in _KINDS else "text"


class Field(_Value):
    """A part of a command that a form asks for. A `choice` is one of `choices`; a `text` may have many lines."""

    name: str
    label: str
    kind: Literal["line", "text", "choice"] = "line"
    choices: tuple[str, ...] = ()
    optional: bool = False
    longest: int = 3000


class Form(_Value):
    """Asks for what a command still lacks. `says` is the command, with a `{name}` for each field.

    `hint` is how the whole of it is typed.
    """

    title: str
    says: str
    fields: tuple[Field, ...]
    hint: str = ""

    def filled(self, values: Mapping[str, str]) -> str:
        """The command as if it had been typed."""
        given = {field.name: values.get(field.name, "").strip() for field in self.fields}
        return " ".join(part for part in _filled(self.says, given) if part)


def _filled(says: str, given: Mapping[str, str]) -> list[str]:
    return [given[word[1:-1]] if word.startswith("{") and word[1:-1] in given else word for word in says.split(" ")]


class Button(_Value):
    """A choice. `says` is the text that means the same when typed; `confirm` asks before acting.

    `asks` names what has to be said besides, a `reason` or `who`, before it means anything.
    """

    label: str
    says: str
    confirm: str = ""
    asks: tuple[str, ...] = ()

    def form(self) -> Form | None:
        """What asks for the rest; None if there is none."""
        if not self.asks:
            return None
        fields = tuple(
            Field(name=name, label=name.capitalize(), kind="line" if name == "who" else "text") for name in self.asks
        )
        says = " ".join([self.says, *(f"{{{name}}}" for name in self.asks)])
        return Form(title=self.label.rstrip("…"), says=says, fields=fields)


Line = tuple[Span, ...]


class Card(_Value):
    """One message. `hint` is the line of text equivalents, shown where there are no buttons.

    `file` is long content that belongs beside the message (a plan, a timeline), as (name, text).
    `pinned` is True while it is to be kept in sight above its room, where the chat can; None but for a run's summary.
    `closed` says how it ended once its buttons were used or make no sense any more.
    """

    lines: tuple[Line, ...]
    buttons: tuple[Button, ...] = ()
    hint: str = ""
    file: tuple[str, str] | None = None
    closed: str = ""
    pinned: bool | None = None

    def used(self, how: str) -> "Card":
        """The same message without its buttons, saying how they were used."""
        return self.model_copy(update={"buttons": (), "hint": "", "closed": how})

    def plain(self) -> str:
        """The words alone, for tests and for platforms without markup; times in UTC."""
        return "\n".join("".join(_plain(span) for span in line) for line in self.lines)


def _plain(span: Span) -> str:
    if span.at is not None:
        return span.at.strftime("%a %d %b %H:%M UTC")
    return f"@{span.target}" if span.kind == "person" else span.text


def line(*parts: Span | str) -> Line:
    """A line from spans and our own words."""
    return tuple(Span(text=part, own=True) if isinstance(part, str) else part for part in parts)


def spelled(text: str, names: Mapping[str, str]) -> str:
    """Our own words with `/release` and the like as people type them in this chat; `names` is from root to that."""
    if not names:
        return text
    roots = "|".join(re.escape(root) for root in names)
    return re.sub(rf"(?<![\w/.:-])/({roots})(?![\w/-])", lambda found: names[found[1]], text)


def bold(text: str) -> Span:
    return Span(kind="bold", text=text)


def code(text: str) -> Span:
    return Span(kind="code", text=text)


def typed(text: str) -> Span:
    """An example of ours, to be typed as it stands; its root command is spelled as the chat knows it."""
    return Span(kind="code", text=text, own=True)


def person(handle: str) -> Span:
    """Mentions, and so disturbs, one person."""
    return Span(kind="person", target=handle)


def time(at: datetime) -> Span:
    return Span(kind="time", at=at)


def channel(target: str) -> Span:
    """Names a channel of the chat the message goes to."""
    return Span(kind="channel", text=target, target=target)


def link(text: str, url: str) -> Span:
    return Span(kind="link", text=text, target=url)
