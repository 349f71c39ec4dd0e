"""What a security response (SOP-05) waits for, and what it must know before it asks for a yes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sops.kit.action import World, marker
from sops.kit.affected import misfit
from sops.kit.cvss import YES
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.policy import HOUR, MINUTE
from sops.kit.run import Child, Run, RunState, StepState
from sops.kit.timing import PUBLISH, calendar
from sops.kit.unread_runs import in_the_way, nobody_knows
from sops.kit.unreadable import Unreadable
from sops.kit.world import Advisory

HOTFIX = "SOP-02"
DAY = "disclosure-date"  # the step
TEXT = "advisory.text"  # the fact: summary and description, as they are at the forge
AGREED = "disclosure.agreed"  # the fact: the day agreed on for the disclosure; empty where it was left out


async def advisory_of(run: Run, world: World) -> Advisory | None:
    """The run's own advisory, by number or, before that is known, by its marker."""
    known, mark = run.facts.get("ghsa"), marker(run, "advisory")
    found = await world.forge.advisories()
    return next((each for each in found if each.ghsa == known or mark in each.description), None)


def hotfix_of(run: Run) -> Child | None:
    """The newest hotfix begun for it that was not given up."""
    ours = [child for child in run.children if child.sop == HOTFIX and child.state is not RunState.CANCELLED]
    return ours[-1] if ours else None


def patch_of(hotfix: Child) -> str:
    """The version it brings out."""
    return hotfix.title.split()[0]


@dataclass(frozen=True)
class ForkReady(Gate):
    """The temporary private fork is there."""

    def says(self, run: Run) -> str:
        return "wait for the private fork"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        found = await advisory_of(run, world)
        if found is None or not found.private_fork:
            return Waiting("GitHub is making the private fork")
        return Met({"fork": found.private_fork})

    def every(self, run: Run) -> timedelta:
        return min(2 * MINUTE, run.policy.look_every)  # a private fork is no news of the forge's


@dataclass(frozen=True)
class DayNamed(Gate):
    """A day for the disclosure is set. Without one nothing is held back, so leaving it out is the decision of two."""

    firm = True

    def says(self, run: Run) -> str:
        return "see the day of the disclosure"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return Met() if run.facts.get("disclosure") else Waiting("no day is named: !set disclosure YYYY-MM-DD")


@dataclass(frozen=True)
class PatchOut(Gate):
    """The hotfix begun in this thread is out; what it is called is the patched version (row 7).

    The time for the advisory counts from its merge (row 8).
    """

    def says(self, run: Run) -> str:
        return "wait for the hotfix begun here with --security"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        ours = hotfix_of(run)
        if ours is None:
            severity = run.severity or "P0"
            return Waiting(f"say here: /hotfix X.Y.Z {severity} maintenance --security")
        # The patch can be had as soon as its artefacts are out; its back-port may still be under way.
        fix = next((each for each in await world.runs.of_version(patch_of(ours)) if each.id == ours.id), None)
        if fix is None or not fix.record("artefacts").state.over:
            merged = await self._merged(fix, world) if fix else None
            window = (PUBLISH, merged, merged + run.policy.advisory_within) if merged else None
            return Waiting(f"{ours.name} is not out yet", window=window)
        return Met({"patched": fix.version, "patched.merge": fix.facts.get("released")})

    async def _merged(self, fix: Run, world: World) -> datetime | None:
        """When the hotfix was merged: from then on anybody can read it. None where its head alone is released."""
        if fix.record("merge").state is not StepState.DONE or "pr" not in fix.facts:
            return None
        return (await world.forge.pull_request(fix.facts["pr"])).merged_at


@dataclass(frozen=True)
class AgreedDay(Gate):
    """Nothing of a private run is published before the day agreed on for the disclosure, nor before one is agreed on.

    A hotfix asks the security response it was begun for. Where people left that step out, no day is waited for.
    """

    def says(self, run: Run) -> str:
        return "wait for the day agreed on for the disclosure" if run.private else ""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if unread := await self._unread(run, world):
            return Waiting(nobody_knows(unread, "which day is agreed on for the disclosure"))
        response = run if run.step(DAY) else await self._parent(run, world)
        if response is None or not response.embargoed:
            return Met()
        record, there = response.record(DAY), "" if response is run else f" in {response.name}"
        if record.state is StepState.SKIPPED:
            return Met({AGREED: ""})
        if not (record.signed or record.state.over):
            how = f"!set disclosure YYYY-MM-DD, then !done {DAY}{there}"
            return Waiting(f"no day is agreed on for the disclosure: {how}")
        day = str(response.facts["disclosure"])
        if calendar(run).local(world.now).date() < date.fromisoformat(day):
            how = f"!set disclosure YYYY-MM-DD{there}"
            held = f"held back until {day}, the day agreed on for the disclosure"
            return Waiting(f"{held}; for another one, agreed on anew: {how}", {AGREED: day})
        return Met({AGREED: day})

    async def _parent(self, run: Run, world: World) -> Run | None:
        """The open run it was begun for, where that is private too."""
        if not run.private:
            return None
        return next((each for each in await world.runs.open() if each.id == run.parent), None)

    async def _unread(self, run: Run, world: World) -> list[Unreadable]:
        """What it was begun for, where nobody can read that."""
        parents = await world.runs.unreadable(going=True) if run.private and run.parent else ()
        return in_the_way(run, (each for each in parents if each.id == run.parent))

    def every(self, run: Run) -> timedelta:
        return min(HOUR, run.policy.look_every)  # a day begins without anybody's news


@dataclass(frozen=True)
class AdvisoryText(Gate):
    """Learns what the advisory says at the forge by now, so that whoever lets it be published has read all of it."""

    learns = True

    def says(self, run: Run) -> str:
        return "read what the advisory says at GitHub"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        found = await advisory_of(run, world)
        if found is None:
            return Waiting(f"GitHub has no advisory {run.facts['ghsa']} any more", stuck=True)
        return Met({TEXT: text_of(found)})


def text_of(advisory: Advisory) -> str:
    """Everything people wrote in it."""
    return f"{advisory.summary}\n\n{advisory.description}"


@dataclass(frozen=True)
class RangeFits(Gate):
    """The range of affected versions holds the release that was patched, and not the patch."""

    def says(self, run: Run) -> str:
        return "see that range and patched version agree"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        amiss = misfit(str(run.facts["affected"]), str(run.facts["patched"]))
        return Waiting(f"{amiss}; say !set affected RANGE", stuck=True) if amiss else Met()


def when_agreed(run: Run) -> str:
    """Of what is published, that it is the day for it; empty where the run was never to be private."""
    day = run.facts.get(AGREED)
    if day is None:
        return ""
    return f"on the day agreed on for the disclosure, {day}" if day else "with no day agreed on for the disclosure"


def numbered(run: Run) -> str:
    """The CVE it had before anybody asked for one; empty if it has none."""
    wanted = str(run.facts.get("cve.wanted", ""))
    return wanted if wanted.startswith("CVE-") else ""


@dataclass(frozen=True)
class WarrantsCve(Condition):
    """Somebody said that it deserves a number of its own."""

    settled = True

    def holds(self, run: Run) -> bool:
        return str(run.facts.get("cve.wanted", "")).lower() in YES

    def says(self, run: Run) -> str:
        return "if a CVE is warranted"

    def otherwise(self, run: Run) -> str:
        number = numbered(run)
        return f"{number} is its number already" if number else "no CVE asked for"
