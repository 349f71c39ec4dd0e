"""What a release waits for: checks, GitHub's own reviews, a published artefact, a merge, a week without blockers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sops.kit.action import News, World, fill, short
from sops.kit.binding import BASE
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.merging import into_another
from sops.kit.run import Run, StepState
from sops.kit.secrecy import called, revealed
from sops.kit.soak import dismissed, open_blockers
from sops.kit.version import Version
from sops.kit.version_files import get_version
from sops.kit.world import Check, CheckState, Review

TAKEN = "tag.taken"  # the commit of a tag that is there before its release; a yes is bound to there being none
OUT = "version.out"  # the same of the final version's tag


@dataclass(frozen=True)
class ChecksGreen(Gate):
    """Every required check is present and green on the pull request's head (SOP-03 row 4).

    `hotfix`: those a hotfix needs, where the settings name any. `into` is the branch whose rules say which those are,
    where the settings do not.
    """

    hotfix: bool = False
    into: str = "{main}"

    def says(self, run: Run) -> str:
        return "wait for every required check to be green"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        head = request.head_sha
        named = run.policy.required_checks if self.into == "{main}" else ()
        required = named or (await world.forge.rules(fill(self.into, run))).required_checks
        reported = await world.forge.checks(head)
        states = worst(reported)
        if self.hotfix and run.policy.hotfix_checks:
            required = beginning(run.policy.hotfix_checks, states)
        names = required or tuple(states)
        green = [name for name in names if states.get(name) is CheckState.GREEN]
        red = sorted(name for name in names if states.get(name) is CheckState.RED)
        facts: dict[str, Any] = {"head": head, "checks": f"{len(green)}/{len(names)}"}
        waived = run.record("checks").state is StepState.SKIPPED and run.facts.get("checks.waived") == head
        if waived or (names and len(green) == len(names)):
            seen = as_told([each for each in reported if each.name in names])
            return Met(facts, seen={"commit": head, "waived": waived, "required": list(names), "reported": seen})
        if red:
            note = f"red on {short(head)}: {', '.join(red)}"
            told = run.facts.get("checks.red") == [head, *red]
            about = {"head": head, "checks": red, **({"call": called(world)} if revealed(run) else {})}
            news = () if told else (News("checks-red", about),)
            return Waiting(note, {**facts, "checks.red": [head, *red]}, news)
        missing = sorted(name for name in names if name not in states)
        if not names or missing:
            what = f"not reported yet on {short(head)}: {', '.join(missing) or 'any check at all'}"
        else:
            what = f"{len(green)} of {len(names)} green on {short(head)}"
        return Waiting(what, facts)


@dataclass(frozen=True)
class StaysGreen(ChecksGreen):
    """While people have yet to merge: a check that turned red after step `after` was over is told; never in the way."""

    after: str = "checks"

    def says(self, run: Run) -> str:
        return "tell when a check turns red"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if not run.record(self.after).state.over or (await world.forge.pull_request(run.facts["pr"])).merged:
            return Met()
        found = await super().check(run, world)
        again: dict[str, Any] = {"checks.red": []} if isinstance(found, Met) and run.facts.get("checks.red") else {}
        return Met({**found.facts, **again}, found.news, seen=found.seen if isinstance(found, Met) else {})


def as_told(checks: Sequence[Check]) -> list[dict[str, str]]:
    """Each check as the record keeps it: its name, who reported it, and in which words."""
    return [
        {"name": each.name, "app": each.app, "conclusion": each.conclusion or each.state.value}
        for each in sorted(checks, key=lambda each: (each.name, each.app))
    ]


def beginning(prefixes: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The names that begin so; a prefix that none begins with stands for itself, as a check nobody reported."""
    found = [[name for name in names if name.startswith(prefix)] or [prefix] for prefix in prefixes]
    return tuple(dict.fromkeys(name for each in found for name in each))


def worst(checks: Sequence[Check]) -> dict[str, CheckState]:
    """The state of each name; where a name was reported more than once the worst counts."""
    order = (CheckState.GREEN, CheckState.PENDING, CheckState.RED)
    states: dict[str, CheckState] = {}
    for check in checks:
        states[check.name] = max(states.get(check.name, CheckState.GREEN), check.state, key=order.index)
    return states


