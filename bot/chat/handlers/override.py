"""`!override`: break-glass, under an open P0 alone.

Everybody who could say yes is called, and has five minutes to stop it. It never beats what the forge itself forbids,
and somebody looks at it within a business day.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.engine import requests
from bot.engine.desk import Desk
from sops.kit.approvals import RequestState
from sops.kit.model import Severity
from sops.kit.run import Run, RunState

WAITS = timedelta(minutes=5)


def override(desk: Desk, me: Speaker, command: commands.Override) -> Refused | None:
    """The open request of that step goes through after the wait, unless somebody says !stop or !reject."""
    if not (_urgent(desk.run) or any(_urgent(run) for run in desk.tx.runs.open() if run.prefix == "INC")):
        return Refused(replies.refused(replies.OVERRIDE_NEEDS_P0))
    live = [r for r in requests.live(desk.run) if r.step == command.step and r.state is RequestState.OPEN]
    if not live:
        return Refused(replies.refused(replies.override_nothing(command.step)))
    asked = live[-1]
    if asked.override_at is not None:
        return Refused(replies.refused(replies.override_again(asked)))
    now = asked.but(override_by=me.handle, override_at=desk.now + WAITS, override_reason=command.reason)
    desk.run = requests.replaced(desk.run, now)
    desk.note("override", me.record, code=asked.code, text=command.reason, at=(desk.now + WAITS).isoformat())
    able = [person.handle for person in desk.people.holding(*asked.roles)]
    desk.say(replies.overriding(now, able))
    return None


def _urgent(run: Run) -> bool:
    return run.severity is Severity.P0 and run.state in {RunState.ACTIVE, RunState.HELD}


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Override: override}
