"""Where a dependency's version is pinned, and the same file with another version. Only the pin's characters change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sops.kit.cmake import Token, calls
from sops.kit.errors import InvalidText
from sops.kit.json_text import Value, read
from sops.kit.patterns import Pattern

SHA = Pattern(r"[0-9a-f]{40}")
_SUBMODULE = Pattern(r'\s*\[submodule "(.*)"\]\s*')
_PATH = Pattern(r"\s*path\s*=\s*(\S+)\s*")
_DOTTED = Pattern(r"[0-9]+(?:\.[0-9]+)+")
_LONGEST_NUMBER = 18  # digits
_VCPKG_KEYS = ("version", "version-string", "version-semver", "version-date")


def dotted(text: str) -> tuple[int, ...] | None:
    """The numbers of a version, to be compared one by one whatever stands around them; 9.6 and 9.6.0 are the same.

    None where there are none, or one is longer than any number of a version.
    """
    found = _DOTTED.search(text)
    written = found[0].split(".") if found else []
    if not written or any(len(number) > _LONGEST_NUMBER for number in written):
        return None
    numbers = [int(number) for number in written]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_older(version: str, other: str) -> bool:
    """False too where one of them has no numbers to compare, such as a commit."""
    numbers, others = dotted(version), dotted(other)
    return numbers is not None and others is not None and numbers < others


@dataclass(frozen=True)
class Pin:
    """One place that says which version: its bytes, and the version as it is spelled there."""

    start: int
    end: int
    old: str
    spell: Callable[[str], str]


def pinned_at(kind: str, data: bytes, name: str) -> list[str]:
    """The versions the file pins the dependency at, in order; empty if it does not speak of it."""
    return [pin.old for pin in _FINDERS[kind](data, name)]


def repinned(kind: str, data: bytes, name: str, version: str) -> bytes:
    """The file with every pin of the dependency at that version.

    `kind` is `vcpkg` (dependencies' `version>=` and overrides) or `cmake` (find_package and FetchContent_Declare).
    Raises InvalidText when a pin cannot say it.
    """
    for pin in sorted(_FINDERS[kind](data, name), key=lambda each: each.start, reverse=True):
        data = data[: pin.start] + pin.spell(version).encode() + data[pin.end :]
    return data


def _vcpkg(data: bytes, name: str) -> list[Pin]:
    """A `#` and a port version behind the version (`1.2.3#4`) go: they count from the new version again."""
    manifest = read(data)
    found = []
    for each in _entries(manifest):
        members = each.members or {}
        value = next((members[key] for key in ("version>=", *_VCPKG_KEYS) if key in members), None)
        said = each.at("name")
        if value is not None and isinstance(value.plain, str) and said and str(said.plain).lower() == name.lower():
            found.append(Pin(value.start + 1, value.end - 1, value.plain.partition("#")[0], _same))
    return found


def _entries(manifest: Value) -> Iterator[Value]:
    """Every dependency and override of a manifest, those of its features too."""
    features = manifest.at("features")
    inside = tuple(features.members.values()) if features and features.members is not None else ()
    for owner in (manifest, *inside, *((features.items or ()) if features else ())):
        for key in ("dependencies", "overrides"):
            listed = owner.at(key)
            yield from (each for each in (listed.items or () if listed else ()) if each.members is not None)


def _cmake(data: bytes, name: str) -> list[Pin]:
    found = []
    for call, arguments in calls(data, {b"find_package", b"fetchcontent_declare"}):
        if not arguments or arguments[0].text.decode(errors="replace").lower() != name.lower():
            continue
        if call == b"find_package":
            found += [_pin(each, _as_long(each)) for each in arguments[1:2] if _DOTTED.fullmatch(each.text.decode())]
        else:
            found += _fetched(data, arguments)
    return found


def _fetched(data: bytes, arguments: list[Token]) -> list[Pin]:
    words = [each.text.decode(errors="replace") for each in arguments]
    if "URL" in words:
        line = data.count(b"\n", 0, arguments[0].start) + 1
        raise InvalidText(f"The archive on line {line} has an address and a hash of its own; change both by hand.")
    if "GIT_TAG" not in words or words.index("GIT_TAG") + 1 >= len(words):
        return []
    tag = arguments[words.index("GIT_TAG") + 1]
    text = tag.text.decode()
    if SHA.fullmatch(text):
        return [_pin(tag, _commit)]
    inside = _DOTTED.search(text)
    if inside is None:
        raise InvalidText(f"GIT_TAG {text} names no version; change it by hand.")
    return [Pin(tag.start + inside.start(), tag.start + inside.end(), inside[0], _same)]


def _pin(token: Token, spell: Callable[[str], str]) -> Pin:
    return Pin(token.start, token.end, token.text.decode(), spell)


def _same(version: str) -> str:
    return version


def _commit(version: str) -> str:
    if not SHA.fullmatch(version):
        raise InvalidText("It is pinned by commit; say the whole SHA instead of the version.")
    return version


def _as_long(token: Token) -> Callable[[str], str]:
    """`9.6` becomes `9.7` for 9.7.3: a requirement keeps as many numbers as it had."""
    count = token.text.count(b".") + 1

    def spell(version: str) -> str:
        if not _DOTTED.fullmatch(version):
            raise InvalidText(f"find_package needs digits and dots, and {version} has others; change it by hand.")
        return ".".join(version.split(".")[:count])

    return spell


_FINDERS: dict[str, Callable[[bytes, str], list[Pin]]] = {"vcpkg": _vcpkg, "cmake": _cmake}


def submodule_path(modules: bytes, name: str) -> str | None:
    """The path `.gitmodules` gives the submodule of that name, or whose path ends with it; None if it has none."""
    said, found = "", None
    for line in modules.decode(errors="replace").splitlines():
        if heading := _SUBMODULE.fullmatch(line):
            said = heading[1]
        path = _PATH.fullmatch(line)
        if path and name.lower() in {said.lower(), path[1].lower(), path[1].lower().rsplit("/", 1)[-1]}:
            found = path[1]
    return found
