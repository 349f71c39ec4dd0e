"""What every part of the grammar is made of: a command, a problem, or people talking."""

from dataclasses import dataclass
from typing import ClassVar

LONGEST_TEXT, LONGEST_TITLE = 3000, 200


@dataclass(frozen=True)
class Command:
    """Something to do, or to look at. Fields are as typed; nothing is looked up yet."""

    #: It counts also when the bot is told of it long after it was said.
    counts_late: ClassVar[bool] = False


@dataclass(frozen=True)
class Telling(Command):
    """A declaration, or a word of record: it tells what happened, which stays so however late it is heard."""

    counts_late = True


@dataclass(frozen=True)
class Holding(Command):
    """It only makes the bot stand still: acting on it too late does no harm, not acting on it does."""

    counts_late = True


@dataclass(frozen=True)
class Problem:
    """A command that cannot be understood; `kind` picks the reply, `about` is what it is about.

    Of one with something missing `lacks` says what, where its verb does not; `example` completes what was typed.
    """

    kind: str
    about: str = ""
    more: str = ""
    lacks: str = ""
    example: str = ""


@dataclass(frozen=True)
class Talk:
    """People talking to each other; the marks say what it sounds like: an approval, going on."""

    yes: bool = False
    go: bool = False
    sign: str = ""  # the emoji that was set on, or taken from, a message of the run's


def split(text: str) -> tuple[str, str]:
    """The first word, and the rest without the space between."""
    parts = text.split(None, 1)
    return (parts[0] if parts else "", parts[1].strip() if len(parts) > 1 else "")


#: What may stand around a bare word: code marks, emphasis, the end of a sentence. Nothing that asks or quotes.
_MARKS = "`*_.,! \t\n\ufe0e\ufe0f\u200b"


def bare(text: str) -> str:
    """The text without the marks around it; a `!` before it is a command's, and stays."""
    return text.lstrip(_MARKS.replace("!", "")).rstrip(_MARKS)


#: What makes "help" another's word: a mention, a channel, a quotation.
_NOT_MARKS = "@#>"
LONGEST_CALL = 40


def asks_for_help(text: str) -> bool:
    """It is the word alone, whatever stands around it: `help`, *Help!*, `!help`, help?"""
    if len(text) > LONGEST_CALL:
        return False
    before, found, after = text.casefold().partition("help")
    around = (*before, *after)
    return bool(found) and not any(char.isalnum() or char in _NOT_MARKS for char in around)


def unmarked(word: str) -> str:
    """A word without what ends it: `update:` is `update`."""
    return word.rstrip(":,;.!")
