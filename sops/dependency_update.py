"""SOP-06: update a dependency. The changelog comes before the pull request, so that checks cover what is merged."""

from sops.kit.branch_actions import CutBranch
from sops.kit.dependency_actions import (
    BuildMoved,
    LabelSecurity,
    NoteUpdate,
    PinDependency,
    StartBuilds,
    WriteResults,
)
from sops.kit.dependency_gates import (
    BenchmarkGreen,
    BuildsGreen,
    ForCve,
    HasWorkflows,
    PerformanceCritical,
    ResultsKnown,
    UpstreamNotes,
)
from sops.kit.gate import SignedOff
from sops.kit.hotfix_actions import AskReviewers
from sops.kit.model import Role, Sop, Step
from sops.kit.release_actions import OpenPullRequest
from sops.kit.release_gates import ChecksGreen, Merged, StaysGreen

BRANCH = "deps/{slug}"

DEPENDENCY_UPDATE = Sop(
    "SOP-06",
    "Dependency update",
    command="deps update",
    prefix="DEP",
    owner=Role.MAINTAINER,
    starters=(Role.MAINTAINER, Role.RELEASE_MANAGER),
    leaders=(Role.RELEASE_MANAGER,),
    channel="maintainers",
    steps=(
        Step("notes", row="1", title="upstream notes", when=UpstreamNotes()),
        Step(
            "breaking-changes",
            row="1",
            title="breaking changes",
            when=SignedOff(Role.MAINTAINER, ask="the notes were read for breaking changes"),
        ),
        Step("branch", row="2", title="branch", do=CutBranch(BRANCH, base="{develop}")),
        Step("pin", row="2", title="pin", do=PinDependency(BRANCH)),
        Step("changelog", row="8", title="changelog", do=NoteUpdate(BRANCH)),
        Step("build", row="3, 4", title="builds started", only_if=HasWorkflows(), do=StartBuilds(BRANCH)),
        Step(
            "built",
            row="3, 4",
            title="builds",
            only_if=HasWorkflows(),
            when=BuildsGreen(BRANCH, again=True),
            do=BuildMoved(BRANCH),
        ),
        Step(
            "benchmarks",
            row="5",
            title="benchmarks",
            after="changelog",
            only_if=PerformanceCritical(),
            when=SignedOff(Role.MAINTAINER, ask="benchmarks before and after were compared"),
        ),
        Step(
            "pull-request",
            row="6",
            title="pull request",
            after="changelog",
            do=(OpenPullRequest(BRANCH, "{develop}", "Update {title}", text="dependency"), AskReviewers()),
        ),
        Step("security-label", row="7", title="security label", only_if=ForCve(), do=LabelSecurity()),
        Step(
            "build-and-test",
            row="3, 4",
            title="checks",
            after="pull-request",
            when=ChecksGreen(into="{develop}"),
        ),
        Step(
            "benchmark-check",
            row="5",
            title="benchmarks' check",
            after="pull-request",
            only_if=PerformanceCritical(checked=True),
            when=BenchmarkGreen(),
        ),
        Step(
            "results",
            row="6",
            title="results in the text",
            after="pull-request",
            when=ResultsKnown(("built", "build-and-test", "benchmarks", "benchmark-check")),
            do=WriteResults(),
        ),
        Step(
            "merged",
            row="6",
            title="merged",
            after="pull-request",
            when=(StaysGreen(into="{develop}", after="build-and-test"), Merged("pr")),
        ),
    ),
)
