"""What the bot does in a rollback (SOP-04): the image, the notice, the word to everybody, the revert.

Longer than other modules: one action after another, each read by itself.
"""

from dataclasses import dataclass

from sops.kit import escaping, texts
from sops.kit.action import Action, Conflict, Done, Owed, Probe, Todo, World, fill, marker, short
from sops.kit.branch_actions import ours_alone
from sops.kit.covered import agreed
from sops.kit.dispatched import dispatched, started
from sops.kit.errors import FarEndRefused
from sops.kit.merging import MergePullRequest, into_another
from sops.kit.model import Role
from sops.kit.reland import RELAND, WorkIsBack
from sops.kit.release_actions import Announce
from sops.kit.revert_by_hand import BY_HAND
from sops.kit.rollback_survey import SHOWN
from sops.kit.run import Run
from sops.kit.world import PullRequest

BRANCH = "rollback/{version}"
RETRACTED = "⚠️ RETRACTED"


@dataclass(frozen=True)
class PointLatest(Action):
    """`latest` at the earlier release's image, by its exact manifest bytes (D1)."""

    uses = ("good", "good.digest", "latest.is", "latest.was")
    public = True

    def says(self, run: Run) -> str:
        good = target(run) or "the release before"
        digest = "" if _elsewhere(run) else run.facts.get("good.digest", "")
        whose = f"; {unsure}, so people look first" if (unsure := _nobodys(run)) else ""
        return f"point {run.policy.latest} at the image of {good}{f', {digest}' if digest else ''}{whose}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        image = f"IMAGE:{target(run)}" if _elsewhere(run) else f"IMAGE@{run.facts['good.digest']}"
        return (f"crane tag {image} {run.policy.latest}", "IMAGE is the image's full name")

    async def probe(self, run: Run, world: World) -> Probe:
        good, wanted = await self._wanted(run, world), target(run) or "the release before"
        latest = await world.registry.manifest(run.policy.latest)
        now = latest.digest if latest else ""
        if now and now in {good, await self._rebuilt(run, world)}:
            return Done({"latest": now})
        if not good or await world.registry.manifest(good) is None:
            return Conflict(f"the registry has no image of {wanted}", "publish it again, then !retry")
        if now in _bad(run):
            return Todo(self.says(run), {"latest.on": now})
        if now == run.facts.get("latest.was"):
            return Conflict(
                _nobodys(run),
                f"see whose image it is, and put {run.policy.latest} where it belongs; then !retry, or !waive latest",
            )
        return Conflict(f"{run.policy.latest} is {now or 'nothing'} by now", "see who moved it, then !retry")

    async def _rebuilt(self, run: Run, world: World) -> str:
        """What the earlier version's tag is since it was built again, where that was done as well."""
        found = await world.registry.manifest(run.facts["good"]) if "republish.run" in run.facts else None
        return found.digest if found else ""

    async def _wanted(self, run: Run, world: World) -> str:
        """The image `latest` belongs to: what people go back to, or a release above what is taken back."""
        if not _elsewhere(run):
            return str(run.facts.get("good.digest") or "")
        found = await world.registry.manifest(target(run))
        return found.digest if found else ""

    async def perform(self, run: Run, world: World) -> None:
        manifest = await world.registry.manifest(await self._wanted(run, world))
        if manifest is not None:
            await world.registry.put(run.policy.latest, manifest)


@dataclass(frozen=True)
class MarkLatest(Action):
    """The forge's badge on the release `latest` belongs to, where what is taken back has it (D1)."""

    uses = ()
    public = True

    def says(self, run: Run) -> str:
        return f"mark the release v{target(run)} as the latest"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh release edit v{target(run)} --latest",)

    async def probe(self, run: Run, world: World) -> Probe:
        release = await world.forge.latest_release()
        if release is not None and release.tag == f"v{target(run)}":
            return Done({"badge": release.tag})
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        release = await world.forge.release_by_tag(f"v{target(run)}")
        if release is None:
            raise FarEndRefused(f"there is no release v{target(run)}")
        await world.forge.mark_latest(release.id)


def target(run: Run) -> str:
    """The version whose `latest` is afterwards; earlier builds knew only what people go back to."""
    return str(run.facts.get("latest.to") or run.facts.get("good") or "")


def _elsewhere(run: Run) -> bool:
    """Something above what is taken back is out, so `latest` is that one's."""
    return target(run) != str(run.facts.get("good") or "")


def _nobodys(run: Run) -> str:
    """What is said of a `latest` whose version nobody can tell; empty where somebody can, or there is none."""
    was = "" if run.facts.get("latest.is") else run.facts.get("latest.was")
    return f"{run.policy.latest} is {was}, and nothing tells whether that is {run.version}" if was else ""


def _bad(run: Run) -> set[str]:
    """Digests that are the bad version: what went out, and what its tag was when all was looked up."""
    return {run.facts[name] for name in ("bad.digest", "bad.now") if run.facts.get(name)}


