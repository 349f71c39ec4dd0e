"""Break-glass: whether one person may go on without the yeses. Asked when they say so, and again when the wait is over.

A P0 is open that somebody acknowledged, and somebody on call beside them declared or took it; they neither started the
run nor wrote what goes through. Where one person may be awake alone, a setting lets the last two be, after a longer
wait in which everybody is called.
"""

from datetime import timedelta

from bot.chat import commands
from bot.chat.permissions import may, roles_for
from bot.chat.replies import breakglass
from bot.engine.desk import Desk
from sops.kit.approvals import Request
from sops.kit.model import Role, Severity
from sops.kit.response import answered, hurts
from sops.kit.run import Run

WAITS = timedelta(minutes=5)
#: Why a yes cannot count that makes it a thing of their own.
_THEIRS = frozenset({"starter", "ordered", "author"})


def against(desk: Desk, asked: Request, who: str, *, alone: bool) -> str:
    """What speaks against this person overriding that request now, as a sentence; empty if nothing does.

    `alone`: nobody else need be there, and it may be their own.
    """
    wanted = commands.Override(asked.step, asked.override_reason)
    if not may(desk.people.named(who), roles_for(wanted, desk.run), desk.people):
        return breakglass.no_role(who)
    urgent = [run for run in desk.tx.runs.open() if run.severity is Severity.P0 and hurts(run)]
    if not urgent:
        return breakglass.NEEDS_P0
    acknowledged = [run for run in urgent if answered(run)]
    if not acknowledged:
        return breakglass.unacknowledged(urgent[-1])
    if alone:
        return ""
    if not any(_another(desk, run, who) for run in acknowledged):
        return breakglass.nobody_else(acknowledged[-1])
    why = "starter" if who == desk.run.starter else asked.excluded.get(who, "")
    return breakglass.own(who, why) if why in _THEIRS else ""


def _another(desk: Desk, run: Run, who: str) -> bool:
    """Somebody on call, and not this person, declared it or has command of it."""
    return any(desk.people.has(name, (Role.ON_CALL,)) for name in {run.starter, run.owner} - {who, ""})
