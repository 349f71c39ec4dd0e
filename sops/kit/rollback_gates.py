"""What a rollback finds out before it asks for a yes, and what its rows hang on (SOP-04)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sops.kit.action import News, World, short
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.policy import Policy
from sops.kit.run import Run
from sops.kit.version import Version
from sops.kit.world import Commit, RemoteTag

WORKAROUND_WAIT = timedelta(minutes=15)
SHOWN = 4


async def survey(version: Version, to: str, policy: Policy, world: World) -> dict[str, Any]:
    """Everything a rollback of that version rests on, looked up at the far ends.

    `merges` are the commits of main's first-parent chain that brought the version and its candidates, newest first;
    `kept` what came between and stays. Raises InvalidText when there is nothing to roll back, or nothing to go to.
    """
    tags = {tag.name: tag for tag in await world.git.tags()}
    if version.tag not in tags:
        raise InvalidText(f"{version.text} is not released: there is no tag {version.tag}")
    good = _good(version, to, tags)
    main = await world.git.branch(policy.main)
    if main is None:
        raise InvalidText(f"there is no branch {policy.main}")
    bad = [tag for name, tag in tags.items() if (found := _version(name)) and _same_release(found, version)]
    merges, kept = _sorted_out(await world.git.first_parents(tags[good.tag].commit, main), bad)
    image, wanted, latest = [await world.registry.manifest(name) for name in (version.text, good.text, policy.latest)]
    return {
        "base.tag": good.tag,
        "good": good.text,
        "good.commit": tags[good.tag].commit,
        "bad.tags": sorted((tag.name for tag in bad), key=Version.parse),
        "bad.commit": tags[version.tag].commit,
        "main.at": main,
        "merges": [commit.sha for commit in merges],
        "kept": [f"{short(commit.sha)} {commit.subject}"[:80] for commit in kept],
        "kept.commits": [commit.sha for commit in kept],
        "main.protected": (await world.forge.rules(policy.main)).protected,
        "bad.digest": image.digest if image else "",
        "good.digest": wanted.digest if wanted else "",
        "latest.was": latest.digest if latest else "",
    }


def _good(version: Version, to: str, tags: dict[str, RemoteTag]) -> Version:
    """The release to go back to: the one named, else the newest stable one before."""
    before = [found for name in tags if (found := _version(name)) and not found.is_candidate and found < version.final]
    if not to:
        if not before:
            raise InvalidText(f"nothing stable was released before {version.text}")
        return max(before)
    try:
        wanted = Version.parse(to)
    except InvalidVersion as problem:
        raise InvalidText(str(problem)) from problem
    if wanted not in before:
        raise InvalidText(f"{wanted.text} is no stable release before {version.text}; there are: {_listed(before)}")
    return wanted


def _listed(versions: Sequence[Version]) -> str:
    return ", ".join(each.text for each in sorted(versions, reverse=True)[:SHOWN]) or "none"


def _version(tag: str) -> Version | None:
    try:
        found = Version.parse(tag)
    except InvalidVersion:
        return None
    return found if found.tag == tag else None


def _same_release(found: Version, version: Version) -> bool:
    """Of a stable release its candidates too; of a candidate those before it."""
    return found.final == version.final and found <= version


def _sorted_out(chain: Sequence[Commit], bad: Sequence[RemoteTag]) -> tuple[list[Commit], list[Commit]]:
    """What brought the version to main, and what else came; a hotfix's merge has the tagged head as second parent."""
    tagged = {tag.commit for tag in bad}
    merges = [commit for commit in chain if tagged & {commit.sha, *commit.parents[1:]}]
    return merges, [commit for commit in chain if commit not in merges]


@dataclass(frozen=True)
class Surveyed(Gate):
    """Looks everything up again when the run starts; what it learned is part of what is approved."""

    early = True
    learns = True

    def says(self, run: Run) -> str:
        facts = run.facts
        if "good" not in facts:
            return "look up what brought the version to main, and what was before"
        count, kept = len(facts["merges"]), facts["kept"]
        what = f"find {count} merge{'s' if count != 1 else ''} of {run.version} since {facts['base.tag']}"
        if not kept:
            return what
        more = f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
        return f"{what}; what else came stays: {'; '.join(kept[:SHOWN])}{more}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        try:
            return Met(await survey(Version.parse(run.version), run.facts.get("to", ""), run.policy, world))
        except InvalidText as problem:
            return Waiting(str(problem))


@dataclass(frozen=True)
class MovesLatest(Condition):
    """The image of a stable release is `latest`; where the settings rebuild it instead, or it is not, nothing moves."""

    settled = True

    def holds(self, run: Run) -> bool:
        stable = not Version.parse(run.version).is_candidate
        ours = run.facts.get("latest.was") == run.facts.get("bad.digest") != ""
        return stable and ours and not run.policy.rollback_rebuilds

    def says(self, run: Run) -> str:
        return f"if {run.policy.latest} is {run.version}"

    def otherwise(self, run: Run) -> str:
        if Version.parse(run.version).is_candidate:
            return f"a candidate is never {run.policy.latest}"
        if run.policy.rollback_rebuilds:
            return "the workflow does it"
        return f"{run.policy.latest} is not {run.version}"


