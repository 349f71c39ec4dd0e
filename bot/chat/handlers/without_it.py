"""A run that waits for what nobody can read goes on without it, where two people say so."""

from bot.chat import replies
from bot.chat.handlers import two_people
from bot.chat.handlers.base import Refused, Speaker
from bot.chat.replies import refusals
from bot.chat.replies import unread as words
from bot.engine import unread
from bot.engine.desk import Desk
from sops.kit.unread_runs import in_the_way, passed
from sops.kit.unreadable import Unreadable


def unread_here(desk: Desk, name: str) -> Unreadable | None:
    """The run of that name that nobody can read, and that may be spoken of here."""
    other = desk.tx.runs.by_name(name.upper())
    known = isinstance(other, Unreadable) and not any(unread.hidden(desk.tx, other, place) for place in desk.run.places)
    return other if known and isinstance(other, Unreadable) else None


def go_on(desk: Desk, me: Speaker, other: Unreadable, reason: str) -> Refused | None:
    """Two people let the run go on although nobody can read what that other one says, as it is stored now."""
    what, able = f"waive.{other.name}", two_people.others(desk, me)
    if desk.run.state.over:
        return Refused(refusals.refused(refusals.OVER))
    if not in_the_way(desk.run, [other]):
        return Refused(refusals.refused(words.passed_already(other)))
    first = two_people.asked_by(desk, what, other.revision)
    if first == me.handle:
        return Refused(refusals.refused(words.pass_same(other, able)))
    if not first:
        two_people.ask(desk, me, what, other.revision, reason)
        desk.note("waiver-asked", me.record, id=other.name, text=reason)
        desk.say(words.pass_asked(desk.run, other, me.handle, reason, able))
        return None
    by, why = replies.answers.both((first, two_people.why(desk, what)), (me.handle, reason))
    two_people.agreed(desk, what)
    desk.run = passed(desk.run, other)
    desk.note("waive", me.record, step=other.name, text=reason, agreed=first)
    desk.say(words.goes_on_without(desk.run, other, by, why))
    return None
