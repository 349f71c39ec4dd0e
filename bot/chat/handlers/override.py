"""`!override`: break-glass, under an open and acknowledged P0 alone (see `bot.engine.emergency`).

Everybody who could say yes is called, and has five minutes to stop it; where nobody else is there, everybody with a
role, and longer. It never beats what the forge itself forbids, and somebody looks at it within a business day.
"""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import breakglass, refusals
from bot.engine import emergency, requests
from bot.engine.desk import Desk
from sops.kit.approvals import RequestState


def override(desk: Desk, me: Speaker, command: commands.Override) -> Refused | None:
    """The open request of that step goes through after the wait, unless somebody says !stop or !reject."""
    live = [r for r in requests.live(desk.run) if r.step == command.step and r.state is RequestState.OPEN]
    if not live:
        return Refused(refusals.refused(breakglass.nothing(command.step)))
    asked = live[-1]
    if asked.override_at is not None:
        return Refused(refusals.refused(breakglass.again(asked)))
    alone, waits = False, emergency.WAITS
    why = emergency.against(desk, asked, me.handle, alone=False)
    if why and (longer := desk.run.policy.override_alone):
        alone, waits, why = True, longer, emergency.against(desk, asked, me.handle, alone=True)
    if why:
        return Refused(refusals.refused(why))
    at = desk.now + waits
    now = asked.but(override_by=me.handle, override_at=at, override_reason=command.reason, override_alone=alone)
    desk.run = requests.replaced(desk.run, now)
    desk.note(
        "override",
        me.record,
        code=asked.code,
        text=command.reason,
        at=at.isoformat(),
        by=breakglass.by(now),
        alone=alone,
    )
    able = desk.people.with_a_role() if alone else desk.people.holding(*asked.roles)
    desk.say(breakglass.overriding(now, [person.handle for person in able if person.handle != me.handle or not alone]))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Override: override}
