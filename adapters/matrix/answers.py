"""A homeserver's answer as JSON, whatever people sent: one odd event must not make the answer it stands in unreadable.

Python's parser gives up at what is nested a thousand deep and at numbers of thousands of digits. Nobody means such a
thing; it is left out, and the rest is read.
"""

import json
from typing import Any

from sops.kit.outside import DEEPEST
from sops.kit.patterns import Pattern

_MARK = Pattern(r'["\\\[\]{}]')
_MOST_DIGITS = 400


def parsed(content: bytes) -> Any:
    """What the answer holds. Raises ValueError for what is no JSON."""
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return json.loads(_shallow(text), parse_int=_number)


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else 0


def _shallow(text: str) -> str:
    """The same text with null for what is nested too deep. Every character is looked at once."""
    kept: list[str] = []
    depth, begin, escaped, quoted = 0, 0, -1, False
    for found in _MARK.finditer(text):
        mark, at = found[0], found.start()
        if at == escaped:
            continue
        if mark == "\\":
            escaped = at + 1
        elif mark == '"':
            quoted = not quoted
        elif not quoted and mark in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept.append(f"{text[begin:at]}null")
        elif not quoted:
            depth -= 1
            if depth == DEEPEST:
                begin = at + 1
    return "".join([*kept, text[begin:]]) if depth <= DEEPEST else "".join(kept)
