"""Reading and writing the version in the files that spell it. Only the version's own characters ever change."""

from collections.abc import Callable
from itertools import pairwise

import tomlkit
from tomlkit.exceptions import ParseError
from tomlkit.items import String

from sops.kit.cmake import Token, calls, line_of
from sops.kit.errors import ConfigurationError, InvalidText
from sops.kit.json_text import pointed
from sops.kit.patterns import NoPattern, Pattern
from sops.kit.version import Version

LONGEST_TOML = 512 * 1024  # bytes; reading it takes some ten microseconds for each

# One optional byte order mark, blanks, one word that begins like a version, blanks.
_PLAIN = Pattern(rb"(?:\xef\xbb\xbf)?\s*(v?[0-9][0-9A-Za-z.+-]*)\s*")
_CMAKE_VERSION = Pattern(rb"[0-9]+(?:\.[0-9]+){0,3}")


def set_version(kind: str, data: bytes, version: Version, at: str = "") -> bytes:
    """The file with `version` in it.

    `kind` is `plain` (the whole file), `cmake` (the `project()` call), `regex` (`at` is a pattern whose group is the
    version), `json` (`at` is a pointer, RFC 6901) or `toml` (`at` is a dotted key). A candidate is `1.4.0rc1` in plain
    and TOML files, `1.4.0` in CMake, `1.4.0-rc1` elsewhere. Raises InvalidText, saying why, when the file does not
    hold exactly what this kind promises.
    """
    return spell(kind, data, spelled(kind, version), at)


def spelled(kind: str, version: Version) -> str:
    """How a file of that kind spells the version."""
    return {"plain": version.pep440, "toml": version.pep440, "cmake": version.cmake}.get(kind, version.text)


def spell(kind: str, data: bytes, text: str, at: str = "") -> bytes:
    """The file with exactly `text` where its version is, such as what `get_version` read elsewhere."""
    start, end = _find(kind)(data, at)
    return data[:start] + text.encode() + data[end:]


def get_version(kind: str, data: bytes, at: str = "") -> str:
    """The version as the file spells it now. Raises as `set_version` does."""
    start, end = _find(kind)(data, at)
    return data[start:end].decode(errors="replace")


def _find(kind: str) -> Callable[[bytes, str], tuple[int, int]]:
    if kind not in _KINDS:
        raise ConfigurationError(f"{kind!r} is not a kind of version file; there are {', '.join(_KINDS)}.")
    return _KINDS[kind]


def _find_plain(data: bytes, _: str) -> tuple[int, int]:
    """Where the version is in a file that holds nothing else."""
    match = _PLAIN.fullmatch(data)
    if match is None:
        filled = sum(1 for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip())
        what = {0: "is empty", 1: "holds something else than one version"}.get(filled, f"has {filled} lines of text")
        raise InvalidText(f"The version file {what}; it must hold one version, such as 1.4.0, and nothing else.")
    return match.span(1)


def _find_cmake(data: bytes, _: str) -> tuple[int, int]:
    """Where the digits after VERSION are in the first `project()` call."""
    found = next(calls(data, {b"project"}), None)
    if found is None:
        raise InvalidText("There is no project() call; write project(<name> VERSION 1.4.0 …).")
    for keyword, value in pairwise(found[1][1:]):  # the first is the project's name
        if keyword.text == b"VERSION":
            return _digits(data, value)
    raise InvalidText("The first project() call has no VERSION; write project(<name> VERSION 1.4.0 …).")


def _digits(data: bytes, value: Token) -> tuple[int, int]:
    line = line_of(data, value.start)
    if b"${" in value.text:
        raise InvalidText(f"The VERSION of project() on line {line} comes from a variable; write the digits there.")
    if not _CMAKE_VERSION.fullmatch(value.text):
        raise InvalidText(f"The VERSION of project() on line {line} is not made of digits and dots, such as 1.4.0.")
    return value.start, value.end


def _find_regex(data: bytes, at: str) -> tuple[int, int]:
    try:
        pattern = Pattern(b"(?m)" + at.encode())
    except NoPattern as error:
        raise ConfigurationError(f"{at!r} is no pattern, or looks back or ahead, which none may: {error}.") from error
    found = list(pattern.finditer(data))
    if len(found) != 1 or pattern.count != 1:
        raise InvalidText(f"The pattern {at} fits {len(found)} places and must fit one, with one group around it.")
    return found[0].span(1)


def _find_json(data: bytes, at: str) -> tuple[int, int]:
    value = pointed(data, at)
    return value.start + 1, value.end - 1


def _find_toml(data: bytes, at: str) -> tuple[int, int]:
    """Found with a value of our own in its place, so that the text around it needs no parser of ours."""
    if len(data) > LONGEST_TOML:
        raise InvalidText(f"The file is larger than {LONGEST_TOML // 1024} kB; keep the version in a smaller one.")
    try:
        text = data.decode("utf-8-sig")
        document = tomlkit.parse(text)
        *tables, key = at.split(".")
        table = document
        for name in tables:
            table = table[name]
        old = table[key]
        if not isinstance(old, String) or tomlkit.dumps(document) != text:
            raise InvalidText(f"{at} is no text; write it in quotes.")
        table[key] = probe = f"<{'version' * 8}>"
        changed = tomlkit.dumps(document)
    except (ParseError, UnicodeDecodeError) as error:
        raise InvalidText(f"The file is no TOML: {error}.") from error
    except RecursionError as error:
        raise InvalidText("The file is no TOML: it is nested too deeply.") from error
    except (KeyError, TypeError) as error:
        raise InvalidText(f"There is no {at}; see the key in the settings.") from error
    start = changed.index(probe)
    end = start + len(text) - (len(changed) - len(probe))
    shift = len(data) - len(data.decode("utf-8-sig").encode())
    return shift + len(text[:start].encode()), shift + len(text[:end].encode())


_KINDS: dict[str, Callable[[bytes, str], tuple[int, int]]] = {
    "plain": _find_plain,
    "cmake": _find_cmake,
    "regex": _find_regex,
    "json": _find_json,
    "toml": _find_toml,
}
