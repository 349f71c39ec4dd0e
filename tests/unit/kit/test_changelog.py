from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sops.kit.changelog import date_candidate, date_unreleased, entries, is_dated
from sops.kit.errors import InvalidText, InvalidVersion

DAY = date(2026, 4, 20)
LOG = b"""# Changelog

Prose about it.

## [Unreleased]

### Added
- A thing  
  - and its detail

## [1.3.0] - 2026-01-15
### Fixed
- An older thing

[Unreleased]: https://example.org/compare/v1.3.0...HEAD
[1.3.0]: https://example.org/releases/v1.3.0
"""  # noqa: W291  # blanks at the end of a line mean a line break and must survive


def test_the_entries_go_under_the_new_heading_and_an_empty_unreleased_stays_on_top():
    dated = date_unreleased(LOG, "1.4.0-rc1", DAY)
    assert dated == LOG.replace(b"## [Unreleased]\n", b"## [Unreleased]\n\n## [1.4.0-rc1] - 2026-04-20\n")
    assert entries(dated, "Unreleased") == b""
    assert entries(dated, "1.4.0-rc1") == entries(LOG, "Unreleased") == b"### Added\n- A thing  \n  - and its detail"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"## [Unreleased]\r\n- a\n", b"## [Unreleased]\r\n\r\n## [1.4.0] - 2026-04-20\r\n- a\n"),
        (b"# C\r\n## [Unreleased]\n- a\r\n", b"# C\r\n## [Unreleased]\n\n## [1.4.0] - 2026-04-20\n- a\r\n"),
        (b"## [Unreleased]\r- a", b"## [Unreleased]\r\r## [1.4.0] - 2026-04-20\r- a"),
        (b"\xef\xbb\xbf## [Unreleased]\n", b"\xef\xbb\xbf## [Unreleased]\n\n## [1.4.0] - 2026-04-20\n"),
        (b"# C\r\n\r\n## [Unreleased]", b"# C\r\n\r\n## [Unreleased]\r\n\r\n## [1.4.0] - 2026-04-20"),
        (b"## [Unreleased]", b"## [Unreleased]\n\n## [1.4.0] - 2026-04-20"),
        (b"## [UNRELEASED] \t\n- a\n", b"## [UNRELEASED] \t\n\n## [1.4.0] - 2026-04-20\n- a\n"),
        (b" ##  [unreleased] ##\n", b" ##  [unreleased] ##\n\n## [1.4.0] - 2026-04-20\n"),
        (b"Text\n## [Unreleased]\n- a\n", b"Text\n## [Unreleased]\n\n## [1.4.0] - 2026-04-20\n- a\n"),
    ],
)
def test_line_endings_and_the_heading_as_it_was_written_survive(before, after):
    assert date_unreleased(before, "1.4.0", DAY) == after
    assert is_dated(after, "1.4.0")


@pytest.mark.parametrize(
    "decoy",
    [
        b"```\n## [Unreleased]\n```\n",
        b"~~~ md\n## [Unreleased]\n~~~\n",
        b"````\n```\n## [Unreleased]\n````\n",
        b"Text:\n\n    ## [Unreleased]\n",
        b"<!--\n## [Unreleased]\n-->\n",
        b"> ## [Unreleased]\n",
        b"- item\n  ## [Unreleased]\n",
        b"### [Unreleased]\n",
        b"##[Unreleased]\n",
        b"`## [Unreleased]`\n",
        b"Text\xc2\x85## [Unreleased]\xe2\x80\xa8## [Unreleased]\x0c\n",
    ],
)
def test_what_only_looks_like_the_heading_is_left_alone(decoy):
    dated = date_unreleased(decoy + LOG, "1.4.0", DAY)
    assert dated.startswith(decoy + b"# Changelog")
    assert is_dated(dated, "1.4.0")


def test_without_the_heading_nothing_is_edited():
    with pytest.raises(InvalidText, match=r"no heading ## \[Unreleased\]; add one above the newest section"):
        date_unreleased(b"# Changelog\n\n## [1.3.0] - 2026-01-15\n", "1.4.0", DAY)


@pytest.mark.parametrize("wrong", [b"## Unreleased\n", b"# [Unreleased]\n", b"## [Unreleased] - soon\n"])
def test_a_heading_written_almost_right_is_pointed_out(wrong):
    with pytest.raises(InvalidText, match="write the one on line 3 exactly so"):
        date_unreleased(b"# Changelog\n\n" + wrong, "1.4.0", DAY)


def test_several_headings_are_named_by_line():
    with pytest.raises(InvalidText, match=r"3 headings ## \[Unreleased\], on lines 1, 2 and 4; keep one"):
        date_unreleased(b"## [Unreleased]\n## [unreleased]\n\n## [Unreleased]\n", "1.4.0", DAY)


@pytest.mark.parametrize(
    "section", [b"## [1.4.0] - 2026-04-20", b"## [1.4.0]", b"## 1.4.0", b"## v1.4.0 (April)", b"## [1.4.0](x) - 2026"]
)
def test_a_section_that_exists_in_any_spelling_is_not_written_twice(section):
    with pytest.raises(InvalidText, match=r"has a section for 1\.4\.0 already, on line 2"):
        date_unreleased(b"## [Unreleased]\n" + section + b"\n", "1.4.0", DAY)


