"""What people say half asleep when they are called: `Ack.`, *ok I'm on it!*, ✅ got it. Plain scanning, no state.

One of the two places where talk may act (docs/design.md): an acknowledgment taken by mistake costs one page and one
press of [Not me], one that was missed wakes four people. So whatever begins like one is one, if somebody says it who
was called; a question mark, a negation or another person's name makes it a hint instead, as does what puts it
off and what is no more than a sign of life. Longer than other modules: half of it is the table of words.
"""

from collections.abc import Collection, Sequence
from enum import Enum
from itertools import pairwise, takewhile

from bot.chat.plainly import CHECKS, EYES, NEGATIVE_SIGNS, NODS, asks, negated, own, plain, signs, words

#: What begins an acknowledgment, as words. Spelled small, without marks.
ACKNOWLEDGING: tuple[tuple[str, ...], ...] = (
    *(("ack",), ("acked",), ("ack'd",), ("acknowledged",), ("mine",), ("onit",), ("gotit",)),
    *(("on", "it"), ("got", "it")),
)
#: Begins one as well, if nothing of another matter follows: looking at the payments, not at the football.
_LOOKING = ("looking",)
#: What only somebody says of themselves: I'll take it. "take it easy" is another matter.
_OWN = (
    *(("take", "it"), ("take", "this"), ("take", "that"), ("take", "over"), ("take", "care"), ("take", "ownership")),
    *(("taking", "it"), ("taking", "this"), ("taking", "over"), ("have", "it"), ("got", "this"), ("on", "this")),
)
#: Is one if nothing follows.
_ALONE = (("acknowledge",), ("acking",), ("taking", "it"), ("taking", "this"), ("taking", "over"), ("got", "this"))
#: What may stand before those: I'm on it, I've got it.
_LEADS: tuple[tuple[str, ...], ...] = (
    *(("i", "am"), ("i", "have"), ("i", "will"), ("i", "can"), ("i", "just")),
    *(("i'm",), ("im",), ("i've",), ("ive",), ("i'll",), ("ill",), ("i",), ("will",)),
)
#: What people say before they come to it.
_FILLERS: tuple[tuple[str, ...], ...] = (
    *((be, how) for be in ("i'm", "im", "am") for how in ("awake", "up", "here", "back")),
    *(("i", "am", how) for how in ("awake", "up", "here", "back")),
    *(("all", "right"), ("of", "course"), ("thank", "you"), ("good", "morning"), ("yes", "sir")),
    *((word,) for word in ("ok", "okay", "okey", "oki", "k", "kk", "yes", "yep", "yeah", "yup", "ya", "ye", "sure")),
    *((word,) for word in ("alright", "right", "fine", "hi", "hey", "hello", "morning", "sorry", "thanks", "thx")),
    *((word,) for word in ("so", "well", "now", "just", "oh", "ah", "uh", "hm", "hmm", "and", "roger", "copy")),
    *((word,) for word in ("here", "awake", "up", "back")),
)
MOST_FILLERS = 5
#: Made of these alone, it is a sign of life: ok, I am awake, one sec, let me check.
_ALIVE = frozenset(word for filler in _FILLERS for word in filler) | {
    *("i", "i'll", "ill", "i've", "ive", "will", "can", "let", "me", "my", "the", "a", "one", "sec", "second", "secs"),
    *(
        "min",
        "mins",
        "minute",
        "minutes",
        "moment",
        "give",
        "in",
        "at",
        "on",
        "way",
        "omw",
        "brb",
        "be",
        "there",
        "soon",
    ),
    *("coming", "joining", "going", "check", "checking", "look", "looking", "see", "seen", "saw", "seeing", "have"),
    *("got", "take", "taking", "it", "this", "that", "into", "do", "doing", "present", "online", "reading", "read"),
    *("understood", "noted", "wilco", "received", "investigating", "investigate", "working", "started", "starting"),
    *(
        "acknowledge",
        "ready",
        "to",
        "of",
        "logging",
        "getting",
        "laptop",
        "computer",
        "phone",
        "page",
        "paged",
        "awoken",
    ),
    *("y", "yea", "yess", "yessir", "aye", "ja", "si", "da", "oui", "jo", "cool", "good", "great", "done", "please"),
}
LONGEST_SIGN_OF_LIFE = 8  # words
#: May stand behind what is one only alone.
_POLITE = frozenset({"now", "please", "thanks", "thx", "all", "guys", "team", "too", "again", "then", "asap", "myself"})
#: Puts off what somebody says they will take, leaves it to another, or takes it back.
_PUTS_OFF = frozenset(
    {
        *("if", "unless", "when", "until", "till", "tomorrow", "tonight", "later", "after", "maybe", "perhaps", "easy"),
        *("mistake", "mistaken", "mistakenly", "accident", "accidentally", "wrong", "wrongly", "plane", "train"),
        *("else", "somebody", "someone", "anybody", "anyone", "next", "pass", "passing"),
    }
)
_PUTS_OFF_PAIRS = frozenset({("as", "soon"), ("the", "morning")})
_LONG = frozenset({"hour", "hours", "hr", "hrs", "day", "days"})  # "in an hour" puts off, "in a minute" does not
#: Of one page and of two: mine too says that it is broken for them as well.
_TOO = frozenset({"too", "also"})
#: Behind "looking" they say nothing of what is looked at.
_SMALL = frozenset(
    {
        *("at", "into", "in", "to", "on", "for", "from", "through", "over", "up", "around", "the", "a", "an", "our"),
        *(
            "this",
            "that",
            "these",
            "those",
            "some",
            "all",
            "of",
            "just",
            "right",
            "already",
            "too",
            "also",
            "as",
            "well",
        ),
        *("closely", "myself", "and"),
    }
)
#: What is looked at by somebody who is at it, whatever the incident is called.
_MATTERS = frozenset(
    {
        *("it", "now", "what", "what's", "whats", "why", "how", "where", "who", "which", "thing", "problem", "issue"),
        *("incident", "cause", "root", "reason", "alert", "alarm", "page", "graph", "log", "dashboard"),
        *("metric", "trace", "error", "exception", "monitor", "monitoring", "grafana", "server", "node", "host", "pod"),
        *(
            "cluster",
            "database",
            "db",
            "disk",
            "network",
            "deploy",
            "deployment",
            "release",
            "service",
            "system",
            "code",
        ),
        *("please", "thanks", "ok", "one"),
    }
)
#: Not what is broken: "I got this page".
_CALLS = frozenset({"page", "alert", "alarm"})
_CLAUSE_ENDS = frozenset(".,;:!()[]…—–")
#: Said to everybody, so it names nobody.
_ALL = frozenset({"here", "channel", "everyone", "room", "all", "sopwith"})
_MARKS = ".,;:!()[]{}<>\"'*_~-–—"
LONGEST_WORD = 100
LONGEST = 4000  # of what is longer nothing is an acknowledgment


