"""Files of a repository that are nested without an end are refused by an error of ours."""

import pytest

from sops.kit.cvss import scored
from sops.kit.errors import InvalidText
from sops.kit.json_text import DEEPEST, read
from sops.kit.version_files import get_version


@pytest.mark.parametrize("part", [b"[", b'{"a":'])
def test_json_without_an_end_to_its_nesting_is_no_json(part: bytes) -> None:
    with pytest.raises(InvalidText, match="no JSON from line 1 on"):
        get_version("json", part * 100_000, "/version")


def test_json_as_deep_as_people_write_is_read() -> None:
    assert read(b"[" * DEEPEST + b"]" * DEEPEST).items is not None


def test_toml_without_an_end_to_its_nesting_is_no_toml() -> None:
    with pytest.raises(InvalidText, match="no TOML"):
        get_version("toml", b"a = " + b"[" * 5_000, "project.version")


def test_a_vector_longer_than_any_is_no_vector() -> None:
    with pytest.raises(InvalidText, match="A score is a CVSS"):
        scored("CVSS:3.1/" + "AV:N/" * 10_000)