@dataclass(frozen=True)
class NotMergedElsewhere(Gate):
    """Notices that somebody merged the pull request by hand; then only what is left is asked for and done. One that
    goes into another branch by now is in the way, and voids the yes it had.
    """

    def says(self, run: Run) -> str:
        return "see that nobody merged it by hand"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        if request.state == "closed" and not request.merged:
            return Waiting(f"PR #{request.number} was closed without merging; reopen it")
        main, base = run.policy.main, request.base_ref
        facts = {BASE: base} if base != run.facts.get(BASE, main) else {}
        if base != main and request.merge_sha is None:
            return Waiting(f"{into_another(request, main)}; change its base back at the forge", facts, stuck=True)
        if request.merge_sha is None or run.facts.get("merge.outside") == request.merge_sha:
            return Met(facts)
        about = {"number": request.number, "merge": request.merge_sha}
        return Met({**facts, "merge.outside": request.merge_sha}, (News("merged-outside", about),))


@dataclass(frozen=True)
class TagFree(Gate):
    """No tag of that name exists, so that nothing is merged whose tag could never be pushed; one that comes voids a yes
    that is bound to `TAKEN`.
    """

    name: str
    early = True

    def says(self, run: Run) -> str:
        return f"see that no tag {fill(self.name, run)} exists"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = fill(self.name, run)
        tag = await world.git.tag(name)
        if tag is None:
            return Met({TAKEN: None} if run.facts.get(TAKEN) else {})
        note = f"the tag {name} exists already, on {short(tag.commit)}; a public tag is never moved"
        news = () if run.facts.get(TAKEN) == tag.commit else (News("tag-taken", {"tag": name, "note": note}),)
        return Waiting(note, {TAKEN: tag.commit}, news)


@dataclass(frozen=True)
class NewVersion(Gate):
    """The version is not released yet, and comes after the one `main` holds, candidate or not; a tag of it that comes
    voids a yes that is bound to `OUT`.
    """

    early = True

    def says(self, run: Run) -> str:
        return f"see that {run.version} is still to come"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        out = await world.git.tag(f"v{run.version}")
        if out is not None:
            note = f"{run.version} is released already, as v{run.version}; choose a later version"
            return Waiting(note, {OUT: out.commit}, stuck=True)
        held = await self._held(run, world)
        if held is not None and Version.parse(run.version) <= held:
            return Waiting(f"{run.policy.main} holds {held.text} already; choose a later version", stuck=True)
        return Met({OUT: None} if run.facts.get(OUT) else {})

    async def _held(self, run: Run, world: World) -> Version | None:
        """The version that main spells in the first version file; None if it spells none we can read."""
        tip = await world.git.branch(run.policy.main)
        if tip is None or not run.policy.version_files:
            return None
        file = run.policy.version_files[0]
        data = await world.git.read(tip, file.path)
        try:
            return Version.parse(get_version(file.kind, data, file.at)) if data is not None else None
        except (InvalidText, InvalidVersion):
            return None


@dataclass(frozen=True)
class ReviewsMet(Gate):
    """What GitHub itself asks of reviewers before the merge, and no changes requested by somebody of the project.

    Anybody may review in public; of the project are GitHub's members and collaborators, and whom the settings link.
    """

    def says(self, run: Run) -> str:
        return f"wait for the reviews {run.policy.main} requires at GitHub"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        needed = (await world.forge.rules(run.policy.main)).required_reviews
        given = deciding(await world.forge.reviews(run.facts["pr"]))
        latest = [r for r in given if r.of_project or world.people.linked(r.login)]
        head = run.facts["head"]
        yes = sorted(r.login for r in latest if r.state == "APPROVED" and r.commit_sha == head)
        no = sorted(r.login for r in latest if r.state == "CHANGES_REQUESTED")
        facts = {"reviews": yes, "reviews.needed": needed}
        if no:
            return Waiting(f"changes requested at GitHub by {', '.join(no)}", facts)
        if len(yes) < needed:
            return Waiting(f"{len(yes)} of {needed} GitHub reviews {run.policy.main} requires", facts)
        told = [{"login": r.login, "state": r.state, "commit": r.commit_sha} for r in latest]
        return Met(facts, seen={"commit": head, "given": sorted(told, key=lambda each: each["login"])})


