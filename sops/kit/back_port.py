"""A hotfix's history comes to `develop` with its fix, so that the next release fits `main` without hand work."""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill
from sops.kit.changelog import is_dated
from sops.kit.changelog_merges import back_merged
from sops.kit.errors import FarEndRefused, InvalidText, MergeConflict
from sops.kit.run import Run


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
