"""What an onboarding waits for: a person's first review, and the end of the contribution."""

from dataclasses import dataclass

from sops.kit.action import News, World
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.run import Run
from sops.kit.timing import FIRST_REVIEW, calendar
from sops.kit.world import Issue


@dataclass(frozen=True)
class GoodFirstIssues(Gate):
    """Tells which open issues are marked for beginners, once somebody answered the line about the newcomer.

    It never waits; a sign-off of `step` needs no suggestions any more.
    """

    step: str = "good-first-issues"

    def says(self, run: Run) -> str:
        return f"look for open issues labelled {run.policy.good_first_label!r}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if "suggested" in run.facts or "answered" not in run.facts or run.record(self.step).signed:
            return Met()
        found: list[Issue] = sorted(
            await world.forge.issues(labels=(run.policy.good_first_label,)), key=lambda issue: issue.number
        )
        listed = [[issue.number, issue.title, issue.url] for issue in found if issue.number][:10]
        return Met({"suggested": [number for number, _, _ in listed]}, (News("good-first-issues", {"issues": listed}),))


@dataclass(frozen=True)
class FirstReview(Gate):
    """A person other than the author reviewed the pull request (SOP-07 row 3: within five business days)."""

    def says(self, run: Run) -> str:
        return f"wait for a person's review, within {run.policy.first_review_days} business days"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        reviews = [
            review
            for review in await world.forge.reviews(request.number)
            if not review.is_bot and review.login != request.author and review.state != "PENDING"
        ]
        if reviews:
            return Met({"reviewed.by": reviews[0].login})
        if request.state == "closed":
            return Met({"reviewed.by": ""})
        start = request.created_at or run.created_at
        end = calendar(run).business_days_after(start, run.policy.first_review_days)
        return Waiting(f"nobody has reviewed PR #{request.number} yet", window=(FIRST_REVIEW, start, end))


@dataclass(frozen=True)
class Contributed(Gate):
    """The pull request is merged, or closed without."""

    def says(self, run: Run) -> str:
        return "wait for the pull request to be merged"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        if request.merged:
            return Met({"contribution": "merged"})
        if request.state == "closed":
            return Met({"contribution": "closed"})
        return Waiting(f"PR #{request.number} is open")


@dataclass(frozen=True)
class HasPullRequest(Condition):
    """The contributor came with a pull request, not with an issue."""

    def holds(self, run: Run) -> bool:
        return "pr" in run.facts

    def says(self, run: Run) -> str:
        return "if there is a pull request"

    def otherwise(self, run: Run) -> str:
        return "no pull request"


@dataclass(frozen=True)
class StillGoing(Condition):
    """The contribution has not ended; what is optional is not asked for afterwards."""

    def holds(self, run: Run) -> bool:
        return "pr" in run.facts and "contribution" not in run.facts

    def says(self, run: Run) -> str:
        return "while the pull request is open"

    def otherwise(self, run: Run) -> str:
        return "optional, and nobody said it was given" if "pr" in run.facts else "no pull request"


@dataclass(frozen=True)
class WasMerged(Condition):
    """There is something to give thanks for."""

    def holds(self, run: Run) -> bool:
        return run.facts.get("contribution") == "merged"

    def says(self, run: Run) -> str:
        return "if it is merged"

    def otherwise(self, run: Run) -> str:
        return "closed without merging" if "pr" in run.facts else "no pull request"
