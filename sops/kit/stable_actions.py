"""What the bot does in a stable release beyond what every release does (SOP-01)."""

from dataclasses import dataclass

from sops.kit import hands
from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill, short
from sops.kit.changelog import is_dated
from sops.kit.changelog_merges import promote
from sops.kit.errors import InvalidText
from sops.kit.run import Run
from sops.kit.timing import calendar
from sops.kit.version import Version
from sops.kit.version_files import set_version


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
        what = f"in {path}: what is under {from_where} under {hands.heading(run.version)}; an empty [Unreleased] on top"
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
class CloseMilestone(Action):
    """The version's milestone is closed, if there is one (row 13)."""

    uses = ()
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
