"""Versions: X.Y.Z and its candidates X.Y.Z-rcN, in the spellings tags, changelogs and version files want."""

from dataclasses import dataclass, replace
from functools import total_ordering
from typing import Self

from sops.kit.errors import InvalidVersion
from sops.kit.patterns import Pattern

#: More digits than this are a mistake; fewer fit the integers of every tool that reads our files.
MAX_DIGITS = 9
SHOWN = 40
EXAMPLE = "write it as 1.4.0 or 1.4.0-rc1"

_SHAPE = Pattern(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-?rc([0-9]+))?")


@total_ordering
@dataclass(frozen=True, order=False)
class Version:
    """A version Sopwith can release. A candidate sorts before its final, and candidates by their number.

    Numbers have at most nine digits, candidates count from 1; anything else raises InvalidVersion.
    """

    major: int
    minor: int
    patch: int
    rc: int | None = None

    def __post_init__(self) -> None:
        for number in (self.major, self.minor, self.patch):
            _check_range(number, least=0)
        if self.rc is not None:
            _check_range(self.rc, least=1)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1.4.0`, `v1.4.0`, `1.4.0-rc1` or `1.4.0rc1`; blanks around it do not matter.

        Raises InvalidVersion, whose sentence says what is wrong and shows a version that is right.
        """
        match = _SHAPE.fullmatch(text.strip(" "))
        if match is None:
            raise _invalid(text, "is not a version")
        numbers = [number for number in match.groups() if number is not None]
        if any(len(number) > 1 and number.startswith("0") for number in numbers):
            raise _invalid(text, "has a number that begins with 0")
        if any(len(number) > MAX_DIGITS for number in numbers):
            raise _invalid(text, f"has a number of more than {MAX_DIGITS} digits")
        if match[4] == "0":
            raise _invalid(text, "names candidate 0, but candidates count from 1")
        return cls(*map(int, numbers))

    @classmethod
    def of_tag(cls, name: str) -> Self | None:
        """The version that a tag of exactly that name stands for; None for every other tag."""
        try:
            version = cls.parse(name)
        except InvalidVersion:
            return None
        return version if version.tag == name else None

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._key() < other._key()

    @property
    def is_candidate(self) -> bool:
        return self.rc is not None

    @property
    def final(self) -> Self:
        """The version a candidate is a candidate for; a final version is its own."""
        return replace(self, rc=None)

    def candidate(self, number: int) -> Self:
        """Candidate `number` of this version, or of the version this one is a candidate for."""
        return replace(self, rc=number)

    @property
    def line(self) -> str:
        """The release line, `1.4`."""
        return f"{self.major}.{self.minor}"

    @property
    def cmake(self) -> str:
        """`1.4.0`, also for a candidate: CMake knows numbers only."""
        return f"{self.line}.{self.patch}"

    @property
    def text(self) -> str:
        """`1.4.0-rc1`, as changelogs and people write it."""
        return self.cmake if self.rc is None else f"{self.cmake}-rc{self.rc}"

    @property
    def tag(self) -> str:
        """`v1.4.0-rc1`."""
        return f"v{self.text}"

    @property
    def pep440(self) -> str:
        """`1.4.0rc1`, as the VERSION file and Python packaging write it."""
        return self.text.replace("-", "")

    def _key(self) -> tuple[int, int, int, bool, int]:
        return self.major, self.minor, self.patch, self.rc is None, self.rc or 0


def _check_range(number: int, *, least: int) -> None:
    if not least <= number < 10**MAX_DIGITS:
        raise InvalidVersion(f"{number} cannot be part of a version; {EXAMPLE}.")


def _invalid(text: str, what: str) -> InvalidVersion:
    # repr keeps control characters and direction marks of foreign text from reaching a terminal or a chat.
    shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
    return InvalidVersion(f"{shown} {what}; {EXAMPLE}.")
