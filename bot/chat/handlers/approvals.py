"""Saying yes, no, not any more, and stop (design: Approvals)."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals
from bot.engine import afresh, requests
from bot.engine.desk import Desk
from bot.engine.threads import request_message, threads
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.run import RunState


def approve(desk: Desk, me: Speaker, command: commands.Approve) -> Refused | None:
    """Count a yes, or refuse it with every reason. The caller has just looked whether the subject changed."""
    run = desk.run
    open_now = [request for request in run.requests if request.state is RequestState.OPEN]
    if command.code:
        asked = next((r for r in reversed(run.requests) if r.code == command.code), None)
        reasons = [] if asked else [replies.approvals.REASON_UNKNOWN_CODE]
    elif len(open_now) > 1:
        asked, reasons = None, [replies.approvals.REASON_SEVERAL]
    else:
        asked = open_now[0] if open_now else (run.requests[-1] if run.requests else None)
        reasons = [] if asked else [replies.approvals.REASON_NO_REQUEST]
    if asked is not None:
        reasons = _against(desk, me, asked, named=bool(command.code))
    if reasons or asked is None:
        fresh = open_now[-1] if open_now else None
        after = replies.approvals.following(fresh, desk.people)
        return Refused(replies.approvals.not_counted(run, reasons, command.code, after))
    _count(desk, me, asked)
    return None


def _against(desk: Desk, me: Speaker, asked: Request, *, named: bool) -> list[str]:
    """Every reason why this speaker's yes to this request does not count.

    Who names its code, presses its button or sets a sign below it has seen it, whatever the clocks of two servers say;
    a bare word is held against when the request was shown, both as the chat tells it.
    """
    reasons = []
    # On hold nobody looks whether a request has run out.
    now = asked.but(state=RequestState.EXPIRED) if asked.live and desk.now >= asked.expires_at else asked
    if now.state is not RequestState.OPEN:
        reasons.append(replies.approvals.reason_ended(now))
    roles = me.person.roles if me.person else ()
    if not set(asked.roles) & set(roles):
        reasons.append(replies.approvals.reason_role(asked.roles, roles))
    if me.handle in asked.excluded:
        reasons.append(replies.approvals.reason_excluded(desk.run, asked.excluded[me.handle]))
    earlier = next((yes for yes in asked.yeses if yes.person == me.handle), None)
    if earlier is not None and now.state is not RequestState.VOID:  # a void one is asked anew, of everybody
        reasons.append(replies.approvals.reason_twice(f"{me.handle} ({earlier.account})"))
    if asked.state is RequestState.OPEN and not named and not was_shown(desk, asked):
        reasons.append(replies.approvals.REASON_EARLY)
    return reasons


def was_shown(desk: Desk, asked: Request) -> bool:
    """The request had reached the thread when the answer was sent: the one it was sent in, where it stands in one."""
    everywhere = threads(desk.run)
    here = [thread for thread in everywhere if desk.heard_in is not None and thread.holds(desk.heard_in)]
    name = request_message(desk.run.id, asked.seq)
    found = [desk.tx.outbox.sent(thread.named(name)) for thread in here or everywhere]
    return any(sent is not None and sent.delivered_at <= desk.heard_at for sent in found)


def _count(desk: Desk, me: Speaker, asked: Request) -> None:
    yes = Yes(person=me.handle, account=str(me.actor), at=desk.heard_at)
    now = asked.but(yeses=(*asked.yeses, yes))
    desk.run = requests.replaced(desk.run, now)
    desk.note("yes", me.record, code=now.code, digest=now.digest)
    counted = requests.grant_if_enough(desk, now)
    if desk.run.state is RunState.HELD:
        desk.say(replies.approvals.counted_on_hold(now, me.handle))
    elif counted.state is RequestState.OPEN:
        desk.say(replies.approvals.counted(desk.run, now, me.handle))


def withdraw(desk: Desk, me: Speaker, command: commands.Withdraw) -> Refused | None:
    """The speaker's newest yes does not count any more, or the one to the request with that code."""
    mine = [r for r in requests.live(desk.run) if me.handle in r.people and command.code in {"", r.code}]
    if not mine:
        return Refused(refusals.refused(refusals.NO_YES))
    asked = mine[-1]
    left = tuple(yes for yes in asked.yeses if yes.person != me.handle)
    now = asked.but(yeses=left, state=RequestState.OPEN, grace_until=None)
    desk.run = requests.replaced(desk.run, now)
    desk.note("withdrawn", me.record, code=asked.code)
    desk.say(replies.approvals.withdrawn(desk.run, me.handle, now))
    return None


def rejectable(desk: Desk, command: commands.Reject) -> list[Request]:
    """The live requests that this "no" may mean."""
    return [r for r in requests.live(desk.run) if not command.code or r.code == command.code]


def reject(desk: Desk, me: Speaker, command: commands.Reject) -> Refused | None:
    live = rejectable(desk, command)
    if len(live) != 1:
        why = replies.approvals.REASON_SEVERAL if live else replies.approvals.REASON_UNKNOWN_CODE
        return Refused(refusals.refused(why if live or command.code else replies.approvals.REASON_NO_REQUEST))
    asked = live[0]
    roles = me.person.roles if me.person else ()
    if not set(asked.roles) & set(roles) and me.handle not in desk.run.owners:
        return Refused(refusals.refused(replies.approvals.reason_role(asked.roles, roles)))
    now = asked.but(state=RequestState.REJECTED, ended=f"rejected by {me.handle}: {command.reason}")
    desk.run = requests.replaced(desk.run, now)
    desk.note("rejected", me.record, code=asked.code, text=command.reason)
    held = desk.run.state is RunState.HELD
    desk.say(replies.approvals.rejected(desk.run, me.handle, now.but(ended=command.reason), held=held))
    return None


def stop(desk: Desk, me: Speaker, command: commands.Stop) -> Refused | None:
    """Void what is about to happen, and hold the run."""
    live = [r for r in desk.run.requests if r.going_ahead]
    if not live or desk.run.state is not RunState.ACTIVE:
        return Refused(refusals.refused(refusals.NOTHING_TO_STOP))
    for asked in live:
        void = {"state": RequestState.VOID, "ended": f"stopped by {me.handle}"}
        used = {"lapsed": True, "again": False}  # what is left of it is asked for anew
        desk.run = requests.replaced(desk.run, asked.but(**(used if asked.again else void)))
        for step in afresh.waiting(desk.run, asked):
            desk.run = desk.run.with_record(step.id, note=replies.approvals.stopped_note(me.handle))
    desk.run = desk.run.held(me.handle, desk.now, command.said or "!stop")
    said = {"text": command.said} if command.said else {}
    desk.note("stop", me.record, codes=[r.code for r in live], **said)
    begun = any(asked.again for asked in live)
    desk.say(replies.approvals.stopped(me.handle, [r.code for r in live], begun=begun))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Approve: approve,
    commands.Withdraw: withdraw,
    commands.Reject: reject,
    commands.Stop: stop,
}
