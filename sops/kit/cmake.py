"""CMake's lexical rules, as far as they decide what is code: calls and their arguments, with their places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sops.kit.errors import InvalidText

# cmake-language(7)
_TOKEN = re.compile(
    rb"""
      (?P<comment>\#?)\[(?P<marks>=*)\[ (?: (?P<bracket>.*?)\](?P=marks)\] | (?P<open_bracket>) )
    | \#[^\r\n]*
    | " (?: (?P<string>(?:[^"\\]|\\.)*)" | (?P<open_string>) )
    | (?P<parenthesis>[()])
    | (?P<word>(?:[^\s()\#"\\]|\\.)+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """An argument (word, string or bracket argument, without its quotes) or a parenthesis, and where it begins."""

    text: bytes
    start: int
    is_parenthesis: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def calls(data: bytes, wanted: set[bytes]) -> Iterator[tuple[bytes, list[Token]]]:
    """Each call of these commands (given in small letters) with its arguments, those in inner parentheses too.

    Raises InvalidText, naming a line, when a string, a comment or a call never ends.
    """
    depth, previous = 0, b""
    name, found = b"", list[Token]()
    for token in _tokens(data):
        if not token.is_parenthesis:
            found.append(token)
        elif token.text == b"(":
            if depth == 0:
                name, found = previous.lower(), []
            depth += 1
        else:
            depth -= 1
            if depth == 0 and name in wanted:
                yield name, found
        previous = token.text
    if depth > 0 and name in wanted:
        raise InvalidText(f"The {name.decode()}() call never ends; a ) is missing.")


def line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _tokens(data: bytes) -> Iterator[Token]:
    for match in _TOKEN.finditer(data):
        if match["open_bracket"] is not None or match["open_string"] is not None:
            line = line_of(data, match.start())
            raise InvalidText(f"What begins on line {line} with {match[0].decode()} never ends; close it.")
        kind = match.lastgroup
        if kind is not None and not match["comment"]:
            yield Token(match[kind], match.start(kind), is_parenthesis=kind == "parenthesis")