@dataclass(frozen=True)
class RetractImage(Action):
    """The broken image is deleted by its digest (D2)."""

    uses = ("bad.digest",)
    public = True

    def says(self, run: Run) -> str:
        bad = run.facts.get("bad.digest")
        return f"delete the image of {run.version} from the registry (for good){f', {bad}' if bad else ''}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"crane delete IMAGE@{run.facts['bad.digest']}", "IMAGE is the image's full name")

    async def probe(self, run: Run, world: World) -> Probe:
        bad = run.facts.get("bad.digest")
        if not bad or await world.registry.manifest(bad) is None:
            return Done({"retracted": bad})
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        await world.registry.delete(run.facts["bad.digest"])


@dataclass(frozen=True)
class Republish(Action):
    """Starts the publishing workflow with the earlier tag, once (D3). A run counts from the turn of `step` on."""

    step: str = "approve"
    uses = ("base.tag",)
    public = True
    keyless = True

    def says(self, run: Run) -> str:
        return f"start {run.policy.publish_workflow} with {run.facts.get('base.tag', 'the tag before')}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        tag = run.facts["base.tag"]
        return (f"gh workflow run {run.policy.publish_workflow} --ref {tag} -f tag={tag}",)

    async def probe(self, run: Run, world: World) -> Probe:
        workflow, on = run.policy.publish_workflow, {run.facts.get("good.commit")}
        found, news = await dispatched(run, world, workflow, step=self.step, on=on)
        return Done({"republish.run": found.id}, news) if found else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> Done | None:
        tag = run.facts["base.tag"]
        found = await started(world, run.policy.publish_workflow, ref=tag, inputs={"tag": tag})
        return Done({"republish.run": found.id}) if found else None


@dataclass(frozen=True)
class RetractedNotice(Action):
    """A notice on top of the release's text, the rest untouched (M2)."""

    uses = ("good",)
    public = True

    def says(self, run: Run) -> str:
        return f"put “{RETRACTED}” on top of the release {fill('v{version}', run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        tag = fill("v{version}", run)
        return (
            f"gh release view {tag} --json body -q .body > old.md",
            f"(echo '{RETRACTED}: please use {run.facts['good']} instead.'; echo; cat old.md) > new.md",
            f"gh release edit {tag} --notes-file new.md",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        release = await world.forge.release_by_tag(fill("v{version}", run))
        if release is None:
            return Done({"notice": ""})
        if release.body.startswith((RETRACTED, self._notice(run))):
            return Done({"notice": release.url})
        return Todo(self.says(run), {"notice.release": release.id})

    async def perform(self, run: Run, world: World) -> None:
        release = await world.forge.release_by_tag(fill("v{version}", run))
        if release is not None:
            text = f"{self._notice(run)}\n\n{release.body}"
            await world.forge.edit_release(run.facts["notice.release"], body=text)

    def _notice(self, run: Run) -> str:
        found = agreed(run, self)
        return found.text if found else self.words(run)

    def words(self, run: Run) -> str:
        return f"{RETRACTED}: please use {run.facts['good']} instead."


@dataclass(frozen=True)
class AnnounceRollback(Announce):
    """One discussion: what was rolled back, which versions are affected, what to do meanwhile (M1)."""

    text: str = "rolled-back"

    uses = ("good", "bad.tags")

    def words(self, run: Run) -> str:
        """Without the workaround: telling one, in a hurry, must not void the yes that stops the harm."""
        _, body = texts.announcement(self.text, run.with_facts({"workaround": None}))
        return f"{body}\nUntil then: what !set workaround says, if anybody says it"

    def published(self, run: Run) -> str:
        """All of the announcement as it is to be by now."""
        return self._published(run)[1]

    def _completed(self, run: Run, text: str) -> str:
        """Its last line leaves the workaround open."""
        told = run.facts.get("workaround")
        return text.rpartition("\n")[0] + (f"\nUntil then: {escaping.quoted(str(told))}\n" if told else "")

    async def probe(self, run: Run, world: World) -> Probe:
        found = await super().probe(run, world)
        if not isinstance(found, Done):
            return found
        told = {"announced.workaround": run.facts.get("workaround", "")}
        return Done({**found.facts, **told}, news=found.news)


@dataclass(frozen=True)
class AddWorkaround(Action):
    """The announcement told again with the workaround in it."""

    uses = ()
    public = True

    def says(self, run: Run) -> str:
        return "add the workaround to the announcement"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"edit {run.facts.get('announcement.url', 'the announcement')}", f"all of its text: {self._body(run)}")

    async def probe(self, run: Run, world: World) -> Probe:
        mark = marker(run, "announce")
        if "announcement" not in run.facts:
            return Todo(self.says(run))
        found = [talk for talk in await world.forge.own_discussions() if mark in talk.body]
        if not found:
            return Conflict("the announcement is gone", "tell people elsewhere, then !skip workaround")
        if found[-1].body == self._body(run):
            return Done({"announced.workaround": run.facts.get("workaround", "")})
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.edit_discussion(run.facts["announcement"], self._body(run))

    def _body(self, run: Run) -> str:
        told = [deed for step in run.steps for deed in step.deeds if isinstance(deed, AnnounceRollback)]
        return f"{(told[0] if told else AnnounceRollback()).published(run)}\n{marker(run, 'announce')}"


