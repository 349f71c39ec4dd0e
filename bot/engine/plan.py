"""The plan: every effect of a run as done, to do, or in conflict, from the same probes that resume it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.chat import replies
from bot.engine.far_end import Worlds
from bot.engine.requests import quorum_of
from sops.kit import timing
from sops.kit.action import Action, Conflict, Done, World
from sops.kit.conversation import Place
from sops.kit.errors import FarEndError, FarEndRefused, Unlearned
from sops.kit.gate import Approved, Condition, Gate, SignedOff
from sops.kit.ladder import span_of
from sops.kit.model import Piece, Sop, Step
from sops.kit.policy import Policy
from sops.kit.run import Run, StepState, pinned

UNKNOWN = "X.Y.Z"  # in a plan, of a version that the run has yet to learn


@dataclass(frozen=True)
class Plan:
    """`lines` in the order of the steps; `trouble` is what stands in the way already."""

    lines: tuple[str, ...]
    trouble: tuple[str, ...]


class Planner:
    """Looks at the world on behalf of people; changes nothing."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds

    async def plan(self, run: Run) -> Plan:
        world = self._worlds.of(run)
        run = run if run.release else run.but(version=UNKNOWN)
        lines: list[str] = []
        trouble: list[str] = []
        seen: set[str] = set()
        for step in run.steps:
            mark, texts = await self._step(run, step, world, trouble)
            fresh = [text for text in texts if text not in seen]
            seen.update(texts)
            lines += [replies.starting.plan_line(step.row, mark, text) for text in fresh]
        found = dict.fromkeys(trouble)
        # A gate and a deed may stand before the same thing; the one that says more of it is enough.
        fullest = [each for each in found if not any(other != each and other.startswith(each) for other in found)]
        return Plan(tuple(lines), tuple(fullest))

    async def _step(self, run: Run, step: Step, world: World, trouble: list[str]) -> tuple[str, list[str]]:
        state = run.record(step.id).state
        applies = step.only_if is None or (isinstance(step.only_if, Condition) and step.only_if.holds(run))
        waits = waits_of(run, step)
        off = run.policy.off.get(f"{run.sop}.{step.id}")
        if off is not None and not state.over:
            return replies.starting.mark_of(StepState.SKIPPED), [replies.starting.switched_off(step, off)]
        if not state.over:
            trouble += await self._early(run, step, world)
        if state.over:
            what = [piece.says(run) for piece in step.deeds if isinstance(piece, Action)] or waits or [step.title]
            note = run.record(step.id).note if state is StepState.SKIPPED else ""
            return replies.starting.mark_of(state), [f"{text}{f' ({note})' if note else ''}" for text in what]
        deeds = [await self._deed(run, piece, world, trouble) if applies else _says(piece, run) for piece in step.deeds]
        texts = _timed(step, [*waits, *deeds] or [step.title])
        if applies or not isinstance(step.only_if, Condition):
            return replies.starting.mark_of(state), texts
        return replies.starting.mark_of(state), [
            replies.starting.only_if(step.only_if.says(run), text) for text in texts
        ]

    async def _early(self, run: Run, step: Step, world: World) -> list[str]:
        """What gates that can be looked at from the first day say is in the way."""
        gates = [piece for piece in step.waits if isinstance(piece, Gate) and piece.early]
        try:
            found = [await gate.check(run, world) for gate in gates]
        except (FarEndError, FarEndRefused, Unlearned) as problem:
            return [str(problem)]
        return [look.note for look in found if look.note]

    async def _deed(self, run: Run, piece: Piece, world: World, trouble: list[str]) -> str:
        """What the probe of an action says; a far end that cannot be asked is said to be so."""
        if not isinstance(piece, Action):
            return _says(piece, run)
        try:
            found = await piece.probe(run, self._worlds.of(run, piece) if piece.reveals else world)
        except (FarEndError, FarEndRefused, Unlearned) as problem:
            trouble.append(str(problem))
            return piece.says(run)
        if isinstance(found, Conflict):
            trouble.append(f"{found.reason}; {found.remedy}")
            return replies.starting.in_conflict(piece.says(run), found.reason)
        return (
            replies.starting.there_already(piece.says(run))
            if isinstance(found, Done) and found.facts
            else piece.says(run)
        )


#: What a specimen is of: its version and what its command names; other procedures are of a new line.
_NAMED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "SOP-02": ("X.Y.Z", {"slug": "NAME", "base.tag": "the affected release"}),
    "SOP-06": ("", {"slug": "NAME", "name": "NAME", "to": "VERSION"}),
}


def specimen(sop: Sop, policy: Policy | None = None) -> Run:
    """A run of the procedure that never runs, to show what one would do."""
    version, facts = _NAMED.get(sop.id, ("X.Y.0", {}))
    place, long_ago = Place(platform="", channel=""), datetime(2000, 1, 1, tzinfo=UTC)
    return pinned(
        sop,
        run_id="",
        name=f"{sop.prefix}-0",
        title="",
        starter="",
        place=place,
        at=long_ago,
        policy=policy or Policy(),
        version=version,
    ).with_facts(dict(facts))


def outline(run: Run) -> list[tuple[Step, list[str]]]:
    """Every step with what it waits for and does, in words, without a look at the world."""
    return [(step, _outlined(run, step)) for step in run.steps]


def _outlined(run: Run, step: Step) -> list[str]:
    off = run.policy.off.get(f"{run.sop}.{step.id}")
    if off is not None:
        return [replies.starting.switched_off(step, off)]
    texts = _timed(step, [*waits_of(run, step), *(_says(piece, run) for piece in step.deeds)] or [step.title])
    if isinstance(step.only_if, Condition):
        texts = [replies.starting.only_if(step.only_if.says(run), text) for text in texts]
    return [*texts, replies.starting.goes_back(step.then)] if step.then else texts


def _timed(step: Step, texts: list[str]) -> list[str]:
    """With how long the row of a checklist may take, where it says so."""
    clock = step.stops or ""
    if not timing.row_of(clock):
        return texts
    return [*texts[:-1], replies.starting.within(texts[-1], span_of(clock.rpartition(":")[2]))]


def waits_of(run: Run, step: Step) -> list[str]:
    return [text for piece in step.waits if (text := _waits_for(piece, run, step))]


def _says(piece: Piece, run: Run) -> str:
    return piece.says(run) if isinstance(piece, Action | Gate) else type(piece).__name__


def _waits_for(piece: Piece, run: Run, step: Step) -> str:
    if isinstance(piece, Approved):
        last = run.step(piece.covers[-1])
        return replies.starting.plan_approval(
            quorum_of(run, step, piece),
            [role for role in (piece.by, piece.also) if role],
            last.title if last else step.title,
        )
    if isinstance(piece, SignedOff):
        record = run.record(step.id)
        return replies.starting.plan_sign_off(piece.by, piece.asks(run), record.by if record.signed else "")
    return piece.says(run) if isinstance(piece, Gate) else ""
