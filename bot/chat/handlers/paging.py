"""What answers a page: taking it though not on call, giving it back, having seen it."""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.handlers import incident, undo
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import incident as incident_words
from bot.chat.replies import paging as words
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.response import answered, commanding, may_give_back, taken_at

SEEN = "seen"  # the fact: who saw a page, and when


def take(desk: Desk, me: Speaker, _: commands.Take) -> Refused | None:
    """Take command without being on call; from then on that person leads it, and nobody else is called."""
    if answered(desk.run):
        return Refused(refusals.refused(incident_words.has_commander(desk.run, me.handle)))
    return incident.ack(desk, me, commands.Ack(said=words.TAKE.lower()))


def not_me(desk: Desk, me: Speaker, _: commands.NotMe) -> Refused | None:
    """It was no acknowledgment: nobody has command, the clock counts on, and somebody else is called at once.

    Who gave it back is called again only when everybody is, like who passed it on.
    """
    run, step = desk.run, commanding(desk.run)
    if step is None or not answered(run):
        return Refused(refusals.refused(words.NOBODY_HAS_IT))
    if run.owner != me.handle:
        return Refused(refusals.refused(words.somebody_elses(run)))
    before = undo.without_ack(desk, {"by": me.handle, "at": taken_at(run)}) if may_give_back(run) else None
    if before is None:
        return Refused(refusals.refused(words.worked_on(run)))
    desk.run = before.with_facts({"last.act": None})
    desk.note("not-me", me.record)
    whom = incident.given_back(desk, me.handle)
    desk.say(words.not_me(desk.run, me.handle, whom))
    desk.tell(incident_words.taken_back(desk.run, "ack", me.handle))
    return None


def seen(desk: Desk, me: Speaker, _: commands.Seen) -> Refused | None:
    """It is shown, and the calls go on."""
    saw: list[list[str]] = desk.run.facts.get(SEEN, [])
    if answered(desk.run) or me.handle in [who for who, _ in saw]:
        return Refused(words.seen(desk.run))
    desk.run = desk.run.with_facts({SEEN: [*saw, [me.handle, desk.now.isoformat()]]})
    desk.note("seen", me.record)
    desk.say(words.seen_by(desk.run, me.handle))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Take: take,
    commands.NotMe: not_me,
    commands.Seen: seen,
}
