"""Scores of vectors whose score is known from FIRST's examples, and what is no vector."""

import pytest

from sops.kit.cvss import advisory_number, learned, scored, urgency
from sops.kit.errors import InvalidText
from sops.kit.model import Severity


@pytest.mark.parametrize(
    ("vector", "score", "rating"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "medium"),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, "low"),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, "critical"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, "critical"),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3, "high"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0, "none"),
    ],
)
def test_a_known_vector_has_its_known_score(vector: str, score: float, rating: str) -> None:
    assert scored(vector) == (score, rating)
    assert scored(f"  {vector}\n") == (score, rating)


@pytest.mark.parametrize(
    "vector",
    ["", "9.8", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]
    + ["CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/nonsense"],
)
def test_what_is_no_vector_is_refused(vector: str) -> None:
    with pytest.raises(InvalidText):
        scored(vector)


@pytest.mark.parametrize(("score", "severity"), [(10.0, "P0"), (9.0, "P0"), (8.9, "P1"), (0.0, "P1")])
def test_nine_and_more_is_a_p0(score: float, severity: str) -> None:
    assert urgency(score) is Severity(severity)


def test_what_is_learned_of_what_is_set() -> None:
    assert learned("cve", "request") == ({"cve.wanted": "yes"}, None)
    assert learned("cve", " NONE ") == ({"cve.wanted": "no"}, None)
    assert learned("cve", "cve-2026-12345") == ({"cve.wanted": "CVE-2026-12345"}, None)
    assert learned("affected", "< 1.3.1") == ({"affected": "< 1.3.1"}, None)
    assert learned("disclosure", " 2026-05-04 ") == ({"disclosure": "2026-05-04T16:00:00+00:00[UTC]"}, None)
    facts, severity = learned("cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    assert (facts["score"], severity) == ("9.8 (critical)", Severity.P0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cve", "perhaps"),
        ("cve", "CVE-2026-1"),
        ("cve", "CVE-2026-12345 and another"),
        ("affected", "all of them"),
        ("cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"),
    ],
)
def test_what_says_nothing_that_can_be_used_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidText):
        learned(name, text)


@pytest.mark.parametrize("text", ["GHSA-2222", "GHSA-0000-1111-aaaa", "CVE-2026-1234", "GHSA-2222-3333-4444 x"])
def test_what_is_no_advisory_is_refused(text: str) -> None:
    with pytest.raises(InvalidText):
        advisory_number(text)


def test_an_advisorys_number_is_spelled_as_github_spells_it() -> None:
    assert advisory_number(" ghsa-2222-CFGH-jmpq ") == "GHSA-2222-cfgh-jmpq"
