"""What incidents (SOP-08) say at their ends, and of words meant for the public."""

from collections.abc import Sequence

from bot.chat.replies.parts import card
from sops.kit.message import Card, Span, bold, line
from sops.kit.model import Step
from sops.kit.run import Run, StepRecord
from sops.kit.texts import printable

NOTHING_HERE = "It goes on elsewhere: nothing of it is done, noted or opened again here."
RESOLVED = "it was resolved, so it was real: set cause and impact, say !done post-mortem, then !close"


def worked_on(step: Step, record: StepRecord) -> str:
    """Somebody recorded work on it, so its story is owed."""
    said = f", says {record.by}: {printable(record.text)}" if record.by else ""
    return f"{step.title} is done{said}; say !verify text and go on by its rows, or !severity P3 reason if it was small"


def no_short_end(run: Run, reasons: Sequence[str]) -> Card:
    """A false alarm or a duplicate, though it was worked on."""
    return card(line(bold(f"{run.name} does not end like that.")), *(f"• {reason}" for reason in reasons))


def ended(run: Run) -> Card:
    """How it ended, for its thread and its channel: why, where that was not by its rows."""
    why = run.facts.get("ended")
    state = f"closed, {printable(str(why))}" if why and not run.facts.get("cancelled") else str(run.state)
    rest = [debt.text for debt in run.obligations if debt.open]
    return card(
        line(bold(f"{run.name} is {state}: "), Span(text=run.title)),
        *(f"Still owed: {text}" for text in rest),
    )
