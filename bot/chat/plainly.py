"""What somebody typed, without what only decorates it: marks, code, emphasis, the case. Plain scanning, no state.

For the few places where talk may act (`half_asleep`, `stopping`): they look at words and signs, and nothing else.
"""

import unicodedata

#: What takes a word back, or may.
NEGATING = frozenset({"no", "not", "none", "nobody", "never", "neither", "nor", "nope", "nah", "without", "unable"}) | {
    *("cannot", "cant", "dont", "wont", "isnt", "arent", "aint", "didnt", "doesnt", "wasnt", "couldnt", "shouldnt"),
    *("havent", "hasnt"),
}
_NEGATED = "n't"
#: Alone, or as a reaction: it is theirs.
CHECKS = frozenset("✅✔☑")
EYES = "👀"  # somebody looked; that is no acknowledgment
NODS = frozenset("👍👌🙏🫡🆗💪🙋🏃☝🤙")  # a yes to something, to a page as well perhaps
HALTS = frozenset("✋🛑⛔🚫🖐")
NEGATIVE_SIGNS = HALTS | frozenset("❌👎")
_ASKING = frozenset("?¿؟❓❔⁇⁈⁉")
_APOSTROPHES = str.maketrans("’ʼ‘`´", "'''''")
#: Chats that know emoji by name give the name between colons.
_NAMED = {"white_check_mark": "✅", "heavy_check_mark": "✔", "ballot_box_with_check": "☑", "eyes": EYES}
_NAMED |= {"question": "❓", "grey_question": "❔", "x": "❌", "thumbsdown": "👎", "-1": "👎", "no_entry": "⛔"}
_NAMED |= {
    "+1": "👍",
    "thumbsup": "👍",
    "ok_hand": "👌",
    "pray": "🙏",
    "saluting_face": "🫡",
    "ok": "🆗",
    "muscle": "💪",
}
_NAMED |= {"raising_hand": "🙋", "hand": "✋", "raised_hand": "✋", "octagonal_sign": "🛑", "no_entry_sign": "🚫"}


def own(text: str) -> list[str]:
    """Its lines, without those that quote another."""
    return [line for line in text.splitlines() if not line.lstrip().startswith((">", "&gt;"))]


def plain(text: str) -> str:
    """In small letters of one width, with emoji for their names, and nothing that cannot be seen."""
    small = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    seen = "".join(char for char in small if unicodedata.category(char) not in {"Cf", "Mn"})
    return " ".join(_NAMED.get(word.strip(":"), " ") if _is_name(word) else word for word in _split(seen))


def visible(text: str) -> str:
    """As typed, in letters of one width, and nothing that cannot be seen."""
    same = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return "".join(char for char in same if unicodedata.category(char) not in {"Cf", "Mn"})


def words(said: str) -> list[str]:
    """Runs of letters, digits and apostrophes within, links left out; `said` is plain."""
    linkless = " ".join(word for word in said.split() if "://" not in word)
    spaced = "".join(char if char.isalnum() or char == "'" else " " for char in linkless)
    return [word for each in spaced.split() if (word := each.strip("'"))]


def signs(said: str) -> frozenset[str]:
    """What it is made of, apart from how emoji are drawn."""
    return frozenset(char for char in said if not char.isspace() and not _colour(char))


def asks(said: str) -> bool:
    """There is a question mark outside of links, whose own are no question; `said` is plain."""
    return any(char in _ASKING for word in said.split() for char in (word[-1] if "://" in word else word))


def negated(word: str) -> bool:
    return word in NEGATING or word.endswith(_NEGATED)


def _colour(char: str) -> bool:
    """It only says how the emoji before it is drawn: a variation selector, a joiner, a tone of skin."""
    return "\ufe00" <= char <= "\ufe0f" or char == "\u200d" or "\U0001f3fb" <= char <= "\U0001f3ff"


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
