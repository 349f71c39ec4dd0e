"""The list of contributors gets one line; whoever merely stands in the prose is not on it yet."""

import pytest

from sops.kit.contributors import add_contributor, names
from sops.kit.errors import InvalidText

LIST = b"# Thanks\n\nAsk @newcomer or @maint.\n\n- @ada\n- @Grace\n- [@zoe](https://forge.example/zoe)\n"


def test_prose_does_not_count() -> None:
    assert not names(LIST, "newcomer")
    assert names(LIST, "grace")
    assert names(LIST, "zoe")
    assert not names(LIST, "ad")


@pytest.mark.parametrize(
    "entry",
    ["@max", "max", "[max](https://x.example/y)", "**@Max** since 2024", "Max Power (@max)", "Power, M. @max"]
    + ["[Power](https://forge.example/max)", "<https://forge.example/max/>", "`max`"],
)
def test_an_entry_is_found_in_any_manner(entry: str) -> None:
    assert names(f"# Thanks\n\n- @ada\n- {entry}\n".encode(), "max")


@pytest.mark.parametrize(
    "entry",
    ["ask @max, who knows", "to the max", "@max-power", "[x](https://forge.example/max/y)", "@maxi", "by @ada-max"],
)
def test_a_mere_mention_in_an_item_is_no_entry(entry: str) -> None:
    assert not names(f"- @ada\n- {entry}\n".encode(), "max")


def test_a_sorted_list_stays_sorted() -> None:
    assert add_contributor(LIST, "newcomer") == LIST.replace(b"- [@zoe]", b"- @newcomer\n- [@zoe]")
    assert add_contributor(LIST, "ADA") == LIST


def test_any_other_list_gets_it_at_its_end_in_its_own_manner() -> None:
    assert add_contributor(b"* @zoe\r\n* @ada", "max") == b"* @zoe\r\n* @ada\r\n* @max"


def test_a_file_without_a_list_is_refused() -> None:
    with pytest.raises(InvalidText, match="no bullets"):
        add_contributor(b"Thanks to all.\n", "max")
