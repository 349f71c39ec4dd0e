"""Fields of GitHub's JSON, which is data from outside: of the kind that is documented, or Odd.

A listing is read row by row: one that nobody can read is logged once, and stops none of the others.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
Json = Mapping[str, Any]
GHOST = "ghost"  # whom GitHub itself shows where the account is gone
LARGEST_NUMBER = 2**63 - 1
MOST_LOGGED = 1000
_log = structlog.get_logger(__name__)
_logged: set[str] = set()


class Odd(ValueError):
    """GitHub sent something else there than it documents; the message names the place, and nothing of what was sent."""


def whole_object(raw: Any, what: str) -> Json:
    """Raises Odd unless it is an object."""
    if not isinstance(raw, Mapping):
        raise Odd(f"{what} is no object")
    return raw


def part(raw: Json, key: str) -> Json:
    """The object there."""
    return whole_object(raw.get(key), key)


def text(raw: Json, key: str) -> str:
    """Half characters, which no database takes, are replaced."""
    found = raw.get(key)
    if not isinstance(found, str):
        raise Odd(f"{key} is no text")
    return found.encode("utf-8", "replace").decode()


def text_or(raw: Json, key: str, otherwise: str = "") -> str:
    """The same; `otherwise` where there is none, or something else."""
    return text(raw, key) if isinstance(raw.get(key), str) else otherwise


def number(raw: Json, key: str) -> int:
    """A count, or what something is known by."""
    found = raw.get(key)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= 19:
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= LARGEST_NUMBER:
        raise Odd(f"{key} is no number")
    return found


def flag(raw: Json, key: str) -> bool:
    found = raw.get(key)
    if not isinstance(found, bool):
        raise Odd(f"{key} is neither true nor false")
    return found


def instant(raw: Json, key: str) -> datetime:
    try:
        found = datetime.fromisoformat(text(raw, key))
    except ValueError:
        raise Odd(f"{key} is no time") from None
    if found.tzinfo is None:
        raise Odd(f"{key} is a time of nowhere")
    return found


def instant_or_none(raw: Json, key: str) -> datetime | None:
    """None only where GitHub says so."""
    return None if raw.get(key) is None else instant(raw, key)


def login(raw: Json, key: str) -> str:
    """Who; the ghost where the account is gone, or is none."""
    account = raw.get(key)
    return text_or(account, "login", GHOST) if isinstance(account, Mapping) else GHOST


def names(raw: Json, key: str) -> tuple[str, ...]:
    """The labels that have a name."""
    found = raw.get(key)
    labels = found if isinstance(found, list | tuple) else ()
    named = ({"name": label} if isinstance(label, str) else label for label in labels)
    return tuple(text(label, "name") for label in named if isinstance(label, Mapping) and text_or(label, "name"))


def each(rows: Iterable[Any], read: Callable[[Json], T], kind: str) -> list[T]:
    """What can be read of them. For what an unreadable row must not be taken for absent, `read` says what it is."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(read(whole_object(row, kind)))
        except Odd as odd:
            passed_over(row, kind, str(odd))
    return found


def passed_over(row: Any, kind: str, why: str) -> None:
    """Logged once for each, with how many there were in all; never what it says."""
    known = row.get("id", row.get("number")) if isinstance(row, Mapping) else None
    which = known if isinstance(known, int) else None
    mark = f"{kind}/{which}/{why}"
    if mark in _logged or len(_logged) >= MOST_LOGGED:
        return
    _logged.add(mark)
    _log.warning("GitHub lists something that nobody can read", kind=kind, number=which, why=why, so_far=len(_logged))
