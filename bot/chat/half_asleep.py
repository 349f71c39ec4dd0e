"""What people say half asleep when they are called: `Ack.`, *on it!*, ✅ got it. Plain scanning, one pass, no state.

The one place where talk may act (docs/design.md): an acknowledgment taken by mistake costs one page and one press of
[Not me], one that was missed wakes four people. So whatever begins like one is one, if somebody says it who was called;
a question mark, a negation or another person's name makes it a hint instead.
"""

import unicodedata
from collections.abc import Collection
from enum import Enum

#: What begins an acknowledgment, as words. Spelled small, without marks.
ACKNOWLEDGING: tuple[tuple[str, ...], ...] = (
    *(("ack",), ("acked",), ("ack'd",), ("acknowledged",), ("mine",), ("onit",), ("gotit",)),
    *(("on", "it"), ("got", "it"), ("looking",)),
)
#: What may stand before those: I'm on it, I've got it.
LEADING: tuple[tuple[str, ...], ...] = ((), ("i",), ("i'm",), ("im",), ("i", "am"), ("i've",), ("ive",), ("i", "have"))
#: What takes an acknowledgment back, or may.
NEGATING = frozenset({"no", "not", "none", "nobody", "never", "neither", "nor", "nope", "nah", "without", "unable"}) | {
    *("cannot", "cant", "dont", "wont", "isnt", "arent", "aint", "didnt", "doesnt", "wasnt", "couldnt", "shouldnt"),
    *("havent", "hasnt"),
}
_NEGATED = "n't"
_NEGATIVE_SIGNS = frozenset("❌👎🚫✋🛑⛔")
_ASKING = frozenset("?¿؟❓❔⁇⁈⁉")
#: Said to everybody, so it names nobody.
_ALL = frozenset({"here", "channel", "everyone", "room", "all", "sopwith"})
#: Alone, or as a reaction: it is theirs.
CHECKS = frozenset("✅✔☑")
EYES = "👀"  # somebody looked; that is no acknowledgment
_APOSTROPHES = str.maketrans("’ʼ‘`´", "'''''")
#: Chats that know emoji by name give the name between colons.
_NAMED = {"white_check_mark": "✅", "heavy_check_mark": "✔", "ballot_box_with_check": "☑", "eyes": EYES}
_NAMED |= {"question": "❓", "grey_question": "❔", "x": "❌", "thumbsdown": "👎", "-1": "👎", "no_entry": "⛔"}
_MARKS = ".,;:!()[]{}<>\"'*_~-–—"
LONGEST_WORD = 100
LONGEST = 4000  # of what is longer nothing is an acknowledgment


class Heard(Enum):
    """What a message sounds like."""

    ACK = "ack"
    HINT = "hint"  # it begins like one, and something in it says otherwise
    SEEN = "seen"
    TALK = "talk"


def heard(text: str, mine: Collection[str], others: Collection[str]) -> Heard:
    """What `text` says to a page. `mine` are the speaker's names, `others` everybody else's, all in small letters."""
    if len(text) > LONGEST:
        return Heard.TALK
    plain = _plain(_own(text))
    if (sign := sign_of(plain)) is not None:
        return sign
    words = _words(plain)
    begun = _begun(words)
    if not begun:
        return Heard.HINT if len(words) == 1 and _slipped(words[0]) else Heard.TALK
    rest = frozenset(words[begun:])
    doubtful = _asks(plain) or _negates(plain, rest) or _names(plain, rest, mine, others)
    return Heard.HINT if doubtful else Heard.ACK


def whole(text: str) -> bool:
    """It is the word alone, as people answer a page beside its thread: `ack`, `Acked!`, `ack ✅`."""
    if len(text) > LONGEST_WORD:
        return False
    plain = _plain(_own(text))
    return _words(plain) in (["ack"], ["acked"], ["ack'd"], ["acknowledged"]) and not _asks(plain)


def sign_of(text: str) -> Heard | None:
    """What an emoji says, alone or repeated, whatever its colour; None for any other text."""
    left = {char for char in text if not char.isspace() and not _colour(char)}
    if left and left <= CHECKS:
        return Heard.ACK
    return Heard.SEEN if left == {EYES} else None


def _own(text: str) -> str:
    """Without the lines that quote another."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith((">", "&gt;")))


def _colour(char: str) -> bool:
    """It only says how the emoji before it is drawn: a variation selector, a joiner, a tone of skin."""
    return "\ufe00" <= char <= "\ufe0f" or char == "\u200d" or "\U0001f3fb" <= char <= "\U0001f3ff"


def _plain(text: str) -> str:
    """In small letters of one width, with emoji for their names, and nothing that cannot be seen."""
    small = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    seen = "".join(char for char in small if unicodedata.category(char) not in {"Cf", "Mn"})
    return " ".join(_NAMED.get(word.strip(":"), " ") if _is_name(word) else word for word in _split(seen))


def _split(text: str) -> list[str]:
    """Words, with the names of emoji apart from what they touch."""
    found: list[str] = []
    for word in text.split():
        parts = word.split(":")
        closed = len(parts) > 2 and "://" not in word
        found += [f":{part}:" if n % 2 else part for n, part in enumerate(parts) if part] if closed else [word]
    return found


def _is_name(word: str) -> bool:
    return len(word) > 2 and word.startswith(":") and word.endswith(":")


def _words(plain: str) -> list[str]:
    """Runs of letters, digits and apostrophes within, links left out."""
    said = " ".join(word for word in plain.split() if "://" not in word)
    spaced = "".join(char if char.isalnum() or char == "'" else " " for char in said)
    return [word for each in spaced.split() if (word := each.strip("'"))]


def _begun(words: list[str]) -> int:
    """How many of the first words acknowledge; 0 if they do not."""
    each = ((*lead, *said) for lead in LEADING for said in ACKNOWLEDGING)
    return next((len(phrase) for phrase in each if tuple(words[: len(phrase)]) == phrase), 0)


def _slipped(word: str) -> bool:
    """Its letters are those of "ack", in the wrong order or too often."""
    return 3 <= len(word) <= 5 and set(word) == set("ack")


def _asks(plain: str) -> bool:
    """There is a question mark outside of links, whose own are no question."""
    return any(char in _ASKING for word in plain.split() for char in (word[-1] if "://" in word else word))


def _negates(plain: str, words: frozenset[str]) -> bool:
    said = any(word in NEGATING or word.endswith(_NEGATED) for word in words)
    return said or not _NEGATIVE_SIGNS.isdisjoint(plain)


def _is_a_run(word: str) -> bool:
    prefix, _, number = word.partition("-")
    return prefix.isalpha() and number.isascii() and number.isdigit()


def _names(plain: str, words: frozenset[str], mine: Collection[str], others: Collection[str]) -> bool:
    """Somebody else is called, by a mention or a name, or another run is named."""
    if any(word.partition("'")[0] in others for word in words):
        return True
    for word in plain.split():
        called = word.strip(_MARKS).partition("'")[0]
        name = called.removeprefix("@")
        if _is_a_run(called) and called not in mine:  # said in one incident's thread of another
            return True
        if called.startswith("@") and name not in _ALL and name not in mine:
            return True
        if name in others and not name.isalnum():  # names of one word were looked for behind the beginning
            return True
    return False
