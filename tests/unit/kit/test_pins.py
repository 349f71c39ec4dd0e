"""Pins of dependencies and versions in files as projects keep them: nothing but the pin's own characters changes."""

import json

import pytest

from sops.kit.errors import InvalidText
from sops.kit.json_text import read
from sops.kit.pins import dotted, is_older, pinned_at, repinned, submodule_path
from sops.kit.version import Version
from sops.kit.version_files import get_version, set_version

BOM = b"\xef\xbb\xbf"
MANIFEST = BOM + (
    b'{\r\n  // what we build on\r\n  "name": "themis",\r\n  "dependencies": [\r\n    "fmt",\r\n'
    b'    { "name": "rocksdb", "version>=": "9.6.1#2", "features": ["zstd"] }\r\n  ],\r\n'
    b'  /* features pull in more */\r\n  "features": {\r\n    "gpu": {\r\n'
    b'      "description": "rocksdb 9.6.1 on a GPU",\r\n'
    b'      "dependencies": [ { "name": "RocksDB", "version>=": "9.6.1" } ]\r\n    }\r\n  },\r\n'
    b'  "overrides": [ { "name": "rocksdb", "version": "9.6.1" }, { "name": "zlib", "version": "1.3" } ]\r\n}\r\n'
)
CMAKE = b"""# find_package(RocksDB 1.0)
project(Themis VERSION 1.0.0 LANGUAGES CXX)
find_package(RocksDB 9.6 REQUIRED)
include(FetchContent)
FetchContent_Declare(
  llama.cpp  # find_package(RocksDB 2)
  GIT_REPOSITORY https://forge.example/llama.cpp
  GIT_TAG v1.2.0-stable)
FetchContent_Declare(pinned GIT_TAG 0123456789012345678901234567890123456789)
FetchContent_Declare(packed URL https://forge.example/packed-1.0.tar.gz)
"""


def lines_changed(old: bytes, new: bytes) -> list[bytes]:
    before, after = old.split(b"\n"), new.split(b"\n")
    assert len(before) == len(after)
    return [line for number, line in enumerate(after) if line != before[number]]


def test_a_manifest_with_a_mark_comments_and_features() -> None:
    new = repinned("vcpkg", MANIFEST, "rocksdb", "9.7.3")
    assert pinned_at("vcpkg", MANIFEST, "rocksdb") == ["9.6.1", "9.6.1", "9.6.1"]
    assert pinned_at("vcpkg", new, "rocksdb") == ["9.7.3"] * 3
    assert new.startswith(BOM + b"{\r\n  // what we build on")
    assert len(lines_changed(MANIFEST, new)) == 3
    assert b"rocksdb 9.6.1 on a GPU" in new
    assert pinned_at("vcpkg", new, "zlib") == ["1.3"]
    assert repinned("vcpkg", MANIFEST, "nobody", "1.0.0") == MANIFEST


def test_a_requirement_keeps_as_many_numbers_as_it_had() -> None:
    new = repinned("cmake", CMAKE, "rocksdb", "9.7.3")
    assert lines_changed(CMAKE, new) == [b"find_package(RocksDB 9.7 REQUIRED)"]


def test_a_fetched_tag_keeps_what_stands_around_the_number() -> None:
    assert lines_changed(CMAKE, repinned("cmake", CMAKE, "llama.cpp", "1.3.1")) == [b"  GIT_TAG v1.3.1-stable)"]


def test_what_is_pinned_by_commit_or_hash_is_not_guessed() -> None:
    with pytest.raises(InvalidText, match="the whole SHA"):
        repinned("cmake", CMAKE, "pinned", "2.0.0")
    assert b"f" * 40 in repinned("cmake", CMAKE, "pinned", "f" * 40)
    with pytest.raises(InvalidText, match="line 10"):
        repinned("cmake", CMAKE, "packed", "2.0.0")


def test_a_broken_manifest_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidText, match="line 3"):
        repinned("vcpkg", b'{\n  "name": "x",\n  "dependencies": [ oops ]\n}\n', "x", "1.0.0")
    for text in (b"", b"{", b'{"a" 1}', b'{"a": 1} {', b'["a",, "b"]'):
        with pytest.raises(InvalidText):
            read(text)


def test_it_reads_what_json_reads() -> None:
    plain = b'{"a": [1, -2.5e3, true, false, null, "x\\u00e9\\""], "b": {}}'
    found = read(plain)
    expected = json.loads(plain)["a"]
    assert [found.at("a", number).plain for number in range(6)] == expected  # type: ignore[union-attr]
    assert found.at("b", "c") is None


def test_a_submodule_is_found_by_name_or_by_the_end_of_its_path() -> None:
    modules = b'[submodule "third_party/llama.cpp"]\n\tpath = third_party/llama.cpp\n\turl = https://forge.example/x\n'
    assert submodule_path(modules, "llama.cpp") == "third_party/llama.cpp"
    assert submodule_path(modules, "third_party/llama.cpp") == "third_party/llama.cpp"
    assert submodule_path(modules, "rocksdb") is None


PYPROJECT = (
    BOM + b"# ours\r\n[project]\r\nname = \"skylark\"   # a name\r\nversion = '1.3.0'  # keep\r\n\r\n"
    b'[tool.x]\r\nversion = "9"\r\n'
)
PACKAGE = b'{\n\t"name": "skylark",\n\t"version": "1.3.0",\n\t"engines": {"version": "1"}\n}\n'
SOURCE = b'VERSION = (1, 3)\n__version__ = "1.3.0"  # read by the build\n'


@pytest.mark.parametrize(
    ("kind", "at", "old", "new"),
    [
        ("toml", "project.version", PYPROJECT, b"1.4.0rc1"),
        ("json", "/version", PACKAGE, b"1.4.0-rc1"),
        ("regex", '^__version__ = "(.*)"', SOURCE, b"1.4.0-rc1"),
    ],
)
def test_a_python_or_node_project_spells_its_version_its_own_way(kind: str, at: str, old: bytes, new: bytes) -> None:
    assert get_version(kind, old, at) == "1.3.0"
    assert set_version(kind, old, Version.parse("1.4.0-rc1"), at) == old.replace(b"1.3.0", new)


@pytest.mark.parametrize(
    ("kind", "at", "data"),
    [
        ("toml", "project.release", PYPROJECT),
        ("toml", "project", PYPROJECT),
        ("toml", "project.version", b"[project\n"),
        ("json", "/release", PACKAGE),
        ("json", "/engines", PACKAGE),
        ("regex", "version = (.*)", b"nothing"),
        ("regex", "1.3.0", SOURCE),
    ],
)
def test_what_is_not_there_is_said(kind: str, at: str, data: bytes) -> None:
    with pytest.raises(InvalidText):
        set_version(kind, data, Version.parse("1.4.0"), at)


def test_versions_are_compared_number_by_number() -> None:
    assert is_older("9.7.2", "v9.7.10")
    assert not is_older("9.6", "9.6.0")
    assert not is_older("9.6.0", "9.6")
    assert not is_older("9.7.2", "0f" * 20)


def test_a_number_longer_than_any_of_a_version_is_none() -> None:
    assert dotted("1." + "9" * 5_000) is None
    assert dotted("20260401.2") == (20260401, 2)
