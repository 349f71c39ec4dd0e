"""A hotfix's history comes to `develop` with its fix, so that the next release fits `main` without hand work."""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill
from sops.kit.branch_actions import ours_alone
from sops.kit.changelog import is_dated
from sops.kit.changelog_merges import back_merged
from sops.kit.errors import FarEndRefused, InvalidText, MergeConflict
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run
from sops.kit.world import PullRequest


@dataclass(frozen=True)
class RecordHotfix(Action):
    """Merges the released head into the back-port's branch and brings its changelog section; code stays as it is there.

    What the head changed beside the changelog reads as on the branch, which holds the fix already, and develop keeps
    its own version. Where develop lacks the release that was patched, its history would come along unseen: then only
    the section is brought (SOP-02 row 10).
    """

    branch: str

    def says(self, run: Run) -> str:
        return f"bring {run.version}'s history and changelog to {fill(self.branch, run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (
            f"git merge --no-ff -s ours {run.facts['head']}, on {fill(self.branch, run)}",
            f"write [{run.version}] into {run.policy.changelog} there, and push",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        name, head = fill(self.branch, run), run.facts.get("head")
        tip = await world.git.branch(name)
        if tip is None or head is None:
            return Todo(self.says(run))
        whole = await world.git.is_ancestor(run.facts["base.commit"], tip)
        try:
            data = await world.git.read(tip, run.policy.changelog)
            said = data is None or is_dated(data, run.version)
            if said and (not whole or await world.git.is_ancestor(head, tip)):
                return Done({"back-port.recorded": tip})
            await self._section(run, world, tip)
        except InvalidText as problem:
            return Conflict(
                f"{run.policy.changelog} on {name} cannot take {run.version}'s section: {problem}",
                "mend it there, then !retry",
            )
        return Todo(self.says(run), {"back-port.record.on": tip, "back-port.whole": whole})

    async def perform(self, run: Run, world: World) -> None:
        name, tip, head = fill(self.branch, run), run.facts["back-port.record.on"], run.facts["head"]
        files = await self._section(run, world, tip)
        message = f"Record {run.version} in {run.policy.develop}\n\nBy run {run.name}.\n"
        if not run.facts["back-port.whole"] or await world.git.is_ancestor(head, tip):
            await world.git.commit(name, expected=tip, files=files, message=message)
            return
        for path in await world.git.changed_paths(run.facts["base.commit"], head):
            there = await world.git.read(tip, path)
            if path not in files and there is not None:
                files[path] = there
        try:
            await world.git.merge(name, expected=tip, other=head, message=message, files=files)
        except MergeConflict as conflict:
            raise FarEndRefused(f"{conflict}. Merge {head[:7]} by hand into {name} and push") from conflict

    async def _section(self, run: Run, world: World, tip: str) -> dict[str, bytes]:
        """The branch's changelog with the hotfix's section; nothing where one of the two has none."""
        path = run.policy.changelog
        ours, theirs = await world.git.read(tip, path), await world.git.read(run.facts["head"], path)
        return {path: back_merged(ours, theirs, run.version)} if ours is not None and theirs is not None else {}


PULL_REQUEST = "back-port.pr"


@dataclass(frozen=True)
class MergedOrStale(Gate):
    """The back-port's pull request is merged; or its changelog alone no longer fits `develop`: the bot mends that."""

    def says(self, run: Run) -> str:
        return "wait for the pull request to be merged"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts[PULL_REQUEST])
        if request.merged:
            return Met({f"{PULL_REQUEST}.merge": request.merge_sha})
        if request.state == "closed":
            return Waiting(f"PR #{request.number} was closed without merging; reopen it")
        paths = await _unfit(run, world, request)
        if paths == (run.policy.changelog,) and await ours_alone(world, _cut(run), request.head_sha):
            return Met()
        if paths:
            return Waiting(
                f"PR #{request.number} conflicts with {run.policy.develop} in {', '.join(paths)}; "
                f"merge {run.policy.develop} into {request.head_ref} and push"
            )
        return Waiting(f"PR #{request.number} is open")


@dataclass(frozen=True)
class FreshenBackPort(Action):
    """Brings `develop` into the back-port's branch where new entries in its changelog stand in the way of the merge."""

    patient = True

    def says(self, run: Run) -> str:
        return f"keep the back-port's changelog fit for {run.policy.develop} until it is merged"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh pr merge {run.facts[PULL_REQUEST]} --merge",)

    async def probe(self, run: Run, world: World) -> Probe:
        if PULL_REQUEST not in run.facts:
            return Todo(self.says(run))
        request = await world.forge.pull_request(run.facts[PULL_REQUEST])
        if request.merged:
            return Done()
        return Todo(self.says(run), {"back-port.with": await world.git.branch(run.policy.develop)})

    async def perform(self, run: Run, world: World) -> None:
        request = await world.forge.pull_request(run.facts[PULL_REQUEST])
        develop, path, tip = run.facts["back-port.with"], run.policy.changelog, request.head_sha
        if await world.git.is_ancestor(develop, tip):
            return  # done in an earlier try; now people merge it
        theirs, released = await world.git.read(develop, path), await world.git.read(run.facts["head"], path)
        try:
            files = {path: back_merged(theirs or b"", released or b"", run.version)}
        except InvalidText as problem:
            raise FarEndRefused(f"{path} cannot be brought together: {problem}") from problem
        message = f"Merge {run.policy.develop} into {request.head_ref}\n\nBy run {run.name}.\n"
        await world.git.merge(request.head_ref, expected=tip, other=develop, message=message, files=files)


def _cut(run: Run) -> str:
    return str(run.facts["back-port.cut.at"])


async def _unfit(run: Run, world: World, request: PullRequest) -> tuple[str, ...]:
    """The paths in which the pull request conflicts with develop."""
    tip = await world.git.branch(run.policy.develop)
    if request.mergeable or tip is None:
        return ()
    return tuple(await world.git.conflicts(tip, request.head_sha))