@dataclass(frozen=True)
class RevertRelease(Action):
    """Undoes every merge of the version in one commit; what is left must be the earlier release and what was kept.

    (C2, C3). The tree is compared path by path; the paths of kept commits may differ.
    """

    branch: str = BRANCH
    uses = ("merges", "base.tag", "kept")
    essential = True

    def says(self, run: Run) -> str:
        merges = run.facts.get("merges", [])
        shown = ", ".join(short(sha) for sha in merges) or "its merges"
        good, kept = run.facts.get("base.tag", "the release before"), run.facts.get("kept", [])
        stays = f"; what else came stays: {'; '.join(kept[:SHOWN])}" if kept else ""
        stays += f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
        return f"revert {shown}, so that {run.policy.main} is as at {good}{stays}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        shas = " ".join(run.facts.get("merges", []))
        return (f"git revert --no-commit -m 1 {shas}", f"git commit -m '{self._message(run)}'")

    def _message(self, run: Run) -> str:
        return f"revert: roll back v{run.version}"

    async def probe(self, run: Run, world: World) -> Probe:
        name, base = fill(self.branch, run), run.facts.get("revert.cut.at")
        tip = await world.git.branch(name)
        if base is None or tip is None or tip == base:
            return Todo(self.says(run))
        different = set(await world.git.changed_paths(run.facts["good.commit"], tip))
        for commit in run.facts.get("kept.commits", []):
            parent = (await world.git.describe(commit)).parents[0]
            different -= set(await world.git.changed_paths(parent, commit))
        if different:
            return Conflict(
                f"{name} still differs from {run.facts['base.tag']} in {', '.join(sorted(different))}",
                f"mend it on {name}, then !retry",
            )
        return Done({"revert.commit": tip, BY_HAND: not await ours_alone(world, base, tip)})

    async def perform(self, run: Run, world: World) -> None:
        name, base = fill(self.branch, run), run.facts["revert.cut.at"]
        message = f"{self._message(run)}\n\nBy run {run.name}.\n"
        await world.git.revert(name, expected=base, commits=run.facts["merges"], message=message)

    def refused(self, run: Run, why: str) -> Done | Conflict:
        return Conflict(f"reverting does not work by itself: {why}", f"do it on {fill(self.branch, run)}, then !retry")


def _reland(run: Run, merge: str) -> tuple[Owed, ...]:
    text = (
        f"bring {run.version}'s work back before it ships again: !reland, or on {run.policy.develop} "
        f"git merge {short(run.facts['revert.cut.at'])} and then git merge -s ours {short(merge)}"
    )
    return (Owed(RELAND, text, Role.RELEASE_MANAGER, blocks="SOP-01 SOP-02 SOP-03", probe=WorkIsBack()),)


@dataclass(frozen=True)
class MergeRevert(MergePullRequest):
    """Merges the revert's pull request at exactly the bot's own commit (C4)."""

    what: str = "the rollback of {version}"

    async def probe(self, run: Run, world: World) -> Probe:
        wanted, head = run.facts.get("revert.commit"), run.facts.get("head")
        if wanted and head and wanted != head:
            return Conflict(
                f"PR #{run.facts['pr']} holds {short(head)}, not the revert {short(wanted)} that was approved",
                "take the rest off the branch, then !retry",
            )
        return await super().probe(run, world)

    async def _shipped(self, run: Run, world: World, request: PullRequest, merge: str) -> Probe:
        """Nothing is tagged; what else came to main in the same moment is no matter of the revert's."""
        if request.base_ref != run.policy.main:
            return Conflict(
                into_another(request, run.policy.main), f"bring {short(merge)} to {run.policy.main}, then !retry"
            )
        return Done({"merge": merge}, owed=_reland(run, merge))


@dataclass(frozen=True)
class PushRevert(Action):
    """Brings an unprotected main to the revert (C4)."""

    uses = ()
    public = True

    def says(self, run: Run) -> str:
        return f"push the revert to {run.policy.main}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"git push origin {run.facts['revert.commit']}:refs/heads/{run.policy.main}",)

    async def probe(self, run: Run, world: World) -> Probe:
        commit, tip = run.facts.get("revert.commit"), await world.git.branch(run.policy.main)
        if commit is None or tip is None:
            return Todo(self.says(run))
        if await world.git.is_ancestor(commit, tip):
            return Done({"merge": commit}, owed=_reland(run, commit))
        if tip != run.facts["revert.cut.at"]:
            return Conflict(
                f"{run.policy.main} moved to {short(tip)} meanwhile", "merge the revert by hand, then !retry"
            )
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        await world.git.push_branch(run.policy.main, to=run.facts["revert.commit"], expected=run.facts["revert.cut.at"])
