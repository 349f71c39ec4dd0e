"""`!cancel`: the run ends where it is. What it left stays, and is listed; an urgent incident takes two people."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers import two_people
from bot.chat.handlers.action_items import let_go
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.common import without_draft
from bot.chat.replies import left, refusals
from bot.engine.desk import Desk
from bot.engine.steps import owe_what_is_left
from sops.kit import timing
from sops.kit.approvals import RequestState
from sops.kit.model import Severity
from sops.kit.run import RunState


def cancel(desk: Desk, me: Speaker, command: commands.Cancel) -> Refused | None:
    """Ends the run where it is; what it left at the forge is listed, and stays, and so does what that owes."""
    run = desk.run
    first = ""
    if urgent(desk):
        if not (run.record("acknowledge").signed or run.record("acknowledge").state.over):
            return Refused(refusals.refused(left.UNANSWERED))
        first = two_people.asked_by(desk, "waive.cancel")
        if first == me.handle or (first and not two_people.may_agree(desk, me)):
            return Refused(refusals.refused(left.cancel_same(run, first == me.handle, two_people.others(desk, me))))
        if not first:
            _ask_second(desk, me, command.reason)
            return None
    owe_what_is_left(desk)
    _stopped(desk, command.reason)
    by = f"{first} and {me.handle}" if first else me.handle
    desk.note("cancel", me.record, text=command.reason, **({"agreed": first} if first else {}))
    desk.say(left.cancelled(desk.run, by, command.reason, left.left_behind(run, command.left)))
    desk.tell(replies.news.ended(desk.run))
    return None


def urgent(desk: Desk) -> bool:
    """An incident that is, or ever was, a P0 or P1, or of which nobody said how bad it is.

    One person may lower the severity; so that they do not end alone what takes two, the worst it was counts.
    """
    return desk.run.prefix == replies.phrases.INCIDENT and (worst(desk) or Severity.P1) in timing.URGENT


def worst(desk: Desk) -> Severity | None:
    """The worst anybody ever said it is; None if nobody said."""
    entries = [entry for entry in desk.tx.ledger.entries(desk.run.id) if entry.kind == "severity"]
    said = [entry.payload.get(name) for entry in entries for name in ("before", "severity")]
    return min([Severity(each) for each in (*said, desk.run.severity) if each], default=None)


def _ask_second(desk: Desk, me: Speaker, reason: str) -> None:
    two_people.ask(desk, me, "waive.cancel")
    desk.note("waiver-asked", me.record, what="cancel", text=reason)
    desk.say(left.cancel_asked(desk.run, worst(desk), me.handle, reason, two_people.others(desk, me)))


def end_here(desk: Desk, me: Speaker, elsewhere: str) -> None:
    """The run goes on as the one of that id; nothing says where, or why. Nothing is done here ever again."""
    _stopped(desk, refusals.ELSEWHERE)
    desk.run = desk.run.with_facts({"restricted": elsewhere})
    desk.note("went-on", me.record, text=refusals.ELSEWHERE)


def _stopped(desk: Desk, why: str) -> None:
    run = without_draft(desk.run).with_facts({"ended": why, "cancelled": True})
    desk.run = run.but(state=RunState.CANCELLED, ended_at=desk.now)
    for name in run.clocks:
        if not timing.lasting(name):
            desk.run = timing.stopped(desk.run, name, desk.now)
    desk.run = let_go(desk.run, desk.now).but(
        requests=tuple(r.but(state=RequestState.VOID, ended="cancelled") if r.live else r for r in desk.run.requests)
    )


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Cancel: cancel}
