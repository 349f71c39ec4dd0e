"""Clocks: promised durations, and the instants they give one run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from sops.kit.model import Severity


class ClockState(BaseModel):
    """A clock of a run. It runs from `started_at` until `stopped_at`; `generation` rises when it is re-based.

    `severity` is the one it was last based on; a stopped clock keeps it. `calls_from` is when it began anew, because it
    proved to be worse: from then on people are called, and its time is counted.
    """

    model_config = ConfigDict(frozen=True, extra="allow")  # what another build added is kept

    started_at: AwareDatetime
    due_at: AwareDatetime
    generation: int = 1
    severity: Severity | None = None
    stopped_at: AwareDatetime | None = None
    calls_from: AwareDatetime | None = None

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    @property
    def counted_from(self) -> datetime:
        """From when its time is counted. Where an older build counted a raise from the beginning, that holds."""
        anew = self.calls_from is not None and self.calls_from < self.due_at
        return self.calls_from if anew and self.calls_from else self.started_at


def thresholds(start: datetime, due: datetime, percents: Sequence[int]) -> list[tuple[int, datetime]]:
    """The instants at which so many per cent of the time from `start` to `due` are gone, whole seconds."""
    span = due - start
    return [(p, due if p == 100 else start + timedelta(seconds=int(span.total_seconds() * p / 100))) for p in percents]
