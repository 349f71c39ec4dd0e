"""Where deeds are left to people, every deed of every procedure says exactly what to type or where to go."""

import re

import pytest

from sops import ALL
from sops.kit.action import Action
from sops.kit.cleanup import CleanUp
from sops.kit.incident_actions import CorrectNotice, OpenActionIssue, PublishNotice
from sops.kit.model import Severity
from sops.kit.policy import Lane
from tests.unit.runs import a_run_of

#: Whatever a deed may rely on by the time it is asked for.
KNOWN = {
    "affected": "< 1.3.1",
    "announcement.url": "https://forge.example/discussions/9",
    "back-port.cut.at": "5" * 40,
    "back-port.picks": ["6" * 40],
    "back-port.pr": 42,
    "bad.digest": "sha256:bad",
    "base.tag": "v1.3.0",
    "base.version": "1.3.0",
    "branch": "some/branch",
    "cut.at": "1" * 40,
    "cvss": "CVSS:3.1/AV:N",
    "from": "1",
    "ghsa": "GHSA-1234",
    "good": "1.3.0",
    "good.digest": "sha256:good",
    "head": "2" * 40,
    "issue": 7,
    "login": "octocat",
    "merge": "3" * 40,
    "merges": ["3" * 40],
    "name": "rocksdb",
    "number": 8,
    "patched": "1.3.1",
    "pins": ["vcpkg.json"],
    "post-mortem.base": "4" * 40,
    "pr": 41,
    "pr.url": "https://forge.example/pull/41",
    "public.url": "https://forge.example/discussions/9",
    "restore.at": "2" * 40,
    "revert.commit": "7" * 40,
    "revert.cut.at": "1" * 40,
    "reviewers.asked": ["rev1"],
    "table.cut.at": "1" * 40,
    "released": "3" * 40,
    "to": "9.7.3",
}
LANES = {"Edge": Lane(branch="edge"), "Other": Lane(branch="main", repository="acme/other")}
EXACT = re.compile(r"^(git|gh|crane|echo) |^\(echo |https?://|^post in ")
OF_PEOPLE = (PublishNotice("publish-1", "we look"), CorrectNotice("correct-2", "publish-1", "better"), CleanUp())
#: These do nothing at the far end: they offer the next procedure, or keep what is owed.
ONLY_TELL = {"Offer", "OweBackPorts"}
PIECES = [(sop, piece) for sop in ALL for step in sop.steps for piece in step.deeds]
DEEDS = [
    *((sop, deed) for sop, deed in PIECES if isinstance(deed, Action) and type(deed).__name__ not in ONLY_TELL),
    *((sop, deed) for sop in ALL if sop.id == "SOP-08" for deed in OF_PEOPLE),
    *((sop, OpenActionIssue("action-1", "add an alert", "ann", "")) for sop in ALL if sop.id == "SOP-08"),
]


@pytest.mark.parametrize(("sop", "deed"), DEEDS, ids=[f"{sop.id}-{type(deed).__name__}" for sop, deed in DEEDS])
def test_it_says_exactly_what_to_do(sop, deed):
    run = a_run_of(sop, version="1.4.0", severity=Severity.P1, facts=KNOWN)
    policy = run.policy.model_copy(update={"lanes": LANES, "dependency_workflows": ("build.yml",)})
    said = deed.by_hand(run.but(policy=policy))
    assert type(deed).by_hand is not Action.by_hand, "it only says what it would do itself"
    assert any(EXACT.search(entry) for entry in said), said
    assert "None" not in " ".join(said)


def test_every_deed_that_needs_a_step_of_its_own_names_it():
    steps = {step.id for sop in ALL for step in sop.steps}
    run = a_run_of(next(sop for sop in ALL if sop.id == "SOP-08"), version="1.4.0", severity=Severity.P1, facts=KNOWN)
    named = [re.search(r"!byhand (\S+)", line) for _, deed in DEEDS for line in deed.by_hand(run)]
    asked = {found[1] for found in named if found}
    assert asked <= {*steps, "publish-1", "action-1"}
    assert asked
