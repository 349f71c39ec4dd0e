"""Reading and writing the version in the files that spell it. Only the version's own characters ever change."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sops.kit.errors import ConfigurationError, InvalidText
from sops.kit.version import Version

# One optional byte order mark, blanks, one word that begins like a version, blanks.
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(v?[0-9][0-9A-Za-z.+-]*)\s*")

# The lexical rules of cmake-language(7), as far as they decide what is code.
_CMAKE_TOKEN = re.compile(
    rb"""
      (?P<comment>\#?)\[(?P<marks>=*)\[ (?: (?P<bracket>.*?)\](?P=marks)\] | (?P<open_bracket>) )
    | \#[^\r\n]*
    | " (?: (?P<string>(?:[^"\\]|\\.)*)" | (?P<open_string>) )
    | (?P<parenthesis>[()])
    | (?P<word>(?:[^\s()\#"\\]|\\.)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_CMAKE_VERSION = re.compile(rb"[0-9]+(?:\.[0-9]+){0,3}")


@dataclass(frozen=True)
class _Token:
    """An argument (word, string or bracket argument, without its quotes) or a parenthesis, and where it begins."""

    text: bytes
    start: int
    is_parenthesis: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def set_version(kind: str, data: bytes, version: Version) -> bytes:
    """The file with `version` in it. `kind` is `plain` (`1.4.0rc1`, the whole file) or `cmake` (`1.4.0`).

    Raises InvalidText, saying why, when the file does not hold exactly what this kind promises.
    """
    start, end = _find(kind)(data)
    spelled = version.pep440 if kind == "plain" else version.cmake
    return data[:start] + spelled.encode() + data[end:]


def get_version(kind: str, data: bytes) -> str:
    """The version as the file spells it now. Raises as `set_version` does."""
    start, end = _find(kind)(data)
    return data[start:end].decode("ascii")


def _find(kind: str) -> Callable[[bytes], tuple[int, int]]:
    if kind not in _KINDS:
        raise ConfigurationError(f"{kind!r} is not a kind of version file; there are {' and '.join(_KINDS)}.")
    return _KINDS[kind]


def _find_plain(data: bytes) -> tuple[int, int]:
    """Where the version is in a file that holds nothing else."""
    match = _PLAIN.fullmatch(data)
    if match is None:
        filled = sum(1 for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip())
        what = {0: "is empty", 1: "holds something else than one version"}.get(filled, f"has {filled} lines of text")
        raise InvalidText(f"The version file {what}; it must hold one version, such as 1.4.0, and nothing else.")
    return match.span(1)


def _find_cmake(data: bytes) -> tuple[int, int]:
    """Where the digits after VERSION are in the first `project()` call."""
    arguments = _project_arguments(data)[1:]  # the first is the project's name
    for keyword, value in pairwise(arguments):
        if keyword.text == b"VERSION":
            return _digits(data, value)
    raise InvalidText("The first project() call has no VERSION; write project(<name> VERSION 1.4.0 …).")


def _digits(data: bytes, value: _Token) -> tuple[int, int]:
    line = _line(data, value.start)
    if b"${" in value.text:
        raise InvalidText(f"The VERSION of project() on line {line} comes from a variable; write the digits there.")
    if not _CMAKE_VERSION.fullmatch(value.text):
        raise InvalidText(f"The VERSION of project() on line {line} is not made of digits and dots, such as 1.4.0.")
    return value.start, value.end


def _project_arguments(data: bytes) -> list[_Token]:
    """The arguments of the first call of `project`, in any case; those inside inner parentheses too."""
    depth, previous = 0, b""
    found: list[_Token] | None = None
    for token in _cmake_tokens(data):
        if not token.is_parenthesis:
            if found is not None:
                found.append(token)
        elif token.text == b"(":
            if depth == 0 and previous.lower() == b"project":
                found = []
            depth += 1
        else:
            depth -= 1
            if depth == 0 and found is not None:
                return found
        previous = token.text
    if found is not None:
        raise InvalidText("The project() call never ends; a ) is missing.")
    raise InvalidText("There is no project() call; write project(<name> VERSION 1.4.0 …).")


def _cmake_tokens(data: bytes) -> Iterator[_Token]:
    for match in _CMAKE_TOKEN.finditer(data):
        if match["open_bracket"] is not None or match["open_string"] is not None:
            line = _line(data, match.start())
            raise InvalidText(f"What begins on line {line} with {match[0].decode()} never ends; close it.")
        kind = match.lastgroup
        if kind is not None and not match["comment"]:
            yield _Token(match[kind], match.start(kind), is_parenthesis=kind == "parenthesis")


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


_KINDS = {"plain": _find_plain, "cmake": _find_cmake}
