"""What the bot looks up and does in a dependency update (SOP-06)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from sops.kit import hands, texts
from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World, fill, short
from sops.kit.changelog_entries import add_entry, unreleased_entries
from sops.kit.errors import InvalidText
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.pins import SHA, pinned_at, repinned, submodule_path
from sops.kit.policy import Policy
from sops.kit.run import Run
from sops.kit.world import Release

MODULES = ".gitmodules"
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+")


async def pins_of(name: str, commit: str, policy: Policy, world: World) -> dict[str, list[str]]:
    """Path → the versions it pins the dependency at, for every pin file and submodule that speaks of it.

    Raises InvalidText when a file cannot be read as what it is.
    """
    found: dict[str, list[str]] = {}
    for path, kind in policy.pin_files.items():
        data = await world.git.read(commit, path)
        if data is not None and (versions := pinned_at(kind, data, name)):
            found[path] = versions
    modules = await world.git.read(commit, MODULES)
    module = submodule_path(modules, name) if modules else None
    if module is not None and (sha := await world.git.link(commit, module)) is not None:
        found[module] = [sha]
    return found


@dataclass(frozen=True)
class UpstreamNotes(Gate):
    """Posts, once, what upstream says of each release between the two versions (SOP-06 row 1)."""

    def says(self, run: Run) -> str:
        upstream = run.policy.upstreams.get(str(run.facts.get("name", "")))
        return f"post the release notes of {upstream}" if upstream else "ask for the notes of a project nobody named"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if "notes.shown" in run.facts:
            return Met()
        name, upstream = run.facts["name"], run.policy.upstreams.get(run.facts["name"])
        if upstream is None:
            return Met({"notes.shown": []}, (News("no-upstream", {"name": name}),))
        between = _between(await world.forge.upstream_releases(upstream), run.facts["from"], run.facts["to"])
        notes = [{"tag": each.tag, "text": each.body, "url": each.url} for each in between]
        return Met(
            {"notes.shown": [each.tag for each in between]},
            (News("upstream-notes", {"upstream": upstream, "notes": notes}),),
        )


def _between(releases: Sequence[Release], old: str, new: str) -> list[Release]:
    """Oldest first; versions are compared number by number, whatever stands around them in the tag."""
    low, high = _numbers(old), _numbers(new)
    numbered = [(numbers, each) for each in releases if (numbers := _numbers(each.tag)) is not None]
    if low is None or high is None:
        return []
    return [each for numbers, each in sorted(numbered, key=lambda pair: pair[0]) if low < numbers <= high]


def _numbers(text: str) -> tuple[int, ...] | None:
    found = _DOTTED.search(text)
    return tuple(int(number) for number in found[0].split(".")) if found else None


@dataclass(frozen=True)
class PinDependency(Action):
    """Every place that pins it says the new version, in one commit; nothing else changes (row 2)."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        where = ", ".join(run.facts.get("pins", [])) or "the files that pin it"
        return f"pin {run.facts.get('name', 'it')} at {run.facts.get('to', 'the new version')} in {where}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        facts = run.facts
        what = [f"in {path}: {facts['name']} at {facts['to']}" for path in facts.get("pins", [])]
        return hands.edited(
            fill(self.branch, run), what or [self.says(run)], f"Update {facts['name']} to {facts['to']}"
        )

    async def probe(self, run: Run, world: World) -> Probe:
        head = await world.git.branch(fill(self.branch, run))
        if head is None:
            return Todo(self.says(run))
        try:
            files, links = await self._changes(run, world, head)
        except InvalidText as problem:
            return Conflict(str(problem), f"pin it by hand on {fill(self.branch, run)}, then !retry")
        return Todo(self.says(run), {"pin.on": head}) if files or links else Done({"pinned": head})

    async def perform(self, run: Run, world: World) -> None:
        parent = run.facts["pin.on"]
        files, links = await self._changes(run, world, parent)
        message = f"Update {run.facts['name']} to {run.facts['to']}\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files=files, message=message, links=links)

    async def _changes(self, run: Run, world: World, head: str) -> tuple[dict[str, bytes], dict[str, str]]:
        name, wanted = run.facts["name"], run.facts["to"]
        files: dict[str, bytes] = {}
        links: dict[str, str] = {}
        for path in await pins_of(name, head, run.policy, world):
            kind = run.policy.pin_files.get(path)
            if kind is None:
                if not SHA.fullmatch(wanted):
                    raise InvalidText(f"{path} is a submodule; say the commit's whole SHA instead of a version")
                if await world.git.link(head, path) != wanted:
                    links[path] = wanted
                continue
            data = await world.git.read(head, path) or b""
            try:
                new = repinned(kind, data, name, wanted)
            except InvalidText as problem:
                raise InvalidText(f"{path}: {problem}") from problem
            if new != data:
                files[path] = new
        return files, links


