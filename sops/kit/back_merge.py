"""A release comes back to `develop`: what the merge will write is known before anybody says yes (SOP-01 row 12)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sops.kit import escaping
from sops.kit.action import Action, Conflict, Done, Owed, Probe, Todo, World, fill, short
from sops.kit.binding import shipped
from sops.kit.changelog import entries
from sops.kit.changelog_entries import unreleased_entries
from sops.kit.changelog_merges import back_merged
from sops.kit.debts import Holds, left_to_be
from sops.kit.errors import FarEndRefused, InvalidText, MergeConflict
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.model import Role
from sops.kit.policy import VersionFile
from sops.kit.run import Run
from sops.kit.version import Version
from sops.kit.version_files import get_version, spell


@dataclass
class Written:
    """What a merge into `develop` writes where git alone could not tell, and which versions of its own stay.

    `files` and `alike` are those of `GitRepository.merge`. `stays` reads like `VERSION stays 1.5.0-dev`.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    alike: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)


async def written(run: Run, world: World, tip: str, release: str) -> Written:
    """For the commit `release` merged into `tip` of develop. Raises InvalidText for a changelog of unusual shape."""
    path, found = run.policy.changelog, Written()
    theirs, ours = await world.git.read(release, path), await world.git.read(tip, path)
    if ours is not None and theirs is not None:
        found.files[path] = back_merged(ours, theirs, run.version)
    for file in run.policy.version_files:
        theirs, ours = await world.git.read(release, file.path), await world.git.read(tip, file.path)
        if ours is not None and theirs is not None:
            _settle(found, file, ours, theirs)
    return found


def _settle(found: Written, file: VersionFile, ours: bytes, theirs: bytes) -> None:
    """Develop keeps a version that is ahead, or that is none we can read; otherwise the release's comes in."""
    here, there = _spelled(file, ours), _spelled(file, theirs)
    keeps = here is None or there is None or _ahead(here, there)
    if keeps and here != there:
        found.stays.append(f"{file.path} stays {escaping.printable(here) if here else 'as it is'}")
    if file.kind == "plain":
        found.files[file.path] = ours if keeps else theirs
    elif here is not None and there is not None:
        found.alike[file.path] = _saying(file, here if keeps else there)


def _saying(file: VersionFile, word: str) -> Callable[[bytes], bytes]:
    """Puts that version into the file; one in which there is no place for it stays as it is."""

    def said(data: bytes) -> bytes:
        try:
            return spell(file.kind, data, word, file.at)
        except InvalidText:
            return data

    return said


def _spelled(file: VersionFile, data: bytes) -> str | None:
    try:
        return get_version(file.kind, data, file.at)
    except InvalidText:
        return None


def _ahead(here: str, there: str) -> bool:
    try:
        return Version.parse(here) > Version.parse(there)
    except InvalidText:
        return True


@dataclass(frozen=True)
class DevelopForeseen(Gate):
    """Learns what the back-merge will leave as it is in `develop`, so that whoever approves sees it; never in the way.

    Where develop's changelog cannot take the release's, that is said instead.
    """

    def says(self, run: Run) -> str:
        return f"see what {run.policy.develop} keeps"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head, tip = run.facts.get("head"), await world.git.branch(run.policy.develop)
        if head is None or tip is None:
            return Met()
        try:
            stays = (await written(run, world, tip, head)).stays
        except InvalidText as problem:
            stays = [f"by hand, since {run.policy.changelog} there cannot be edited: {problem}"]
        return Met({"back-merge.stays": stays})


