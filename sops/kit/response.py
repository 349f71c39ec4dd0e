"""Who has command of an incident, whichever run its response goes on in.

A run responds to an incident if somebody's acknowledging stops its first clock: an incident, or the private run that an
incident goes on as (see `restricted`).
"""

from sops.kit.model import Severity, Step
from sops.kit.paging import rated
from sops.kit.run import Run, StepState
from sops.kit.timing import ACKNOWLEDGE

BEGUN_BEFORE = "acknowledged.with"  # the fact: the runs that were open for it when somebody took command


def commanding(run: Run) -> Step | None:
    """The step by which somebody takes command; None in a run that responds to no incident."""
    return next((step for step in run.steps if step.stops == ACKNOWLEDGE), None)


def answered(run: Run) -> bool:
    """Somebody has, or had, command, whether or not the bot has followed yet."""
    step = commanding(run)
    record = run.record(step.id) if step else None
    return record is not None and (record.state.over or (record.signed and record.state is not StepState.FAILED))


def unanswered(run: Run) -> bool:
    """It is an incident that nobody acknowledged: people are called until somebody does."""
    return commanding(run) is not None and not run.state.over and not answered(run)


def listed_daily(run: Run) -> bool:
    """Somebody responds to it, or should, and there is no hurry: the list of each business day names it."""
    return commanding(run) is not None and rated(run) is Severity.P3


def worked_on(run: Run, since: str) -> bool:
    """Something was told, or begun, under the command that somebody took at `since`."""
    _, _, told = run.facts.get("update") or ("", "", "")
    before = run.facts.get(BEGUN_BEFORE, ())
    begun = any(child.open and child.id not in before for child in run.children) or bool(run.facts.get("joined"))
    return told > since or begun or resolved(run) or public_since(run, since)


def public_since(run: Run, since: str) -> bool:
    """The bot said something in public since, which stands on what would be taken back."""
    return str(run.facts.get("public.at", "")) >= since


def taken_at(run: Run) -> str:
    """When somebody took command; empty if nobody has it."""
    step = commanding(run)
    return str(run.facts.get("acknowledged.at") or (run.record(step.id).since if step else "") or "")


def may_give_back(run: Run) -> bool:
    """Who has it may still say that they have not: it is not over, and nothing was built on it."""
    return answered(run) and bool(run.owner) and not resolved(run) and not worked_on(run, taken_at(run))


def was_called(run: Run, handle: str) -> bool:
    return any(who == handle for who, _ in run.facts.get("paged", []))


def resolved(run: Run) -> bool:
    """Somebody said that it is over where it hurt."""
    verified = run.record("verify")
    return verified.signed or verified.state.over


def hurts(run: Run) -> bool:
    """It is an incident that nobody called resolved yet."""
    return commanding(run) is not None and not run.state.over and not resolved(run)