@dataclass(frozen=True)
class NoteUpdate(Action):
    """A line under `[Unreleased]`, in Changed, or in Security for a CVE (row 8)."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        part = "Security" if run.facts.get("cve") else "Changed"
        return f"write the update into {run.policy.changelog}, [Unreleased], {part}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        part = "Security" if run.facts.get("cve") else "Changed"
        what = f"in {run.policy.changelog}, [Unreleased], {part}: - {self._entry(run)}"
        return hands.edited(fill(self.branch, run), [what], f"Changelog of {run.facts['name']} {run.facts['to']}")

    async def probe(self, run: Run, world: World) -> Probe:
        name, path = fill(self.branch, run), run.policy.changelog
        head = await world.git.branch(name)
        if head is None:
            return Todo(self.says(run))
        data = await world.git.read(head, path)
        if data is None:
            return Conflict(f"{path} is missing on {name}", "add it, then !retry")
        try:
            if self._entry(run) in unreleased_entries(data):
                return Done({"changelog.at": head})
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {path} on {name}, then !retry")
        return Todo(self.says(run), {"changelog.on": head})

    async def perform(self, run: Run, world: World) -> None:
        parent, path = run.facts["changelog.on"], run.policy.changelog
        part = "Security" if run.facts.get("cve") else "Changed"
        data = add_entry(await world.git.read(parent, path) or b"", part, self._entry(run))
        message = f"Changelog of {run.facts['name']} {run.facts['to']}\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files={path: data}, message=message)

    def _entry(self, run: Run) -> str:
        facts = run.facts
        said = facts.get("changelog") or f"{facts['name']} is updated from {facts['from']} to {facts['to']}."
        cve = facts.get("cve")
        return texts.titled(f"{said} ({cve})" if cve and cve not in said else str(said))


@dataclass(frozen=True)
class StartBuilds(Action):
    """Starts the workflows that build the editions, each once, on the branch (rows 3 and 4)."""

    branch: str
    keyless = True

    def says(self, run: Run) -> str:
        return f"start {', '.join(run.policy.dependency_workflows) or 'the builds'} on {fill(self.branch, run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        branch = fill(self.branch, run)
        return tuple(f"gh workflow run {workflow} --ref {branch}" for workflow in run.policy.dependency_workflows)

    async def probe(self, run: Run, world: World) -> Probe:
        head = await world.git.branch(fill(self.branch, run))
        since = run.record("build").since
        if head is None or since is None:
            return Todo(self.says(run))
        builds: dict[str, int] = {}
        for workflow in run.policy.dependency_workflows:
            ours = [each for each in await world.forge.workflow_runs(workflow, since=since) if each.head_sha == head]
            if not ours:
                return Todo(f"start {workflow} on {fill(self.branch, run)}", {"build.next": workflow})
            builds[workflow] = ours[0].id
        return Done({"builds": builds, "builds.head": head})

    async def perform(self, run: Run, world: World) -> None:
        for workflow in run.policy.dependency_workflows:
            since = run.record("build").since or world.now
            head = await world.git.branch(fill(self.branch, run))
            if not any(each.head_sha == head for each in await world.forge.workflow_runs(workflow, since=since)):
                await world.forge.dispatch(workflow, ref=fill(self.branch, run), inputs={})


@dataclass(frozen=True)
class BuildsGreen(Gate):
    """Every started workflow ended well, on the head that is on the branch now."""

    branch: str

    def says(self, run: Run) -> str:
        return f"wait for {', '.join(run.policy.dependency_workflows) or 'the builds'}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head = await world.git.branch(fill(self.branch, run))
        if head != run.facts["builds.head"]:
            return Waiting(f"{fill(self.branch, run)} moved to {short(str(head))} since the builds were started")
        left = []
        for workflow, number in run.facts["builds"].items():
            found = await world.forge.workflow_run(number)
            if found is None or found.conclusion is None:
                left.append(f"{workflow} is at work")
            elif found.conclusion != "success":
                left.append(f"{workflow} ended with {found.conclusion}: {found.url}")
        return Waiting("; ".join(left)) if left else Met()


@dataclass(frozen=True)
class LabelSecurity(Action):
    """The pull request carries the labels that get it reviewed at once (row 7)."""

    def says(self, run: Run) -> str:
        return f"label the pull request {', '.join(self._labels(run))}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh pr edit {run.facts['pr']} --add-label {quote(','.join(self._labels(run)))}",)

    async def probe(self, run: Run, world: World) -> Probe:
        if "pr" not in run.facts:
            return Todo(self.says(run))
        request = await world.forge.pull_request(run.facts["pr"])
        missing = [label for label in self._labels(run) if label not in request.labels]
        return Todo(self.says(run), {"labels.missing": missing}) if missing else Done({"labels": self._labels(run)})

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.add_labels(run.facts["pr"], run.facts["labels.missing"])

    def _labels(self, run: Run) -> list[str]:
        return [run.policy.security_label, run.policy.expedited_label]


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
    """The settings say speed hangs on this dependency."""

    def holds(self, run: Run) -> bool:
        return run.facts.get("name") in run.policy.performance_critical

    def says(self, run: Run) -> str:
        return "if speed hangs on it"

    def otherwise(self, run: Run) -> str:
        return "speed does not hang on it"


@dataclass(frozen=True)
class ForCve(Condition):
    """The update closes a known hole."""

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("cve"))

    def says(self, run: Run) -> str:
        return "if it is for a CVE"

    def otherwise(self, run: Run) -> str:
        return "no CVE"
