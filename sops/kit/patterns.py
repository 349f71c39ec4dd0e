"""Patterns for text from outside: matched in time that grows with the text and no faster, whatever it holds.

The engine is RE2. It looks neither back nor ahead, and flags stand in the pattern: `(?i)` any case, `(?m)` each line,
`(?s)` dots match line ends. What `\\s`, `\\w`, `\\d` and `\\b` mean is ASCII alone; `\\pL`, `\\pN` and `\\pZ` are any
script's letters, numbers and blanks. `$` is the very end.
"""

import html
from collections.abc import Callable, Iterator
from typing import Any, AnyStr, Generic, Protocol, TypeVar, cast

import re2

_Text_co = TypeVar("_Text_co", str, bytes, covariant=True)
_LONGEST_NUMBER = 8


class NoPattern(ValueError):
    """That is no pattern, or one that needs more than RE2 knows."""


class Found(Protocol[_Text_co]):
    """One match. A group that took no part is None, whatever its type says, as in the standard library's."""

    def __getitem__(self, group: int | str) -> _Text_co: ...
    def start(self, group: int | str = 0) -> int: ...
    def end(self, group: int | str = 0) -> int: ...
    def span(self, group: int | str = 0) -> tuple[int, int]: ...
    def groups(self) -> tuple[_Text_co, ...]: ...


class Pattern(Generic[AnyStr]):
    """As in the standard library, as far as we use it. Raises NoPattern."""

    def __init__(self, pattern: AnyStr) -> None:
        options = re2.Options()
        options.log_errors = False
        if isinstance(pattern, bytes):
            options.encoding = re2.Options.Encoding.LATIN1
        try:
            self._made = re2.compile(pattern, options)
        except re2.error as problem:
            raise NoPattern(str(problem)) from problem
        self.pattern: AnyStr = pattern
        self.count: int = self._made.groups

    def match(self, text: AnyStr) -> Found[AnyStr] | None:
        """At the text's beginning."""
        return cast("Found[AnyStr] | None", self._made.match(text))

    def fullmatch(self, text: AnyStr) -> Found[AnyStr] | None:
        return cast("Found[AnyStr] | None", self._made.fullmatch(text))

    def search(self, text: AnyStr) -> Found[AnyStr] | None:
        return cast("Found[AnyStr] | None", self._made.search(text))

    def finditer(self, text: AnyStr) -> Iterator[Found[AnyStr]]:
        return cast("Iterator[Found[AnyStr]]", self._made.finditer(text))

    def findall(self, text: AnyStr) -> list[Any]:
        """The matches, or their only group, or tuples of their groups."""
        return cast("list[Any]", self._made.findall(text))

    def sub(self, new: AnyStr | Callable[[Found[AnyStr]], AnyStr], text: AnyStr, count: int = 0) -> AnyStr:
        """With each match replaced; a text stands for itself, whatever is in it."""
        make = new if callable(new) else lambda _: new
        return cast("AnyStr", self._made.sub(make, text, count))


def escape(text: str) -> str:
    """A pattern that matches just that."""
    return cast("str", re2.escape(text))


_ENDLESS = Pattern(f"&#0*[0-9]{{{_LONGEST_NUMBER},}};?")


def unescape(text: str) -> str:
    """HTML's references as the characters they stand for; a number that is no character's, however long, as U+FFFD."""
    return html.unescape(_ENDLESS.sub("\ufffd", text))
