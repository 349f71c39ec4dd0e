"""The table of supported versions: a row is put in, and every other byte stays."""

import pytest

from sops.kit.errors import InvalidText
from sops.kit.security_table import lists, with_line

POLICY = b"""# Security

| Version | Supported |
|---------|-----------|
| 1.2.x   | yes       |
| < 1.2   | no        |

Write to us.
"""


def test_a_line_is_listed_by_any_row_about_it() -> None:
    assert lists(POLICY, "1.2")
    assert not lists(POLICY, "1.20")
    assert not lists(POLICY, "1.3")
    assert lists(POLICY.replace(b"1.2.x", b"v1.2 "), "1.2")


def test_a_new_line_comes_first_with_the_mark_of_the_row_below() -> None:
    new = with_line(POLICY, "1.3")
    assert new == POLICY.replace(b"| 1.2.x ", b"| 1.3.x   | yes       |\n| 1.2.x ")
    assert lists(new, "1.3")
    assert with_line(new, "1.3") == new


def test_other_line_endings_stay() -> None:
    windows = POLICY.replace(b"\n", b"\r\n")
    assert with_line(windows, "1.3") == with_line(POLICY, "1.3").replace(b"\n", b"\r\n")


def test_a_byte_order_mark_stays() -> None:
    marked = b"\xef\xbb\xbf" + POLICY
    assert with_line(marked, "1.3") == b"\xef\xbb\xbf" + with_line(POLICY, "1.3")
    first = b"\xef\xbb\xbf" + POLICY.partition(b"\n\n")[2]
    assert lists(with_line(first, "1.3"), "1.3")


def test_the_last_row_may_lack_a_line_break() -> None:
    short = POLICY[: POLICY.index(b"\n| < 1.2")]
    assert with_line(short, "1.3") == short.replace(b"| 1.2.x ", b"| 1.3.x   | yes       |\n| 1.2.x ")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"# Security\n\nWrite to us.\n", "no table"),
        (b"| Product | Supported |\n|---|---|\n| x | yes |\n", "no table"),
        (b"| Version | Supported |\n", "no table"),
        (b"", "no table"),
        (b"| Version | Supported |\n|---|---|\n", "no row yet"),
        (b"\xff\xfe| Version |", "not UTF-8"),
    ],
)
def test_what_has_no_such_table_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidText, match=why):
        with_line(data, "1.3")
