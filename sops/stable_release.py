"""SOP-01: bring a stable release out. The rows of the document, in its order."""

from sops.kit.artefacts import Published
from sops.kit.back_merge import BackMerge, DevelopForeseen
from sops.kit.binding import TreeForeseen
from sops.kit.branch_actions import CutBranch
from sops.kit.freeze_gates import NotFrozen
from sops.kit.gate import Approved, SignedOff
from sops.kit.lanes import BringLanes, HasLanes
from sops.kit.late_blockers import DISMISSED, OPEN, NoLateBlocker
from sops.kit.latest_steps import LatestForeseen, LatestStands, PutLatest
from sops.kit.merge_gates import Mergeable, WorkflowsStart
from sops.kit.merging import MergePullRequest
from sops.kit.model import Role, Sop, Step
from sops.kit.publishing import BotPublishes, PublishRelease, ReleaseText
from sops.kit.release_actions import Announce, OpenPullRequest, PushSignedTag
from sops.kit.release_gates import TAKEN, ChecksGreen, Merged, NewVersion, NotMergedElsewhere, ReviewsMet, TagFree
from sops.kit.rolled_back import NotRolledBack
from sops.kit.stable_actions import CloseMilestone, PromoteChangelog, SetVersion
from sops.kit.stable_gates import (
    CandidateSoaked,
    LatestCandidate,
    MilestoneEmpty,
    MilestoneForeseen,
    NothingOwed,
    SameAsSoaked,
    ShowChangelog,
    ThroughPullRequest,
)

BRANCH = "release/v{version}"
COVERED = ("merge", "tag", "release", "artefacts", "latest", "back-merge", "milestone-closed", "announce", "mirror")

STABLE_RELEASE = Sop(
    "SOP-01",
    "Stable release",
    command="release stable",
    prefix="STB",
    owner=Role.RELEASE_MANAGER,
    starters=(Role.RELEASE_MANAGER,),
    channel="releases",
    steps=(
        Step("candidate", row="1", title="candidate", when=(NewVersion(), LatestCandidate(), WorkflowsStart())),
        Step(
            "soaked",
            row="1",
            title="soaked",
            when=(
                CandidateSoaked(),
                SignedOff(Role.RELEASE_MANAGER, ask="the candidate's image ran in staging", names="candidate.digest"),
            ),
        ),
        Step("no-debt", row="1", title="nothing owed", when=NothingOwed("SOP-01")),
        Step("changelog-shown", row="1", title="changelog shown", when=ShowChangelog()),
        Step(
            "changelog-review",
            row="1",
            title="changelog review",
            when=SignedOff(Role.RELEASE_MANAGER, ask="the changelog is accurate and complete"),
        ),
        Step("branch", row="2", title="branch", do=CutBranch(BRANCH, base="{base}", commit="base.commit")),
        Step("bump", row="3", title="version", do=SetVersion(BRANCH)),
        Step("changelog", row="4, 5", title="changelog", do=PromoteChangelog(BRANCH)),
        Step(
            "pull-request",
            row="6",
            title="pull request",
            do=OpenPullRequest(BRANCH, "{main}", "Release {version}", text="release"),
        ),
        Step("same-as-soaked", row="7", title="same as soaked", when=SameAsSoaked()),
        Step("checks", row="7", title="checks", when=ChecksGreen()),
        Step(
            "merge",
            row="8",
            title="merge",
            when=(
                NotMergedElsewhere(),
                NotFrozen(),
                NotRolledBack("{version}", fact="base.tag"),
                NothingOwed("SOP-01"),
                SameAsSoaked(),
                ChecksGreen(),
                NoLateBlocker(),
                TreeForeseen(),
                Mergeable(),
                TagFree("v{version}"),
                DevelopForeseen(),
                MilestoneForeseen(),
                ReleaseText(),
                LatestForeseen(),
                Approved(2, by=Role.REVIEWER, covers=COVERED, binds=(OPEN, DISMISSED, TAKEN)),
                ReviewsMet(),
            ),
            do=MergePullRequest("release {version}", owed=True),
        ),
        Step("tag", row="9, 10", title="tag", do=PushSignedTag("v{version}", "Release v{version}")),
        Step("release", row="10", title="release", only_if=BotPublishes(), do=PublishRelease("v{version}")),
        Step("artefacts", row="11", title="artefacts", when=Published("v{version}", "{version}", pre=False)),
        Step("latest", row="11", title="latest", when=LatestStands(), do=PutLatest()),
        Step("back-merge", row="12", title="back-merge", after="artefacts", do=BackMerge()),
        Step(
            "back-merge-pr",
            row="12",
            title="back-merge's pull request",
            only_if=ThroughPullRequest(),
            do=OpenPullRequest(
                "back-merge/{version}", "{develop}", "Back-merge of {version}", text="back-merge", name="back-merge.pr"
            ),
        ),
        Step(
            "back-merge-merged",
            row="12",
            title="back-merge merged",
            only_if=ThroughPullRequest(),
            when=Merged("back-merge.pr"),
        ),
        Step("milestone", row="13", title="milestone empty", after="back-merge", when=MilestoneEmpty()),
        Step("milestone-closed", row="13", title="milestone", do=CloseMilestone()),
        Step(
            "announce",
            row="14",
            title="announcement",
            after="back-merge",
            when=NotRolledBack("{version}"),
            do=Announce("released", quoted=True),
        ),
        Step("mirror", row="15", title="lanes", only_if=HasLanes(), do=BringLanes()),
    ),
)
