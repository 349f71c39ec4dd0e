"""SOP-03: bring a release candidate out and let it soak. One row of the document, one or more steps here."""

from sops.kit.artefacts import Published
from sops.kit.binding import TreeForeseen
from sops.kit.branch_actions import RestoreBranch
from sops.kit.candidates import CutCandidate
from sops.kit.freeze_gates import NotFrozen
from sops.kit.gate import Approved, SignedOff
from sops.kit.merge_gates import Mergeable, WorkflowsStart
from sops.kit.merging import MergePullRequest
from sops.kit.model import Role, Sop, Step
from sops.kit.promotion import Offer, OweBackPorts
from sops.kit.publishing import BotPublishes, PublishRelease, ReleaseText
from sops.kit.release_actions import (
    Announce,
    OpenPullRequest,
    PrepareVersion,
    PushSignedTag,
)
from sops.kit.release_gates import (
    OUT,
    TAKEN,
    Blocked,
    ChecksGreen,
    Clear,
    FixOnBranch,
    NewVersion,
    NoOpenBlockers,
    NotMergedElsewhere,
    ReviewsMet,
    TagFree,
)
from sops.kit.rolled_back import NothingDropped, NotRolledBack
from sops.kit.soak import Soaked
from sops.kit.stable_gates import NothingOwed
from sops.kit.timing import SOAK

BRANCH = "release/v{final}-rc1"  # keeps this name for rc2, rc3, …

RELEASE_CANDIDATE = Sop(
    "SOP-03",
    "Release candidate",
    command="release rc",
    prefix="REL",
    owner=Role.RELEASE_MANAGER,
    starters=(Role.RELEASE_MANAGER,),
    channel="releases",
    steps=(
        Step(
            "branch",
            row="1",
            title="branch",
            when=(NewVersion(), NothingOwed("SOP-03"), WorkflowsStart()),
            do=CutCandidate(BRANCH, base="{develop}"),
        ),
        Step("bump", row="2", title="version and changelog", do=PrepareVersion(BRANCH, "{candidate}")),
        Step(
            "pull-request",
            row="3",
            title="pull request",
            do=OpenPullRequest(BRANCH, "{main}", "Release candidate {candidate}"),
        ),
        Step("checks", row="4", title="checks", when=ChecksGreen()),
        Step(
            "merge",
            row="5",
            title="merge",
            when=(
                NotMergedElsewhere(),
                NotFrozen(),
                NothingOwed("SOP-03"),
                NewVersion(),
                ChecksGreen(),
                TreeForeseen(asks=False),
                Mergeable(),
                TagFree("v{candidate}"),
                NothingDropped(),
                ReleaseText("{candidate}"),
                Approved(
                    1,
                    by=Role.REVIEWER,
                    covers=("merge", "tag", "release", "published", "announce"),
                    binds=(OUT, TAKEN),
                ),
                ReviewsMet(),
            ),
            do=MergePullRequest(),
        ),
        Step("tag", row="5", title="tag", do=PushSignedTag("v{candidate}", "Release candidate v{candidate}")),
        Step(
            "release",
            row="5",
            title="pre-release",
            only_if=BotPublishes(),
            do=PublishRelease("v{candidate}", "{candidate}", pre=True),
        ),
        Step("published", row="5", title="pre-release and image", when=Published("v{candidate}", "{candidate}")),
        Step("announce", row="6", title="announcement", do=Announce(quoted=True)),
        Step("soak", row="7", title="soak", when=Soaked(), stops=SOAK),
        Step("fix-branch", row="8", title="branch for the fix", only_if=Blocked(), do=RestoreBranch(BRANCH)),
        Step(
            "blockers",
            row="8",
            title="blockers fixed",
            only_if=Blocked(),
            when=(
                SignedOff(Role.RELEASE_MANAGER, ask="the fix is on the branch"),
                FixOnBranch(BRANCH),
                NoOpenBlockers(),
            ),
            do=OweBackPorts(BRANCH),
            then="bump",
        ),
        Step(
            "promote",
            row="9",
            title="offer the stable release",
            only_if=Clear(),
            when=NotRolledBack("{candidate}"),
            do=Offer("SOP-01"),
        ),
    ),
)
