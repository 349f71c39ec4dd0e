"""A fix that nobody outside may read before the disclosure: built in a private repository, then revealed at once.

While a run is concealed everything it pushes goes to that repository (`bot.engine.concealed` hands out nothing else);
only a piece that `reveals` has the project's own in its hands (SOP-02, between rows 4 and 5).
"""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, fill, short
from sops.kit.binding import TREE
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.release_gates import as_told, beginning, worst
from sops.kit.run import Run
from sops.kit.secrecy import HOME, REVEALED
from sops.kit.world import CheckState

REVIEWED = "reviewed.head"  # the fact: the commit reviewers looked at in private
MINUTES = 15  # what a release usually takes from the push, where nobody measured it


@dataclass(frozen=True)
class PrivateChecks(Gate):
    """Every check of the private repository is green on what was built there."""

    branch: str

    def says(self, run: Run) -> str:
        return f"wait for the checks of {run.facts.get(HOME, 'the private repository')} to be green"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tip = await world.git.branch(fill(self.branch, run))
        if tip is None or world.private is None:
            return Waiting(f"{fill(self.branch, run)} is not in {run.facts[HOME]}")
        reported = await world.private.forge.checks(tip)
        states = worst(reported)
        wanted = beginning(run.policy.hotfix_checks, states) if run.policy.hotfix_checks else ()
        names = wanted or run.policy.required_checks or tuple(states)
        green = [name for name in names if states.get(name) is CheckState.GREEN]
        if names and len(green) == len(names):
            seen = as_told([each for each in reported if each.name in names])
            return Met({"private.tested": tip}, seen={"commit": tip, "required": list(names), "reported": seen})
        red = sorted(name for name in names if states.get(name) is CheckState.RED)
        if red:
            return Waiting(f"red in private on {short(tip)}: {', '.join(red)}", stuck=True)
        return Waiting(f"{len(green)} of {len(names)} green in private on {short(tip)}")


@dataclass(frozen=True)
class TestedByHand(Gate):
    """There are no private checks, so that two people say it was built and tested: of exactly that commit."""

    branch: str

    def says(self, run: Run) -> str:
        at = run.facts.get("private.tested")
        return f"take {short(str(at)) if at else 'the fix'} as built and tested by hand: no private checks are set up"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tip = await world.git.branch(fill(self.branch, run))
        if tip is None:
            return Waiting(f"{fill(self.branch, run)} is not in {run.facts[HOME]}")
        return Met({"private.tested": tip, "head": tip})


@dataclass(frozen=True)
class PrivateHead(Gate):
    """Learns what was built in private, which reviewers are asked about; it must be what was tested."""

    branch: str
    learns = True

    def says(self, run: Run) -> str:
        return "see what was built in private"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        name = fill(self.branch, run)
        tip = await world.git.branch(name)
        if tip is None:
            return Waiting(f"{name} is not in {run.facts[HOME]}")
        tested = run.facts.get("private.tested")
        if tested and tested != tip:
            return Waiting(
                f"{name} moved from {short(tested)}, which was tested, to {short(tip)}; {_AGAIN}", stuck=True
            )
        tree = (await world.git.describe(tip)).tree
        return Met({"head": tip, TREE: tree, REVIEWED: tip})


_AGAIN = "put it back, or !cancel and begin again: what was looked at is what goes out"


@dataclass(frozen=True)
class StillReviewed(Gate):
    """What is about to be pushed is what reviewers looked at."""

    branch: str

    def says(self, run: Run) -> str:
        return "see that it is what reviewers looked at"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tip, seen = await world.git.branch(fill(self.branch, run)), run.facts[REVIEWED]
        if tip == seen:
            return Met({"head": seen})
        there = short(tip) if tip else "gone"
        return Waiting(
            f"{fill(self.branch, run)} is {there}, and reviewers looked at {short(seen)}; {_AGAIN}", stuck=True
        )


@dataclass(frozen=True)
class Reveal(Action):
    """The fix is pushed where everybody reads: from here on there is only forward."""

    branch: str
    uses = ("head", HOME, "reveals", "disclosure.agreed")
    public = True
    essential = True
    seen = True
    reveals = True

    def says(self, run: Run) -> str:
        head, files = run.facts.get(REVIEWED), ", ".join(run.facts.get("reveals", []))
        what = (
            f"push {fill(self.branch, run)}{f' at {short(str(head))}' if head else ''}, readable by all from the push"
        )
        return f"{what}{f' ({files})' if files else ''}; usually {MINUTES} minutes to the release"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"git push origin {run.facts[REVIEWED]}:refs/heads/{fill(self.branch, run)}",)

    async def probe(self, run: Run, world: World) -> Probe:
        name, head = fill(self.branch, run), run.facts.get(REVIEWED)
        there = await world.git.branch(name)
        if head is None or there is None:
            return Todo(self.says(run))
        if there == head or await world.git.is_ancestor(str(head), there):
            return Done({REVEALED: run.facts.get(REVEALED) or world.now.isoformat(), "branch": name})
        return Conflict(f"{name} exists already, at {short(there)}", f"delete or rename {name}, then !retry")

    async def perform(self, run: Run, world: World) -> None:
        if world.private is not None:  # this machine may have lost its copy, and the project has none
            await world.private.git.describe(run.facts[REVIEWED])
        await world.git.create_branch(fill(self.branch, run), run.facts[REVIEWED])
