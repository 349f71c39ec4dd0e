"""What every part of the grammar is made of: a command, a problem, or people talking."""

from dataclasses import dataclass

LONGEST_TEXT, LONGEST_TITLE = 3000, 200


@dataclass(frozen=True)
class Command:
    """Something to do. Fields are as typed; nothing is looked up yet."""


@dataclass(frozen=True)
class Problem:
    """A command that cannot be understood; `kind` picks the reply, `about` is what it is about."""

    kind: str
    about: str = ""
    more: str = ""


@dataclass(frozen=True)
class Talk:
    """People talking to each other; the marks say what it sounds like: an approval, stopping one, going on."""

    yes: bool = False
    stop: bool = False
    go: bool = False


def split(text: str) -> tuple[str, str]:
    """The first word, and the rest without the space between."""
    parts = text.split(None, 1)
    return (parts[0] if parts else "", parts[1].strip() if len(parts) > 1 else "")
