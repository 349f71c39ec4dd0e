"""What a dependency update waits for: upstream's notes, builds, benchmarks; and what applies to which dependency."""

from collections.abc import Sequence
from dataclasses import dataclass

from sops.kit.action import News, World, fill, short
from sops.kit.dispatched import build_of
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.pins import dotted
from sops.kit.release_gates import worst
from sops.kit.run import Run
from sops.kit.world import CheckState, Release

LONGEST_NOTE = 4000  # characters of one release's notes; the rest is a link
MOST_NOTES = 20  # releases, the newest


@dataclass(frozen=True)
class UpstreamNotes(Gate):
    """Posts, once, what upstream says of each release between the two versions (SOP-06 row 1)."""

    def says(self, run: Run) -> str:
        upstream = run.policy.upstreams.get(str(run.facts.get("name", "")))
        return (
            f"post the release notes of {upstream}"
            if upstream
            else "ask for the release notes to be looked up, since no upstream is set"
        )

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if "notes.shown" in run.facts:
            return Met()
        name, upstream = run.facts["name"], run.policy.upstreams.get(run.facts["name"])
        if upstream is None:
            return Met({"notes.shown": []}, (News("no-upstream", {"name": name}),))
        between = _between(await world.forge.upstream_releases(upstream), run.facts["from"], run.facts["to"])
        notes = [{"tag": each.tag, "text": each.body[:LONGEST_NOTE], "url": each.url} for each in between]
        return Met(
            {"notes.shown": [each.tag for each in between], "notes": notes[-MOST_NOTES:]},
            (News("upstream-notes", {"upstream": upstream, "notes": notes}),),
        )


def _between(releases: Sequence[Release], old: str, new: str) -> list[Release]:
    """Oldest first, without the older end: what an update brings, or what going back to the older one gives up."""
    first, last = dotted(old), dotted(new)
    if first is None or last is None:
        return []
    low, high = min(first, last), max(first, last)
    numbered = [(numbers, each) for each in releases if (numbers := dotted(each.tag)) is not None]
    return [each for numbers, each in sorted(numbered, key=lambda pair: pair[0]) if low < numbers <= high]


@dataclass(frozen=True)
class BuildsGreen(Gate):
    """Every workflow ended well on the head that is on the branch now.

    `again`: where none was started there yet, it holds no further, since a deed of the same step starts them.
    A run counts from the turn of `step` on.
    """

    branch: str
    step: str = "build"
    again: bool = False

    def says(self, run: Run) -> str:
        return f"wait for {', '.join(run.policy.dependency_workflows) or 'the builds'}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head = await world.git.branch(fill(self.branch, run))
        if head is None:
            return Waiting(f"{fill(self.branch, run)} is gone")
        left, ended = [], []
        for workflow in run.policy.dependency_workflows:
            found, _ = await build_of(run, world, workflow, step=self.step, head=head)
            if found is None:
                return self._moved(run, head)
            if found.conclusion is None:
                left.append(f"{workflow} is at work")
                continue
            if found.conclusion != "success":
                left.append(f"{workflow} ended with {found.conclusion}: {found.url}")
            ended.append([workflow, found.conclusion, found.url])
        return Waiting("; ".join(left), {"built": ended}) if left else Met({"built": ended, "built.on": head})

    def _moved(self, run: Run, head: str) -> Met | Waiting:
        """Somebody pushed since the builds were started; told once for each head."""
        if not self.again:
            return Waiting(f"{fill(self.branch, run)} moved to {short(head)} since the builds were started")
        news = () if run.facts.get("built.moved") == head else (News("builds-again", {"head": head}),)
        return Met({"built": [], "built.moved": head}, news)


@dataclass(frozen=True)
class BenchmarkGreen(Gate):
    """The check that compares speed is green on the pull request's head (row 5)."""

    def says(self, run: Run) -> str:
        return f"wait for {run.policy.benchmark_check or 'the check of its speed'} to be green"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = run.policy.benchmark_check
        head = (await world.forge.pull_request(run.facts["pr"])).head_sha
        found = worst([each for each in await world.forge.checks(head) if each.name == name]).get(name)
        if found is CheckState.GREEN:
            return Met({"benchmarks.on": head})
        if found is not CheckState.RED:
            return Waiting(f"{name} is {'at work' if found else 'not reported yet'} on {short(head)}")
        fresh = run.facts.get("benchmarks.red") != head
        news = (News("checks-red", {"head": head, "checks": [name]}),) * fresh
        return Waiting(f"{name} is red on {short(head)}", {"benchmarks.red": head}, news)


@dataclass(frozen=True)
class ResultsKnown(Gate):
    """Builds, checks and benchmarks ended, or were left out."""

    steps: tuple[str, ...]

    def says(self, run: Run) -> str:
        return "wait until builds, checks and benchmarks have ended"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        left = [name for name in self.steps if run.step(name) and not run.record(name).state.over]
        return Waiting(f"not known yet: {', '.join(left)}") if left else Met()


@dataclass(frozen=True)
class HasWorkflows(Condition):
    """The settings name workflows that build the editions."""

    settled = True

    def holds(self, run: Run) -> bool:
        return bool(run.policy.dependency_workflows)

    def says(self, run: Run) -> str:
        return "if the settings name workflows"

    def otherwise(self, run: Run) -> str:
        return "the checks of the pull request do it"


@dataclass(frozen=True)
class PerformanceCritical(Condition):
    """The settings say speed hangs on this dependency. `checked`: a check compares it, not a person."""

    checked: bool = False

    def holds(self, run: Run) -> bool:
        return self._matters(run) and bool(run.policy.benchmark_check) is self.checked

    def says(self, run: Run) -> str:
        return f"if speed hangs on it{', and a check compares it' if self.checked else ''}"

    def otherwise(self, run: Run) -> str:
        if not self._matters(run):
            return "speed does not hang on it"
        return "people compare it" if self.checked else "a check compares it"

    def _matters(self, run: Run) -> bool:
        return run.facts.get("name") in run.policy.performance_critical


@dataclass(frozen=True)
class ForCve(Condition):
    """The update closes a known hole."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("cve"))

    def says(self, run: Run) -> str:
        return "if it is for a CVE"

    def otherwise(self, run: Run) -> str:
        return "no CVE"
