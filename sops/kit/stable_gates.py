"""What a stable release waits for: a soaked candidate, nothing owed, the same tree, an empty milestone (SOP-01)."""

from dataclasses import dataclass

from sops.kit.action import News, World, short
from sops.kit.candidates import of_tags
from sops.kit.changelog import entries
from sops.kit.changelog_parts import UNRELEASED
from sops.kit.debts import paid
from sops.kit.differences import unified
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.patterns import Pattern
from sops.kit.policy import VersionFile
from sops.kit.rolled_back import going_back
from sops.kit.run import Run, RunState, StepState
from sops.kit.version import Version
from sops.kit.version_files import set_version
from sops.kit.world import RemoteTag

CANDIDATE = "SOP-03"
SAME_AS_SOAKED = "same-as-soaked"
NO_DEBT = "no-debt"
MILESTONE_OPEN = "milestone.open"
_NUMBER = Pattern(r"#([1-9][0-9]{0,8})\b")


@dataclass(frozen=True)
class LatestCandidate(Gate):
    """Learns the newest candidate's tag, if there is one; never in the way."""

    def says(self, run: Run) -> str:
        return f"take up the newest candidate of {run.version}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return Met(newest_candidate(run.version, list(await world.git.tags())))


def newest_candidate(version: str, tags: list[RemoteTag]) -> dict[str, object]:
    """The facts a release of that version begins with: where it is cut, and which candidates came before it."""
    commits = {tag.name: tag.commit for tag in tags}
    found = of_tags(commits, Version.parse(version))
    if not found:
        return {"base.tag": "", "base.commit": "", "candidates": []}
    newest = found[-1].tag
    return {"base.tag": newest, "base.commit": commits[newest], "candidates": [each.text for each in found]}


@dataclass(frozen=True)
class CandidateSoaked(Gate):
    """The run of the newest candidate is over and its soak ended without an open blocker (the owner's prerequisite)."""

    early = True
    firm = True

    def says(self, run: Run) -> str:
        return f"see that {run.facts.get('base.tag') or 'a candidate'} has soaked"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tag = run.facts.get("base.tag")
        if not tag:
            rc = f"/release rc {run.version}"
            note = f"there is no candidate of {run.version}; !cancel this run and bring one out with {rc}"
            return Waiting(note, stuck=True)
        if back := await going_back(tag.removeprefix("v"), world, run):
            return Waiting(back)
        runs = [each for each in await world.runs.of_version(run.version) if each.sop == CANDIDATE]
        ours = [each for each in runs if each.facts.get("tag") == tag]
        if not ours:
            return Waiting(f"{tag} was not brought out here, so its soak is not known", stuck=True)
        candidate = ours[-1]
        if not candidate.state.over:
            return Waiting(f"{candidate.name} has not let {tag} go yet")
        if candidate.state is RunState.CANCELLED or candidate.facts.get("offered") != "SOP-01":
            return Waiting(f"{candidate.name} ended before {tag} had soaked", stuck=True)
        soak = candidate.record("soak")
        if soak.state is StepState.SKIPPED:
            return Waiting(f"{tag} did not soak: {soak.by} waived that in {candidate.name} ({soak.text})", stuck=True)
        return Met(
            {
                "candidate": candidate.name,
                "candidate.digest": candidate.facts.get("digest") or "",
                "candidate.pulls": [
                    facts.get("pr") for each in runs for facts in (each.facts, *(past.facts for past in each.past))
                ],
            }
        )


@dataclass(frozen=True)
class NothingOwed(Gate):
    """No run of this line, or of one before it, still owes what this procedure must not ship without.

    A waiver of `no-debt` is of what was owed then: what comes up later is in the way again.
    """

    sop: str
    early = True
    debts = True

    def says(self, run: Run) -> str:
        return f"see that nothing is owed that {run.version} would ship without"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        waived = run.facts.get(f"{NO_DEBT}.waived") or () if run.record(NO_DEBT).state is StepState.SKIPPED else ()
        debts = {
            f"{other.id} {debt.id}": (
                f"{other.name} owes: {debt.text} ({debt.id})" if not other.embargoed else "something else is owed first"
            )
            for other in await world.runs.owing()
            if other.id != run.id and _before(other, run)
            for debt in other.obligations
            if debt.open and self.sop in debt.blocks.replace(",", " ").split() and not await paid(debt, other, world)
        }
        facts = {"owed": list(debts)} if debts or run.facts.get("owed") else {}
        for unread in await world.runs.unreadable(owing=True):
            debts[f"{unread.id} unreadable"] = f"{unread.name} owes something, and cannot be read by this version"
            facts = {"owed": list(debts)}
        left = [text for name, text in debts.items() if name not in waived]
        return Waiting("; ".join(left), facts, stuck=True) if left else Met(facts)


def _before(other: Run, run: Run) -> bool:
    """The other run's line is this run's, or an earlier one; what is owed there is missing here too."""
    try:
        theirs, ours = Version.parse(other.version), Version.parse(run.version)
    except InvalidVersion:
        return False
    return (theirs.major, theirs.minor) <= (ours.major, ours.minor)


