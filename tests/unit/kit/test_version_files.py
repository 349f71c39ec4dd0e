import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sops.kit.errors import ConfigurationError, InvalidText
from sops.kit.version import Version
from sops.kit.version_files import get_version, set_version

CANDIDATE = Version(1, 4, 0, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"1.3.0\n", b"1.4.0rc1\n"),
        (b"1.3.0", b"1.4.0rc1"),
        (b"1.3.0-dev\r\n", b"1.4.0rc1\r\n"),
        (b"v1.3.0\n", b"1.4.0rc1\n"),
        (b"\xef\xbb\xbf1.3.0\n", b"\xef\xbb\xbf1.4.0rc1\n"),
        (b"\n  1.3.0 \t\r\n\n", b"\n  1.4.0rc1 \t\r\n\n"),
    ],
)
def test_a_plain_file_gets_the_candidate_and_keeps_its_blanks(before, after):
    assert set_version("plain", before, CANDIDATE) == after
    assert get_version("plain", after) == "1.4.0rc1"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"1.3.0\n1.4.0\n", "has 2 lines of text"),
        (b"1.3.0\n\n# released in spring\n", "has 2 lines of text"),
        (b"1.3.0 # stable\n", "holds something else"),
        (b"Product 1.3.0\n", "holds something else"),
        (b"\xff\xfe1\x00.\x003\x00", "holds something else"),
    ],
)
def test_a_plain_file_that_holds_anything_else_is_not_overwritten(content, reason):
    for act in (lambda: set_version("plain", content, CANDIDATE), lambda: get_version("plain", content)):
        with pytest.raises(InvalidText, match=reason):
            act()


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("project(Db VERSION <1.3.0> LANGUAGES CXX)", "1.3.0"),
        ("cmake_minimum_required(VERSION 3.20)\nPROJECT (Db\r\n  VERSION\r\n  <1.3.0.7>\r\n)", "1.3.0.7"),
        ('project("Db" DESCRIPTION "a VERSION 9.9.9 (no)" VERSION "<1.3>")', "1.3"),
        ("project(Db # VERSION 9.9.9 )\n VERSION #[[ 8.8.8 ]] <1.3.0>)", "1.3.0"),
        ("# project(A VERSION 9.9.9)\nproject(Db VERSION <1.3.0>)", "1.3.0"),
        ("#[[\nproject(A VERSION 9.9.9)\n]]project(Db VERSION <1.3.0>)", "1.3.0"),
        ("#[==[ ]] project(A VERSION 9.9.9) ]==]\nproject(Db VERSION <1.3.0>)", "1.3.0"),
        ('message("project(A VERSION 9.9.9) \\" ")\nproject(Db VERSION <1.3.0>)', "1.3.0"),
        ("message([=[ project(A VERSION 9.9.9) ]] ]=])\nproject(Db VERSION [[<1.3.0>]])", "1.3.0"),
        ("set(x project (A VERSION 9.9.9))\nproject(Db VERSION <1.3.0>)", "1.3.0"),
        ("my_project(A VERSION 9.9.9)\nproject(Db VERSION <1.3.0>)", "1.3.0"),
        ("project(Db VERSION <1.3.0>)\nproject(Sub VERSION 9.9.9)", "1.3.0"),
        ("project(VERSION VERSION <1.3.0>)", "1.3.0"),
        ("if(A AND (B))\n  project(Db VERSION <1.3.0>)\nendif()", "1.3.0"),
        ("\ufeff# \udce9\nproject(Db\tVERSION <1.3.0>)", "1.3.0"),
    ],
)
def test_only_the_digits_after_version_in_the_first_project_call_change(text, now):
    before = text.replace("<", "").replace(">", "").encode(errors="surrogateescape")
    assert get_version("cmake", before) == now
    after = text.replace(f"<{now}>", "1.4.0").encode(errors="surrogateescape")
    assert set_version("cmake", before, CANDIDATE) == after


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"There is no project\(\) call"),
        (b"# project(Db VERSION 1.3.0)\n", r"There is no project\(\) call"),
        (b"project(Db LANGUAGES CXX)\nproject(Sub VERSION 1.3.0)\n", "has no VERSION"),
        (b"project()", "has no VERSION"),
        (b"project(Db VERSION)", "has no VERSION"),
        (b"\nproject(Db\n  VERSION ${DB_VERSION})", "on line 3 comes from a variable"),
        (b'project(Db VERSION "${MAJOR}.4.0")', "on line 1 comes from a variable"),
        (b"project(Db VERSION 1.3.0-rc1)", "not made of digits and dots"),
        (b"project(Db VERSION LANGUAGES CXX)", "not made of digits and dots"),
        (b"project(Db VERSION 1.2.3.4.5)", "not made of digits and dots"),
        (b"project(Db VERSION 1.3.0\n", "never ends"),
        (b'\nset(a "b)\nproject(Db VERSION 1.3.0)\n', 'line 2 with " never ends'),
        (b"#[[ project(Db VERSION 1.3.0)\n", r"line 1 with #\[\[ never ends"),
    ],
)
def test_a_cmake_file_without_a_plain_version_says_why(content, reason):
    for act in (lambda: set_version("cmake", content, CANDIDATE), lambda: get_version("cmake", content)):
        with pytest.raises(InvalidText, match=reason):
            act()


def test_an_unknown_kind_is_a_matter_of_settings():
    with pytest.raises(ConfigurationError, match="'yaml' is not a kind of version file; there are plain, cmake, "):
        set_version("yaml", b"{}", CANDIDATE)


# Bytes that cannot open a string, a bracket or a call, so that the call stays the first one.
harmless = st.binary().map(lambda b: bytes(c for c in b if c not in b'"[()\\') + b"\n")
comments = st.lists(st.binary().map(lambda b: b"#" + b.replace(b"\n", b"").replace(b"\r", b"").lstrip(b"[") + b"\n"))


@settings(deadline=None)
@given(harmless, comments, st.binary(), st.sampled_from([b"1.3.0", b"10.20.30.40", b"7"]))
def test_every_byte_around_the_version_stays(words, notes, rest, now):
    before = words + b"".join(notes) + b"project(Db VERSION "
    assert get_version("cmake", before + now + b")" + rest) == now.decode()
    assert set_version("cmake", before + now + b")" + rest, CANDIDATE) == before + b"1.4.0)" + rest


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_version_file_or_refused(content):
    for kind in ("plain", "cmake"):
        try:
            now = get_version(kind, content)
        except InvalidText:
            continue
        after = set_version(kind, content, CANDIDATE)
        spelled = CANDIDATE.pep440 if kind == "plain" else CANDIDATE.cmake
        assert len(after) == len(content) - len(now) + len(spelled)
        assert get_version(kind, after) == spelled
