"""What a rollback finds out before it asks for a yes, and what its rows hang on (SOP-04)."""

from dataclasses import dataclass
from datetime import timedelta

from sops.kit.action import News, World
from sops.kit.errors import InvalidText
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.revert_by_hand import BY_HAND
from sops.kit.rollback_survey import SHOWN, still_coming, survey
from sops.kit.run import Run
from sops.kit.texts import duration
from sops.kit.version import Version


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
        if kept:
            more = f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
            what = f"{what}; what else came stays: {'; '.join(kept[:SHOWN])}{more}"
        return "; ".join([what, *_of_images(run)])

    async def check(self, run: Run, world: World) -> Met | Waiting:
        version = Version.parse(run.version)
        if coming := await still_coming(version, world):
            return Waiting(coming)
        try:
            return Met(await survey(version, run.facts.get("to", ""), run.policy, world))
        except InvalidText as problem:
            return Waiting(str(problem))


def _of_images(run: Run) -> list[str]:
    """Where the digest of the bad image comes from, and what its tag is by now if that is something else."""
    bad, now = run.facts.get("bad.digest"), run.facts.get("bad.now")
    if "image" not in run.policy.artefacts:
        return []
    if not bad:
        return [f"nothing tells the image of {run.version}: no run recorded it, and the registry has none"]
    if not run.facts.get("recorded"):
        return [f"its image is looked up, as no run recorded it: {bad}"]
    if now == bad:
        return []
    return [f"its image went out as {bad}, and the tag {run.version} is {now or 'gone'} by now"]


#: Why a row about images is left out of a project that has none.
NO_IMAGE = "this project has no image"


@dataclass(frozen=True)
class MovesLatest(Condition):
    """A stable release's image may be `latest`; left out where a workflow does it, or where `latest` is another's.

    Where nobody can tell whose image it is, the step is there, and its probe says so.
    """

    settled = True

    def holds(self, run: Run) -> bool:
        return not self._why(run)

    def says(self, run: Run) -> str:
        return f"if {run.policy.latest} is {run.version}"

    def otherwise(self, run: Run) -> str:
        return self._why(run)

    def _why(self, run: Run) -> str:
        """Why nothing moves; empty if it does."""
        latest = run.policy.latest
        if "image" not in run.policy.artefacts:
            return NO_IMAGE
        if Version.parse(run.version).is_candidate:
            return f"a candidate is never {latest}"
        if run.policy.rollback_rebuilds:
            return "the workflow does it"
        if not run.facts.get("latest.was"):
            return f"there is no {latest}"
        whose = run.facts.get("latest.is")
        return f"{latest} is {whose}" if whose and whose != run.version else ""


@dataclass(frozen=True)
class HasBadge(Condition):
    """The forge shows what is taken back as the latest release."""

    settled = True

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get("badge.is") == f"v{run.version}")

    def says(self, run: Run) -> str:
        return f"if the forge shows v{run.version} as the latest"

    def otherwise(self, run: Run) -> str:
        return f"the latest release is {run.facts.get('badge.is') or 'none'}"


@dataclass(frozen=True)
class Asked(Condition):
    """Whoever began the rollback asked for this row. `image`: it is about the image, where there is one."""

    settled = True
    fact: str
    flag: str
    image: bool = False

    def holds(self, run: Run) -> bool:
        return bool(run.facts.get(self.fact)) and not self._no_image(run)

    def says(self, run: Run) -> str:
        return f"if asked for with --{self.flag}"

    def otherwise(self, run: Run) -> str:
        return NO_IMAGE if self._no_image(run) else "not asked for"

    def _no_image(self, run: Run) -> bool:
        return self.image and "image" not in run.policy.artefacts


@dataclass(frozen=True)
class Rebuilds(Condition):
    """The image of the earlier release is built again, where the settings or whoever began the rollback want it.

    The settings want it instead of moving `latest`; asked for, it is done after that.
    """

    settled = True

    def holds(self, run: Run) -> bool:
        wanted = run.policy.rollback_rebuilds or bool(run.facts.get("republish"))
        return wanted and "image" in run.policy.artefacts

    def says(self, run: Run) -> str:
        return "if the settings want it, or asked for with --republish"

    def otherwise(self, run: Run) -> str:
        return "not asked for, nor set" if "image" in run.policy.artefacts else NO_IMAGE


@dataclass(frozen=True)
class Reverts(Condition):
    """The version is on main, and not only its image is rolled back. `protected`: and main takes pull requests only."""

    settled = True
    protected: bool | None = None

    def holds(self, run: Run) -> bool:
        wanted = not run.facts.get("image.only") and bool(run.facts.get("merges"))
        return wanted and self.protected in {None, self._through_a_pull(run)}

    def _through_a_pull(self, run: Run) -> bool:
        """What people made by hand is looked at by others, also where main would take it."""
        return bool(run.facts.get("main.protected") or run.facts.get(BY_HAND))

    def says(self, run: Run) -> str:
        return {None: "unless only the image", True: "if main is protected", False: "if main is not protected"}[
            self.protected
        ]

    def otherwise(self, run: Run) -> str:
        if run.facts.get("image.only"):
            return "only the image"
        if not run.facts.get("merges"):
            return f"{run.version} is not on {run.policy.main}"
        if run.facts.get(BY_HAND):
            return "the revert was made by hand"
        return f"{run.policy.main} is{'' if run.facts.get('main.protected') else ' not'} protected"


@dataclass(frozen=True)
class WorkaroundOrTime(Gate):
    """The workaround is known, or nobody told one for the policy's time: the announcement waits no longer."""

    def says(self, run: Run) -> str:
        return f"wait up to {duration(run.policy.workaround_wait)} for !set workaround"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        since = run.record("announce").since or world.now
        if run.facts.get("workaround") or world.now - since >= run.policy.workaround_wait:
            return Met()
        told = () if run.facts.get("workaround.asked") else (News("workaround-wanted"),)
        return Waiting("say !set workaround and one sentence", {"workaround.asked": True}, told)

    def every(self, run: Run) -> timedelta:
        return min(timedelta(minutes=5), run.policy.workaround_wait)


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
        if not bad or await world.registry.manifest(bad) is None:
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
    """The version is in a package index, and not only the image is rolled back."""

    settled = True

    def holds(self, run: Run) -> bool:
        there = bool(run.facts.get("package.there", True)) and not run.facts.get("image.only")
        return bool(run.policy.package) and there

    def says(self, run: Run) -> str:
        return "if it is in a package index"

    def otherwise(self, run: Run) -> str:
        if run.policy.package and run.facts.get("image.only"):
            return "only the image"
        return f"the package index has no {run.version}" if run.policy.package else "in no package index"


@dataclass(frozen=True)
class Yanked(Gate):
    """The package index says that the version is yanked, or never had it."""

    firm = True

    def says(self, run: Run) -> str:
        return f"see {run.policy.package or 'the package'} {run.version} yanked"

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
