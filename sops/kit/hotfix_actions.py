"""What the bot does in a hotfix beyond what every release does.

Longer than other modules: one action after another, each read by itself.
"""

from dataclasses import dataclass

from sops.kit import escaping, hands
from sops.kit.action import Action, Conflict, Done, Owed, Probe, Todo, World, fill, short
from sops.kit.binding import listed, on_head
from sops.kit.branch_actions import CutBranch
from sops.kit.changelog import is_dated
from sops.kit.changelog_sections import has_entry, new_section, reworded
from sops.kit.debts import HoldsFix, fixes_between, left_to_be
from sops.kit.errors import FarEndRefused, InvalidText, InvalidVersion, MergeConflict
from sops.kit.hotfix_gates import outside_line
from sops.kit.merging import MergePullRequest
from sops.kit.model import Role
from sops.kit.publishing import SAYS, BotPublishes
from sops.kit.run import Run
from sops.kit.security_gates import AGREED, when_agreed
from sops.kit.security_table import with_line
from sops.kit.timing import calendar
from sops.kit.version import Version
from sops.kit.version_files import get_version, set_version


@dataclass(frozen=True)
class BumpPatch(Action):
    """The version files at the patch, one commit. They must spell the affected release at its tag (SOP-02 row 3)."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        return f"set {', '.join(file.path for file in run.policy.version_files)} to {run.version}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return hands.edited(fill(self.branch, run), hands.version_files(run, run.version), f"Prepare {run.version}")

    async def probe(self, run: Run, world: World) -> Probe:
        name = fill(self.branch, run)
        head = await world.git.branch(name)
        if head is None:
            return Todo(self.says(run))
        try:
            changes = await self._changes(run, world, head)
        except (InvalidText, InvalidVersion) as problem:
            return Conflict(str(problem), f"mend it on {name}, then !retry")
        return Todo(self.says(run), {"bump.on": head}) if changes else Done({"bump.at": head})

    async def perform(self, run: Run, world: World) -> None:
        parent = run.facts["bump.on"]
        message = f"Prepare {run.version}\n\nBy run {run.name}.\n"
        files = await self._changes(run, world, parent)
        await world.git.commit(fill(self.branch, run), expected=parent, files=files, message=message)

    async def _changes(self, run: Run, world: World, head: str) -> dict[str, bytes]:
        base, wanted = Version.parse(run.facts["base.version"]), Version.parse(run.version)
        changes: dict[str, bytes] = {}
        for file in run.policy.version_files:
            released = await _read(world, run.facts["base.commit"], file.path)
            here = await _read(world, head, file.path)
            spelled = Version.parse(get_version(file.kind, released, file.at)).final
            if spelled != base:
                raise InvalidText(f"{file.path} says {spelled} at {run.facts['base.tag']}, not {base}")
            if Version.parse(get_version(file.kind, here, file.at)) not in {base, wanted}:
                raise InvalidText(f"{file.path} says neither {base} nor {wanted} at {short(head)}")
            if (new := set_version(file.kind, here, wanted, file.at)) != here:
                changes[file.path] = new
        return changes


async def _read(world: World, head: str, path: str) -> bytes:
    data = await world.git.read(head, path)
    if data is None:
        raise InvalidText(f"{path} is missing at {short(head)}")
    return data


@dataclass(frozen=True)
class WriteChangelog(Action):
    """A section for the patch with the text people set, under Security or Fixed (SOP-02 row 4)."""

    branch: str
    essential = True

    def says(self, run: Run) -> str:
        return f"write {run.version} into {run.policy.changelog}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        kind = "Security" if run.facts.get("security") and not run.private else "Fixed"
        text = escaping.titled(str(run.facts.get("changelog", "")))
        where = f"in {run.policy.changelog}, below ## [Unreleased] and what it holds"
        what = f"{where}: {hands.heading(run.version)}, in it {kind}: {text}"
        return hands.edited(fill(self.branch, run), [what], f"Changelog of {run.version}")

    async def probe(self, run: Run, world: World) -> Probe:
        name, path = fill(self.branch, run), run.policy.changelog
        head = await world.git.branch(name)
        if head is None:
            return Todo(self.says(run))
        try:
            data = await _read(world, head, path)
            if is_dated(data, run.version):
                return self._dated(run, head, data)
            self._edited(run, world, data)
        except InvalidText as problem:
            return Conflict(str(problem), f"mend {path} on {name}, then !retry")
        return Todo(self.says(run), {"changelog.on": head})

    def _dated(self, run: Run, head: str, data: bytes) -> Probe:
        """The section is there. It is worded anew where it says what this run wrote, and people want another text."""
        text, old = _entry(run), run.facts.get("changelog.written")
        if has_entry(data, run.version, text):
            return Done({"changelog.at": head, "changelog.written": text})
        if old in {None, text}:
            return Done({"changelog.at": head})
        if has_entry(data, run.version, str(old)):
            return Todo(f"reword {run.version} in {run.policy.changelog}", {"changelog.on": head})
        where = f"{run.policy.changelog} on {fill(self.branch, run)}"
        return Conflict(f"{where} was changed by somebody", f"make its entry “- {text}”, then !retry")

    async def perform(self, run: Run, world: World) -> None:
        parent, path = run.facts["changelog.on"], run.policy.changelog
        data = await _read(world, parent, path)
        if is_dated(data, run.version):
            data = reworded(data, run.version, run.facts["changelog.written"], _entry(run))
        else:
            data = self._edited(run, world, data)
        message = f"Changelog of {run.version}\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files={path: data}, message=message)

    def _edited(self, run: Run, world: World, data: bytes) -> bytes:
        day = calendar(run).local(world.now).date()
        kind = "Security" if run.facts.get("security") and not run.private else "Fixed"
        return new_section(data, run.version, day, kind, _entry(run))


def _entry(run: Run) -> str:
    return escaping.entry(str(run.facts.get("changelog", "")))


@dataclass(frozen=True)
class AskReviewers(Action):
    """Reviewers are asked for a review at GitHub, except those who wrote in it. At most once; nothing hangs on it."""

    def says(self, run: Run) -> str:
        return "ask the reviewers for a review"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        logins = ",".join(run.facts.get("reviewers.asked", []))
        return (
            f"gh pr edit {run.facts['pr']} --add-reviewer {logins}",
            "nothing hangs on it: two people may !waive it",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        if "pr" not in run.facts:
            return Todo(self.says(run))
        if "reviewers.asked" in run.facts:
            return Done({"reviewers.asked": run.facts["reviewers.asked"]})
        authors = {name.lower() for name in await world.forge.pull_request_authors(run.facts["pr"])}
        able = world.people.holding(Role.REVIEWER)
        logins = [person.github[0] for person in able if person.github and person.github[0].lower() not in authors]
        return Todo(self.says(run), {"reviewers.asked": logins}) if logins else Done({"reviewers.asked": []})

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.request_reviewers(run.facts["pr"], run.facts["reviewers.asked"])


@dataclass(frozen=True)
class ReleaseHotfix(MergePullRequest):
    """Merges the approved head and releases the merge; or releases that head itself, where `main` holds other work.

    A merge that brought in other work after all (it was merged in the same moment) is never released: the head is.
    """

    what: str = "hotfix {version}"
    owed: bool = True

    uses = ("frozen", "untested", "reveals", AGREED, SAYS)

    def says(self, run: Run) -> str:
        return f"{self._way(run)}{self._although(run)}"

    def words(self, run: Run) -> str:
        said = "" if BotPublishes().holds(run) else run.facts.get(SAYS)  # or the release it publishes says it
        return f"{run.policy.changelog} on {run.version}:\n\n{said}" if said else ""

    def _way(self, run: Run) -> str:
        others, main, head = run.facts.get("main.holds"), run.policy.main, run.facts.get("head")
        if others is None:
            return f"merge the pull request into {main}, or release its head where {main} holds other work"
        if not others:
            return super().says(run) if on_head(run) else f"{super().says(run)}, and release that merge"
        shown = listed([escaping.printable(each) for each in others], len(others), "; ")
        what = f"release head {short(str(head))} itself, not a merge: {main} holds other work ({shown})"
        if outside := run.facts.get("merge.outside"):
            return f"{what}; PR #{run.facts['pr']} is in {main} already, as {short(outside)}"
        return f"{what}; merging it into {main} is owed"

    def _although(self, run: Run) -> str:
        frozen = run.facts.get("frozen")
        untested = "; it touches no test" if run.facts.get("untested") else ""
        reveals = ", ".join(run.facts.get("reveals", []))
        untested += f"; it reveals what changes in {reveals}" if reveals else ""
        untested += f", {agreed}" if (agreed := when_agreed(run)) else ""
        return untested + (f", although releases are frozen: {escaping.printable(str(frozen))}" if frozen else "")

    async def _as_agreed(self, run: Run, world: World, merge: str) -> bool:
        """Nor did the merge bring history of another line, such as an unreleased candidate's."""
        before = (await world.git.describe(merge)).parents[0]
        outside = await outside_line(run, world, before, run.facts["head"])
        return not outside and await super()._as_agreed(run, world, merge)