class Heard(Enum):
    """What a message sounds like."""

    ACK = "ack"
    HINT = "hint"  # it begins like one and something in it says otherwise, or it may be meant as one
    SEEN = "seen"
    TALK = "talk"


def heard(text: str, mine: Collection[str], others: Collection[str], about: str = "") -> Heard:
    """What `text` says to a page about what is called `about`.

    `mine` are the speaker's names, `others` everybody else's, all in small letters.
    """
    if len(text) > LONGEST:
        return Heard.TALK
    lines = own(text)
    if (sign := sign_of(" ".join(lines))) is not None:
        return sign
    said = plain(" ; ".join(lines))
    spoken = words(said)
    begun = _begun(spoken, said, about)
    if not begun:
        return Heard.HINT if _alive(spoken) else Heard.TALK
    rest = frozenset(spoken[begun:])
    doubtful = asks(said) or _negates(said, rest) or _names(said, rest, mine, others) or _put_off(spoken, begun)
    return Heard.HINT if doubtful else Heard.ACK


def backs_out(text: str) -> bool:
    """It says no to something, or puts it off, whatever it is about: by it nobody takes anything."""
    said = plain(" ; ".join(own(text[:LONGEST])))
    spoken = words(said)
    return _negates(said, frozenset(spoken)) or _put_off(spoken, 0)


def whole(text: str) -> bool:
    """It is the word alone, as people answer a page beside its thread: `ack`, `Acked!`, `ack ✅`."""
    if len(text) > LONGEST_WORD:
        return False
    said = plain("\n".join(own(text)))
    return words(said) in (["ack"], ["acked"], ["ack'd"], ["acknowledged"]) and not asks(said)


def alone(text: str) -> bool:
    """It acknowledges and says nothing else, whatever is called: `on it`, "ok, I'm looking"."""
    if len(text) > LONGEST_WORD:
        return False
    said = plain(text)
    spoken = words(said)
    begun = _begun(spoken, said, "")
    more = set(spoken[begun:]) <= _POLITE | _SMALL | {"it"}
    return bool(begun) and more and not asks(said) and not _put_off(spoken, begun)


def sign_of(text: str) -> Heard | None:
    """What an emoji says, alone or repeated, whatever its colour; None for any other text."""
    left = signs(plain(text))
    if left and left <= CHECKS:
        return Heard.ACK
    if left and left <= NODS:
        return Heard.HINT
    return Heard.SEEN if left == {EYES} else None


