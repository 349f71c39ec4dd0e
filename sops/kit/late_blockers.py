"""Blockers that are open after the soak: looked at until the merge, and named to whoever says yes (SOP-01 row 8)."""

from dataclasses import dataclass

from sops.kit.action import News, World
from sops.kit.escaping import printable
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run
from sops.kit.soak import dismissed, open_blockers
from sops.kit.stable_gates import CANDIDATE

OPEN = "blockers"  # the facts a yes is bound to: what is open, and what was dismissed and is open all the same
DISMISSED = "blockers.dismissed"
TOLD = "blockers.told"


@dataclass(frozen=True)
class NoLateBlocker(Gate):
    """No blocker is open that nobody dismissed, in the candidate's soak or since; a new one voids the yes."""

    early = True

    def says(self, run: Run) -> str:
        return f"see that no blocker of {run.version} is open"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        known = [each for each in await world.runs.of_version(run.version) if each.sop == CANDIDATE]
        named = sorted({number for each in (*known, run) for number in each.facts.get("soak.named", [])})
        waved = {number: why for each in (*known, run) for number, why in dismissed(each).items()}
        found = await open_blockers(run.with_facts({"soak.named": named}), world)
        titles = {number: f"#{number} {printable(issue.title)}" for number, issue in sorted(found.items())}
        left = {number: title for number, title in titles.items() if number not in waved}
        facts = {
            OPEN: list(left.values()),
            DISMISSED: [f"{titles[n]} (dismissed: {printable(waved[n])})" for n in titles if n in waved],
        }
        if not left:
            return Met({**facts, TOLD: []} if run.facts.get(TOLD) else facts)
        new = [number for number in left if number not in run.facts.get(TOLD, [])]
        news = tuple(News("late-blocker", {"number": number, "title": found[number].title}) for number in new)
        return Waiting(f"open after the soak: {', '.join(left.values())}", {**facts, TOLD: sorted(left)}, news)


def looks_for_blockers(run: Run) -> bool:
    """Some step whose turn it is, or is to come, waits for there being none."""
    waiting = (step for step in run.steps if not (run.record(step.id).state.over or run.record(step.id).intent))
    return any(isinstance(piece, NoLateBlocker) for step in waiting for piece in step.waits)
