"""What another version stored, or what was damaged, so that this build cannot read it: a value, which stops nothing."""

from dataclasses import dataclass

from pydantic import ValidationError

MOST = 3  # so many of its faults are named


@dataclass(frozen=True)
class Unreadable:
    """A run that this build cannot read: left out of every list and look, kept as it is. `over` says the database.

    `why` names places in it and what is wrong there, never what stands there. `state` and `revision` are columns.
    """

    id: str
    name: str
    sop: str
    over: bool
    why: str
    state: str = ""
    revision: int = 0


def why_not(problem: Exception) -> str:
    """What is wrong, by place and kind: others' values may be secret."""
    if not isinstance(problem, ValidationError):
        return type(problem).__name__
    faults = [
        (".".join(str(part) for part in each["loc"]), each["type"]) for each in problem.errors(include_input=False)
    ]
    more = f" and {len(faults) - MOST} more" if len(faults) > MOST else ""
    return "; ".join(f"{where or 'all of it'}: {kind}" for where, kind in faults[:MOST]) + more
