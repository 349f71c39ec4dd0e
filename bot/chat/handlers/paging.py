"""What answers a page: taking it though not on call, giving it back, having seen it."""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.handlers import incident
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import incident as incident_words
from bot.chat.replies import paging as words
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.response import answered, commanding

SEEN = "seen"  # the fact: who saw a page, and when


def take(desk: Desk, me: Speaker, _: commands.Take) -> Refused | None:
    """Take command without being on call; from then on that person leads it, and nobody else is called."""
    if answered(desk.run):
        return Refused(refusals.refused(incident_words.has_commander(desk.run, me.handle)))
    return incident.ack(desk, me, commands.Ack(said=words.TAKE.lower()))


def not_me(desk: Desk, me: Speaker, _: commands.NotMe) -> Refused | None:
    """Who has it says that they have not."""
    run, step = desk.run, commanding(desk.run)
    if step is None or not answered(run):
        return Refused(refusals.refused(words.NOBODY_HAS_IT))
    if run.owner != me.handle:
        return Refused(refusals.refused(words.somebody_elses(run)))
    return incident.give_back(desk, me)


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
