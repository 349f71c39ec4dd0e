"""`!adopt`, `!redo` and `!byhand`: what is recorded is brought in line with what is so.

Whether it is so was looked up before (see `bot.chat.looking`). Doing something public again, or calling a step done
that the bot cannot see done, takes two people.
"""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers import two_people
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.action import Action
from sops.kit.gate import Approved
from sops.kit.message import Card
from sops.kit.model import Step
from sops.kit.run import Run, RunState, StepState


def adopt(desk: Desk, me: Speaker, command: commands.Adopt) -> Refused | None:
    """A step that stopped is looked at again; what it wanted is there, so that it goes on from there."""
    step = desk.run.find(command.step)
    if step is None or desk.run.record(step.id).state is not StepState.FAILED:
        return Refused(refusals.refused(replies.reality.nothing_to_adopt(command.step)))
    desk.run = desk.run.with_record(step.id, state=StepState.PENDING, note="", remedy="", attempt=0, intent=None)
    desk.note("adopt", me.record, step=step.id)
    desk.say(replies.reality.adopted(step, me.handle))
    return None


def redo(desk: Desk, me: Speaker, command: commands.Redo) -> Refused | None:
    """A public effect that is gone is done again, under the approval it had."""
    if desk.run.state is RunState.CANCELLED:
        return Refused(refusals.refused(refusals.OVER))
    step = desk.run.find(command.step)
    if step is None or desk.run.record(step.id).state is not StepState.DONE or not _public(step):
        return Refused(refusals.refused(replies.reality.nothing_to_redo(command.step)))
    if refusal := _second(desk, me, f"redo.{step.id}", replies.reality.redo_asked(step, me.handle, command.reason)):
        return refusal
    if not (first := _agreed(desk, me, f"redo.{step.id}")):
        return None
    desk.run = desk.run.with_record(step.id, state=StepState.PENDING, performed={}, attempt=0, intent=None, note="")
    desk.run = desk.run.with_record(step.id, claimed=False)
    desk.run = _open_again(desk.run)
    desk.note("redo", me.record, step=step.id, text=command.reason, agreed=first)
    desk.say(replies.reality.redoing(step, me.handle))
    return None


def by_hand(desk: Desk, me: Speaker, command: commands.ByHand) -> Refused | None:
    """The step counts as done, as two people say; the engine learns what it can see of it. No yes is replaced so."""
    step = desk.run.find(command.step)
    if step is None or step not in desk.run.current() or not step.deeds:
        return Refused(refusals.refused(replies.reality.nothing_by_hand(command.step)))
    if any(isinstance(piece, Approved) for piece in step.waits):
        return Refused(refusals.refused(replies.reality.yes_not_by_hand(step)))
    if step.then or any(isinstance(piece, Action) and (piece.essential or piece.seen) for piece in step.deeds):
        return Refused(refusals.refused(replies.reality.must_be_seen(step)))
    if refusal := _second(
        desk, me, f"byhand.{step.id}", replies.reality.by_hand_asked(step, me.handle, command.reason)
    ):
        return refusal
    if not (first := _agreed(desk, me, f"byhand.{step.id}")):
        return None
    changes = {"state": StepState.PENDING, "by": me.handle, "text": command.reason, "note": "", "remedy": ""}
    desk.run = desk.run.with_record(step.id, **changes, intent=None, claimed=True)
    desk.note("by-hand", me.record, step=step.id, text=command.reason, agreed=first)
    desk.say(replies.reality.done_by_hand(step, me.handle))
    return None


def _public(step: Step) -> bool:
    return any(isinstance(piece, Action) and piece.public for piece in step.deeds)


def _open_again(run: Run) -> Run:
    """A run that ended well goes on for what is done again."""
    return run.but(state=RunState.ACTIVE, ended_at=None) if run.state is RunState.DONE else run


def _second(desk: Desk, me: Speaker, what: str, asking: Card) -> Refused | None:
    """Notes the first who wants it, and asks for the second; refuses the same person twice."""
    first = two_people.asked_by(desk, what)
    if first == me.handle:
        return Refused(refusals.refused(replies.reality.second_must_be_another(two_people.others(desk, me))))
    if not first:
        two_people.ask(desk, me, what)
        desk.note("waiver-asked", me.record, what=what)
        desk.say(asking)
    return None


def _agreed(desk: Desk, me: Speaker, what: str) -> str:
    """Who asked before this other person did; empty if nobody. The question is used up."""
    first = two_people.asked_by(desk, what)
    if first in {"", me.handle}:
        return ""
    two_people.agreed(desk, what)
    return first


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Adopt: adopt,
    commands.Redo: redo,
    commands.ByHand: by_hand,
}
