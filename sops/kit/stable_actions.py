"""What the bot does in a stable release beyond what every release does (SOP-01)."""

from dataclasses import dataclass

from sops.kit import hands
from sops.kit.action import Action, Conflict, Done, Owed, Probe, Todo, World, fill, short
from sops.kit.changelog import entries, is_dated
from sops.kit.changelog_entries import unreleased_entries
from sops.kit.changelog_merges import back_merged, promote
from sops.kit.debts import Holds, left_to_be
from sops.kit.errors import FarEndRefused, InvalidText, MergeConflict
from sops.kit.model import Role
from sops.kit.run import Run
from sops.kit.timing import calendar
from sops.kit.version import Version
from sops.kit.version_files import merged_versions, set_version


@dataclass(frozen=True)
class SetVersion(Action):
    """The version files at the version, in one commit (SOP-01 row 3)."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        return f"set {', '.join(file.path for file in run.policy.version_files)} to {run.version}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return hands.edited(fill(self.branch, run), hands.version_files(run, run.version), f"Prepare {run.version}")

    async def probe(self, run: Run, world: World) -> Probe:
        head = await world.git.branch(fill(self.branch, run))
        if head is None:
            return Todo(self.says(run))
        try:
            changes = await self._changes(run, world, head)
        except InvalidText as problem:
            return Conflict(str(problem), f"mend it on {fill(self.branch, run)}, then !retry")
        return Todo(self.says(run), {"bump.on": head}) if changes else Done({"bumped": head})

    async def perform(self, run: Run, world: World) -> None:
        parent = run.facts["bump.on"]
        message = f"Prepare {run.version}\n\nBy run {run.name}.\n"
        files = await self._changes(run, world, parent)
        await world.git.commit(fill(self.branch, run), expected=parent, files=files, message=message)

    async def _changes(self, run: Run, world: World, head: str) -> dict[str, bytes]:
        changes: dict[str, bytes] = {}
        for file in run.policy.version_files:
            data = await world.git.read(head, file.path)
            if data is None:
                raise InvalidText(f"{file.path} is missing at {short(head)}")
            if (new := set_version(file.kind, data, Version.parse(run.version), file.at)) != data:
                changes[file.path] = new
        return changes


@dataclass(frozen=True)
class PromoteChangelog(Action):
    """`[Unreleased]` and the candidates' headings become the release's, an empty `[Unreleased]` stays on top."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        return f"date {run.version} in {run.policy.changelog}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        path, candidates = run.policy.changelog, ", ".join(run.facts.get("candidates", []))
        from_where = f"[Unreleased] and {candidates}" if candidates else "[Unreleased]"
        what = f"in {path}: what is under {from_where} under [{run.version}] with the day; an empty [Unreleased] on top"
        return hands.edited(fill(self.branch, run), [what], f"Changelog of {run.version}")

    async def probe(self, run: Run, world: World) -> Probe:
        name, path = fill(self.branch, run), run.policy.changelog
        head = await world.git.branch(name)
        if head is None:
            return Todo(self.says(run))
        data = await world.git.read(head, path)
        if data is None:
            return Conflict(f"{path} is missing on {name}", "add it, then !retry")
        try:
            if is_dated(data, run.version):
                return Done({"changelog.at": head})
            self._edited(run, world, data)
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {path} on {name}, then !retry")
        return Todo(self.says(run), {"changelog.on": head})

    async def perform(self, run: Run, world: World) -> None:
        parent, path = run.facts["changelog.on"], run.policy.changelog
        data = self._edited(run, world, await world.git.read(parent, path) or b"")
        message = f"Changelog of {run.version}\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files={path: data}, message=message)

    def _edited(self, run: Run, world: World, data: bytes) -> bytes:
        return promote(data, run.version, calendar(run).local(world.now).date(), run.facts.get("candidates", []))


