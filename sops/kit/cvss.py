"""Scores of CVSS 3.1 and 4.0 vectors, by FIRST's specifications, and what they mean for how soon a patch is due."""

from typing import Any

from cvss import CVSS3, CVSS4
from cvss.exceptions import CVSSError

from sops.kit.affected import bounds
from sops.kit.disclosure import Disclosure
from sops.kit.errors import InvalidText
from sops.kit.model import Severity
from sops.kit.patterns import Pattern

CRITICAL = 9.0
LONGEST_VECTOR = 300  # characters; one with every metric of 4.0 has fewer than 200
YES, NO = frozenset({"yes", "y", "request"}), frozenset({"no", "n", "none"})
_CVE = Pattern(r"(?i)CVE-(?:19|20)[0-9]{2}-[0-9]{4,19}")
_GHSA = Pattern(r"(?i)GHSA((?:-[23456789cfghjmpqrvwx]{4}){3})")


def scored(vector: str) -> tuple[float, str]:
    """The base score and its rating (critical, high, medium, low or none). Raises InvalidText for what is no vector."""
    text = vector.strip()
    kind = {"CVSS:3.1/": CVSS3, "CVSS:4.0/": CVSS4}.get(text[:9])
    if kind is None or len(text) > LONGEST_VECTOR:
        raise InvalidText("A score is a CVSS 3.1 or 4.0 vector, such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H.")
    try:
        found = kind(text)
    except CVSSError as error:
        raise InvalidText(f"That is no CVSS vector: {error}.") from error
    return float(found.scores()[0]), str(found.severities()[0]).lower()


def learned(name: str, text: str) -> tuple[dict[str, Any], Severity | None]:
    """The facts behind `!set name text` of a security response, and the severity a score means. Raises InvalidText."""
    if name == "cvss":
        score, rating = scored(text)
        if not score:
            raise InvalidText(
                "That vector scores 0: it harms nothing. If that is so it is no hole, and !cancel ends this."
            )
        return {"cvss": text.strip(), "score": f"{score} ({rating})"}, urgency(score)
    if name == "disclosure":
        return {name: Disclosure.parse(text).stored()}, None
    if name == "advisory":
        return {name: advisory_number(text)}, None
    if name == "affected":
        bounds(text)
    return {"cve.wanted": _number_or_word(text)} if name == "cve" else {name: text}, None


def _number_or_word(text: str) -> str:
    """A CVE's number, or yes or no to asking for one."""
    word = text.strip()
    if word.lower() in YES | NO:
        return "yes" if word.lower() in YES else "no"
    if _CVE.fullmatch(word):
        return word.upper()
    raise InvalidText(
        "Say !set cve yes if GitHub shall be asked for a number, !set cve no if not, "
        "or the number it has already, like !set cve CVE-2026-12345."
    )


def advisory_number(text: str) -> str:
    """GHSA-xxxx-xxxx-xxxx as GitHub spells it. Raises InvalidText for anything else."""
    found = _GHSA.fullmatch(text.strip())
    if found is None:
        raise InvalidText("An advisory's number is written GHSA-2345-6789-cfgh.")
    return f"GHSA{found[1].lower()}"


def urgency(score: float) -> Severity:
    """P0 for what is critical, P1 for all else (SOP-05: patch within 48 h, or within 7 days)."""
    return Severity.P0 if score >= CRITICAL else Severity.P1
