import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sops.kit.errors import InvalidVersion
from sops.kit.version import Version

numbers = st.integers(0, 10**9 - 1)
versions = st.builds(Version, numbers, numbers, numbers, st.none() | st.integers(1, 10**9 - 1))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.4.0", Version(1, 4, 0)),
        ("v1.4.0", Version(1, 4, 0)),
        ("1.4.0-rc1", Version(1, 4, 0, 1)),
        ("v1.4.0-rc1", Version(1, 4, 0, 1)),
        ("1.4.0rc12", Version(1, 4, 0, 12)),
        ("  0.0.0 ", Version(0, 0, 0)),
        ("999999999.0.0", Version(999_999_999, 0, 0)),
    ],
)
def test_people_may_write_a_version_in_any_of_its_spellings(text, version):
    assert Version.parse(text) == version


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1", "1.4", "1.4.", "1.4.0.0", "1.4.0-", "1.4.0-rc", "1.4.0-rc.1", "1.4.0-RC1", "V1.4.0", "vv1.4.0"),
        *("-1.4.0", "1.-4.0", "+1.4.0", "1_0.4.0", "1.4.0+build", "1.4.0-1", "1.4.0-enterprise", "1.4.0 rc1"),
        *(
            "../x",
            "v1.4.0/../x",
            "v1.4.0;id",
            "--help",
            "1.4.0\n",
            "1.4.0\x00",
            "1.4.0\u202e",
            "\u00a01.4.0",
            "\t1.4.0",
        ),
        *("１.4.0", "1.٤.0", "1.4.0-rc²"),  # digits to Python, not to git
    ],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(InvalidVersion, match=r"is not a version; write it as 1\.4\.0 or 1\.4\.0-rc1\.$"):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.04.0", "a number that begins with 0"),
        ("01.4.0", "a number that begins with 0"),
        ("1.4.0-rc01", "a number that begins with 0"),
        ("v1.4.0-rc0", "candidates count from 1"),
        ("1.4.1000000000", "more than 9 digits"),
        ("1.4.0-rc1000000000", "more than 9 digits"),
    ],
)
def test_a_near_miss_is_told_what_is_wrong(text, reason):
    with pytest.raises(InvalidVersion, match=reason):
        Version.parse(text)


def test_the_refusal_of_a_long_text_is_short_and_free_of_control_characters():
    with pytest.raises(InvalidVersion) as refusal:
        Version.parse("\x1b[31m" * 100_000)
    assert len(str(refusal.value)) < 250
    assert "\x1b" not in str(refusal.value)


@pytest.mark.parametrize("wrong", [(-1, 0, 0), (0, 10**9, 0), (0, 0, 0, 0), (0, 0, 0, -1)])
def test_an_impossible_version_cannot_be_made(wrong):
    with pytest.raises(InvalidVersion, match="cannot be part of a version"):
        Version(*wrong)


def test_each_place_has_its_own_spelling():
    candidate = Version(1, 4, 0, 1)
    assert (candidate.tag, candidate.text, candidate.pep440) == ("v1.4.0-rc1", "1.4.0-rc1", "1.4.0rc1")
    assert (candidate.cmake, candidate.line, str(candidate)) == ("1.4.0", "1.4", "1.4.0-rc1")
    final = Version(1, 4, 0)
    assert {final.text, final.pep440, final.cmake, str(final)} == {"1.4.0"}


def test_a_candidate_leads_to_its_final_version_and_to_the_next_candidate():
    first = Version.parse("1.4.0-rc1")
    assert first.is_candidate
    assert not first.final.is_candidate
    assert first.final == Version(1, 4, 0) == first.final.final
    assert first.candidate(2) == first.final.candidate(2) == Version(1, 4, 0, 2)


def test_versions_sort_by_number_and_candidates_before_their_final():
    in_order = ["1.3.9", "1.4.0-rc1", "1.4.0-rc2", "1.4.0-rc10", "1.4.0", "1.4.1-rc1", "1.4.1", "1.10.0", "2.0.0"]
    assert [version.text for version in sorted(map(Version.parse, reversed(in_order)))] == in_order


def test_a_version_compares_with_versions_only():
    with pytest.raises(TypeError):
        assert Version(1, 0, 0) < "2.0.0"


@settings(deadline=None)
@given(versions)
def test_every_spelling_reads_back(version):
    assert Version.parse(version.tag) == Version.parse(version.text) == Version.parse(version.pep440) == version
    assert Version.parse(version.cmake) == version.final


@settings(deadline=None)
@given(versions, versions)
def test_exactly_one_of_less_equal_greater_holds(one, other):
    assert [one < other, one == other, one > other].count(True) == 1
    assert (one <= other) is not (one > other)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_version_or_refused(text):
    try:
        version = Version.parse(text)
    except InvalidVersion:
        return
    assert text.strip(" ").removeprefix("v") in {version.text, version.pep440}
