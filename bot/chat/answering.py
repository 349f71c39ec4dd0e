"""Where talk may act: what answers a page nobody answered yet, and what stops what is about to happen.

What does is a table in `half_asleep`, and one in `stopping`; from whom is asked here. Everything else stays a hint.
"""

from collections.abc import Sequence

from bot.chat import commands, half_asleep, permissions
from bot.chat.around import told_in
from bot.chat.asked import Which
from bot.chat.half_asleep import Heard, heard, sign_of
from bot.chat.handlers.base import Speaker
from bot.chat.privacy import hidden
from bot.chat.replies import approvals as approval_words
from bot.chat.replies import paging as words
from bot.chat.replies import refusals
from bot.chat.replies import unread as unread_words
from bot.chat.stopping import STOPPING, Halt, halt
from sops.incident import INCIDENT
from sops.kit.conversation import Event
from sops.kit.message import Card
from sops.kit.people import People, Person
from sops.kit.response import answered, commanding, unanswered
from sops.kit.run import Run, RunState
from sops.kit.unreadable import Unreadable


class Answering:
    """Knows everybody's name, and who may."""

    def __init__(self, people: People) -> None:
        self._people = people

    def read(self, run: Run, parsed: commands.Parsed, event: Event, me: Speaker) -> "commands.Parsed | Card":
        """`parsed`, or what it was meant as where talk may act, or what the speaker is told instead."""
        if isinstance(parsed, commands.Talk) and event.kind == "unreaction":
            return self._taken_away(run, parsed, me)
        sure = _lacks_only_why(parsed)
        if not (sure or _may_be_one(parsed)):
            return parsed
        if (stopped := self._stopped(run, event, me, sure=sure)) is not None:
            return stopped
        if not _may_be_one(parsed):
            return parsed
        return self._answered(run, parsed, event, me) if unanswered(run) else parsed

    def _stopped(self, run: Run, event: Event, me: Speaker, *, sure: bool) -> commands.Stop | Card | None:
        """While the grace runs: a stop, or what is told to who may mean one; None for anything else."""
        in_grace = run.state is RunState.ACTIVE and any(asked.in_grace(event.at) for asked in run.requests)
        said = Halt.STOP if sure else halt(event.text)
        if not in_grace or said is Halt.TALK:
            return None
        if permissions.may(me.person, permissions.roles_for(commands.Stop(), run), self._people):
            stop = commands.Stop(said=event.text.strip()[:LONGEST_SAID])
            return stop if said is Halt.STOP else approval_words.how_to_stop()
        able = [person.handle for person in self._people.with_a_role()]
        return approval_words.not_yours_to_stop(able[:SHOWN]) if said is Halt.STOP else None

    def _answered(self, run: Run, parsed: commands.Parsed, event: Event, me: Speaker) -> "commands.Parsed | Card":
        """While nobody acknowledged: an acknowledgment, or what is told to who may mean one."""
        talk = parsed if isinstance(parsed, commands.Talk) else commands.Talk()
        if talk.sign:
            said = sign_of(event.text) or Heard.TALK
        else:
            said = heard(event.text, *self._names(me, run), about=run.title)
        yes = talk.yes and any(asked.live for asked in run.requests)  # to that, as it is told how to say it
        if said is Heard.TALK or yes:
            return parsed
        if not permissions.in_turn(me.person, run):
            return self.offer(run, me) if said is Heard.ACK else parsed
        if said is Heard.HINT:
            return words.how_to_ack(run)
        return commands.Seen() if said is Heard.SEEN else commands.Ack(said=event.text.strip()[:LONGEST_SAID])

    def reminded(self, run: Run, event: Event, me: Speaker) -> Card | None:
        """To who was called and talks of something else, while the calls go on."""
        spoken = event.kind == "message" and permissions.in_turn(me.person, run)
        return words.how_to_ack(run) if spoken and unanswered(run) else None

    def offer(self, run: Run, me: Speaker) -> Card:
        """To somebody who would take it, and was not called."""
        able = [person.handle for person in self._people.holding(*run.policy.escalation)]
        known = me.person is not None and bool(me.person.roles)
        return words.not_on_call(run, able) if known else words.not_yours(run, able)

    def _taken_away(self, run: Run, talk: commands.Talk, me: Speaker) -> commands.Parsed | Card:
        mine = commanding(run) is not None and answered(run) and not run.state.over and run.owner == me.handle
        return words.kept(run) if mine and sign_of(talk.sign) is Heard.ACK else commands.Talk()

    def _names(self, me: Speaker, run: Run) -> tuple[frozenset[str], frozenset[str]]:
        """The speaker's names and the run's, and everybody else's."""
        mine = _names_of(me.person) if me.person else frozenset({me.actor.id.casefold()})
        everybody = frozenset(name for person in self._people.everybody() for name in _names_of(person))
        return mine | {run.name.casefold()}, everybody - mine


