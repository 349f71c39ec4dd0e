"""What the gates of a step saw when they let it go on, kept in the record: an export alone says what a yes stood on."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from bot.engine.desk import Desk
from sops.kit.gate import Gate, Met, SignedOff
from sops.kit.ledger import canonical, text_hash
from sops.kit.model import Step
from sops.kit.run import Run

Evidence = Mapping[str, Any]
LONGEST = 4000  # characters of one value; what is longer is bound by its hash where a yes covers it


def of_gate(gate: Gate, found: Met) -> Evidence:
    """What the gate found, and what it looked at for that."""
    return {"gate": type(gate).__name__, **_bounded(found.facts | found.seen)}


def of_sign_off(run: Run, step: Step, piece: SignedOff) -> Evidence:
    """Who said so and in which words; or which run did, that was begun for it."""
    record = run.record(step.id)
    said = {"by": record.by, "text": record.text} if record.signed else {"child": piece.child}
    return {"gate": type(piece).__name__, **_bounded(said)}


def note(desk: Desk, step: Step, found: tuple[Evidence, ...]) -> None:
    """Keep it, unless just that was kept of this step before."""
    if is_new(desk.run, step, found):
        desk.run = desk.run.with_record(step.id, evidence=_digest(found))
        desk.note("evidence", step=step.id, iteration=desk.run.iteration, found=[dict(each) for each in found])


def is_new(run: Run, step: Step, found: tuple[Evidence, ...]) -> bool:
    """Something was seen, and it is not what was kept of this step last."""
    return bool(found) and _digest(found) != run.record(step.id).evidence


def _digest(found: tuple[Evidence, ...]) -> str:
    return text_hash(canonical([dict(each) for each in found]))


def _bounded(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        plain = to_jsonable_python(value, fallback=str)
        text = json.dumps(plain)
        found[name] = plain if len(text) <= LONGEST else {"sha256": text_hash(text), "length": len(text)}
    return found
