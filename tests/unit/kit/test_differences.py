"""A change as people read it: where it is, what is around it, and how long it may be."""

from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sops.kit.differences import COMPARED, _changes


def changes(old: list[str], new: list[str]) -> list[str]:
    return _changes("f", "\n".join(old).encode(), "\n".join(new).encode())


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_each_change_brings_the_one_to_the_other(old: list[str], new: list[str]) -> None:
    shown = changes(old, new)
    if old == new:
        return
    at, made = 0, list[str]()
    for line in shown[2:]:
        if line.startswith("@@"):
            first = int(line.split()[1].removeprefix("-").partition(",")[0])
            empty = line.split()[1].endswith(",0")
            made += old[at : first - (not empty)]
            at = first - (not empty)
        elif line.startswith("-"):
            assert old[at] == line[1:]
            at += 1
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert old[at] == line[1:]
            made.append(old[at])
            at += 1
    assert made + old[at:] == new


@pytest.mark.parametrize("at", [0, 1, 5_000, 9_999])
def test_a_change_in_a_long_file_stands_where_it_is(at: int) -> None:
    old = [f"line {number}" for number in range(10_000)]
    new = [*old[:at], "another", *old[at + 1 :]]
    assert changes(old, new) == list(unified_diff(old, new, "f", "f", lineterm=""))


def test_a_file_that_was_rewritten_is_shown_as_a_whole_at_once() -> None:
    """Compared line by line it took minutes, whoever wrote it."""
    old = [f"line {number}" for number in range(40_000)]
    shown = changes(["same", *old], ["same", *reversed(old)])
    assert shown[:4] == ["--- f", "+++ f", "@@ -2,40000 +2,40000 @@", "-line 0"]
    assert len(shown) == 3 + 80_000
    assert len(old) > COMPARED
