"""Runs to test with, pinned to the procedures as they are now."""

from datetime import UTC, datetime
from typing import Any

from sops.incident import INCIDENT
from sops.kit.conversation import Place
from sops.kit.model import Severity, Sop
from sops.kit.policy import Policy
from sops.kit.run import Run, RunState
from sops.release_candidate import RELEASE_CANDIDATE

NOW = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)  # a Monday; Friday 1 May is a holiday in Germany


def a_run_of(sop: Sop, **changes: Any) -> Run:
    run = Run(
        id="5eed",
        name=f"{sop.prefix}-1",
        sop=sop.id,
        sop_version=sop.version,
        sop_hash="0" * 64,
        title="payments return 500",
        state=RunState.ACTIVE,
        starter="rm",
        owners=("rm",),
        place=Place(platform="console", channel="#ops"),
        created_at=NOW,
        definition=tuple(step.dump() for step in sop.steps),
        policy=Policy(),
    )
    return run.but(**changes)


def an_incident(severity: Severity | None = Severity.P1, **changes: Any) -> Run:
    return a_run_of(INCIDENT, severity=severity, **changes)


def a_release(**changes: Any) -> Run:
    return a_run_of(RELEASE_CANDIDATE, title="1.4.0", version="1.4.0", **changes)
