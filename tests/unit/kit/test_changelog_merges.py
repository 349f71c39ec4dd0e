"""Candidates become their release, and a release comes back to develop; no entry is lost, doubled or moved."""

from datetime import date

import pytest

from adapters.sandbox import project_files
from sops.kit.changelog import date_candidate, date_unreleased
from sops.kit.changelog_entries import add_entry, unreleased_entries
from sops.kit.changelog_merges import back_merged, promote
from sops.kit.errors import InvalidText, InvalidVersion

DAY, LATER = date(2026, 4, 20), date(2026, 4, 28)
DEVELOP = project_files.changelog(project_files.UNRELEASED).encode()


def candidate(data: bytes = DEVELOP) -> bytes:
    return date_unreleased(data, "1.4.0-rc1", DAY)


def second(data: bytes) -> bytes:
    return date_candidate(
        add_entry(data, "Fixed", "The torn tail is cut on Windows too."), "1.4.0-rc2", DAY, "1.4.0-rc1"
    )


def test_one_candidate_becomes_the_release_byte_for_byte() -> None:
    promoted = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    assert promoted == candidate().replace(b"## [1.4.0-rc1] - 2026-04-20", b"## [1.4.0] - 2026-04-28")


def test_without_a_candidate_the_release_takes_what_is_unreleased() -> None:
    assert promote(DEVELOP, "1.4.0", LATER, []) == date_unreleased(DEVELOP, "1.4.0", LATER)


def test_two_candidates_come_together_under_the_same_headings() -> None:
    text = promote(second(candidate()), "1.4.0", LATER, ["1.4.0-rc1", "1.4.0-rc2"]).decode()
    section = text[text.index("## [1.4.0]") : text.index("## [1.3.0]")]
    assert section.count("### Fixed") == 1
    assert "power loss ([#28]).\n- The torn tail is cut on Windows too.\n" in section
    assert "rc" not in text
    assert section.index("This line is about staying up") < section.index("### Added") < section.index("### Fixed")


def test_what_nobody_put_under_a_candidate_joins_the_release_too() -> None:
    text = promote(add_entry(candidate(), "Added", "A late one."), "1.4.0", LATER, ["1.4.0-rc1"]).decode()
    assert text.count("A late one.") == 1
    assert text.index("## [1.4.0] - 2026-04-28") < text.index("A late one.") < text.index("## [1.3.0]")


def test_carriage_returns_and_a_byte_order_mark_survive() -> None:
    windows = b"\xef\xbb\xbf" + second(candidate()).replace(b"\n", b"\r\n")
    promoted = promote(windows, "1.4.0", LATER, ["1.4.0-rc1", "1.4.0-rc2"])
    assert promoted.startswith(b"\xef\xbb\xbf# Changelog\r\n")
    assert promoted.count(b"\n") == promoted.count(b"\r\n")


def test_a_missing_candidate_or_a_second_release_is_refused() -> None:
    with pytest.raises(InvalidText, match=r"no sections for 1\.4\.0-rc2"):
        promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1", "1.4.0-rc2"])
    with pytest.raises(InvalidVersion):
        promote(candidate(), "1.4.0", LATER, ["1.5.0-rc1"])
    with pytest.raises(InvalidText, match=r"has a section for 1\.3\.0 already"):
        promote(candidate(), "1.3.0", LATER, [])


def test_develop_keeps_what_came_after_the_cut() -> None:
    released = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    develop = add_entry(add_entry(DEVELOP, "Added", "Something for 1.5."), "Deprecated", "The old log format.")
    merged = back_merged(develop, released, "1.4.0")
    assert unreleased_entries(merged) == ["Something for 1.5.", "The old log format."]
    text = merged.decode()
    assert text[text.index("## [1.4.0]") :] == released.decode()[released.decode().index("## [1.4.0]") :]
    assert "### Changed" not in text[: text.index("## [1.4.0]")]
    assert back_merged(merged, released, "1.4.0") == merged


def test_develop_with_nothing_new_has_nothing_unreleased() -> None:
    released = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    assert back_merged(DEVELOP, released, "1.4.0") == released


def test_links_that_only_the_release_has_come_along() -> None:
    released = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    linked = released.replace(b"[1.3.0]: ", b"[1.4.0]: https://forge.example/v1.4.0\n[1.3.0]: ")
    merged = back_merged(DEVELOP, linked, "1.4.0")
    assert merged == linked


def test_a_hotfix_comes_in_at_its_place() -> None:
    released = DEVELOP.replace(b"## [1.3.0]", b"## [1.3.1] - 2026-04-01\n\n### Fixed\n\n- A crash.\n\n## [1.3.0]")
    newer = date_unreleased(DEVELOP, "1.4.0", LATER)
    text = back_merged(newer, date_unreleased(released, "1.4.0", LATER), "1.4.0").decode()
    assert text.index("## [1.4.0]") < text.index("## [1.3.1]") < text.index("## [1.3.0]")


def test_an_entry_reworded_in_develop_stays_unreleased() -> None:
    released = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    reworded = DEVELOP.replace(b"yields under read pressure", b"yields to readers")
    assert unreleased_entries(back_merged(reworded, released, "1.4.0")) == ["The compaction thread yields to readers."]


def test_a_candidate_of_develop_that_says_more_than_the_release_is_refused() -> None:
    released = promote(candidate(), "1.4.0", LATER, ["1.4.0-rc1"])
    with pytest.raises(InvalidText, match=r"holds what 1\.4\.0 does not say"):
        back_merged(second(candidate()), released, "1.4.0")


def test_thousands_of_lines_stay_as_they_were() -> None:
    old = b"".join(
        b"\n## [0.%d.0] - 2020-01-01\n\n### Added\n\n#### Storage\n\n* one\n  - nested `## [Unreleased]`\n\n\n"
        b"### Fixed\n1) x\n" % number
        for number in range(400, 0, -1)
    )
    whole = DEVELOP + old
    promoted = promote(candidate(whole), "1.4.0", LATER, ["1.4.0-rc1"])
    assert promoted.endswith(old)
    assert back_merged(add_entry(whole, "Added", "New."), promoted, "1.4.0").endswith(old)
