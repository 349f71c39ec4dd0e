"""Which of the words we know somebody meant who mistyped one."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 40  # characters; nothing longer is one of our words, and comparing takes time in the square of it


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known word most like it, by at least that `likeness` (0 to 1); empty if there is none."""
    found = get_close_matches(word, list(known), 1, likeness) if len(word) <= LONGEST else []
    return found[0] if found else ""
