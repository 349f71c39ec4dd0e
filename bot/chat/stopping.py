"""What people say when something is about to happen that they do not want: `STOP!`, *no wait*, hold on a sec, 🛑.

The other place where talk may act (docs/design.md): while the grace runs, a stop taken by mistake costs a `!resume`,
one that was missed is in public for ever. It counts as the whole message, as what a reason follows (`stop: wrong tag`)
and in capitals, and only then: elsewhere it is talk. What else begins with such a word is asked about.
"""

from enum import Enum
from itertools import dropwhile, takewhile

from bot.chat.plainly import HALTS, asks, negated, own, plain, signs, visible, words
from sops.kit.nearest import nearest

#: Any of these makes it a stop.
STOPPING = frozenset({"stop", "stopp", "halt", "abort", "wait", "hold", "cancel", "stahp"})
#: What may stand around it: to whom, what, and how long.
_AROUND = frozenset(
    {
        *("please", "pls", "plz", "hm", "hmm", "oh", "ok", "okay", "hey", "nooo", "noo", "all", "everybody"),
        *(
            "everyone",
            "guys",
            "sopwith",
            "bot",
            "here",
            "channel",
            "on",
            "it",
            "that",
            "this",
            "now",
            "there",
            "off",
            "up",
        ),
        *(
            "a",
            "an",
            "one",
            "moment",
            "minute",
            "min",
            "second",
            "sec",
            "the",
            "everything",
            "still",
            "immediately",
            "asap",
        ),
        *(
            "release",
            "hotfix",
            "rollback",
            "tag",
            "tagging",
            "merge",
            "merging",
            "publishing",
            "publish",
            "deploy",
            "must",
        ),
        *(
            "we",
            "i",
            "say",
            "said",
            "just",
            "and",
            "at",
            "once",
            "right",
            "away",
            "sorry",
            "thanks",
            "first",
            "yet",
            "do",
        ),
        *("can", "could", "should", "let", "let's", "lets", "run", "build", "pipeline"),
    }
)
LONGEST, MOST_WORDS = 200, 10
#: What may stand before the word that begins a stop.
_BEFORE = frozenset(
    {
        *("please", "pls", "plz", "hm", "hmm", "oh", "ok", "okay", "hey", "no", "nooo", "noo", "all", "everybody"),
        *("everyone", "guys", "sopwith", "bot", "here", "channel"),
    }
)
_CLAUSE_ENDS = frozenset(".,;:!?…—–\n")
_LIKE = 0.75  # so like one of them a word is one, mistyped


class Halt(Enum):
    """What a message sounds like while the grace runs."""

    STOP = "stop"
    HINT = "hint"  # it may be meant as one
    TALK = "talk"


def halt(text: str) -> Halt:
    """What `text` says to what is about to happen; a question, or a stop that is denied, is a hint."""
    begun = _begins("\n".join(own(text[:LONGEST])))
    if begun is Halt.STOP or len(text) > LONGEST:
        return begun
    found = _as_a_whole(text)
    return begun if found is Halt.TALK else found


def stops(word: str) -> bool:
    """It is a word that stops, mistyped perhaps."""
    return word in STOPPING or bool(nearest(word, sorted(STOPPING), _LIKE))


def _begins(text: str) -> Halt:
    """A stop word begins it: in capitals, or alone up to the end of its clause, it stops, and a reason may follow."""
    left = visible(text).replace(" - ", " – ")
    while left.strip():
        clause = "".join(takewhile(lambda char: char not in _CLAUSE_ENDS, left))
        asked, left = left[len(clause) :].startswith("?"), left[len(clause) + 1 :]
        spoken = list(dropwhile(lambda word: word.casefold() in _BEFORE, words(clause)))
        if not spoken and not asked:
            continue  # "no, stop: wrong tag"
        if not spoken or spoken[0].casefold() not in STOPPING:
            return Halt.TALK
        sure = spoken[0].isupper() or _as_a_whole(clause) is Halt.STOP
        return Halt.STOP if sure and not asked else Halt.HINT
    return Halt.TALK


def _as_a_whole(text: str) -> Halt:
    said = plain("\n".join(own(text)))
    left, spoken = signs(said), words(said)
    if left and left <= HALTS:
        return Halt.STOP
    if not spoken or len(spoken) > MOST_WORDS:
        return Halt.TALK
    stops = [number for number, word in enumerate(spoken) if word in STOPPING]
    known = all(word in STOPPING or word in _AROUND or negated(word) for word in spoken)
    if not known or not (stops or any(negated(word) for word in spoken)):
        return Halt.TALK
    denied = not stops or _denied(spoken[: stops[0]])
    return Halt.HINT if denied or asks(said) else Halt.STOP


def _denied(before: list[str]) -> bool:
    """ "don't stop" is none; "no, stop" is."""
    return any(negated(word) and word not in {"no", "nope"} for word in before)
