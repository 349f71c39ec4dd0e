"""SOP-04: take a release back. One yes names everything; then what hurts is stopped first, and the revert follows."""

from sops.kit.branch_actions import CutBranch
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Role, Sop, Step
from sops.kit.release_actions import OpenPullRequest
from sops.kit.release_gates import ChecksGreen, ReviewsMet
from sops.kit.revert_by_hand import RevertedByHand, ShowByHand
from sops.kit.rollback_actions import (
    BRANCH,
    AddWorkaround,
    AnnounceRollback,
    MarkLatest,
    MergeRevert,
    PointLatest,
    PushRevert,
    Republish,
    RetractedNotice,
    RetractImage,
    RevertRelease,
)
from sops.kit.rollback_gates import (
    Asked,
    DigestUnshared,
    HasBadge,
    HasPackage,
    MovesLatest,
    Rebuilds,
    Rebuilt,
    Reverts,
    Surveyed,
    ToldWithout,
    WorkaroundOrTime,
    Yanked,
)
from sops.kit.timing import OWN

WORKAROUND = f"{OWN}workaround:1d"  # asked for again within a day, where it went out without one

BOUND = (
    "merges",
    "latest.was",
    "latest.is",
    "latest.to",
    "badge.is",
    "kept.commits",
    "good.commit",
    "bad.digest",
    "bad.now",
    "good.digest",
    "image.only",
    "retract",
    "main.protected",
    "package.there",
    "republish",
)
COVERED = (
    "approve",
    "latest",
    "badge",
    "retracted-notice",
    "announce",
    "workaround",
    "retract",
    "republish",
    "revert-branch",
    "revert",
    "revert-pull-request",
    "revert-merge",
    "revert-push",
)

ROLLBACK = Sop(
    "SOP-04",
    "Rollback",
    command="release rollback",
    prefix="RBK",
    owner=Role.RELEASE_MANAGER,
    starters=(Role.RELEASE_MANAGER, Role.ON_CALL),
    leaders=(Role.ON_CALL,),
    channel="releases",
    steps=(
        Step("survey", row="C1", title="what it undoes", when=Surveyed()),
        Step(
            "approve",
            row="C1",
            title="approval",
            when=(
                Surveyed(),
                Approved(1, by=Role.RELEASE_MANAGER, also=Role.REVIEWER, covers=COVERED, binds=BOUND),
            ),
        ),
        Step("latest", row="D1", title="latest image", after="approve", only_if=MovesLatest(), do=PointLatest()),
        Step("badge", row="D1", title="latest release", after="approve", only_if=HasBadge(), do=MarkLatest()),
        Step("retracted-notice", row="M2", title="retracted notice", after="approve", do=RetractedNotice()),
        Step(
            "announce",
            row="M1",
            title="announcement",
            after="approve",
            when=WorkaroundOrTime(),
            do=AnnounceRollback(),
            starts=WORKAROUND,
        ),
        Step(
            "workaround",
            row="M1",
            title="workaround",
            after="announce",
            only_if=ToldWithout(),
            when=SignedOff(
                Role.RELEASE_MANAGER,
                ask="!set workaround text and !done workaround, or !skip workaround reason",
                needs=("workaround",),
                evidence=False,
            ),
            do=AddWorkaround(),
            stops=WORKAROUND,
        ),
        Step(
            "retract",
            row="D2",
            title="image deleted",
            after="latest",
            only_if=Asked("retract", "retract", image=True),
            when=DigestUnshared(),
            do=RetractImage(),
        ),
        Step(
            "yank",
            row="D2",
            title="package yanked",
            after="approve",
            only_if=HasPackage(),
            when=(Yanked(), SignedOff(Role.RELEASE_MANAGER, ask="yank it at the index, then !done yank and the link")),
        ),
        Step("republish", row="D3", title="image built again", after="latest", only_if=Rebuilds(), do=Republish()),
        Step("republished", row="D3", title="image is there", after="republish", only_if=Rebuilds(), when=Rebuilt()),
        Step(
            "revert-branch",
            row="C1",
            title="branch",
            after="approve",
            only_if=Reverts(),
            do=CutBranch(BRANCH, base="{main}", under="revert."),
        ),
        Step("revert", row="C2, C3", title="revert", after="revert-branch", only_if=Reverts(), do=RevertRelease()),
        Step(
            "revert-pull-request",
            row="C4",
            title="pull request",
            only_if=Reverts(protected=True),
            do=OpenPullRequest(BRANCH, "{main}", "revert: roll back v{version}", text="rollback"),
        ),
        Step("checks", row="C4", title="checks", only_if=Reverts(protected=True), when=ChecksGreen()),
        Step(
            "hand-made",
            row="C3",
            title="yes to a revert made by hand",
            only_if=RevertedByHand(),
            when=(
                ShowByHand(),
                Approved(
                    1,
                    by=Role.RELEASE_MANAGER,
                    also=Role.REVIEWER,
                    covers=("hand-made", "revert-merge"),
                    binds=("revert.commit", "revert.hand"),
                ),
            ),
        ),
        Step(
            "revert-merge",
            row="C4",
            title="merge of the revert",
            only_if=Reverts(protected=True),
            when=(ChecksGreen(), ReviewsMet()),
            do=MergeRevert(),
        ),
        Step(
            "revert-push",
            row="C4",
            title="push of the revert",
            after="revert",
            only_if=Reverts(protected=False),
            do=PushRevert(),
        ),
        Step(
            "retag-source",
            row="C5",
            title="tag on the good commit",
            after="approve",
            only_if=Asked("retag", "retag"),
            when=SignedOff(Role.RELEASE_MANAGER, ask="the good commit has a tag of a new version; none was moved"),
        ),
    ),
)