def _begun(spoken: Sequence[str], said: str, about: str) -> int:
    """How many of the first words acknowledge, with those before them; 0 if they do not."""
    start = _after_fillers(spoken)
    for lead in ((), *_LEADS):
        first = start + len(lead)
        if tuple(spoken[start:first]) != lead:
            continue
        if found := _phrase(spoken[first:], ACKNOWLEDGING):
            return first + found
        if _phrase(spoken[first:], [_LOOKING]) and _at_it(said, about):
            return first + 1
        if lead and (found := _phrase(spoken[first:], _OWN)) and _taken(lead, spoken[first:], found, said, about):
            return first + found
        if (found := _phrase(spoken[first:], _ALONE)) and _POLITE.issuperset(spoken[first + found :]):
            return first + found
    return 0


def _after_fillers(spoken: Sequence[str]) -> int:
    start = 0
    for _ in range(MOST_FILLERS):
        start += _phrase(spoken[start:], _FILLERS)
    return start


def _phrase(spoken: Sequence[str], phrases: Sequence[tuple[str, ...]]) -> int:
    """How many words the first of these phrases takes up at the beginning; 0 if none stands there."""
    return next((len(each) for each in phrases if tuple(spoken[: len(each)]) == each), 0)


def _taken(lead: tuple[str, ...], spoken: Sequence[str], found: int, said: str, about: str) -> bool:
    """What they take is this incident, not this train; "I take it somebody is on it" takes nothing."""
    what, behind = spoken[found - 1], spoken[found:]
    if lead == ("i",) and spoken[:found] == ["take", "it"]:
        return _POLITE.issuperset(behind)
    if what not in {"this", "that"}:
        return True
    received = spoken[0] == "got" and any(_one(word) in _CALLS for word in behind[:1])
    return not received and _at_it(said, about, f"{spoken[0]} {what}")


def _put_off(spoken: Sequence[str], begun: int) -> bool:
    """Behind what acknowledges they put it off, leave it to another, or say that it was none."""
    begins, rest = spoken[begun - 1] if begun else "", spoken[begun:]
    if begins == "mine" and (not _TOO.isdisjoint(rest) or ("as", "well") in pairwise(rest)):
        return True
    later = "in" in rest and not _LONG.isdisjoint(rest[rest.index("in") :])
    against = _PUTS_OFF - {"wrong"} if begins in _LOOKING else _PUTS_OFF  # looking at what is wrong
    return later or not against.isdisjoint(rest) or not _PUTS_OFF_PAIRS.isdisjoint(pairwise(rest))


def _at_it(said: str, about: str, after: str = _LOOKING[0]) -> bool:
    """What follows "looking", up to the end of the clause, is this incident or nothing: not the football."""
    behind = said.partition(after)[2].replace(" - ", " ; ")
    clause = "".join(takewhile(lambda char: char not in _CLAUSE_ENDS, behind))
    matter = next((word for word in words(clause) if word not in _SMALL and word not in _POLITE), "")
    if not matter or matter in _MATTERS or _one(matter) in _MATTERS:
        return True
    return len(matter) > 2 and _one(matter) in {_one(word) for word in words(plain(about[:LONGEST]))}


def _one(word: str) -> str:
    """Of one thing and of many: graph, graphs."""
    return word.removesuffix("'s").rstrip("s")


def _alive(spoken: Sequence[str]) -> bool:
    """Somebody is there, and says no more than that; or mistyped "ack"."""
    slipped = len(spoken) == 1 and 3 <= len(spoken[0]) <= 5 and set(spoken[0]) == set("ack")
    few = 0 < len(spoken) <= LONGEST_SIGN_OF_LIFE
    return slipped or (few and all(word in _ALIVE or word.isdecimal() for word in spoken)) or _nearly(spoken)


def _nearly(spoken: Sequence[str]) -> bool:
    """They look at something, though not at what broke as far as anybody can tell, or put off what they would take."""
    start = _after_fillers(spoken)
    for lead in ((), *_LEADS):
        first = start + len(lead)
        near = (_LOOKING, *_OWN) if lead else (_LOOKING,)
        if tuple(spoken[start:first]) == lead and _phrase(spoken[first:], near):
            return True
    return False


def _negates(said: str, rest: frozenset[str]) -> bool:
    return any(negated(word) for word in rest) or not NEGATIVE_SIGNS.isdisjoint(said)


def _is_a_run(word: str) -> bool:
    prefix, _, number = word.partition("-")
    return prefix.isalpha() and number.isascii() and number.isdigit()


def _names(said: str, rest: frozenset[str], mine: Collection[str], others: Collection[str]) -> bool:
    """Somebody else is called, by a mention or a name, or another run is named."""
    if any(word.partition("'")[0] in others for word in rest):
        return True
    for word in said.split():
        called = word.strip(_MARKS).partition("'")[0]
        name = called.removeprefix("@")
        if _is_a_run(called) and called not in mine:  # said in one incident's thread of another
            return True
        if called.startswith("@") and name not in _ALL and name not in mine:
            return True
        if name in others and not name.isalnum():  # names of one word were looked for behind the beginning
            return True
    return False
