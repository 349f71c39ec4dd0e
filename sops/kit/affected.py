"""Which versions a hole is in, as GitHub writes it (`>= 1.2.0, < 1.3.1`), and whether a patch fits that."""

from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.patterns import Pattern
from sops.kit.version import Version

_BOUND = Pattern(r"(<=|>=|<|>|=)\s*v?(\d+(?:\.\d+){0,2}(?:-?rc\d+)?)")
EXAMPLE = "write it like < 1.3.1, or >= 1.2.0, < 1.3.1"

Bound = tuple[str, Version]


def bounds(text: str) -> list[Bound]:
    """The bounds of a range, all of which hold. Raises InvalidText for what is no range, or holds no version."""
    found = [_BOUND.fullmatch(part.strip()) for part in text.split(",")]
    try:
        read = [(each[1], _padded(each[2])) for each in found if each]
    except InvalidVersion as problem:
        raise InvalidText(str(problem)) from problem
    if len(read) != len(found):
        raise InvalidText(f"That is no range of versions; {EXAMPLE}.")
    if _empty(read):
        raise InvalidText(f"No version is in that range; {EXAMPLE}.")
    return read


def holds(read: list[Bound], version: Version) -> bool:
    """The version is within all of them."""
    return all(_within(version, *bound) for bound in read)


def misfit(affected: str, patched: str) -> str:
    """Why that range and that patched version cannot both be right; empty if they can."""
    patch = Version.parse(patched)
    try:
        read = bounds(affected)
    except InvalidText as problem:  # it was set before anybody looked at how it is written
        return f"“{affected}”: {problem}".rstrip(".")
    if holds(read, patch):
        return f"“{affected}” holds {patch}, which is the patched version"
    before = Version(patch.major, patch.minor, patch.patch - 1) if patch.patch else patch
    if before != patch and not holds(read, before):
        return f"“{affected}” does not hold {before}, which {patch} patches"
    return ""


def _padded(text: str) -> Version:
    """`1.4` is 1.4.0."""
    number, dash, rest = text.partition("-")
    return Version.parse(f"{number}{'.0' * (2 - number.count('.'))}{dash}{rest}")


def _within(version: Version, sign: str, bound: Version) -> bool:
    return (version < bound and "<" in sign) or (version > bound and ">" in sign) or (version == bound and "=" in sign)


def _empty(read: list[Bound]) -> bool:
    """The highest from below is above the lowest from above, or just meets it where one of the two is left out."""
    below = max((version, sign == ">") for sign, version in [*read, (">=", Version(0, 0, 0))] if "<" not in sign)
    above = [(version, sign != "<") for sign, version in read if ">" not in sign]
    if not above:
        return False
    least = min(above)
    return below[0] > least[0] or (below[0] == least[0] and (below[1] or not least[1]))
