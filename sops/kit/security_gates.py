"""What a security response (SOP-05) waits for, and what it must know before it asks for a yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sops.kit.action import World, marker
from sops.kit.affected import misfit
from sops.kit.cvss import YES
from sops.kit.disclosure import Disclosure, suggested
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.policy import HOUR, MINUTE
from sops.kit.run import Child, Run, RunState, StepState
from sops.kit.secrecy import REVEALED
from sops.kit.timing import PUBLISH
from sops.kit.unread_runs import in_the_way, nobody_knows
from sops.kit.unreadable import Unreadable
from sops.kit.world import Advisory

HOTFIX = "SOP-02"
DAY = "disclosure-date"  # the step
RESTRAINED = "brought.along"  # the fact: its incident was restricted, and goes on elsewhere
DAY_AHEAD = timedelta(days=1)
TEXT = "advisory.text"  # the fact: summary and description, as they are at the forge
AGREED = "disclosure.agreed"  # the fact: the instant agreed on for the disclosure; empty where it was left out


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


def score_of(response: Run) -> float | None:
    """Its CVSS score; None where nobody scored it yet."""
    found = str(response.facts.get("score", "")).partition(" ")[0]
    return float(found) if found else None


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
    """The disclosure is set. Without it nothing is held back, so leaving it out is the decision of two."""

    firm = True

    def says(self, run: Run) -> str:
        return "see when the disclosure is"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if run.facts.get("disclosure"):
            return Met()
        day = suggested(world.now)
        return Waiting(f"no day is named: !set disclosure YYYY-MM-DD [HH:MM ZONE], such as {day}, a {day:%A}")


@dataclass(frozen=True)
class PatchOut(Gate):
    """The hotfix begun in this thread is out; what it is called is the patched version (row 7).

    The time for the advisory counts from its push or merge (row 8).
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
            public = await self._public(fix, world) if fix else None
            window = (PUBLISH, public, public + run.policy.advisory_within) if public else None
            return Waiting(f"{ours.name} is not out yet", window=window)
        return Met({"patched": fix.version, "patched.merge": fix.facts.get("released")})

    async def _public(self, fix: Run, world: World) -> datetime | None:
        """Since when anybody can read it: its push, where it was built in private, else its merge. None before, and
        where its head alone is released.
        """
        if (pushed := fix.facts.get(REVEALED)) is not None:
            return datetime.fromisoformat(pushed)
        if fix.record("merge").state is not StepState.DONE or "pr" not in fix.facts:
            return None
        return (await world.forge.pull_request(fix.facts["pr"])).merged_at


@dataclass(frozen=True)
class AgreedDay(Gate):
    """Nothing of a private run is published before the disclosure agreed on, nor before one is agreed on.

    A hotfix asks the security response it was begun for. Where people left that step out, no day is waited for. Who
    must say yes is asked a day ahead.
    """

    ahead = DAY_AHEAD

    def says(self, run: Run) -> str:
        return "wait for the disclosure agreed on" if run.private else ""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if unread := await self._unread(run, world):
            return Waiting(nobody_knows(unread, "which disclosure is agreed on"))
        response = run if run.step(DAY) else await self._parent(run, world)
        if response is None or not response.embargoed:
            return Met()
        record, there = response.record(DAY), "" if response is run else f" in {response.name}"
        if record.state is StepState.SKIPPED:
            return Met({AGREED: ""})
        if not (record.signed or record.state.over):
            how = f"!set disclosure YYYY-MM-DD [HH:MM ZONE], then !done {DAY}{there}"
            return Waiting(f"no disclosure is agreed on: {how}")
        stored = str(response.facts["disclosure"])
        agreed = Disclosure.read(stored)
        if world.now >= agreed.at:
            return Met({AGREED: stored})
        held = f"held back until {agreed.shown(run.policy.zone)}, the disclosure agreed on"
        how = f"for another one, agreed on anew: !set disclosure YYYY-MM-DD [HH:MM ZONE]{there}"
        return Waiting(f"{held}; {how}", {AGREED: stored}, until=agreed.at)

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
        return min(HOUR, run.policy.look_every)  # an instant comes without anybody's news


@dataclass(frozen=True)
class NotRestrained(Gate):
    """What an incident had begun before it was restricted does nothing where others read before the disclosure.

    Its thread is read by others, so it says neither why nor until when.
    """

    def says(self, run: Run) -> str:
        return ""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        if run.private or not run.facts.get(RESTRAINED) or not run.parent:
            return Met()
        dark = [each for each in await world.runs.unreadable(going=True) if each.id == run.parent]
        response = next((each for each in await world.runs.open() if each.id == run.parent), None)
        if dark or (response is not None and response.embargoed and not _due(response, world.now)):
            return Waiting(f"{run.parent_name or 'what it was begun for'} goes on elsewhere, and this waits for it")
        return Met()

    def every(self, run: Run) -> timedelta:
        return min(HOUR, run.policy.look_every) if run.facts.get(RESTRAINED) else run.policy.look_every


def _due(response: Run, now: datetime) -> bool:
    """Its disclosure has come, or people left out that there is one."""
    record = response.record(DAY)
    if record.state is StepState.SKIPPED:
        return True
    agreed = record.signed or record.state.over
    return agreed and now >= Disclosure.read(str(response.facts["disclosure"])).at


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
    """Of what is published, that it is time for it; empty where the run was never to be private."""
    stored = run.facts.get(AGREED)
    if stored is None:
        return ""
    if not stored:
        return "with no disclosure agreed on"
    return f"at the disclosure agreed on, {Disclosure.read(stored).shown(run.policy.zone)}"


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
