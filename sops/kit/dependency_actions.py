"""What the bot does in a dependency update (SOP-06)."""

from dataclasses import dataclass
from shlex import quote

from sops.kit import escaping, hands, texts
from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World, fill
from sops.kit.changelog_entries import add_entry, unreleased_entries
from sops.kit.dispatched import build_of, started
from sops.kit.errors import InvalidText
from sops.kit.pins import SHA, pinned_at, repinned, submodule_path
from sops.kit.policy import Policy
from sops.kit.run import Run

MODULES = ".gitmodules"


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
        return escaping.entry(f"{said} ({cve})" if cve and cve not in said else str(said))


@dataclass(frozen=True)
class StartBuilds(Action):
    """Starts the workflows that build the editions, each once, on the branch (rows 3 and 4).

    A run counts from the turn of `step` on.
    """

    branch: str
    step: str = "build"
    keyless = True

    def says(self, run: Run) -> str:
        return f"start {', '.join(run.policy.dependency_workflows) or 'the builds'} on {fill(self.branch, run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        branch = fill(self.branch, run)
        return tuple(f"gh workflow run {workflow} --ref {branch}" for workflow in run.policy.dependency_workflows)

    async def probe(self, run: Run, world: World) -> Probe:
        head = await world.git.branch(fill(self.branch, run))
        if head is None:
            return Todo(self.says(run))
        builds: dict[str, int] = {}
        more: list[News] = []
        for workflow in run.policy.dependency_workflows:
            found, news = await build_of(run, world, workflow, step=self.step, head=head)
            if found is None:
                return Todo(f"start {workflow} on {fill(self.branch, run)}", {"build.next": workflow})
            builds[workflow] = found.id
            more += news
        return Done({"builds": builds, "builds.head": head}, tuple(more))

    async def perform(self, run: Run, world: World) -> Done | None:
        head, builds = await world.git.branch(fill(self.branch, run)) or "", {}
        for workflow in run.policy.dependency_workflows:
            found, _ = await build_of(run, world, workflow, step=self.step, head=head)
            found = found or await started(world, workflow, ref=fill(self.branch, run), inputs={})
            if found is not None and found.head_sha == head:
                builds[workflow] = found.id
        whole = len(builds) == len(run.policy.dependency_workflows)
        return Done({"builds": builds, "builds.head": head}) if whole else None


@dataclass(frozen=True)
class BuildMoved(StartBuilds):
    """Where the branch moved since the builds were started, starts them on its new head, until all ended well there."""

    patient = True

    async def perform(self, run: Run, world: World) -> None:
        await super().perform(run, world)  # started is not done: they must end well, which the probe sees

    def says(self, run: Run) -> str:
        return f"start them again where {fill(self.branch, run)} moves meanwhile"

    async def probe(self, run: Run, world: World) -> Probe:
        found = await super().probe(run, world)
        if not isinstance(found, Done):
            return found
        on_head = found.facts["builds.head"] == run.facts.get("built.on")
        return found if on_head else Todo(self.says(run))  # started, and at work


@dataclass(frozen=True)
class WriteResults(Action):
    """The pull request's text tells how builds, checks and benchmarks ended; what people wrote in it stays (row 6)."""

    def says(self, run: Run) -> str:
        return "write the results into the pull request's text"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        begin, end = texts.RESULTS
        said = " / ".join(line for line in texts.results(run).splitlines() if line)
        return (f"gh pr edit {run.facts['pr']} --body-file body.md", f"body.md: between {begin} and {end}: {said}")

    async def probe(self, run: Run, world: World) -> Probe:
        if "pr" not in run.facts:
            return Todo(self.says(run))
        body = (await world.forge.pull_request(run.facts["pr"])).body
        return Done() if texts.with_results(body, run) == body else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        body = (await world.forge.pull_request(run.facts["pr"])).body
        await world.forge.edit_pull_request(run.facts["pr"], body=texts.with_results(body, run))


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
