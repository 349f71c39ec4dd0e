"""Calls people while nobody acknowledges: what is due on the ladder, said in every thread of the run.

A call that a chat could not take yet is withdrawn for the next one, which says what was missed. The rung that calls
the other chat has the run told there from then on, so that it can be answered there.
"""

from collections.abc import Mapping

from bot.chat import replies
from bot.chat.replies import mirrors
from bot.engine.desk import Desk
from bot.engine.threads import reminder_message, threads
from sops.kit import paging, timing
from sops.kit.conversation import Place
from sops.kit.ladder import Ladder
from sops.kit.message import Card
from sops.kit.stores import Deadline

LAST, MISSED = "last", "missed"  # under the fact `pager`: the newest call's message, and what did not get through


class Caller:
    """`channels` maps each chat that is served to what it calls a procedure's channels."""

    def __init__(self, channels: Mapping[str, Mapping[str, str]]) -> None:
        self._channels = channels

    def call(self, desk: Desk, deadline: Deadline, ladder: Ladder) -> tuple[Card, str]:
        """The call that is due, or that somebody who passed it on asked for, and whom it calls."""
        state, before, asked = desk.run.clocks[deadline.clock], desk.run, int(deadline.payload.get("step", 0))
        spared = deadline.payload.get("passed", ())
        desk.run, whom, number = paging.call(before, desk.people, state, ladder, desk.now, asked=asked, spared=spared)
        if paging.elsewhere(before, state, ladder, number):
            self._tell_elsewhere(desk)
        missed = self._collapse(desk, deadline)
        following, at = paging.next_after(desk.run, ladder, state, desk.now)
        then = paging.whom(desk.run, desk.people, state, ladder, max(following, number))
        return replies.calling.call(before, whom, (then, at), missed, desk.now), " ".join(whom)

    def _collapse(self, desk: Desk, deadline: Deadline) -> tuple[int, str] | None:
        """What no chat could take yet is withdrawn, since this call tells of it: how many calls, and since when."""
        pager = desk.run.facts[paging.PAGER]
        last, missed = pager.get(LAST), pager.get(MISSED)
        gone = [desk.tx.outbox.withdraw(thread.named(last[0])) for thread in threads(desk.run)] if last else []
        missed = ([1, last[1]] if not missed else [missed[0] + 1, missed[1]]) if any(gone) else None
        called = [reminder_message(desk.run.id, deadline), desk.now.isoformat()]
        desk.run = desk.run.with_facts({paging.PAGER: {**pager, LAST: called, MISSED: missed}})
        return (missed[0], missed[1]) if missed else None

    def _tell_elsewhere(self, desk: Desk) -> None:
        """In the same channel of each other chat, unless the run is private or somebody had it told there before."""
        if desk.run.private:
            return
        for platform, channels in self._channels.items():
            name = self._named(desk.run.place)
            known = {desk.run.place.platform, *(mirror.place.platform for mirror in desk.run.mirrors)}
            if platform in known or name not in channels:
                continue
            place = Place(platform=platform, channel=channels[name])
            desk.mirror(place, f"{platform}:#{name}", f"{desk.run.place.platform}:#{name}")
            mirror = desk.run.mirrors[-1]
            desk.note("mirrored", platform=platform, channel=place.channel, name=mirror.name)
            desk.say(mirrors.mirrored(desk.run, mirror, mirrors.NOBODY_ANSWERED))

    def _named(self, place: Place) -> str:
        """What procedures call that channel; empty for one the settings do not name."""
        ours = self._channels.get(place.platform, {})
        return next((name for name, channel in ours.items() if channel == place.channel), "")


def go_on(desk: Desk, deadline: Deadline) -> None:
    """After a mark was told: what comes next is stored, in place of anything an older build had stored beyond it."""
    name, state = deadline.clock, desk.run.clocks[deadline.clock]
    if not state.running or state.generation != deadline.generation:
        return  # it stopped, or runs anew with marks of its own
    if deadline.threshold < timing.DUE and not timing.calling(desk.run, name):
        return  # those were stored when it began
    later = timing.following(desk.run, name, desk.now)
    if later is None or later[0] in {each.threshold for each in desk.tx.deadlines.pending(desk.run.id)}:
        return  # a call between two marks, such as by `!pass`, leaves the next one where it is
    desk.tx.deadlines.cancel(desk.run.id, name)
    desk.tx.deadlines.put(Deadline(desk.run.id, name, state.generation, later[0], later[1], {}))