def test_a_candidate_is_not_mistaken_for_its_final_version():
    log = date_unreleased(LOG, "1.4.0-rc1", DAY)
    assert not is_dated(log, "1.4.0")
    assert is_dated(date_unreleased(log, "1.4.0", DAY), "1.4.0")


@pytest.mark.parametrize(
    ("log", "done"),
    [
        (b"## [Unreleased]\n## [1.4.0] - 2026-04-19\n", True),
        (b"## [Unreleased]\n", False),
        (b"## [1.4.0] - 2026-04-19\n", False),
        (b"## [1.4.0] - 2026-04-19\n## [Unreleased]\n", False),
        (b"## [Unreleased]\n## [Unreleased]\n## [1.4.0] - 2026-04-19\n", False),
        (b"## [Unreleased]\n## [1.4.0] - 2026-04-19\n## [1.4.0] - 2026-04-20\n", False),
        (b"## [Unreleased]\n## [1.4.0] - 2026-04-31\n", False),
        (b"## [Unreleased]\n## [1.4.0] - 20260419\n", False),
        (b"## [Unreleased]\n## [1.4.0]\n", False),
        (b"## [Unreleased]\n## [v1.4.0] - 2026-04-19\n", False),
        (b"## [Unreleased]\n# [1.4.0] - 2026-04-19\n", False),
    ],
)
def test_an_edit_knows_whether_it_is_done_whatever_the_day(log, done):
    assert is_dated(log, "1.4.0") is done


def test_what_was_written_since_a_candidate_belongs_to_the_next_one():
    first = date_unreleased(LOG, "1.4.0-rc1", DAY)
    fixed = first.replace(b"## [Unreleased]\n", b"## [Unreleased]\n\n### Fixed\n- The blocker\n")
    second = date_candidate(fixed, "1.4.0-rc2", date(2026, 4, 27), "1.4.0-rc1")
    assert entries(second, "1.4.0-rc2") == b"### Fixed\n- The blocker"
    assert entries(second, "1.4.0-rc1") == entries(first, "1.4.0-rc1")
    assert second.endswith(first[first.index(b"## [1.4.0-rc1]") :])


@pytest.mark.parametrize(
    ("log", "where"),
    [
        (b"## [Unreleased]\n", "is missing"),
        (b"## [1.4.0-rc1] - 2026-04-20\n## [Unreleased]\n", "is on line 1"),
        (b"## [Unreleased]\n## [1.4.0-rc1] - 2026-04-20\n## [1.4.0-rc1]\n", "is on lines 2 and 3"),
    ],
)
def test_a_further_candidate_needs_the_previous_section_below(log, where):
    with pytest.raises(InvalidText, match=where):
        date_candidate(log, "1.4.0-rc2", DAY, "1.4.0-rc1")


@pytest.mark.parametrize("new", ["1.4.0-rc1", "1.3.0-rc2", "1.5.0-rc2"])
def test_a_further_candidate_is_a_later_one_of_the_same_version(new):
    with pytest.raises(InvalidVersion, match="not a later candidate"):
        date_candidate(date_unreleased(LOG, "1.4.0-rc1", DAY), new, DAY, "1.4.0-rc1")


@pytest.mark.parametrize("heading", ["1.4.0]\n## [x", "v1.4.0", "1.4.0rc1", " 1.4.0", "Unreleased"])
def test_only_a_version_as_the_changelog_spells_it_becomes_a_heading(heading):
    with pytest.raises(InvalidVersion):
        date_unreleased(LOG, heading, DAY)


@pytest.mark.parametrize("edit", [lambda log: date_unreleased(log, "1.4.0", DAY), lambda log: entries(log, "1.3.0")])
def test_a_file_that_is_not_utf_8_is_refused_with_its_line(edit):
    with pytest.raises(InvalidText, match=r"not UTF-8 \(line 3\)"):
        edit(b"## [Unreleased]\r\n\r\n- caf\xe9\n")


def test_the_last_section_shows_its_entries_without_the_link_definitions():
    assert entries(LOG, "1.3.0") == b"### Fixed\n- An older thing"


def test_entries_of_a_section_that_is_not_there_or_twice_there_are_refused():
    with pytest.raises(InvalidText, match=r"no sections for 9\.9\.9"):
        entries(LOG, "9.9.9")
    with pytest.raises(InvalidText, match=r"2 sections for 1\.3\.0, on lines 1 and 12"):
        entries(b"## 1.3.0\n" + LOG, "1.3.0")


lines = st.lists(st.sampled_from(["text", "- a", "  - b", "", "```", "    x", "[a]: b", "> q", "\t", "é\u2028", "#"]))
endings = st.sampled_from(["\n", "\r\n"])


@settings(deadline=None)
@given(lines, lines, endings, endings, st.booleans(), st.text(max_size=5))
def test_every_byte_that_was_there_stays_where_it_was(above, below, first, second, bom, tail):
    text = "".join(line + first for line in above) + f"\n## [Unreleased]{second}" + "".join(x + second for x in below)
    before = (b"\xef\xbb\xbf" if bom else b"") + (text + tail).encode()
    try:
        after = date_unreleased(before, "1.4.0", DAY)
    except InvalidText:  # the heading stands in a code block that was opened above
        assert "```" in above
        return
    inserted = (second + "## [1.4.0] - 2026-04-20" + second).encode()
    assert after.count(inserted) == 1
    assert after.replace(inserted, b"") == before
    assert is_dated(after, "1.4.0")