@dataclass(frozen=True)
class PublishRelease(Action):
    """The release of the pushed tag, with the changelog's words."""

    tag: str
    public = True

    def says(self, run: Run) -> str:
        return f"publish the release {fill(self.tag, run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        tag = fill(self.tag, run)
        return (
            f"gh release create {tag} --verify-tag --title {run.version} --notes-file notes.md",
            f"notes.md: what {run.policy.changelog} says under [{run.version}]",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        tag = fill(self.tag, run)
        if await world.forge.release_by_tag(tag) is not None:
            return Done()
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        data = await world.git.read(run.facts["merge"], run.policy.changelog) or b""
        body = entries(data, run.version).decode()
        await world.forge.create_release(tag=fill(self.tag, run), title=run.version, body=body, prerelease=False)


@dataclass(frozen=True)
class BackMerge(Action):
    """The release merged into `develop`, whose `[Unreleased]` keeps what the release does not say (row 12).

    Of a version file the later version stays, whichever side it is on. Where `develop` is protected the merge is on a
    branch of its own. A conflict elsewhere is left to people as something owed.
    """

    public = True
    branch: str = "back-merge/{version}"

    def says(self, run: Run) -> str:
        return f"merge {run.version} back into {run.policy.develop}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (
            f"git switch {run.policy.develop} && git merge --no-ff {run.facts['merge']}",
            f"keep under [Unreleased] what {run.version} does not say, and push",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        merge, develop = run.facts.get("merge"), run.policy.develop
        if merge is None:
            return Todo(self.says(run))
        tip = await world.git.branch(develop)
        if tip is None:
            return Conflict(f"there is no branch {develop}", "set its name in the settings")
        if await world.git.is_ancestor(merge, tip):
            return await self._kept(run, world, tip)
        aside = await world.git.branch(fill(self.branch, run))
        if aside is not None and await world.git.is_ancestor(merge, aside):
            return Done({"back-merge.branch": fill(self.branch, run)})
        keeps = run.facts.get("back-merge.keeps")
        try:
            keeps = keeps if keeps is not None else await self._new_entries(run, world, tip)
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {run.policy.changelog} on {develop}, then !retry")
        aside_needed = (await world.forge.rules(develop)).protected
        return Todo(self.says(run), {"back-merge.on": tip, "back-merge.keeps": keeps, "back-merge.aside": aside_needed})

    async def perform(self, run: Run, world: World) -> None:
        tip, merge, target = run.facts["back-merge.on"], run.facts["merge"], run.policy.develop
        if run.facts["back-merge.aside"]:
            target = fill(self.branch, run)
            if await world.git.branch(target) is None:
                await world.git.create_branch(target, tip)
        message = f"Merge {run.version} back into {run.policy.develop}\n\nBy run {run.name}.\n"
        try:
            files = await self._files(run, world, tip)
            await world.git.merge(target, expected=tip, other=merge, message=message, files=files)
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
        text = f"merge {run.version} ({short(run.facts['merge'])}) into {run.policy.develop}{why}"
        probe = Holds(run.policy.develop, run.facts["merge"])
        return Owed("back-merge", text, Role.RELEASE_MANAGER, blocks="SOP-01 SOP-03", probe=probe)

    async def _files(self, run: Run, world: World, tip: str) -> dict[str, bytes]:
        path, merge = run.policy.changelog, run.facts["merge"]
        theirs, ours = await world.git.read(merge, path), await world.git.read(tip, path)
        files = {path: back_merged(ours, theirs, run.version)} if ours and theirs else {}
        base = await world.git.merge_base(tip, merge)
        for path in dict.fromkeys(file.path for file in run.policy.version_files):
            places = [(file.kind, file.at) for file in run.policy.version_files if file.path == path]
            theirs, ours = await world.git.read(merge, path), await world.git.read(tip, path)
            old = await world.git.read(base, path) if base else None
            merged = merged_versions(places, base=old, ours=ours, theirs=theirs) if ours and theirs else None
            if merged is not None:
                files[path] = merged
        return files

    async def _new_entries(self, run: Run, world: World, tip: str) -> list[str]:
        """What develop holds under `[Unreleased]` that the release does not say."""
        ours = await world.git.read(tip, run.policy.changelog)
        theirs = await world.git.read(run.facts["merge"], run.policy.changelog)
        if ours is None or theirs is None:
            return []
        return unreleased_entries(back_merged(ours, theirs, run.version))

    async def _kept(self, run: Run, world: World, tip: str) -> Probe:
        """Whoever merged: what was new in develop still is under `[Unreleased]`."""
        data = await world.git.read(tip, run.policy.changelog)
        now = unreleased_entries(data) if data else []
        lost = [entry for entry in run.facts.get("back-merge.keeps", []) if entry not in now]
        # Entries may have been released since, or reworded; only what slid under this release is a fault.
        slid = [entry for entry in lost if data and entry.splitlines()[0] in entries(data, run.version).decode()]
        if slid:
            return Conflict(
                f"under {run.version} in {run.policy.changelog} of {run.policy.develop} stands what it does not hold: "
                + "; ".join(entry.splitlines()[0][:80] for entry in slid),
                "move it back under [Unreleased], then !retry",
            )
        return Done({"back-merged": tip})


@dataclass(frozen=True)
class CloseMilestone(Action):
    """The version's milestone is closed, if there is one (row 13)."""

    public = True

    def says(self, run: Run) -> str:
        return f"close the milestone of {run.version}, if there is one"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        number = run.facts.get("milestone.number", "NUMBER")
        return (f"gh api -X PATCH 'repos/{{owner}}/{{repo}}/milestones/{number}' -f state=closed",)

    async def probe(self, run: Run, world: World) -> Probe:
        found = await world.forge.milestone(run.version)
        if found is None:
            return Done({"milestone": ""})
        if found.state == "closed":
            return Done({"milestone": found.title})
        return Todo(self.says(run), {"milestone.number": found.number})

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.close_milestone(run.facts["milestone.number"])


@dataclass(frozen=True)
class Mirror(Action):
    """Each lane's branch is brought to the release's commit; one that went its own way is left to people (row 15)."""

    public = True

    def says(self, run: Run) -> str:
        lanes = ", ".join(f"{name} ({branch})" for name, branch in run.policy.lanes.items())
        return f"bring {lanes or 'the lanes'} to v{run.version}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        left = run.facts.get("lanes.left", dict.fromkeys(run.policy.lanes.values()))
        return tuple(f"git push origin {run.facts['merge']}:refs/heads/{branch}" for branch in left) or (
            self.says(run),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        merge = run.facts.get("merge")
        if merge is None:
            return Todo(self.says(run))
        tips: dict[str, str | None] = {}
        for name, branch in run.policy.lanes.items():
            tip = await world.git.branch(branch)
            if tip is not None and await world.git.is_ancestor(merge, tip):
                continue
            if tip is not None and not await world.git.is_ancestor(tip, merge):
                return Conflict(f"{name}: {branch} has commits v{run.version} lacks", "merge by hand, then !retry")
            tips[branch] = tip
        return Todo(self.says(run), {"lanes.left": tips}) if tips else Done({"lanes": list(run.policy.lanes)})

    async def perform(self, run: Run, world: World) -> None:
        for branch, tip in run.facts["lanes.left"].items():
            if tip is None:
                await world.git.create_branch(branch, run.facts["merge"])
            else:
                await world.git.push_branch(branch, to=run.facts["merge"], expected=tip)
