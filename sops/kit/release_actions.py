"""What the bot does in a release: versions, pull requests, tags, announcements."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sops.kit import hands, texts
from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill, marker, short, twice
from sops.kit.binding import MERGE, RELEASED, merge_owed, on_head, shipped
from sops.kit.changelog import date_candidate, date_unreleased, is_dated
from sops.kit.covered import agreed
from sops.kit.errors import InvalidText, SignatureInvalid
from sops.kit.merging import MergePullRequest
from sops.kit.run import Run
from sops.kit.timing import calendar
from sops.kit.version import Version
from sops.kit.version_files import set_version
from sops.kit.world import PullRequest


@dataclass(frozen=True)
class PrepareVersion(Action):
    """One commit on the branch: the version files, and the changelog's heading with the day (SOP-03 row 2)."""

    branch: str
    version: str
    essential = True

    def says(self, run: Run) -> str:
        files = ", ".join(file.path for file in run.policy.version_files)
        return f"set {files} to {fill(self.version, run)} and date {run.policy.changelog}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        version = fill(self.version, run)
        what = f"in {run.policy.changelog}: keep ## [Unreleased], and right below it add {hands.heading(version)}"
        return hands.edited(fill(self.branch, run), [*hands.version_files(run, version), what], f"Prepare {version}")

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
        changes = await self._changes(run, world, parent)
        message = f"Prepare {fill(self.version, run)}\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files=changes, message=message)

    async def _changes(self, run: Run, world: World, head: str) -> dict[str, bytes]:
        """The files that do not read as they should yet, as they should read."""
        version = Version.parse(fill(self.version, run))
        wanted: dict[str, bytes] = {}
        for file in run.policy.version_files:
            data = await self._read(world, head, file.path)
            try:
                wanted[file.path] = set_version(file.kind, data, version, file.at)
            except InvalidText as problem:
                raise InvalidText(f"{file.path}: {problem}") from problem
            if wanted[file.path] == data:
                del wanted[file.path]
        log = await self._read(world, head, run.policy.changelog)
        if not is_dated(log, version.text):
            day = calendar(run).local(world.now).date()
            wanted[run.policy.changelog] = (
                date_unreleased(log, version.text, day)
                if run.iteration == 1
                else date_candidate(log, version.text, day, fill("{previous}", run))
            )
        return wanted

    async def _read(self, world: World, head: str, path: str) -> bytes:
        data = await world.git.read(head, path)
        if data is None:
            raise InvalidText(f"{path} is missing at {short(head)}")
        return data


@dataclass(frozen=True)
class OpenPullRequest(Action):
    """A pull request of this iteration. One that an earlier iteration merged is not this one.

    `title` is what it is called. `labels` are put on it, where the run is not about something still secret.
    `name` is the fact that keeps its number, for a run that opens more than one.
    """

    branch: str
    into: str
    title: str
    text: str = "candidate"
    labels: tuple[str, ...] = ()
    name: str = "pr"
    uses = ("slug", "base.tag", "branch")
    essential = True

    def says(self, run: Run) -> str:
        return f"open a pull request {fill(self.branch, run)} → {fill(self.into, run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        head, base = fill(self.branch, run), fill(self.into, run)
        return hands.requested(head, base, fill(self.title, run), self._mark(run), self._labels(run))

    async def probe(self, run: Run, world: World) -> Probe:
        found = await world.forge.pull_requests(fill(self.branch, run), fill(self.into, run))
        mark = self._mark(run)
        ours = [request for request in found if mark in request.body]
        if ours:
            first = ours[-1]
            if missing := self._unlabelled(run, first):
                return Todo(f"label #{first.number} {', '.join(missing)}", {f"{self.name}.opened": first.number})
            head = {"head": first.head_sha} if self.name == "pr" else {}
            half = {f"{self.name}.opened": None} if run.facts.get(f"{self.name}.opened") else {}
            known = {f"{self.name}.url": first.url, f"{self.name}.into": fill(self.into, run)}
            return Done({self.name: first.number, **known, **head, **half})
        foreign = [request for request in found if request.state == "open"]
        if foreign:
            return Conflict(
                f"#{foreign[0].number} by {foreign[0].author} is open for the same branches",
                f"close #{foreign[0].number}, then !retry",
            )
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        number = run.facts.get(f"{self.name}.opened")
        if number is None:
            body = texts.pull_request(self.text, run, self._mark(run))
            opened = await world.forge.open_pull_request(
                head=fill(self.branch, run), base=fill(self.into, run), title=fill(self.title, run), body=body
            )
            number = opened.number
        if labels := self._labels(run):
            await world.forge.add_labels(number, labels)

    def _mark(self, run: Run) -> str:
        return marker(run, "pull-request" if self.name == "pr" else self.name)

    def _labels(self, run: Run) -> list[str]:
        return [] if run.facts.get("security") else [fill(label, run) for label in self.labels]

    def _unlabelled(self, run: Run, request: PullRequest) -> list[str]:
        return [label for label in self._labels(run) if label not in request.labels]


