"""`!leaked reason`: what was kept until the disclosure is known already, so that the disclosure is now."""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals, security
from bot.engine.desk import Desk
from sops.kit import timing
from sops.kit.disclosure import Disclosure
from sops.kit.model import Role
from sops.kit.run import Run
from sops.kit.security_gates import DAY


def leaked(desk: Desk, me: Speaker, command: commands.Leaked) -> Refused | None:
    """The response's disclosure is agreed on for now; whatever still lacks its yes is asked for at once.

    Said in the thread of the hotfix it means the response that was begun for.
    """
    parent = desk.tx.runs.known(desk.run.parent) if desk.run.parent else None
    if desk.run.step(DAY) is not None and desk.run.embargoed:
        _now(desk, me, command.reason)
        return None
    if parent is None or parent.step(DAY) is None or not parent.embargoed or parent.state.over:
        return Refused(refusals.refused(security.NOTHING_LEAKS))
    there = Desk(desk.tx, parent, desk.now, desk.people)
    _now(there, me, command.reason)
    there.finish()
    desk.note("leaked", me.record, text=command.reason)
    desk.say(security.leaked_here(parent, me.handle))
    return None


def _now(desk: Desk, me: Speaker, reason: str) -> None:
    record = desk.run.record(DAY)
    run = desk.run.with_facts({timing.DISCLOSURE: Disclosure(desk.now.replace(microsecond=0)).stored()})
    if not record.signed:
        run = run.with_record(DAY, signed=True, by=me.handle, text=reason)
    desk.run = timing.started(run, timing.DISCLOSURE, desk.now) if _runs(run) else run
    desk.note("leaked", me.record, text=reason)
    called = [person.handle for person in desk.people.holding(Role.SECURITY_LEAD, Role.ON_CALL)]
    going = [child.name for child in desk.run.children if child.open]
    desk.say(security.leaked(me.handle, reason, called, going))
    for child in desk.run.children:
        desk.tx.runs.wake(child.id)


def _runs(run: Run) -> bool:
    clock = run.clocks.get(timing.DISCLOSURE)
    return clock is not None and clock.running


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Leaked: leaked}
