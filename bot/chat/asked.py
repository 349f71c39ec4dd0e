"""A question with a list, and the short answer to it by who was asked: `2`, `#2`, `the first`, `INC-2`.

It counts where it was asked, for a while, however often it is answered; anything else said there is talk as before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat import commands
from bot.chat.words import bare
from sops.kit.conversation import Event
from sops.kit.patterns import Pattern
from sops.kit.run import Run
from sops.kit.stores import Transaction

ANSWERED_WITHIN = timedelta(minutes=10)
LONGEST_ANSWER, KEPT = 30, 200
_ASKED = "asked/"
_NUMBER = Pattern(
    r"(?i)(?:the )?(?:#|no\.? ?|number |option )?([1-9][0-9]?)(?:st|nd|rd|th)?[.):]?(?: one)?(?: please)?"
)
_RUN = Pattern(r"(?i)(?:the )?#?([a-z]{3}-[1-9][0-9]{0,8})(?: please)?")
_ORDINAL = Pattern(r"(?i)(?:the )?([a-z]+)(?: one)?(?: please)?")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
#: What an answer may bring about by itself: looking, and saying that one has it. What ends or changes something is
#: said whole, so that no stray number does it.
_BY_NUMBER = (commands.Status, commands.Plan, commands.Todo, commands.Timeline, commands.Help, commands.Ack)


@dataclass(frozen=True)
class Which:
    """Several runs may be meant by what was said."""

    said: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Chosen:
    """One of a list by its name, empty if the list has no such number; `said` is what was asked about."""

    run: str
    said: str
    listed: tuple[str, ...]


def by_number(said: str) -> bool:
    """A number is enough to have it done."""
    return isinstance(commands.parse(said, in_run=True, addressed=True), _BY_NUMBER)


def ask(tx: Transaction, event: Event, said: str, names: Sequence[str], now: datetime) -> None:
    """Keep what was asked of who spoke, where they spoke; their last question there counts."""
    for name, value in tx.cursors.under(_ASKED).items():
        if _over(json.loads(value), now):
            tx.cursors.drop(name)
    kept = {"at": now.isoformat(), "said": said[:KEPT], "names": list(names)}
    tx.cursors.put(_key(event), json.dumps(kept))


def answer(tx: Transaction, event: Event, now: datetime) -> Chosen | None:
    """What they choose, if they were asked there a short while ago and this is an answer."""
    if event.kind != "message" or not _like_one(event.text):
        return None
    value = tx.cursors.get(_key(event))
    asked: Mapping[str, object] = json.loads(value) if value else {}
    names = asked.get("names")
    if not isinstance(names, list) or _over(asked, now):
        return None
    chosen = _choice(event.text, names)
    return None if chosen is None else Chosen(chosen, str(asked["said"]), tuple(map(str, names)))


def _like_one(text: str) -> bool:
    return len(text) <= LONGEST_ANSWER and any(
        each.fullmatch(_plain(text)) is not None for each in (_NUMBER, _RUN, _ORDINAL)
    )


def _choice(text: str, names: Sequence[str]) -> str | None:
    """The name that is meant; empty for a number the list has not, None for what is no answer."""
    said = _plain(text)
    if found := _RUN.fullmatch(said):
        return found[1].upper() if found[1].upper() in names else None
    number = _NUMBER.fullmatch(said)
    word = _ORDINAL.fullmatch(said)
    at = int(number[1]) if number else 0
    if word and word[1].lower() in _ORDINALS:
        at = _ORDINALS.index(word[1].lower()) + 1
    elif word and word[1].lower() == "last":
        at = len(names)
    if not at:
        return None
    return names[at - 1] if at <= len(names) else ""


def _plain(text: str) -> str:
    """Without marks around it, and without what draws a digit as a key."""
    return bare(text.replace("\ufe0f", "").replace("\u20e3", "").strip())


def _over(asked: Mapping[str, object], now: datetime) -> bool:
    return now - datetime.fromisoformat(str(asked["at"])) > ANSWERED_WITHIN


def _key(event: Event) -> str:
    place = event.place
    return f"{_ASKED}{place.platform}/{place.channel}/{place.thread or ''}/{event.actor}"
