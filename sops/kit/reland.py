"""What a rollback owes, met: the work it took back is in `develop` again, and no later merge drops it (SOP-04).

Git counts reverted work as merged. So `develop` takes what the revert undid, and then the revert itself into its
history without taking what it did; the next release's merge finds the revert behind it.
"""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill, short
from sops.kit.branch_actions import CutBranch
from sops.kit.changelog import is_dated
from sops.kit.changelog_merges import back_merged
from sops.kit.errors import FarEndRefused, InvalidText
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.model import Step
from sops.kit.release_actions import OpenPullRequest
from sops.kit.run import Run
from sops.kit.version import Version

RELAND = "reland"
BRANCH = "reland/{version}"


async def missing_from(run: Run, world: World) -> str:
    """What `develop` lacks of the work that the rollback `run` took back, in words; empty if nothing."""
    return await _missing(run, world, run.policy.develop)


async def _missing(run: Run, world: World, branch: str) -> str:
    revert, tip = run.facts.get("merge"), await world.git.branch(branch)
    if revert is None or tip is None:
        return f"there is no {'revert' if revert is None else branch} to look at"
    if not await world.git.is_ancestor(revert, tip):
        return f"{branch} does not hold the revert {short(revert)} yet"
    own = {run.policy.changelog, *(file.path for file in run.policy.version_files)}
    undone = set(await world.git.changed_paths(run.facts["revert.cut.at"], revert)) - own
    gone = sorted(undone - set(await world.git.changed_paths(revert, tip)))
    return f"{branch} holds the revert, and {', '.join(gone)} as if the work had never been" if gone else ""


@dataclass(frozen=True)
class LookAtDevelop(Gate):
    """Learns whether the work is back already, by whoever's hand; never in the way."""

    def says(self, run: Run) -> str:
        return f"see whether {run.policy.develop} holds the work of {run.version} again"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return Met({"reland.lacks": await missing_from(run, world)})


@dataclass(frozen=True)
class LacksWork(Condition):
    """The work is not back yet."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("reland.lacks", True))

    def says(self, run: Run) -> str:
        return f"if {run.policy.develop} lacks it"

    def otherwise(self, run: Run) -> str:
        return "it is back already"


@dataclass(frozen=True)
class TakeWorkBack(Action):
    """On a branch of its own: what the revert undid is merged, and the revert itself recorded without being taken.

    Where `develop` took the revert already, that is reverted instead. Of a release the changelog is merged entry by
    entry; a candidate's version and heading stay out of `develop`.
    """

    branch: str = BRANCH
    essential = True

    def says(self, run: Run) -> str:
        return f"bring the work of {run.version} back on {fill(self.branch, run)}, with its revert recorded, not taken"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (
            f"git switch {fill(self.branch, run)} && git merge {run.facts['revert.cut.at']}",
            f"git merge -s ours {run.facts['merge']} && git push",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        name = fill(self.branch, run)
        tip = await world.git.branch(name)
        if tip is None:
            return Todo(self.says(run))
        if not await _missing(run, world, name):
            return Done({"reland.commit": tip})
        return Todo(self.says(run), {"reland.on": tip})

    async def perform(self, run: Run, world: World) -> None:
        name, tip, revert = fill(self.branch, run), run.facts["reland.on"], run.facts["merge"]
        told = f"\n\nBy run {run.name}.\n"
        if await world.git.is_ancestor(revert, tip):
            message = f"Revert the rollback of {run.version}{told}"
            await world.git.revert(name, expected=tip, commits=[revert], message=message)
            return
        if not await world.git.is_ancestor(run.facts["revert.cut.at"], tip):
            tip = await self._taken(run, world, tip, f"Bring the work of {run.version} back{told}")
        message = f"Record the rollback of {run.version}, taking nothing of it{told}"
        await world.git.record(name, expected=tip, other=revert, message=message)

    async def _taken(self, run: Run, world: World, tip: str, message: str) -> str:
        """The branch with the work that was taken back merged into it."""
        name, work = fill(self.branch, run), run.facts["revert.cut.at"]
        try:
            files = await self._files(run, world, tip, work)
            return await world.git.merge(name, expected=tip, other=work, message=message, files=files)
        except InvalidText as problem:
            raise FarEndRefused(str(problem)) from problem

    async def _files(self, run: Run, world: World, tip: str, work: str) -> dict[str, bytes]:
        """The changelog and the version files as they shall read."""
        files: dict[str, bytes] = {}
        paths = {run.policy.changelog, *(file.path for file in run.policy.version_files)}
        for path in sorted(paths):
            ours, theirs = await world.git.read(tip, path), await world.git.read(work, path)
            if ours is not None:
                files[path] = ours
            if ours and theirs and path == run.policy.changelog and self._tells(run, theirs):
                files[path] = back_merged(ours, theirs, run.version)
        return files

    def _tells(self, run: Run, changelog: bytes) -> bool:
        return not Version.parse(run.version).is_candidate and is_dated(changelog, run.version)

    def refused(self, run: Run, why: str) -> Done | Conflict:
        name = fill(self.branch, run)
        by_hand = (
            f"git merge {short(run.facts['revert.cut.at'])} and then git merge -s ours {short(run.facts['merge'])}"
        )
        return Conflict(f"it does not fit {run.policy.develop} by itself: {why}", f"on {name}, {by_hand}; then !retry")


@dataclass(frozen=True)
class WorkIsBack(Gate):
    """`develop` holds the revert in its history, and what it undid in its files."""

    def says(self, run: Run) -> str:
        return f"wait until {run.policy.develop} holds the work of {run.version} again"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        lacks = await missing_from(run, world)
        if not lacks:
            return Met()
        number = run.facts.get("reland.pr")
        request = await world.forge.pull_request(number) if number else None
        if request is None:
            return Waiting(lacks)
        if request.merged:
            return Waiting(f"PR #{number} was merged, but {lacks}; it wants a merge commit")
        return Waiting(f"PR #{number} is {'open' if request.state == 'open' else 'closed without merging; reopen it'}")


@dataclass(frozen=True)
class SettleReland(Action):
    """What was owed is met."""

    def says(self, run: Run) -> str:
        return f"note that the work of {run.version} is owed no longer"

    async def probe(self, run: Run, world: World) -> Probe:
        tip = await world.git.branch(run.policy.develop)
        return Done(met={RELAND: f"{run.policy.develop} holds it at {short(tip or '')}"})

    async def perform(self, run: Run, world: World) -> None:
        raise FarEndRefused("there is nothing to do at the far end")


#: What `!reland` adds to a rollback. They wait for nothing of the rollback itself.
STEPS = (
    Step("work-looked-for", row="", title="work looked for", after="survey", when=LookAtDevelop()),
    Step(
        "work-back",
        row="",
        title="work brought back",
        after="work-looked-for",
        only_if=LacksWork(),
        do=(
            CutBranch(BRANCH, base="{develop}", under="reland."),
            TakeWorkBack(),
            OpenPullRequest(BRANCH, "{develop}", "Bring the work of {version} back", text="reland", name="reland.pr"),
        ),
    ),
    Step("work-is-back", row="", title="work is back", after="work-back", when=WorkIsBack(), do=SettleReland()),
)