@dataclass(frozen=True)
class Asked(Condition):
    """Whoever began the rollback asked for this row."""

    settled = True
    fact: str
    flag: str

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get(self.fact))

    def says(self, run: Run) -> str:
        return f"if asked for with --{self.flag}"

    def otherwise(self, run: Run) -> str:
        return "not asked for"


@dataclass(frozen=True)
class Rebuilds(Condition):
    """The settings want the image of the earlier release built again, instead of moving `latest`."""

    settled = True

    def holds(self, run: Run) -> bool:
        return run.policy.rollback_rebuilds

    def says(self, run: Run) -> str:
        return "if the settings want it"

    def otherwise(self, run: Run) -> str:
        return "the settings do not want it"


@dataclass(frozen=True)
class Reverts(Condition):
    """The version is on main, and not only its image is rolled back. `protected`: and main takes pull requests only."""

    settled = True
    protected: bool | None = None

    def holds(self, run: Run) -> bool:
        wanted = not run.facts.get("image.only") and bool(run.facts.get("merges"))
        return wanted and self.protected in {None, run.facts.get("main.protected")}

    def says(self, run: Run) -> str:
        return {None: "unless only the image", True: "if main is protected", False: "if main is not protected"}[
            self.protected
        ]

    def otherwise(self, run: Run) -> str:
        if run.facts.get("image.only"):
            return "only the image"
        if not run.facts.get("merges"):
            return f"{run.version} is not on {run.policy.main}"
        return f"{run.policy.main} is{'' if run.facts.get('main.protected') else ' not'} protected"


@dataclass(frozen=True)
class WorkaroundOrTime(Gate):
    """The workaround is known, or nobody told one for a quarter of an hour: the announcement waits no longer."""

    def says(self, run: Run) -> str:
        return "wait up to 15 min for !set workaround"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        since = run.record("announce").since or world.now
        if run.facts.get("workaround") or world.now - since >= WORKAROUND_WAIT:
            return Met()
        told = () if run.facts.get("workaround.asked") else (News("workaround-wanted"),)
        return Waiting("say !set workaround and one sentence", {"workaround.asked": True}, told)

    def every(self, run: Run) -> timedelta:
        return timedelta(minutes=5)


@dataclass(frozen=True)
class ToldWithout(Condition):
    """The announcement went out before anybody told a workaround."""

    def holds(self, run: Run) -> bool:
        return not run.facts.get("announced.workaround")

    def says(self, run: Run) -> str:
        return "if it went out without a workaround"

    def otherwise(self, run: Run) -> str:
        return "told at once"


@dataclass(frozen=True)
class DigestUnshared(Gate):
    """No other tag that somebody may want points at the same image: deleting by digest takes all of them away."""

    def says(self, run: Run) -> str:
        return f"see that no other tag shares the image of {run.version}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        bad = run.facts.get("bad.digest")
        if not bad:
            return Met()
        shared = []
        for tag in await world.registry.tags():
            found = None if tag == run.version else await world.registry.manifest(tag)
            if found is not None and found.digest == bad:
                shared.append(tag)
        if shared:
            return Waiting(f"{', '.join(shared)} points at the same image, and would be gone with it")
        return Met()


@dataclass(frozen=True)
class HasPackage(Condition):
    """The project is in a package index, and not only a candidate of it is rolled back."""

    settled = True

    def holds(self, run: Run) -> bool:
        return bool(run.policy.package)

    def says(self, run: Run) -> str:
        return "if it is in a package index"

    def otherwise(self, run: Run) -> str:
        return "in no package index"


@dataclass(frozen=True)
class Yanked(Gate):
    """The package index says that the version is yanked, or never had it."""

    firm = True

    def says(self, run: Run) -> str:
        return f"see {run.policy.package} {run.version} yanked"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if world.packages is None:
            return Met()
        yanked = await world.packages.yanked(Version.parse(run.version).pep440)
        return Waiting(f"{run.policy.package} {run.version} is not yanked yet") if yanked is False else Met()


@dataclass(frozen=True)
class Rebuilt(Gate):
    """The dispatched workflow ended well."""

    def says(self, run: Run) -> str:
        return f"wait for {run.policy.publish_workflow}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        found = await world.forge.workflow_run(run.facts["republish.run"])
        if found is None or found.conclusion is None:
            return Waiting(f"{run.policy.publish_workflow} is at work")
        if found.conclusion != "success":
            return Waiting(
                f"{run.policy.publish_workflow} ended with {found.conclusion}: {found.url}; run it again there"
            )
        return Met()