def deciding(reviews: Sequence[Review]) -> list[Review]:
    """The latest deciding review of each person; comments decide nothing, a dismissal takes back."""
    latest: dict[str, Review] = {}
    for review in reviews:
        if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"} and not review.is_bot:
            latest[review.login] = review
    return list(latest.values())


@dataclass(frozen=True)
class Merged(Gate):
    """The pull request that fact `number` names is merged; told once if it is closed instead, or no longer fits."""

    number: str

    def says(self, run: Run) -> str:
        return "wait for the pull request to be merged"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts[self.number])
        closed, unfit = f"{self.number}.closed", f"{self.number}.unfit"
        wanted = run.facts.get(f"{self.number}.into", request.base_ref)
        if request.base_ref != wanted and not request.merged:
            return Waiting(f"{into_another(request, wanted)}; change its base back at the forge", stuck=True)
        if request.base_ref != wanted:
            return Waiting(f"PR #{request.number} was merged into {request.base_ref}, not into {wanted}", stuck=True)
        if request.merged:
            return Met({f"{self.number}.merge": request.merge_sha})
        if request.state == "closed":
            about = {"number": request.number, "url": request.url}
            news = () if run.facts.get(closed) else (News("closed-unmerged", about),)
            return Waiting(f"PR #{request.number} was closed without merging; reopen it", {closed: True}, news)
        facts: dict[str, Any] = {closed: False} if run.facts.get(closed) else {}
        if request.mergeable is not False:
            return Waiting(f"PR #{request.number} is open", {**facts, unfit: ""} if run.facts.get(unfit) else facts)
        base, head = request.base_ref, request.head_ref
        about = {"number": request.number, "url": request.url, "base": base, "head": head}
        told = () if run.facts.get(unfit) == request.head_sha else (News("fits-no-longer", about),)
        note = f"PR #{request.number} conflicts with {base}; merge {base} into {head} and push"
        return Waiting(note, {**facts, unfit: request.head_sha}, told)


@dataclass(frozen=True)
class FixOnBranch(Gate):
    """The branch holds a commit beyond the candidate's approved head (SOP-03 row 8)."""

    branch: str

    def says(self, run: Run) -> str:
        return f"see a fix on {fill(self.branch, run)}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name, base = fill(self.branch, run), run.facts["head"]
        tip = await world.git.branch(name)
        if tip is None or tip == base or not await world.git.is_ancestor(base, tip):
            return Waiting(f"{name} has no commit beyond {short(base)}, the head of the last candidate")
        return Met({"fix": tip})


@dataclass(frozen=True)
class NoOpenBlockers(Gate):
    """Nothing that would block the next candidate from its first day is still open."""

    def says(self, run: Run) -> str:
        return "see every blocker closed or dismissed"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        left = sorted(number for number in await open_blockers(run, world) if number not in dismissed(run))
        if left:
            return Waiting("still open: " + ", ".join(f"#{number}" for number in left))
        return Met()


@dataclass(frozen=True)
class Blocked(Condition):
    """The soak ended because a blocker was fixed, so another candidate is due."""

    def holds(self, run: Run) -> bool:
        return run.facts.get("soak.outcome") == "blocked"

    def says(self, run: Run) -> str:
        return "if a blocker is fixed"

    def otherwise(self, run: Run) -> str:
        return "no blocker"


@dataclass(frozen=True)
class Clear(Condition):
    """The soak ended without a blocker, or two people waived it."""

    def holds(self, run: Run) -> bool:
        return run.facts.get("soak.outcome") == "clear" or run.record("soak").state is StepState.SKIPPED

    def says(self, run: Run) -> str:
        return "if there is no blocker"

    def otherwise(self, run: Run) -> str:
        return "blocked"
