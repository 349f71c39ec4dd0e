"""SOP-07: welcome a contributor, see that the first review comes, and say thanks. Rows 2 to 4 go side by side."""

from sops.kit.gate import SignedOff
from sops.kit.model import Role, Sop, Step
from sops.kit.onboarding_actions import AddContributor, LabelChosen, Thank, Welcome
from sops.kit.onboarding_gates import (
    Contributed,
    FirstReview,
    GoodFirstIssues,
    HasPullRequest,
    StillGoing,
    WasMerged,
)
from sops.kit.timing import FIRST_REVIEW

ONBOARDING = Sop(
    "SOP-07",
    "Contributor onboarding",
    command="onboard",
    prefix="ONB",
    owner=Role.MAINTAINER,
    starters=(Role.MAINTAINER, Role.RELEASE_MANAGER),
    channel="maintainers",
    planned=False,
    steps=(
        Step("welcome", row="1", title="welcome", do=Welcome()),
        Step(
            "good-first-issues",
            row="2",
            title="good first issues",
            after="welcome",
            when=(GoodFirstIssues(), SignedOff(Role.MAINTAINER, ask="issues to begin with were suggested")),
            do=LabelChosen(),
        ),
        Step(
            "first-review",
            row="3",
            title="first review",
            after="welcome",
            only_if=HasPullRequest(),
            when=FirstReview(),
            stops=FIRST_REVIEW,
        ),
        Step(
            "feedback",
            row="4",
            title="feedback",
            after="first-review",
            only_if=StillGoing(),
            when=SignedOff(Role.MAINTAINER, ask="specific, constructive feedback was given"),
        ),
        Step(
            "contribution",
            row="5",
            title="contribution merged",
            after="first-review",
            only_if=HasPullRequest(),
            when=Contributed(),
        ),
        Step(
            "thanks",
            row="5",
            title="thanks",
            after="contribution",
            only_if=WasMerged(),
            do=(Thank(), AddContributor()),
        ),
    ),
)
