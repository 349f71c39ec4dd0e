"""Buttons that were offered in a thread, and which of them still make sense; the others are taken away.

However a thing was done, by a button, by typing or by the clock, nobody must be able to press for it afterwards.
"""

from sops.kit.approvals import RequestState
from sops.kit.message import Card
from sops.kit.response import answered, may_give_back
from sops.kit.run import Run, RunState

OFFERS = "offers"  # the fact: which messages have buttons, and what the first of them says


def offered(run: Run, logical_id: str, card: Card) -> Run:
    """The run remembers that this message has buttons."""
    if not card.buttons:
        return run
    return run.with_facts({OFFERS: {**run.facts.get(OFFERS, {}), logical_id: card.buttons[0].says}})


def taken_back(run: Run) -> tuple[Run, list[str]]:
    """The run without the offers that make no sense any more, and the messages that made them."""
    offers: dict[str, str] = run.facts.get(OFFERS, {})
    gone = [logical_id for logical_id, says in offers.items() if not _stands(run, says)]
    left = {logical_id: says for logical_id, says in offers.items() if logical_id not in gone}
    return (run.with_facts({OFFERS: left}) if gone else run), gone


def without(run: Run, logical_id: str) -> Run:
    """The run without that offer; it was used."""
    offers = run.facts.get(OFFERS, {})
    return (
        run.with_facts({OFFERS: {k: v for k, v in offers.items() if k != logical_id}}) if logical_id in offers else run
    )


def _stands(run: Run, says: str) -> bool:
    if run.state.over:
        return False
    match says.split(maxsplit=1)[0]:
        case "!start":
            return run.state is RunState.PLANNED
        case "ack" | "!take":
            return not answered(run)
        case "!not":
            return may_give_back(run)
        case "!severity":
            return run.severity is None
        case "!stop":
            return any(r.state is RequestState.GRANTED or r.override_at is not None for r in run.requests if r.live)
        case "!confirm":
            return any(says.endswith(str(draft.get("code", "?"))) for draft in _drafts(run))
        case _:
            return True


def _drafts(run: Run) -> list[dict[str, str]]:
    draft = run.facts.get("draft")
    return [draft] if isinstance(draft, dict) else []