@dataclass(frozen=True)
class BackMerge(Action):
    """What was released, and nothing else, merged into `develop`, whose `[Unreleased]` keeps what the release does not
    say (row 12).

    A version of `develop` that is ahead stays, and so does one that is none we can read. Where `develop` is protected
    the merge is on a branch of its own. A conflict elsewhere is left to people as something owed.
    """

    uses = ("back-merge.stays",)
    public = True
    branch: str = "back-merge/{version}"

    def says(self, run: Run) -> str:
        stays = "; ".join(run.facts.get("back-merge.stays", []))
        return f"merge {run.version} back into {run.policy.develop}" + (f" ({stays})" if stays else "")

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (
            f"git switch {run.policy.develop} && git merge --no-ff {shipped(run)}",
            f"keep under [Unreleased] what {run.version} does not say, and push",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        merge, develop = shipped(run), run.policy.develop
        release = merge or run.facts.get("head")
        if release is None:
            return Todo(self.says(run))
        tip = await world.git.branch(develop)
        if tip is None:
            return Conflict(f"there is no branch {develop}", "set its name in the settings")
        if merge and await world.git.is_ancestor(merge, tip):
            return await self._kept(run, world, tip)
        aside = await world.git.branch(fill(self.branch, run))
        if merge and aside is not None and await world.git.is_ancestor(merge, aside):
            return Done({"back-merge.branch": fill(self.branch, run)})
        try:
            planned = await written(run, world, tip, release)
            keeps = run.facts.get("back-merge.keeps")
            if keeps is None:
                keeps = unreleased_entries(planned.files.get(run.policy.changelog, b"## [Unreleased]\n"))
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {run.policy.changelog} on {develop}, then !retry")
        aside_needed = (await world.forge.rules(develop)).protected
        return Todo(self.says(run), {"back-merge.on": tip, "back-merge.keeps": keeps, "back-merge.aside": aside_needed})

    async def perform(self, run: Run, world: World) -> None:
        tip, merge, target = run.facts["back-merge.on"], str(shipped(run)), run.policy.develop
        if run.facts["back-merge.aside"]:
            target = fill(self.branch, run)
            if await world.git.branch(target) is None:
                await world.git.create_branch(target, tip)
        message = f"Merge {run.version} back into {run.policy.develop}\n\nBy run {run.name}.\n"
        try:
            plan = await written(run, world, tip, merge)
            await world.git.merge(
                target, expected=tip, other=merge, message=message, files=plan.files, alike=plan.alike
            )
        except InvalidText as problem:
            raise FarEndRefused(str(problem)) from problem
        except MergeConflict as conflict:
            raise FarEndRefused(f"conflict in {', '.join(conflict.paths)}") from conflict

    def refused(self, run: Run, why: str) -> Done | Conflict:
        return Done({"back-merge.left": why}, owed=(self._owed(run, f": {why}"),))

    def owes(self, run: Run) -> tuple[Owed, ...]:
        done = "back-merged" in run.facts or "back-merge.pr.merge" in run.facts
        waived = left_to_be(run, "back-merge-merged")
        return () if done or waived or "tag" not in run.facts else (self._owed(run),)

    def _owed(self, run: Run, why: str = "") -> Owed:
        commit = str(shipped(run))
        text = f"merge {run.version} ({short(commit)}) into {run.policy.develop}{why}"
        probe = Holds(run.policy.develop, commit)
        return Owed("back-merge", text, Role.RELEASE_MANAGER, blocks="SOP-01 SOP-03", probe=probe)

    async def _kept(self, run: Run, world: World, tip: str) -> Probe:
        """Whoever merged: what was new in develop still is under `[Unreleased]`."""
        data = await world.git.read(tip, run.policy.changelog)
        try:
            now = unreleased_entries(data) if data else []
            lost = [entry for entry in run.facts.get("back-merge.keeps", []) if entry not in now]
            said = entries(data, run.version).decode() if data and lost else ""
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {run.policy.changelog} on {run.policy.develop}, then !retry")
        # Entries may have been released since, or reworded; only what slid under this release is a fault.
        slid = [entry for entry in lost if entry.splitlines()[0] in said]
        if slid:
            return Conflict(
                f"under {run.version} in {run.policy.changelog} of {run.policy.develop} stands what it does not hold: "
                + "; ".join(entry.splitlines()[0][:80] for entry in slid),
                "move it back under [Unreleased], then !retry",
            )
        return Done({"back-merged": tip})
