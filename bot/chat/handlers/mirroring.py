"""`!mirror` and `!unmirror`: a run is told in another channel too, and listened to there."""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import mirrors, refusals
from bot.engine.desk import Desk
from bot.engine.threads import threads
from sops.kit.conversation import Event
from sops.kit.run import Mirror, Run


def mirror(desk: Desk, me: Speaker, command: commands.Mirror) -> Refused | None:
    """The caller has looked up the place, and that a private run may go there."""
    place = command.place
    if place is None or any(thread.holds(place) for thread in threads(desk.run)):
        return Refused(refusals.refused(mirrors.HERE_ALREADY))
    desk.mirror(place, command.name, command.home)
    desk.note("mirrored", me.record, platform=place.platform, channel=place.channel, name=command.name)
    desk.say(mirrors.mirrored(desk.run, desk.run.mirrors[-1], me.handle))
    return None


def unmirror(desk: Desk, me: Speaker, command: commands.Unmirror) -> Refused | None:
    told = [mirror for mirror in desk.run.mirrors if not mirror.over]
    meant = [mirror for mirror in told if _means(mirror, command.where)]
    if len(meant) != 1:
        return Refused(refusals.refused(mirrors.no_mirror(desk.run, command.where, [mirror.name for mirror in told])))
    desk.unmirror(meant[0])
    desk.note("unmirrored", me.record, name=meant[0].name)
    desk.say(mirrors.unmirrored(desk.run, meant[0], me.handle))
    return None


def _means(mirror: Mirror, where: str) -> bool:
    """By its whole name, its channel's, or its channel's id."""
    plain = mirror.name.partition(":")[2]
    return where in {mirror.name, plain, plain.removeprefix("#"), mirror.place.channel}


def left(run: Run, event: Event) -> bool:
    """It is said in a thread where the run is told no more, or of a message there."""
    place, gone = event.place, [mirror.place for mirror in run.mirrors if mirror.over]
    here = any((each.platform, each.channel) == (place.platform, place.channel) for each in gone)
    within = place.thread is not None or bool(event.about)
    return here and within and not any(thread.holds(place) for thread in threads(run))


def echo(desk: Desk, me: Speaker, event: Event) -> None:
    """What was typed to the bot in one thread of a run stands in its other threads too, so that all read what was done.

    What was pressed, or answered with an emoji, shows on the message itself.
    """
    here = next((thread for thread in threads(desk.run) if thread.holds(event.place)), None)
    if here is None or not desk.run.mirrors or event.kind != "message" or event.place.thread is None:
        return
    name = next((mirror.name for mirror in desk.run.mirrors if mirror.number == here.number), desk.run.mirrors[0].home)
    desk.say_elsewhere(mirrors.echoed(me.handle, name, event.text), event.place)


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Mirror: mirror, commands.Unmirror: unmirror}
