"""SOP-02: patch a released version. The rows of the document, in its order."""

from dataclasses import replace

from sops.kit.artefacts import Published
from sops.kit.back_port import FreshenBackPort, MergedOrStale, RecordHotfix
from sops.kit.binding import TreeForeseen
from sops.kit.branch_actions import CutBranch
from sops.kit.concealed import PrivateChecks, PrivateHead, Reveal, StillReviewed, TestedByHand
from sops.kit.gate import Approved, SignedOff
from sops.kit.hotfix_actions import (
    AskReviewers,
    BumpPatch,
    CutBackPort,
    ListLine,
    PickFixes,
    ReleaseHotfix,
    WriteChangelog,
)
from sops.kit.hotfix_gates import (
    AffectedRelease,
    ChangelogText,
    FixBeyondTag,
    Owing,
    Security,
    SupportedLine,
    TableLacks,
    WhatMainHolds,
)
from sops.kit.latest_steps import LatestForeseen, LatestStands, PutLatest
from sops.kit.merge_gates import Mergeable, WorkflowsStart
from sops.kit.model import Role, Sop, Step
from sops.kit.publishing import BotPublishes, PublishRelease
from sops.kit.release_actions import OpenPullRequest, PushSignedTag
from sops.kit.release_gates import TAKEN, ChecksGreen, Merged, NotMergedElsewhere, ReviewsMet, TagFree
from sops.kit.security_gates import AgreedDay, NotRestrained
from sops.kit.stable_gates import NothingOwed
from sops.kit.timing import FIX

BRANCH = "hotfix/{version}-{slug}"
BACK_PORT = "back-port/{version}"
TABLE = "supported-versions/{version}"

HOTFIX = Sop(
    "SOP-02",
    "Hotfix",
    command="hotfix",
    prefix="FIX",
    owner=Role.RELEASE_MANAGER,
    leaders=(Role.ON_CALL,),
    starters=(Role.RELEASE_MANAGER, Role.ON_CALL),
    channel="releases",
    steps=(
        Step(
            "affected",
            row="1",
            title="affected release",
            when=(AffectedRelease(), NothingOwed("SOP-02"), WorkflowsStart()),
            starts=FIX,
        ),
        Step(
            "branch",
            row="1",
            title="branch",
            when=NotRestrained(),
            do=CutBranch(BRANCH, base="{base}", commit="base.commit"),
        ),
        Step(
            "fix",
            row="2",
            title="fix",
            when=(SignedOff(Role.ON_CALL, ask="the fix is on the branch"), FixBeyondTag(BRANCH)),
        ),
        Step("bump", row="3", title="version", when=NotRestrained(), do=BumpPatch(BRANCH)),
        Step(
            "changelog", row="4", title="changelog", when=(ChangelogText(), NotRestrained()), do=WriteChangelog(BRANCH)
        ),
        Step(
            "pull-request",
            row="5",
            title="pull request",
            when=NotRestrained(),
            do=(
                OpenPullRequest(BRANCH, "{main}", "Hotfix {version}", text="hotfix", labels=("{expedited}",)),
                AskReviewers(),
            ),
        ),
        Step("checks", row="6", title="checks", when=ChecksGreen(hotfix=True)),
        Step(
            "merge",
            row="7",
            title="merge, or release the head",
            when=(
                NotMergedElsewhere(),
                ChecksGreen(hotfix=True),
                TagFree("v{version}"),
                WhatMainHolds(),
                TreeForeseen(),
                Mergeable(),
                NotRestrained(),
                AgreedDay(),
                LatestForeseen(),
                Approved(
                    2, by=Role.REVIEWER, p0=1, covers=("merge", "tag", "release", "artefacts", "latest"), binds=(TAKEN,)
                ),
                ReviewsMet(),
            ),
            do=ReleaseHotfix(),
        ),
        Step("tag", row="8", title="tag", do=PushSignedTag("v{version}", "Hotfix v{version}", at="released")),
        Step(
            "release",
            row="9",
            title="release",
            only_if=BotPublishes(),
            do=PublishRelease("v{version}", at="released"),
        ),
        Step(
            "artefacts",
            row="9",
            title="release and image",
            when=Published("v{version}", "{version}", pre=False),
            stops=FIX,
        ),
        Step("latest", row="9", title="latest", when=LatestStands(), do=PutLatest()),
        Step(
            "back-port",
            row="10",
            title="back-port",
            after="artefacts",
            do=(
                CutBackPort(BACK_PORT, base="{develop}", under="back-port."),
                PickFixes(BACK_PORT),
                RecordHotfix(BACK_PORT),
            ),
        ),
        Step(
            "back-port-pr",
            row="10",
            title="back-port's pull request",
            only_if=Owing(),
            do=OpenPullRequest(BACK_PORT, "{develop}", "Back-port of {version}", text="back-port", name="back-port.pr"),
        ),
        Step(
            "back-port-merged",
            row="10",
            title="back-port merged",
            only_if=Owing(),
            when=MergedOrStale(),
            do=FreshenBackPort(),
        ),
        Step(
            "security-table",
            row="11",
            title="supported versions",
            after="artefacts",
            only_if=Security(),
            when=SupportedLine(),
        ),
        Step(
            "security-table-pr",
            row="11",
            title="supported versions' pull request",
            only_if=TableLacks(),
            do=(
                CutBranch(TABLE, base="{main}", under="table."),
                ListLine(TABLE),
                OpenPullRequest(
                    TABLE, "{main}", "Supported versions after {version}", text="security-table", name="table.pr"
                ),
            ),
        ),
        Step(
            "security-table-merged",
            row="11",
            title="supported versions merged",
            only_if=TableLacks(),
            when=Merged("table.pr"),
        ),
    ),
)

