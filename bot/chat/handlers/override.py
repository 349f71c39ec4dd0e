"""`!override`: break-glass, under an open P0 alone.

Everybody who could say yes is called, and has five minutes to stop it. It never beats what the forge itself forbids,
and somebody looks at it within a business day.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.chat import commands
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import breakglass, refusals
from bot.engine import requests
from bot.engine.desk import Desk
from sops.kit.approvals import RequestState

WAITS = timedelta(minutes=5)


def override(desk: Desk, me: Speaker, command: commands.Override) -> Refused | None:
    """The open request of that step goes through after the wait, unless somebody says !stop or !reject."""
    if not requests.emergency(desk):
        return Refused(refusals.refused(breakglass.NEEDS_P0))
    live = [r for r in requests.live(desk.run) if r.step == command.step and r.state is RequestState.OPEN]
    if not live:
        return Refused(refusals.refused(breakglass.nothing(command.step)))
    asked = live[-1]
    if asked.override_at is not None:
        return Refused(refusals.refused(breakglass.again(asked)))
    now = asked.but(override_by=me.handle, override_at=desk.now + WAITS, override_reason=command.reason)
    desk.run = requests.replaced(desk.run, now)
    at, by = (desk.now + WAITS).isoformat(), breakglass.by(now)
    desk.note("override", me.record, code=asked.code, text=command.reason, at=at, by=by)
    able = [person.handle for person in desk.people.holding(*asked.roles)]
    desk.say(breakglass.overriding(now, able))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Override: override}
