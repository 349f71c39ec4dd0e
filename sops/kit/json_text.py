"""JSON as people keep it, with comments and a byte order mark: where each value stands, so that one can be changed.

Only the characters of a changed value change. Comments are `//` and `/* */`, as vcpkg and Visual Studio Code allow.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sops.kit.errors import InvalidText

_TOKEN = re.compile(
    rb"""
      (?P<blank>\s+|//[^\r\n]*|/\*.*?\*/)
    | (?P<mark>[{}\[\]:,])
    | (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
    | (?P<word>[-+0-9.eE]+|true|false|null)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = frozenset({b"{", b"["}), frozenset({b"}", b"]"})
DEEPEST = 100  # of arrays and objects within each other; nobody's version stands deeper
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Value:
    """A value and where it stands. `items` are an array's, `members` an object's, both None for anything else."""

    start: int
    end: int
    plain: object = None
    items: "tuple[Value, ...] | None" = None
    members: "dict[str, Value] | None" = None

    def at(self, *path: str | int) -> "Value | None":
        """The value below, by member names and places in arrays; None if there is none."""
        found: Value | None = self
        for key in path:
            if found is None:
                return None
            if isinstance(key, int):
                found = found.items[key] if found.items is not None and key < len(found.items) else None
            else:
                found = found.members.get(key) if found.members is not None else None
        return found


def read(data: bytes) -> Value:
    """The whole text. Raises InvalidText, naming the line, when it is not JSON."""
    tokens = list(_tokens(data))
    value, left = _value(data, tokens, 0)
    if left != len(tokens):
        raise _wrong(data, tokens[left][1])
    return value


def pointed(data: bytes, pointer: str) -> Value:
    """The string at a JSON pointer (RFC 6901), such as `/version`. Raises InvalidText when there is none."""
    found: Value | None = read(data)
    for part in pointer.removeprefix("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.at(int(key) if found.items is not None and key.isdigit() else key) if found else None
    if found is None or not isinstance(found.plain, str):
        raise InvalidText(f"There is no text at {pointer}; see the pointer in the settings.")
    return found


def replaced(data: bytes, value: Value, text: str) -> bytes:
    """The text with another string in the place of one value."""
    return data[: value.start] + json.dumps(text, ensure_ascii=False).encode() + data[value.end :]


def _tokens(data: bytes) -> Iterator[tuple[bytes, int]]:
    place, depth = len(_MARK) if data.startswith(_MARK) else 0, 0
    while place < len(data):
        found = _TOKEN.match(data, place)
        if found is None:
            raise _wrong(data, place)
        depth += (found[0] in _OPENING) - (found[0] in _CLOSING)
        if depth > DEEPEST:
            raise _wrong(data, place)
        if found.lastgroup != "blank":
            yield found[0], place
        place = found.end()


def _value(data: bytes, tokens: list[tuple[bytes, int]], number: int) -> tuple[Value, int]:
    if number >= len(tokens):
        raise _wrong(data, len(data))
    text, start = tokens[number]
    if text == b"{":
        return _object(data, tokens, number)
    if text == b"[":
        items: list[Value] = []
        number += 1
        while _peek(data, tokens, number) != b"]":
            if items:
                number = _expect(data, tokens, number, b",")
            item, number = _value(data, tokens, number)
            items.append(item)
        return Value(start, tokens[number][1] + 1, items=tuple(items)), number + 1
    try:
        return Value(start, start + len(text), plain=json.loads(text)), number + 1
    except ValueError as error:
        raise _wrong(data, start) from error


def _object(data: bytes, tokens: list[tuple[bytes, int]], number: int) -> tuple[Value, int]:
    start, members = tokens[number][1], dict[str, Value]()
    number += 1
    while _peek(data, tokens, number) != b"}":
        if members:
            number = _expect(data, tokens, number, b",")
        name, number = _value(data, tokens, number)
        if not isinstance(name.plain, str):
            raise _wrong(data, name.start)
        number = _expect(data, tokens, number, b":")
        members[name.plain], number = _value(data, tokens, number)
    return Value(start, tokens[number][1] + 1, members=members), number + 1


def _peek(data: bytes, tokens: list[tuple[bytes, int]], number: int) -> bytes:
    if number >= len(tokens):
        raise _wrong(data, len(data))
    return tokens[number][0]


def _expect(data: bytes, tokens: list[tuple[bytes, int]], number: int, mark: bytes) -> int:
    if _peek(data, tokens, number) != mark:
        raise _wrong(data, tokens[number][1])
    return number + 1


def _wrong(data: bytes, place: int) -> InvalidText:
    line = data.count(b"\n", 0, place) + 1
    return InvalidText(f"The file is no JSON from line {line} on; mend it there.")
