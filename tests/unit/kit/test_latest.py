"""Which release is `latest`: the highest stable one that nobody took back."""

import pytest

from sops.kit.latest import after_rollback, downwards, latest, of_line
from sops.kit.version import Version


def those(text: str) -> list[Version]:
    return [Version.parse(each) for each in text.split()]


def text(version: Version | None) -> str:
    return version.text if version else ""


@pytest.mark.parametrize(
    ("released", "retracted", "wanted"),
    [
        ("", "", ""),
        ("1.4.0-rc1", "", ""),
        ("1.3.0", "", "1.3.0"),
        ("1.3.0 1.4.0", "", "1.4.0"),
        ("1.4.0 1.3.1", "", "1.4.0"),  # a patch of an older line, out later
        ("1.3.0 1.4.0-rc1", "", "1.3.0"),
        ("1.9.0 1.10.0", "", "1.10.0"),  # numbers, not words
        ("1.4.0 2.0.0", "2.0.0", "1.4.0"),
        ("1.4.0 1.4.1 1.3.1", "1.4.1", "1.4.0"),
        ("1.4.0", "1.4.0", ""),
    ],
)
def test_the_highest_stable_one_that_stands(released: str, retracted: str, wanted: str) -> None:
    assert text(latest(those(released), those(retracted))) == wanted


def test_a_line_has_its_own() -> None:
    released = those("1.3.0 1.3.1 1.4.0 1.30.0")
    assert text(of_line("1.3", released)) == "1.3.1"
    assert text(of_line("1.3", released, those("1.3.1"))) == "1.3.0"
    assert of_line("1.5", released) is None


@pytest.mark.parametrize(
    ("bad", "good", "released", "retracted", "wanted"),
    [
        ("1.4.0", "1.3.0", "1.3.0 1.4.0", "", "1.3.0"),
        ("1.3.1", "1.3.0", "1.3.0 1.3.1 1.4.0", "", "1.4.0"),  # not back to 1.3.0 while 1.4.0 is out
        ("1.3.1", "1.3.0", "1.3.0 1.3.1 1.4.0", "1.4.0", "1.3.0"),
        ("1.4.0", "1.2.0", "1.2.0 1.3.0 1.4.0", "", "1.2.0"),  # people named it
        ("1.4.0-rc1", "1.3.0", "1.3.0 1.4.0", "", "1.3.0"),
    ],
)
def test_a_rollback_follows_the_same_rule(bad: str, good: str, released: str, retracted: str, wanted: str) -> None:
    found = after_rollback(Version.parse(bad), Version.parse(good), those(released), those(retracted))
    assert found.text == wanted


def test_from_the_highest_down() -> None:
    assert [each.text for each in downwards(those("1.3.0 1.4.0-rc1 1.10.0 1.3.0"))] == ["1.10.0", "1.3.0"]