@dataclass(frozen=True)
class PushSignedTag(Action):
    """A signed tag on what is released, verified before the push. An existing tag is never moved.

    `at` is the fact that names the commit, where it is no release's merge or head.
    """

    name: str
    message: str
    at: str = "merge"
    uses = ()
    public = True
    essential = True

    def says(self, run: Run) -> str:
        where = f" on {short(str(run.facts.get('head')))} itself, not on the merge" if self._apart(run) else ""
        return f"push signed tag {fill(self.name, run)} (permanent){where}"

    def _apart(self, run: Run) -> bool:
        """The head is tagged although it is merged, which people should read."""
        merges = (piece for step in run.steps for piece in step.deeds if isinstance(piece, MergePullRequest))
        return on_head(run) and any(not merge_owed(run, piece.owed) for piece in merges)

    def by_hand(self, run: Run) -> tuple[str, ...]:
        name = fill(self.name, run)
        return (
            f"git tag -s -m '{fill(self.message, run)}' -- {name} {self._commit(run)}",
            f"git verify-tag {name} && git push origin refs/tags/{name}",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        name, commit = fill(self.name, run), self._commit(run)
        tag = await world.git.tag(name)
        if tag is None:
            return Todo(self.says(run))
        if tag.commit != commit:
            return Conflict(
                f"the tag {name} exists already, on {short(tag.commit)}",
                "a public tag is never moved; choose another version",
            )
        try:
            signer = await world.git.verify_tag(name)
        except SignatureInvalid as problem:
            return Conflict(str(problem), "find out who pushed it before anything else; a tag is never moved")
        return Done({"tag": name, "tag.sha": tag.sha, "signer": signer})

    async def perform(self, run: Run, world: World) -> None:
        name, commit = fill(self.name, run), self._commit(run) or run.facts[self.at]
        await world.git.push_signed_tag(name, at=commit, message=fill(self.message, run))

    def _commit(self, run: Run) -> str | None:
        return shipped(run) if self.at in {MERGE, RELEASED} else run.facts.get(self.at)


@dataclass(frozen=True)
class Announce(Action):
    """One discussion, found again by its marker. If a doubtful moment made two, that is told.

    `text` names one of the announcements in `texts`. `quoted`: its body is part of what it says it will do.
    """

    text: str = "call-for-testing"
    quoted: bool = False
    uses: ClassVar[tuple[str, ...] | None] = ("release.url",)
    public = True
    keyless = True

    def says(self, run: Run) -> str:
        title, body = self._words(run)
        whole = f" “{' '.join(body.split())}”" if self.quoted else ""
        return f"post in {run.policy.announcements}: {title}{whole}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (self.says(run), self._published(run)[1].strip(), hands.by_two("announce"))

    async def probe(self, run: Run, world: World) -> Probe:
        mark = marker(run, "announce")
        found = [talk for talk in await world.forge.own_discussions() if mark in talk.body]
        if not found:
            return Todo(self.says(run))
        first = found[-1]
        facts: dict[str, Any] = {"announcement": first.id, "announcement.url": first.url}
        return Done(facts, news=twice("discussion", [talk.url for talk in found[:-1]]))

    async def perform(self, run: Run, world: World) -> None:
        title, body = self._published(run)
        await world.forge.open_discussion(
            category=run.policy.announcements, title=title, body=f"{body}\n{marker(run, 'announce')}"
        )

    def heading(self, run: Run) -> str:
        return self._words(run)[0]

    def words(self, run: Run) -> str:
        return self._words(run)[1]

    def _published(self, run: Run) -> tuple[str, str]:
        """As it was agreed on, whatever this build would say, with what could not be known then."""
        title, body = self._words(run)
        found = agreed(run, self)
        return (found.title or title, self._completed(run, found.text)) if found else (title, body)

    def _completed(self, run: Run, text: str) -> str:
        url = run.facts.get("release.url") if self.text == "released" else None
        return text if not url or url in text else f"{text}\n{url}\n"

    def _words(self, run: Run) -> tuple[str, str]:
        return texts.announcement(self.text, run)