def answers(event: Event) -> bool:
    """It answers a page of which nobody knows what it is about: the word itself, or a sign; nothing half said."""
    if event.kind in {"reaction", "message"} and sign_of(event.text) in {Heard.ACK, Heard.SEEN}:
        return True
    if event.kind not in {"command", "message", "choice"}:
        return False
    meant = event.addressed or event.kind in {"command", "choice"}
    parsed = commands.parse(event.text, in_run=True, addressed=meant, slash=event.kind == "command")
    return isinstance(parsed, commands.Ack | commands.Take | commands.Seen) or half_asleep.whole(event.text)


def beside_its_thread(parsed: commands.Parsed | Card, event: Event) -> bool:
    """It is an acknowledgment and nothing else, said in a channel."""
    other = isinstance(parsed, commands.Talk) or (isinstance(parsed, commands.Problem) and parsed.kind == "no-run")
    return other and event.kind == "message" and event.place.thread is None and half_asleep.whole(event.text)


def meant(
    going: Sequence[Run], run: Run | None, command: commands.OfIncident, event: Event, unread: Sequence[Unreadable] = ()
) -> "Run | commands.Parsed | Card | Which":
    """The incident that is meant where none is named: the thread's, else the only one that is open.

    Several are listed; an acknowledgment can only mean those that nobody has. Bare words among people are left alone
    where there is none.
    """
    if run is not None and commanding(run) is not None:
        return run
    here = [each for each in going if commanding(each) is not None and not hidden(each, event.place)]
    parsed = commands.parse(command.text, in_run=True, addressed=True)
    if overheard := beside_its_thread(commands.Talk(), event):
        here = [each for each in here if unanswered(each) and told_in(each, event.place)]
    elif isinstance(parsed, commands.Ack):
        here = [each for each in here if unanswered(each)] or here
    if len(here) == 1:
        return here[0]
    if overheard and not here:
        return commands.Talk()
    if not here:
        dark = [each for each in unread if each.sop == INCIDENT.id]
        return unread_words.say_in_its_thread(dark[-1]) if dark else refusals.refused(words.none_open(command.text))
    return commands.ListRuns() if isinstance(parsed, commands.Status) else Which(command.text, tuple(here))


LONGEST_SAID, SHOWN = 200, 5


def _may_be_one(parsed: commands.Parsed) -> bool:
    """Nothing that is a command of its own; a word that lacks a mark, or has one too many, may be."""
    return isinstance(parsed, commands.Talk) or (
        isinstance(parsed, commands.Problem) and parsed.kind in {"extra", "unknown-verb"}
    )


def _lacks_only_why(parsed: commands.Parsed) -> bool:
    """A command that makes the bot stand still, without its reason, or `!abort`, which is none: it must not run on."""
    if not isinstance(parsed, commands.Problem):
        return False
    missing = parsed.kind == "missing" and parsed.about in {"cancel", "hold", "reject"}
    return missing or (parsed.kind == "unknown-verb" and parsed.about in STOPPING)


def _names_of(person: Person) -> frozenset[str]:
    return frozenset(name.casefold() for name in (person.handle, *person.github))