@dataclass(frozen=True)
class CutBackPort(CutBranch):
    """The branch of the back-port; unlike a release's, two people may leave it out."""

    essential = False


@dataclass(frozen=True)
class PickFixes(Action):
    """Repeats the fix's commits, and only those, on a branch from `develop` (SOP-02 row 10).

    Once the branch holds anything of its own, whoever put it there, it is done.
    """

    branch: str

    def says(self, run: Run) -> str:
        return f"cherry-pick the fix onto {fill(self.branch, run)}"

    async def probe(self, run: Run, world: World) -> Probe:
        base = run.facts.get("back-port.cut.at")
        if base is None:
            return Todo(self.says(run))
        tip = await world.git.branch(fill(self.branch, run))
        if tip is not None and tip != base:
            return Done({"back-port.commits": len(await world.git.log(base, tip))})
        if tip is not None and await self._there_already(run, world, base):
            return Done({"back-port.commits": 0})
        fixes = await fixes_between(run, world, run.facts["base.commit"], run.facts["head"])
        return Todo(self.says(run), {"back-port.picks": [fix.sha for fix in fixes]})

    async def perform(self, run: Run, world: World) -> None:
        name, develop, base = fill(self.branch, run), run.policy.develop, run.facts["back-port.cut.at"]
        try:
            tip = await world.git.cherry_pick(name, expected=base, commits=run.facts["back-port.picks"])
        except MergeConflict as conflict:
            raise FarEndRefused(
                f"the fix does not fit {develop}: {conflict}. Cherry-pick it by hand onto {name} and push:"
                f" git cherry-pick -x {' '.join(short(sha) for sha in run.facts['back-port.picks'])}"
            ) from conflict
        if tip == base:
            raise FarEndRefused(f"{develop} holds the fix already; !waive back-port says so")

    def owes(self, run: Run) -> tuple[Owed, ...]:
        done = run.facts.get("back-port.commits") == 0 or "back-port.pr.merge" in run.facts
        if done or "tag" not in run.facts or left_to_be(run, "back-port", "back-port-merged"):
            return ()
        text, develop = f"back-port the fix of {run.version} to {run.policy.develop}", run.policy.develop
        probe = HoldsFix(develop, run.facts["base.commit"], run.facts["head"])
        return (Owed("back-port", text, Role.RELEASE_MANAGER, blocks="SOP-01 SOP-03", probe=probe),)

    def by_hand(self, run: Run) -> tuple[str, ...]:
        picks = " ".join(run.facts.get("back-port.picks", []))
        return (f"git cherry-pick -x {picks}, on {fill(self.branch, run)}, and push",)

    async def _there_already(self, run: Run, world: World, develop: str) -> bool:
        """Every file the fix touched reads on `develop` as it does in the hotfix."""
        ours = {run.policy.changelog, *(file.path for file in run.policy.version_files)}
        paths = await world.git.changed_paths(run.facts["base.commit"], run.facts["head"])
        for path in set(paths) - ours:
            if await world.git.read(develop, path) != await world.git.read(run.facts["head"], path):
                return False
        return True


