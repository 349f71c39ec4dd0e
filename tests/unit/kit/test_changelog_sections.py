"""What may stand as the entry of a patch in its changelog."""

import pytest

from sops.kit.changelog_sections import is_entry


@pytest.mark.parametrize(
    "text", ["A crash is gone.", "Fixed #12, and `code`.", "3.5 is read again.", "*Flushes* work."]
)
def test_a_sentence_may(text: str) -> None:
    assert is_entry(text)


@pytest.mark.parametrize(
    "text", ["## [9.9.9] - 2026-01-01", "- one", "1. one", "> said", "```", "[a]: https://b", "***"]
)
def test_what_reads_as_anything_else_may_not(text: str) -> None:
    assert not is_entry(text)