#: Between rows 4 and 5 where nothing of it may be public before the disclosure: who tests it in private depends on
#: whether there are checks.
CHECKED_IN_PRIVATE = Step(
    "private-checks",
    row="4a",
    title="tested in private",
    when=PrivateChecks(BRANCH),
)
TRIED_BY_HAND = Step(
    "private-test",
    row="4a",
    title="tested by hand",
    when=(
        TestedByHand(BRANCH),
        Approved(2, by=Role.ON_CALL, also=Role.REVIEWER, covers=("private-test",), binds=("private.tested",)),
    ),
)
IN_PRIVATE = (
    Step(
        "private-review",
        row="4a",
        title="reviewed in private",
        when=(
            PrivateHead(BRANCH),
            WhatMainHolds(),
            Approved(2, by=Role.REVIEWER, p0=1, covers=("merge", "tag", "release", "artefacts"), like="merge"),
        ),
    ),
    Step(
        "reveal",
        row="4a",
        title="pushed at the disclosure",
        when=(
            StillReviewed(BRANCH),
            TagFree("v{version}"),
            WhatMainHolds(),
            AgreedDay(),
            Approved(1, by=Role.SECURITY_LEAD, covers=("reveal", "pull-request", "merge", "tag", "release")),
        ),
        do=Reveal(BRANCH),
    ),
)


def concealed(sop: Sop, *, checks: bool) -> Sop:
    """A hotfix that is built in private and pushed at the disclosure; what reviewers said of it there counts.

    `checks`: the private repository has some.
    """
    places = [step.id for step in sop.steps].index("pull-request")
    before, after = sop.steps[:places], sop.steps[places:]
    tested = CHECKED_IN_PRIVATE if checks else TRIED_BY_HAND
    return replace(sop, steps=(*before, tested, *IN_PRIVATE, *map(_once, after)))


def _once(step: Step) -> Step:
    """Nobody is asked again for what was reviewed in private."""
    if step.id != "merge":
        return step
    waits = (replace(p, already="private-review") if isinstance(p, Approved) else p for p in step.waits)
    return replace(step, when=tuple(waits))
