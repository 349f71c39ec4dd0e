"""`!mirror`: a run is told in another channel too, and listened to there."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import mirrors
from bot.engine.desk import Desk
from bot.engine.threads import threads
from sops.kit.conversation import Event


def mirror(desk: Desk, me: Speaker, command: commands.Mirror) -> Refused | None:
    """The caller has looked up the place, and that a private run may go there."""
    place = command.place
    if place is None or any(thread.holds(place) for thread in threads(desk.run)):
        return Refused(replies.refused(mirrors.HERE_ALREADY))
    desk.mirror(place, command.name, command.home)
    desk.note("mirrored", me.record, platform=place.platform, channel=place.channel, name=command.name)
    desk.say(mirrors.mirrored(desk.run, desk.run.mirrors[-1], me.handle))
    return None


def echo(desk: Desk, me: Speaker, event: Event) -> None:
    """What was typed to the bot in one thread of a run stands in its other threads too, so that all read what was done.

    What was pressed, or answered with an emoji, shows on the message itself.
    """
    here = next((thread for thread in threads(desk.run) if thread.holds(event.place)), None)
    known = next((mirror for mirror in desk.run.mirrors if here and mirror.number == (here.number or 1)), None)
    if here is None or known is None or event.kind != "message" or event.place.thread is None:
        return
    desk.say_elsewhere(mirrors.echoed(me.handle, known.name if here.number else known.home, event.text), event.place)


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Mirror: mirror}
