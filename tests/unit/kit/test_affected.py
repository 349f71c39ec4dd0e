"""Ranges of affected versions, what is in them, and which patches they contradict."""

import pytest

from sops.kit.affected import EXAMPLE, bounds, holds, misfit
from sops.kit.errors import InvalidText
from sops.kit.version import Version


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("< 1.3.1", "1.3.0", "1.3.1"),
        ("<= 1.3.1", "1.3.1", "1.3.2"),
        (">= 1.2.0, < 1.3.1", "1.2.0", "1.1.9"),
        (">1.2,<1.3", "1.2.5", "1.2.0"),
        ("= 1.3.0", "1.3.0", "1.3.1"),
        ("< v1.4.0", "1.4.0-rc1", "1.4.0"),
        (">= 1.4.0-rc2", "1.4.0", "1.4.0-rc1"),
        ("< 2", "1.9.9", "2.0.0"),
    ],
)
def test_a_range_holds_what_its_bounds_say(text: str, inside: str, outside: str) -> None:
    read = bounds(text)
    assert holds(read, Version.parse(inside))
    assert not holds(read, Version.parse(outside))


@pytest.mark.parametrize("text", ["", "all", "1.3.0", "< 1.3.1 || > 2", "< 1.3.1,", "~> 1.2", "< 1.3.1.2", "< 01.2.0"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidText):
        bounds(text)


@pytest.mark.parametrize("text", [">= 1.4, < 1.3", "> 1.3, < 1.3", ">= 1.3, < 1.3", "< 0.0.0", "= 1.2, > 1.2"])
def test_a_range_without_a_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidText, match="No version"):
        bounds(text)


@pytest.mark.parametrize(
    ("affected", "patched", "amiss"),
    [
        ("< 1.3.1", "1.3.1", ""),
        ("<= 1.3.0", "1.3.1", ""),
        ("<= 1.3.1", "1.3.1", "“<= 1.3.1” holds 1.3.1, which is the patched version"),
        ("< 1.3.0", "1.3.1", "“< 1.3.0” does not hold 1.3.0, which 1.3.1 patches"),
        (">= 1.4.0", "1.3.1", "“>= 1.4.0” does not hold 1.3.0, which 1.3.1 patches"),
        ("< 1.4.0", "1.4.0", ""),
        ("all", "1.3.1", f"“all”: That is no range of versions; {EXAMPLE}"),
    ],
)
def test_a_range_and_a_patch_that_contradict_each_other_are_told(affected: str, patched: str, amiss: str) -> None:
    assert misfit(affected, patched) == amiss
