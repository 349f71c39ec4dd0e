"""Who is called for a run that nobody can read, by what procedures and settings say."""

from collections.abc import Sequence
from datetime import timedelta

from bot.engine.unread import Calls
from sops.kit.conversation import Place
from sops.kit.model import Role, Severity, Sop
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.timing import ACKNOWLEDGE, REPORT

_ELSE = ((timedelta.max, timedelta(minutes=30)),)


def calls_unread(sops: Sequence[Sop], people: People, policy: Policy, operators: Sequence[Place]) -> Calls:
    """For an incident those on call and the release managers; for a report those who answer for it.

    Nobody can read how bad it is, so people are called as for the worst.
    """
    incidents = [sop.id for sop in sops if any(step.stops == ACKNOWLEDGE for step in sop.steps)]
    reports = [sop for sop in sops if any(step.stops == REPORT for step in sop.steps)]
    answering: dict[str, Sequence[Role]] = {sop.id: (sop.owner, *sop.leaders) for sop in reports}
    answering |= dict.fromkeys(incidents, tuple(dict.fromkeys((*policy.escalation, Role.RELEASE_MANAGER))))
    worst = policy.ladder(Severity.P0)
    return Calls(people, answering, frozenset(incidents), worst.then if worst else _ELSE, tuple(operators))
