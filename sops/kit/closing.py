"""What an incident still waits for before it may be closed, and which of its rows is next (SOP-08 row 9).

One look for whoever offers the close, whoever refuses it, and whoever shows what comes next.
"""

from dataclasses import dataclass

from sops.kit.gate import Condition, SignedOff
from sops.kit.model import Step
from sops.kit.response import resolved
from sops.kit.run import Child, Obligation, Run, RunState, StepState
from sops.kit.timing import ACKNOWLEDGE, POST_MORTEM

_CLOSE = "close"  # the word that signs the last row off


@dataclass(frozen=True)
class StillOpen:
    """True while anything is. On hold, what people said waits for nothing but the end of the hold."""

    held: bool
    steps: tuple[Step, ...]
    children: tuple[Child, ...]
    debts: tuple[Obligation, ...]

    def __bool__(self) -> bool:
        return self.held or bool(self.steps or self.children or self.debts)


def still_open(run: Run) -> StillOpen:
    """What stands in the way of closing the run now; rows that are about to be left out by themselves do not."""
    last = closing(run)
    held = run.state is RunState.HELD
    steps = (step for step in _rows(run) if last is None or step.row != last.row)
    return StillOpen(
        held,
        tuple(step for step in steps if not (held and run.record(step.id).signed)),
        tuple(child for child in run.children if child.open),
        tuple(debt for debt in run.obligations if debt.open and not debt.loose),
    )


def closing(run: Run) -> Step | None:
    """The row by which somebody closes the run; None in one that ends by itself."""
    signed = ((step, piece) for step in run.steps for piece in step.waits if isinstance(piece, SignedOff))
    return next((step for step, piece in signed if piece.verb == _CLOSE), None)


def next_row(run: Run) -> Step | None:
    """The first row that waits for somebody. Once it is resolved what follows from that comes before older rows."""
    last = closing(run)
    waits = [step for step in _rows(run) if step.waits and step.starts != ACKNOWLEDGE]
    left = [step for step in waits if not said(run, step)]
    if resolved(run):
        after = [step for step in left if step != last and _follows_resolution(run, step)]
        left = [*after, *(step for step in left if step not in after)]
    return left[0] if left else None


def post_mortem_rows(run: Run) -> tuple[Step, ...]:
    """The rows in which what was learned is written down, down to the one that ends its clock."""
    last = next((step for step in run.steps if step.stops == POST_MORTEM), None)
    return tuple(step for step in run.steps if last is not None and step.row == last.row)


def said(run: Run, step: Step) -> bool:
    """It is over, or somebody said so and the bot has yet to follow, as on hold."""
    record = run.record(step.id)
    return record.state.over or (record.signed and record.state is not StepState.FAILED)


def _rows(run: Run) -> list[Step]:
    """Rows that are not over, without those that the bot leaves out as things stand."""
    found = []
    for step in run.steps:
        if run.record(step.id).state.over:
            continue
        unwanted = isinstance(step.only_if, Condition) and not step.only_if.holds(run)
        if unwanted or f"{run.sop}.{step.id}" in run.policy.off:
            run = run.with_record(step.id, state=StepState.SKIPPED)
        else:
            found.append(step)
    return found


def _follows_resolution(run: Run, step: Step) -> bool:
    """It begins only once the incident is resolved."""
    starts = next((each for each in run.steps if each.starts == POST_MORTEM), None)
    before: Step | None = step
    while before is not None and starts is not None and before.id != starts.id:
        before = run.step(before.after) if before.after else None
    return before is not None and starts is not None and step.id != starts.id
