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


def test_a_sorted_list_stays_sorted() -> None:
    assert add_contributor(LIST, "newcomer") == LIST.replace(b"- [@zoe]", b"- @newcomer\n- [@zoe]")
    assert add_contributor(LIST, "ADA") == LIST


def test_any_other_list_gets_it_at_its_end_in_its_own_manner() -> None:
    assert add_contributor(b"* @zoe\r\n* @ada", "max") == b"* @zoe\r\n* @ada\r\n* @max"


def test_a_file_without_a_list_is_refused() -> None:
    with pytest.raises(InvalidText, match="no bullets"):
        add_contributor(b"Thanks to all.\n", "max")
