"""What an approval covers, and the words that were agreed on with it: they are published as they were stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sops.kit.action import Action
from sops.kit.approvals import Request, RequestState
from sops.kit.gate import Approved, Condition, Gate
from sops.kit.model import Step
from sops.kit.run import Run

#: The form of a request's subject: the second binds effects by kind and target, the first did by our sentences.
FORMAT = 2


@dataclass(frozen=True)
class Effect:
    """One thing a yes lets happen, or lets the run wait for. `stored` is the piece as the run's definition has it."""

    step: Step
    piece: Action | Gate
    stored: Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """What is published, as it was agreed on; an empty `title` was not kept."""

    title: str
    text: str


def effects(run: Run, gate: Approved) -> list[Effect]:
    """In order, everything the steps of `covers` will do or wait for; what only finds something out is none of it.

    Steps that the settings, or what is settled already, leave out are not among them.
    """
    stored = {data["id"]: data for data in run.definition}
    found: list[Effect] = []
    for step in run.steps:
        if step.id not in gate.covers or f"{run.sop}.{step.id}" in run.policy.off or _idle(step, run):
            continue
        deeds = zip(step.deeds, stored[step.id]["do"], strict=True)
        found += [Effect(step, piece, data) for piece, data in deeds if isinstance(piece, Action)]
        if not step.deeds:
            waits = zip(step.waits, stored[step.id]["when"], strict=True)
            found += [Effect(step, p, data) for p, data in waits if isinstance(p, Gate) and not p.learns]
    return found


def _idle(step: Step, run: Run) -> bool:
    return isinstance(step.only_if, Condition) and step.only_if.settled and not step.only_if.holds(run)


def approval_of(step: Step) -> Approved | None:
    """The approval it waits for by itself."""
    return next((piece for piece in step.waits if isinstance(piece, Approved)), None)


def asking(run: Run, step_id: str) -> Step | None:
    """The step that asks for the yes by which that one goes on."""
    gates = ((step, approval_of(step)) for step in reversed(run.steps))
    found = (step for step, gate in gates if gate is not None and step_id in (step.id, *gate.covers))
    return next(found, None)


def gate_of(run: Run, request: Request) -> Approved | None:
    """What it was asked by. One that was asked anew for what was left covers that, as its subject says."""
    step = run.step(request.step)
    own = approval_of(step) if step else None
    if own is not None:
        return own
    first = asking(run, request.step)
    gate = approval_of(first) if first else None
    covers = dict.fromkeys(effect["step"] for effect in request.subject.get("effects", ()) if isinstance(effect, dict))
    return replace(gate, covers=tuple(covers)) if gate else None


def covering(run: Run, step: Step) -> Request | None:
    """The newest request of this iteration that is about that step."""
    for request in reversed(run.requests):
        gate = gate_of(run, request) if request.iteration == run.iteration else None
        if gate is not None and step.id in (request.step, *gate.covers):
            return request
    return None


def permanent(step: Step) -> bool:
    """Something it does is seen by the world and hard to undo."""
    return any(isinstance(piece, Action) and piece.public for piece in step.deeds)


def agreed(run: Run, piece: Action) -> Words | None:
    """The words of that deed in the yes that was used for it; None where there is no such yes, or it had none."""
    for request in reversed(run.requests):
        if request.iteration == run.iteration and request.state is RequestState.CONSUMED:
            found = _words(run, request, piece)
            if found is not None:
                return found
    return None


def _words(run: Run, request: Request, piece: Action) -> Words | None:
    gate = gate_of(run, request)
    place = next((n for n, each in enumerate(effects(run, gate)) if each.piece == piece), None) if gate else None
    told, texts = request.subject.get("effects", ()), request.subject.get("texts", ())
    if place is None or place >= len(told):
        return None
    if request.subject.get("format") is None:
        return next((Words("", text) for label, text in texts if label == told[place]), None)
    number = told[place].get("text")
    return None if number is None else Words(str(told[place].get("title", "")), texts[number][1])
