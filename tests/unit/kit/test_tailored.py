"""Names and roles of our procedures as settings."""

import pytest

from sops import ALL
from sops.hotfix import HOTFIX
from sops.incident import INCIDENT
from sops.kit.branch_actions import CutBranch, branch_of
from sops.kit.errors import ConfigurationError
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Role
from sops.kit.policy import Policy
from sops.kit.reland import STEPS as RELAND
from sops.kit.tailored import check_names, tailored
from sops.release_candidate import RELEASE_CANDIDATE
from sops.stable_release import STABLE_RELEASE
from tests.unit.runs import a_run_of


def said(sop):
    return [piece for step in sop.steps for piece in step.pieces()]


def test_without_settings_the_procedures_are_the_documents():
    assert [tailored(sop, Policy()) for sop in ALL] == list(ALL)


def test_a_branch_is_called_as_set_wherever_it_is_spoken_of():
    policy = Policy(branches={"SOP-02": "fix/{version}/{slug}", "SOP-02.back-port": "fix/{version}/develop"})
    sop = tailored(HOTFIX, policy)
    names = {getattr(piece, "branch", None) for piece in said(sop)} - {None}
    assert names == {"fix/{version}/{slug}", "fix/{version}/develop", "supported-versions/{version}"}
    assert branch_of(a_run_of(sop, version="1.4.1", facts={"slug": "wal"})) == "fix/1.4.1/wal"


def test_a_candidates_branch_keeps_its_name_for_the_next():
    sop = tailored(RELEASE_CANDIDATE, Policy(branches={"SOP-03": "candidates/{final}"}))
    run = a_run_of(sop, version="1.4.0")
    assert branch_of(run) == branch_of(run.but(iteration=2)) == "candidates/1.4.0"


def test_who_answers_is_as_set():
    policy = Policy(
        roles={
            "SOP-01.merge": (Role.MAINTAINER, Role.RELEASE_MANAGER),
            "SOP-01.changelog-review": (Role.MAINTAINER,),
            "SOP-01": (Role.MAINTAINER, Role.RELEASE_MANAGER),
        }
    )
    sop = tailored(STABLE_RELEASE, policy)
    (approved,) = [piece for piece in said(sop) if isinstance(piece, Approved)]
    assert (approved.by, approved.also, approved.n) == (Role.MAINTAINER, Role.RELEASE_MANAGER, 2)
    (signed,) = [p for step in sop.steps if step.id == "changelog-review" for p in step.waits]
    assert isinstance(signed, SignedOff)
    assert signed.by is Role.MAINTAINER
    assert (sop.owner, sop.starters, sop.leaders) == (
        Role.MAINTAINER,
        (Role.MAINTAINER, Role.RELEASE_MANAGER),
        (Role.RELEASE_MANAGER,),
    )


def test_what_anyone_may_begin_stays_so():
    sop = tailored(INCIDENT, Policy(roles={"SOP-08": (Role.MAINTAINER,)}))
    assert (sop.owner, sop.starters) == (Role.MAINTAINER, INCIDENT.starters)


def test_a_tag_says_what_is_set():
    sop = tailored(STABLE_RELEASE, Policy(tag_messages={"SOP-01": "Skylark {version}"}))
    assert "Skylark {version}" in {getattr(piece, "message", None) for piece in said(sop)}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"branches": {"SOP-03": "candidate"}}, r"names no branch of its own for each run"),
        ({"branches": {"SOP-03": "a..b/{version}"}}, r"names no branch of its own"),
        ({"branches": {"SOP-03": "{version}.lock"}}, r"names no branch of its own"),
        ({"branches": {"SOP-03": "-{version}"}}, r"names no branch of its own"),
        ({"branches": {"SOP-03": "release {version}"}}, r"names no branch of its own"),
        ({"branches": {"SOP-03": "{candidate}"}}, r"may say \{version\}, \{final\}"),
        ({"branches": {"SOP-03": "{version"}}, r"may say"),
        ({"branches": {"SOP-03": "{version.__class__}"}}, r"may say|no branch of its own"),
        ({"branches": {"SOP-08": "x/{version}"}}, r"policy.branches names 'SOP-08', where nothing can be set"),
        ({"branches": {"SOP-03.merge": "x/{version}"}}, r"'SOP-03.merge', where nothing can be set"),
        ({"tag_messages": {"SOP-01": "{slug}"}}, r"policy.tag_messages: '\{slug\}' may say"),
        ({"tag_messages": {"SOP-06": "x"}}, r"policy.tag_messages names 'SOP-06'"),
        ({"roles": {"SOP-01.tag": (Role.MAINTAINER,)}}, r"policy.roles names 'SOP-01.tag'"),
        (
            {"roles": {"SOP-01.merge": (Role.MAINTAINER, Role.REVIEWER, Role.ON_CALL)}},
            r"can ask fewer roles than the 3",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, why):
    with pytest.raises(ConfigurationError, match=why):
        check_names(Policy(**settings), ALL, {})


def test_the_branch_of_reland_can_be_named_too():
    policy = Policy(branches={"SOP-04.work-back": "again/{version}"})
    check_names(policy, ALL, {"SOP-04": RELAND})
    with pytest.raises(ConfigurationError, match="where nothing can be set"):
        check_names(policy, ALL, {})


def test_every_branch_of_ours_can_be_named():
    cut = {f"{sop.id}.{step.id}" for sop in ALL for step in sop.steps for p in step.deeds if isinstance(p, CutBranch)}
    check_names(Policy(branches=dict.fromkeys(cut, "x/{version}{slug}")), ALL, {})