@dataclass(frozen=True)
class ShowChangelog(Gate):
    """Posts, once, what the release will say, and the pull requests merged since the last release it leaves out."""

    def says(self, run: Run) -> str:
        return f"post what {run.policy.changelog} will say of {run.version}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if run.facts.get("changelog.shown"):
            return Met()
        commit = run.facts.get("base.commit") or await world.git.branch(run.policy.develop)
        data = await world.git.read(commit, run.policy.changelog) if commit else None
        if commit is None or data is None:
            return Waiting(f"{run.policy.changelog} is missing on {run.facts.get('base.tag') or run.policy.develop}")
        try:
            said = [entries(data, name).decode() for name in (UNRELEASED, *run.facts.get("candidates", []))]
        except InvalidText as problem:
            return Waiting(str(problem))
        text = "\n\n".join(each for each in said if each)
        silent = await self._silent(run, world, commit, text)
        return Met({"changelog.shown": True}, (News("changelog-review", {"text": text, "silent": silent}),))

    async def _silent(self, run: Run, world: World, commit: str, text: str) -> list[str]:
        """Subjects of commits since the last release that name a pull request the text does not."""
        ours = Version.parse(run.version)
        known = [(found, tag.commit) for tag in await world.git.tags() if (found := Version.of_tag(tag.name))]
        tags = [(found, commit) for found, commit in known if found < ours and not found.is_candidate]
        if not tags:
            return []
        mentioned = {int(number) for number in _NUMBER.findall(text)}
        mentioned |= {number for number in run.facts.get("candidate.pulls", []) if number}
        left = []
        for each in await world.git.log(max(tags)[1], commit):
            numbers = {int(number) for number in _NUMBER.findall(each.subject)}
            if numbers and not numbers & mentioned:
                left.append(each.subject)
        return left


@dataclass(frozen=True)
class SameAsSoaked(Gate):
    """Against the candidate's tag only the changelog and the version in the version files differ; a waiver is of one
    head. What else differs is shown once for each head, so that whoever waives it has seen it.
    """

    def says(self, run: Run) -> str:
        return f"see that nothing but version and changelog differs from {run.facts.get('base.tag') or 'the candidate'}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        base = run.facts.get("base.commit")
        head = (await world.forge.pull_request(run.facts["pr"])).head_sha
        if run.record(SAME_AS_SOAKED).state is StepState.SKIPPED and run.facts.get(f"{SAME_AS_SOAKED}.waived") == head:
            return Met()
        if not base:
            return Waiting("no candidate soaked, so all of it is new")
        others = await _unsoaked(run, world, base, head)
        if not others:
            return Met({"head": head})
        note = f"{run.facts['base.tag']}..{short(head)} also changes {', '.join(others)}"
        if run.facts.get(f"{SAME_AS_SOAKED}.shown") == head:
            return Waiting(note, {"head": head})
        about = {"tag": run.facts["base.tag"], "head": head, "paths": others}
        news = News("not-as-soaked", {**about, "diff": await unified(world, base, head, others)})
        return Waiting(note, {"head": head, f"{SAME_AS_SOAKED}.shown": head}, (news,))


async def _unsoaked(run: Run, world: World, base: str, head: str) -> list[str]:
    """The paths that say at `head` what did not soak; a version file may say the version, and nothing else new."""
    spelled = {file.path: file for file in run.policy.version_files}
    found = []
    for path in await world.git.changed_paths(base, head):
        file = spelled.get(path)
        if path != run.policy.changelog and (file is None or await _says_more(run, world, file, base, head)):
            found.append(path)
    return found


async def _says_more(run: Run, world: World, file: VersionFile, base: str, head: str) -> bool:
    """The file differs in more than the version."""
    before, after = await world.git.read(base, file.path), await world.git.read(head, file.path)
    try:
        return before is None or set_version(file.kind, before, Version.parse(run.version), file.at) != after
    except InvalidText:
        return True


async def _left_in_milestone(run: Run, world: World) -> tuple[str, list[str]]:
    """The version's milestone and what is open in it; nothing where there is none, or it is closed."""
    found = await world.forge.milestone(run.version)
    if found is None or found.state == "closed":
        return "", []
    left = await world.forge.milestone_issues(found.number)
    return found.title, [f"#{issue.number} {issue.title}" for issue in left]


@dataclass(frozen=True)
class MilestoneForeseen(Gate):
    """Learns what is open in the milestone, so that whoever approves sees it; never in the way, no part of the yes."""

    learns = True

    def says(self, run: Run) -> str:
        return f"see what is open in the milestone of {run.version}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        _, left = await _left_in_milestone(run, world)
        return Met({MILESTONE_OPEN: left})


@dataclass(frozen=True)
class MilestoneEmpty(Gate):
    """No issue is open in the version's milestone; what is gets told, and again when it is more."""

    def says(self, run: Run) -> str:
        return f"see that no issue is open in the milestone of {run.version}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        title, left = await _left_in_milestone(run, world)
        if not left:
            return Met()
        told = run.facts.get("milestone.told", [])
        news = (News("milestone-open", {"title": title, "left": left}),) if set(left) - set(told) else ()
        note = f"still open in {title}: {', '.join(left)}; move or close them"
        return Waiting(note, {"milestone.told": sorted({*told, *left})}, news)


@dataclass(frozen=True)
class ThroughPullRequest(Condition):
    """The back-merge is on a branch of its own, because nobody may push to `develop`."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("back-merge.branch"))

    def says(self, run: Run) -> str:
        return f"if nobody may push to {run.policy.develop}"

    def otherwise(self, run: Run) -> str:
        return "pushed"