@dataclass(frozen=True)
class ListLine(Action):
    """The affected line as a row of the supported versions, on a branch of its own (SOP-02 row 11)."""

    branch: str

    def says(self, run: Run) -> str:
        return f"list {run.line}.x in {run.policy.security_policy}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        what = f"in {run.policy.security_policy}: a row for {run.line}.x among the supported versions"
        return hands.edited(fill(self.branch, run), [what], f"List the line of {run.release} as supported")

    async def probe(self, run: Run, world: World) -> Probe:
        tip = await world.git.branch(fill(self.branch, run))
        if tip is None:
            return Todo(self.says(run))
        try:
            before = await _read(world, tip, run.policy.security_policy)
            after = with_line(before, run.line)
        except InvalidText as problem:
            return Conflict(str(problem), f"write it on {fill(self.branch, run)}, then !retry")
        return Done({"table.at": tip}) if after == before else Todo(self.says(run), {"table.on": tip})

    async def perform(self, run: Run, world: World) -> None:
        parent, path = run.facts["table.on"], run.policy.security_policy
        data = with_line(await _read(world, parent, path), run.line)
        message = f"List the line of {run.release} as supported\n\nBy run {run.name}.\n"
        await world.git.commit(fill(self.branch, run), expected=parent, files={path: data}, message=message)
