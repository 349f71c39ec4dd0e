"""What people say when something is about to happen that they do not want: `STOP!`, *no wait*, hold on a sec, 🛑.

The other place where talk may act (docs/design.md): while the grace runs, a stop taken by mistake costs a `!resume`,
one that was missed is in public for ever. It counts as the whole message only, and only then: elsewhere it is talk.
"""

from enum import Enum

from bot.chat.plainly import HALTS, asks, negated, own, plain, signs, words

#: Any of these makes it a stop.
_STOPPING = frozenset({"stop", "stopp", "halt", "abort", "wait", "hold", "cancel", "stahp"})
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


class Halt(Enum):
    """What a message sounds like while the grace runs."""

    STOP = "stop"
    HINT = "hint"  # it may be meant as one
    TALK = "talk"


def halt(text: str) -> Halt:
    """What `text` says to what is about to happen; a question, or a stop that is denied, is a hint."""
    if len(text) > LONGEST:
        return Halt.TALK
    said = plain("\n".join(own(text)))
    left, spoken = signs(said), words(said)
    if left and left <= HALTS:
        return Halt.STOP
    if not spoken or len(spoken) > MOST_WORDS:
        return Halt.TALK
    stops = [number for number, word in enumerate(spoken) if word in _STOPPING]
    known = all(word in _STOPPING or word in _AROUND or negated(word) for word in spoken)
    if not known or not (stops or any(negated(word) for word in spoken)):
        return Halt.TALK
    denied = not stops or _denied(spoken[: stops[0]])
    return Halt.HINT if denied or asks(said) else Halt.STOP


def _denied(before: list[str]) -> bool:
    """ "don't stop" is none; "no, stop" is."""
    return any(negated(word) and word not in {"no", "nope"} for word in before)
