"""From an inbox item to what it does: parse, look up who speaks, permission, handler, one transaction.

The item is marked handled in the same transaction that holds its effect, and only by whoever still may: a crash in
between repeats it and nothing else, and of two who are at it one leaves no trace. A refusal changes nothing and is
shown to the speaker alone. Longer than other modules: the way of one event is read in one place.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from bot.chat import around, asked, beside, commands, late, overheard, permissions, replies, signs
from bot.chat.answering import Answering, answers, beside_its_thread, meant
from bot.chat.asked import Which
from bot.chat.fitting import fits
from bot.chat.handlers import HANDLERS, mirroring, rephrased
from bot.chat.handlers.base import Refused, Speaker
from bot.chat.looking import Looking
from bot.chat.mirroring import Mirroring
from bot.chat.newcomers import Newcomers
from bot.chat.privacy import hidden
from bot.chat.replies import incident as incident_words
from bot.chat.replies import mirrors, misread, paging, phrases, refusals
from bot.chat.replies import unread as unread_words
from bot.chat.replies.freeze import not_frozen
from bot.chat.roots import Roots
from bot.chat.taking import given_back, taken
from bot.engine import unread
from bot.engine.desk import Desk
from bot.engine.mail import put_answer, run_of
from sops.freeze import UNFREEZE
from sops.kit.conversation import Event, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.freeze_gates import FREEZE
from sops.kit.message import Card
from sops.kit.model import Role
from sops.kit.paging import count
from sops.kit.people import People
from sops.kit.ports import Clock
from sops.kit.response import unanswered
from sops.kit.run import Run, RunState
from sops.kit.stores import InboxItem, Store, Transaction
from sops.kit.unreadable import Unreadable

#: What may still be said when a run is over.
_AFTERWARDS = (
    commands.Reopen,
    commands.Note,
    commands.SignOff,
    commands.Waive,
    commands.Cleanup,
    commands.Reland,
    commands.Redo,
    commands.Unmirror,
)


class Dispatch:
    """Handles inbox items, one at a time per conversation.

    `calls`: whose roles are called for a procedure's runs that cannot be read.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        people: People,
        looking: Looking,
        roots: Roots,
        newcomers: Newcomers,
        mirrors: Mirroring,
        calls: Mapping[str, Sequence[Role]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._looking = looking
        self._roots = roots
        self._newcomers = newcomers
        self._mirrors = mirrors
        self._answering = Answering(people)
        self._calls = {sop: frozenset(roles) for sop, roles in calls.items()}

    async def handle(self, item: InboxItem) -> None:
        """Do what the event asks for and mark it handled. Raises nothing that a refusal can say."""
        event = item.event
        if event.kind == "forge":  # whoever pumps also looks for newcomers, which may take a while
            await self._finish(item, lambda tx, _: tx.runs.wake_open())
            return
        run = await self._run_of(event)
        if event.unsealed:
            await self._unsealed(item, run)
            return
        if isinstance(run, Unreadable):
            await self._put_off(item, run, event)
            return
        if event.kind in {"edit", "deletion"}:
            await self._changed(item, run)
            return
        if run is not None and replies.summary.quiet(run) and not run.state.over:
            await self._store.transact(partial(self._answered, item, run.id))
        named, parsed, event = await self._meant(item, run, event)
        if isinstance(parsed, Which):
            await self._ask(item, parsed)
            return
        if isinstance(named, Unreadable):
            await self._put_off(item, named, event)
            return
        run, me = named, Speaker(event.actor, self._people.who(event.actor))
        if run is not None and isinstance(parsed, commands.Talk):
            parsed = commands.answer(event.text, asked_severity=run.prefix == "INC" and run.severity is None) or parsed
        if run is not None and not isinstance(parsed, Card):
            parsed = self._answering.read(run, parsed, event, me)
        try:
            if isinstance(parsed, Card):
                await self._answer(item, parsed)
            else:
                await self._obey(item, run, me, parsed)
        except (FarEndError, FarEndRefused) as problem:
            await self._answer(item, refusals.unreachable(str(problem)))

    async def _meant(
        self, item: InboxItem, run: Run | None, event: Event
    ) -> tuple[Run | Unreadable | None, commands.Parsed | Card | Which, Event]:
        """What is said, of which run; the event as if it had been said there."""
        chosen = await self._store.read(lambda tx: asked.answer(tx, event, self._clock.now()))
        if chosen is not None:
            return *await self._chosen(chosen, item), event.model_copy(update={"text": chosen.said})
        parsed = await self._parsed(run, event)
        if (doubt := overheard.asked_first(parsed, event)) is not None:
            return run, doubt, event
        if isinstance(parsed, commands.InRun):
            named, said = await self._within(parsed, item)
            return named, said, event.model_copy(update={"text": parsed.text})
        if isinstance(parsed, commands.OfIncident):
            return await self._of_incident(run, parsed, event)
        if run is None and beside_its_thread(parsed, event):
            return await self._of_incident(None, commands.OfIncident("ack"), event)
        if run is None and _looks_around(parsed, event):
            return *await self._around(event), event
        if isinstance(parsed, commands.Problem) and parsed.kind == "no-run" and not beside.answers(event.text):
            runs = await self._store.read(lambda tx: tx.runs.open())
            return run, around.say_there(runs, event.text.strip(), event.place), event
        if run is None and event.kind == "message":
            who = self._people.who(event.actor)
            answered = await self._store.read(lambda tx: beside.said(tx.runs.open(), parsed, event, who))
            if answered is not None:
                acked = isinstance(answered[1], commands.Ack)
                return *answered, event.model_copy(update={"text": "ack"}) if acked else event
        return run, parsed, event

    async def _around(self, event: Event) -> tuple[Run | None, commands.Parsed | Which]:
        """`status` in a channel: of the run told there, if it is one; what cannot be read is in the list of all."""
        runs, dark = await self._store.read(lambda tx: (tx.runs.open(), unread.going(tx, event.place)))
        found = None if dark else around.of_which(runs, event.text, event.place)
        if isinstance(found, Run):
            return found, commands.look(event.text.rstrip("? ")) or commands.Status()
        return None, found or commands.ListRuns()

    async def _chosen(
        self, chosen: asked.Chosen, item: InboxItem
    ) -> tuple[Run | Unreadable | None, commands.Parsed | Card]:
        """The answer to a question of the bot's own."""
        if not chosen.run:
            return None, paging.no_such_number(chosen.listed)
        if not asked.by_number(chosen.said):
            return None, paging.say_whole(chosen.run, chosen.said)
        return await self._within(commands.InRun(chosen.run, chosen.said), item)

    async def _ask(self, item: InboxItem, which: Which) -> None:
        """List what may be meant, and keep that it was asked."""
        card = paging.which(which.runs, which.said, by_number=asked.by_number(which.said))
        names = [run.name for run in which.runs[: paging.MOST_LISTED]]

        def put(tx: Transaction, now: datetime) -> None:
            asked.ask(tx, item.event, which.said, names, now)
            put_answer(tx, item, card, now)

        await self._finish(item, put)

    async def _parsed(self, run: Run | None, event: Event) -> commands.Parsed:
        if event.kind in {"reaction", "unreaction"}:
            if run is None:
                return commands.Talk()
            return await self._store.read(lambda tx: signs.reaction(tx, run, event))
        meant = event.addressed or event.kind == "choice"
        return commands.parse(event.text, in_run=run is not None, addressed=meant, slash=event.kind == "command")

    async def _changed(self, item: InboxItem, run: Run | None) -> None:
        """Somebody edited or deleted what they had sent."""

        def note(tx: Transaction, now: datetime) -> None:
            if run is None:
                return
            stored = tx.runs.get(run.id)
            desk = Desk(tx, stored, now, self._people)
            card = signs.changed(tx, item, desk)
            if card is not None:
                put_answer(tx, item, card, now)
            desk.finish()

        await self._finish(item, note)

    def _answered(self, item: InboxItem, run_id: str, tx: Transaction) -> None:
        """Somebody wrote below a run's one line: from now on its thread may be used."""
        tx.inbox.check(item)
        desk = Desk(tx, tx.runs.get(run_id), self._clock.now(), self._people)
        desk.run = desk.run.with_facts({"answered": True})
        desk.finish()
        tx.runs.wake(run_id)

    async def look_for_newcomers(self) -> None:
        """A forge in trouble is asked again with the next news."""
        with suppress(FarEndError, FarEndRefused):
            await self._newcomers.look()

    async def _run_of(self, event: Event) -> Run | Unreadable | None:
        def look(tx: Transaction) -> Run | Unreadable | None:
            run_id = run_of(tx, event)
            return tx.runs.find(run_id) if run_id else None

        return await self._store.read(look)

    async def _put_off(self, item: InboxItem, run: Unreadable, event: Event) -> None:
        """What is said to a run that cannot be read is told so; talk in its thread goes on.

        While people are called for it, who answers knows of it, and nobody else is called.
        """
        if await self._store.transact(lambda tx: self._known(tx, item, run, event)):
            return
        spoken = event.kind in {"command", "message", "choice"}
        meant = event.addressed or event.kind in {"command", "choice"}
        parsed = commands.parse(event.text, in_run=True, addressed=meant, slash=event.kind == "command")
        wanted = spoken and not isinstance(parsed, commands.Talk)
        await self._answer(item, refusals.unreadable(run) if wanted else None)

    def _known(self, tx: Transaction, item: InboxItem, run: Unreadable, event: Event) -> bool:
        """Somebody who is called for it answers; the item is handled then."""
        who = self._people.who(event.actor)
        called = who is not None and not self._calls.get(run.sop, frozenset()).isdisjoint(who.roles)
        if who is None or not called or not answers(event) or not unread.calling(tx, run):
            return False
        now = self._clock.now()
        unread.known(tx, run, who.handle, Speaker(event.actor, who).record, now)
        if run_of(tx, item.event) != run.id:
            put_answer(tx, item, unread_words.known(run, who.handle, unread.KNOWN_FOR), now)
        tx.inbox.done(item)
        return True

    async def _unsealed(self, item: InboxItem, run: Run | Unreadable | None) -> None:
        """What came in clear into an encrypted room does nothing; who is somebody of ours hears so once a day."""
        meant = run is not None or not isinstance(await self._parsed(None, item.event), commands.Talk)

        def tell(tx: Transaction, now: datetime) -> None:
            if meant and self._people.who(item.event.actor) is not None:
                put_answer(tx, item, refusals.unsealed(item.event), now, once=f"unsealed/{now:%Y-%m-%d}")

        await self._finish(item, tell)

    async def _within(
        self, command: commands.InRun, item: InboxItem
    ) -> tuple[Run | Unreadable | None, commands.Parsed | Card]:
        """`/sop INC-7 ack` from anywhere: that run, and what is asked of it."""
        place = item.event.place
        run, secret = await self._store.read(lambda tx: _called(tx, command.run, place))
        if run is None or secret:
            return None, commands.Problem("unknown-run", command.run)
        if isinstance(run, Unreadable):
            return run, commands.Talk()
        return run, commands.parse(command.text, in_run=True, addressed=True)

    async def _of_incident(
        self, run: Run | None, command: commands.OfIncident, event: Event
    ) -> tuple[Run | None, commands.Parsed | Card | Which, Event]:
        """`/incident ack`, or `ack` in an incident's channel: of the one that is meant, else what is to be said."""
        found = await self._store.read(
            lambda tx: meant(tx.runs.open(), run, command, event, unread.going(tx, event.place))
        )
        if isinstance(found, commands.Talk) and event.addressed:
            return None, commands.Problem("no-run"), event
        if isinstance(found, Run):
            said = event.model_copy(update={"text": command.text})
            return found, commands.parse(command.text, in_run=True, addressed=True), said
        return None, found, event

    async def _obey(self, item: InboxItem, run: Run | None, me: Speaker, parsed: commands.Parsed) -> None:
        event = item.event
        if event.late and not late.acts(parsed):
            await self._say_again(item, parsed)
        elif run is not None and mirroring.left(run, event):
            gone = refusals.refused(mirrors.not_here(run))
            await self._answer(item, None if isinstance(parsed, commands.Talk) else gone)
        elif isinstance(parsed, commands.Talk):
            await self._leave_to_people(item, run, parsed, me)
        elif isinstance(parsed, commands.Problem):
            await self._answer(item, misread.problem(parsed))
        elif isinstance(parsed, commands.Unfreeze):
            await self._unfreeze(item, me)
        elif run is not None and isinstance(parsed, (commands.Restrict, *HANDLERS)):
            await self._command(item, run, me, parsed)
        elif run is not None and (card := await self._looking.at_run(run, parsed, event.place)) is not None:
            await self._answer(item, card)
        elif run is not None and run.facts.get("restricted") and self._roots.begins_in_public(parsed):
            await self._answer(item, refusals.refused(incident_words.BEGUN_ELSEWHERE))
        elif await self._roots.obey(item, me, parsed, self._finish):
            return
        else:
            await self._answer(item, await self._looking.around(parsed, event.place))

    async def _say_again(self, item: InboxItem, parsed: commands.Parsed) -> None:
        """What the bot was told too late does nothing; its sender hears so once, about all of it."""

        def tell(tx: Transaction, now: datetime) -> None:
            if not isinstance(parsed, commands.Talk):
                _tell_too_late(tx, item, now)

        await self._finish(item, tell)

    async def _unfreeze(self, item: InboxItem, me: Speaker) -> None:
        """The sign-off that ends the freeze, from wherever it is said."""
        runs = await self._store.read(lambda tx: [run for run in tx.runs.open() if run.sop == FREEZE])
        if not runs:
            unread = await self._store.read(lambda tx: tx.runs.unreadable(sop=FREEZE))
            await self._answer(item, refusals.unreadable(unread[-1]) if unread else not_frozen())
            return
        await self._command(item, runs[-1], me, commands.SignOff(UNFREEZE, ""))

    async def _leave_to_people(self, item: InboxItem, run: Run | None, talk: commands.Talk, me: Speaker) -> None:
        """Talk does nothing, but who was called hears once a call that the calls go on."""
        card, once = self._hint(run, talk, me), ""
        if card is None and run is not None:
            card, once = self._answering.reminded(run, item.event, me), f"called/{run.name}/{count(run)}"
        await self._answer(item, card, once)

    def _hint(self, run: Run | None, talk: commands.Talk, me: Speaker) -> Card | None:
        """What sounds like a yes is told how it is said; other talk is left alone."""
        if run is not None and (word := self._word_for(run, talk, me)):
            return replies.answers.how_to_say(word)
        open_now = [request for request in run.requests if request.live] if run else []
        if not open_now or me.person is None or not talk.yes:
            return None
        asked = open_now[-1]
        return replies.approvals.how_to_approve(asked) if set(asked.roles) & set(me.person.roles) else None

    def _word_for(self, run: Run, talk: commands.Talk, me: Speaker) -> str:
        """The word that begins a planned run, or goes on with a held one, if that is what it sounds like."""
        wanted: commands.Command | None = None
        if run.state is RunState.PLANNED and (talk.go or talk.yes):
            wanted = commands.Start()
        elif run.state is RunState.HELD and talk.go:
            wanted = commands.Resume()
        may = wanted and permissions.may(me.person, permissions.roles_for(wanted, run), self._people)
        return (wanted.__doc__ or "") if wanted and may else ""

    async def _command(self, item: InboxItem, run: Run, me: Speaker, command: commands.Command) -> None:
        command = rephrased(run, command)
        if not fits(command, run):
            await self._answer(item, refusals.refused(refusals.not_here(run, command)))
            return
        unfit = self._unfit(run, me, command)
        if unfit is not None:
            await self._answer(item, given_back(unfit, run, command, item.event))
            return
        if isinstance(command, commands.Restrict):
            await self._roots.restrict(item, run, me, command, self._finish)
            return
        if isinstance(command, commands.Mirror):
            aimed = await self._mirrors.aim(run, command)
            if isinstance(aimed, Card):
                await self._answer(item, aimed)
                return
            command = aimed
        refusal = await self._looking.before(run, command)
        if refusal is not None:
            await self._answer(item, refusal)
            return
        informed = await self._looking.informed(run, command)
        await self._store.transact(lambda tx: self._act(tx, item, run.id, me, informed))

    def _unfit(self, run: Run, me: Speaker, command: commands.Command) -> Card | None:
        """Why this person may not say it as the run is now; None if they may."""
        roles = permissions.roles_for(command, run)
        if (
            permissions.may(me.person, roles, self._people)
            or permissions.commands_it(me.person, command, run)
            or permissions.turns_to(me.person, command, run)
            or permissions.declared_it(me.handle, command, run)
        ):
            return None
        if isinstance(command, commands.Ack) and unanswered(run) and me.person and me.person.roles:
            return self._answering.offer(run, me)
        able = [person.handle for person in self._people.holding(*roles)]
        refusal = refusals.no_role(me.person, str(me.actor), [str(role) for role in roles], able)
        if isinstance(command, commands.SetSeverity) and run.prefix == phrases.INCIDENT:
            whom = [each for each in (run.owner, *able) if each]
            calls = whom[0] if whom and me.person is not None and me.person.roles else ""
            refusal = incident_words.worse_otherwise(refusal, run, command.severity, command.reason, calls)
        may_take = unanswered(run) and isinstance(command, permissions.WORK)
        return paging.first_take(refusal, run) if may_take and me.person and me.person.roles else refusal

    def _act(self, tx: Transaction, item: InboxItem, run_id: str, me: Speaker, command: commands.Command) -> None:
        """The one transaction of a command."""
        stored, took = tx.runs.get(run_id), False
        desk = Desk(tx, stored, self._clock.now(), self._people, heard_at=item.event.at, heard_in=item.event.place)
        if stored.facts.get("restricted"):
            refused: Refused | None = Refused(refusals.refused(incident_words.NOTHING_HERE))
        elif stored.state.over and not isinstance(command, _AFTERWARDS):
            refused = Refused(refusals.refused(refusals.OVER))
        elif not fits(command, stored):
            refused = Refused(refusals.refused(refusals.not_here(stored, command)))
        elif (unfit := self._unfit(stored, me, command)) is not None:  # the run may be another by now
            refused = Refused(unfit)
        elif item.event.late and late.overtaken(desk, command):
            _tell_too_late(tx, item, desk.now)
            tx.inbox.done(item)
            return
        else:
            took = taken(desk, me, command, item.event)
            refused = HANDLERS[type(command)](desk, me, command)
            self._remind(tx, item, desk, me, command)
        if refused is not None:
            put_answer(tx, item, given_back(refused.card, stored, command, item.event), desk.now)
        if refused is not None and not took:
            tx.inbox.done(item)
            return
        if not isinstance(command, commands.Mirror | commands.Unmirror):  # told everywhere as it is
            mirroring.echo(desk, me, item.event)
        signs.used(desk, item.event, self._people)
        if run_of(tx, item.event) != run_id:
            put_answer(tx, item, replies.starting.done_in(desk.run), desk.now)
        desk.finish()
        tx.runs.wake(run_id)
        for child in desk.run.children:  # what was said here may be what it waits for
            if child.open:
                tx.runs.wake(child.id)
        tx.inbox.done(item)

    def _remind(self, tx: Transaction, item: InboxItem, desk: Desk, me: Speaker, command: commands.Command) -> None:
        """Who was called, and notes that they cannot, hears that the calls go on."""
        if isinstance(command, commands.Note) and (card := self._answering.reminded(desk.run, item.event, me)):
            put_answer(tx, item, card, desk.now)

    async def _answer(self, item: InboxItem, card: Card | None, once: str = "") -> None:
        """Whisper the card, if there is one, and mark the item handled; `once` names what is not told them again."""

        def answer(tx: Transaction) -> None:
            if card is not None:
                put_answer(tx, item, card, self._clock.now(), once=once)
            tx.inbox.done(item)

        await self._store.transact(answer)

    async def _finish(self, item: InboxItem, work: Callable[[Transaction, datetime], None]) -> None:
        """One transaction that does `work` and marks the item handled."""

        def finish(tx: Transaction) -> None:
            work(tx, self._clock.now())
            tx.inbox.done(item)

        await self._store.transact(finish)


def _looks_around(parsed: commands.Parsed, event: Event) -> bool:
    """A word that only looks, alone or meant for the bot, where no run is."""
    unplaced = isinstance(parsed, commands.Problem) and parsed.kind == "no-run"
    meant = unplaced and commands.look(event.text.rstrip("? ")) is not None
    return meant or (isinstance(parsed, commands.Talk) and around.overheard(event))


def _tell_too_late(tx: Transaction, item: InboxItem, now: datetime) -> None:
    put_answer(tx, item, refusals.too_late(item.event, now), now, once=f"late/{now:%Y-%m-%dT%H}")


def _called(tx: Transaction, name: str, place: Place) -> tuple[Run | Unreadable | None, bool]:
    """The run of that name, and whether who speaks there may not learn of it."""
    run = tx.runs.by_name(name)
    if isinstance(run, Unreadable):
        return run, unread.hidden(tx, run, place)
    return run, run is not None and hidden(run, place)
