"""Commands that begin a run: `/incident declare …`, `/release rc …`, `/hotfix …` and the others.

Longer than other modules: what all beginnings share, the incident's and the report's own, and what goes on in private.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from bot.chat import commands, replies
from bot.chat.handlers import restricting
from bot.chat.handlers.base import Speaker
from bot.chat.handlers.incident import page_first
from bot.chat.openings import OPENINGS, Beginning, Looks, Opening
from bot.chat.openings.own import own
from bot.chat.privacy import Privacy, hidden
from bot.chat.related import WITHIN, declared_before, declared_by, more_urgent, parent_of, same_kind
from bot.chat.replies import misread, paging, refusals, security, unread
from bot.engine.desk import Desk
from bot.engine.far_end import Worlds
from bot.engine.in_time import InTime
from bot.engine.mail import put_answer
from bot.engine.plan import Plan, Planner
from sops import by_id
from sops.incident import INCIDENT
from sops.kit.conversation import Actor, Place
from sops.kit.escaping import printable
from sops.kit.message import Card
from sops.kit.model import Role, Severity, Sop
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.ports import Clock
from sops.kit.run import Run, RunState, pinned
from sops.kit.stores import InboxItem, Outgoing, Store, Transaction
from sops.kit.tailored import tailored
from sops.kit.timing import ACKNOWLEDGE, REPORT, due, started
from sops.security_response import SECURITY_RESPONSE

TOLD_AGAIN = "declared.again"  # the fact: when its thread last heard that somebody declared the same

Finish = Callable[[InboxItem, Callable[[Transaction, datetime], None]], Awaitable[None]]


class Roots:
    """Begins runs. `channels` maps, for each chat, a procedure's channel (ops, releases) to the chat's name of it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        people: People,
        policy: Policy,
        planner: Planner,
        worlds: Worlds,
        channels: Mapping[str, Mapping[str, str]],
        privacy: Privacy,
        in_time: InTime,
        own: Sequence[Sop] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._policy = policy
        self._planner = planner
        self._worlds = worlds
        self._channels = channels
        self._privacy = privacy
        self._in_time = in_time
        self._own = own

    def begins_in_public(self, command: commands.Command) -> bool:
        """It begins a run that everybody in a channel reads."""
        beginning = OPENINGS.get(type(command))
        return isinstance(command, commands.Declare | commands.StartOwn) or bool(
            beginning and not beginning.sop.private
        )

    async def obey(self, item: InboxItem, me: Speaker, command: commands.Command, finish: Finish) -> bool:
        """Begin what the command asks for; False if it begins nothing."""
        if isinstance(command, commands.Declare):
            if self._in_private(item.event.place):
                told = self._place(INCIDENT, item.event.place, item.event.actor)
                await finish(item, lambda tx, now: put_answer(tx, item, security.declared_in_private(told), now))
                return True
            await finish(item, lambda tx, now: self._declare(tx, now, item, me, command))
            return True
        if isinstance(command, commands.StartOwn):
            beginning = next((own(sop) for sop in self._own if sop.id == command.id), None)
            if beginning is None:
                other = by_id(command.id)
                hint = replies.lists.starts_with(other) if other else misread.unknown_sop(command.id)
                await finish(item, lambda tx, now: put_answer(tx, item, hint, now))
                return True
        else:
            beginning = OPENINGS.get(type(command))
        if beginning is None:
            return False
        card = await self._begin(item, me, command, beginning, finish)
        if card is not None:
            refusal = card
            await finish(item, lambda tx, now: put_answer(tx, item, refusal, now))
        return True

    def _in_private(self, place: Place) -> bool:
        """It is where security responses live, while incidents are told elsewhere: a slip would make a title public."""
        ours = self._channels.get(place.platform, {})
        private = ours.get(SECURITY_RESPONSE.channel)
        return place.channel == private != ours.get(INCIDENT.channel)

    def _declare(self, tx: Transaction, now: datetime, item: InboxItem, me: Speaker, command: commands.Declare) -> None:
        """Anyone may declare; the clock runs from the moment it was said."""
        title = printable(command.title)
        if not title:
            put_answer(tx, item, misread.problem(commands.Problem("missing", "incident declare")), now)
            return
        tx.claims.alone(f"begin/{INCIDENT.prefix}")  # of two who declare the same at once one is shown the other's
        going = tx.runs.open()
        first = declared_before(going, title, item.event)
        if first is not None and not command.anyway and not more_urgent(command.severity, first):
            self._shown_first(tx, now, item, me, command, first)
            return
        known = [] if me.person and me.person.roles else declared_by(going, me, item.event)
        if len(known) >= self._policy.unknown_declare:
            self._one_too_many(tx, now, item, me, command, known)
            return
        opening = Opening(INCIDENT, title, severity=command.severity)
        run = self._draft(opening, me, item, now, None).but(name=tx.runs.next_name(INCIDENT.prefix))
        run = run.but(state=RunState.ACTIVE, created_at=item.event.at)
        run = started(run, ACKNOWLEDGE, run.created_at)
        desk = Desk(tx, run, now, self._people, new=True)
        desk.note("declared", me.record, title=title, severity=command.severity or "")
        desk.tell(replies.starting.declared_in_channel(run))
        page_first(desk)
        if first is not None and not command.anyway:
            desk.say(paging.may_be_the_same(first, run))
        if item.event.place.channel != run.place.channel:
            put_answer(tx, item, replies.starting.opened_in(run), now)
        desk.finish()
        tx.runs.wake(run.id)

    def _one_too_many(
        self,
        tx: Transaction,
        now: datetime,
        item: InboxItem,
        me: Speaker,
        command: commands.Declare,
        known: Sequence[Run],
    ) -> None:
        """Somebody without a role has many open: one more is told to those on call, and calls nobody by itself.

        That is told once an hour, so that pages do not wait behind it; and so is a P0, which calls the first on call.
        """
        place = self._place(INCIDENT, item.event.place, item.event.actor)
        severity = f"{command.severity} " if command.severity else ""
        says = f"/incident declare anyway {severity}{printable(command.title)}"
        worst = command.severity is Severity.P0
        first = [person.handle for person in self._people.holding(*self._policy.escalation)][:1] if worst else []
        told = paging.declared_beyond(me.handle, known, command.severity or "", printable(command.title), says, first)
        hourly = f"declared-beyond/{me.handle}/{now:%Y-%m-%dT%H}/{'call' if first else 'word'}"
        fresh = tx.outbox.put(Outgoing("post", hourly, place, told, calls=bool(first)), now)
        put_answer(tx, item, paging.not_called_again(known, first, told=fresh), now)

    def _shown_first(
        self, tx: Transaction, now: datetime, item: InboxItem, me: Speaker, command: commands.Declare, first: Run
    ) -> None:
        """The same is open already: its thread hears of it, once an hour, and whoever declared it chooses."""
        desk = Desk(tx, first, now, self._people)
        desk.note("declared-again", me.record, severity=command.severity or "")
        told = first.facts.get(TOLD_AGAIN)
        if told is None or now - datetime.fromisoformat(told) >= WITHIN:
            desk.run = first.with_facts({TOLD_AGAIN: now.isoformat()})
            desk.say(paging.declared_again(me.handle, command.severity or ""))
        desk.finish()
        severity = f"{command.severity} " if command.severity else ""
        again = f"/incident declare anyway {severity}{printable(command.title)}"
        put_answer(tx, item, paging.open_already(first, again), now)

    async def _begin(
        self, item: InboxItem, me: Speaker, command: commands.Command, beginning: Beginning, finish: Finish
    ) -> Card | None:
        """Show the plan of what the command asks for; the refusal if it cannot be begun."""
        sop = tailored(beginning.sop, self._policy)
        anyone = Role.ANYONE in sop.starters
        if not anyone and not (me.person and self._people.has(me.person.handle, sop.starters)):
            able = [person.handle for person in self._people.holding(*sop.starters)]
            return refusals.no_role(me.person, str(me.actor), [str(role) for role in sop.starters], able)
        parent = await self._store.read(lambda tx: parent_of(tx, item, sop))
        if isinstance(command, commands.StartHotfix) and command.security and not _responds(parent):
            await self._refuse_misplaced(item, finish)
            return None
        opening = await self._in_time.of(beginning.open(command, Looks(self._worlds.now(), self._policy, parent)))
        if isinstance(opening, Card):
            return opening
        draft = self._draft(opening, me, item, self._clock.now(), parent)
        if sop.private:
            home = await self._privacy.home(item.event.actor.platform, sop.channel)
            if home is None:
                await self._refuse_unkept(item, finish)
                return None
            draft = draft.but(place=home, private=True)
        plan = await self._in_time.of(self._planner.plan(draft))
        removed = hidden(draft, item.event.place) and await self._privacy.remove(item.event)
        await finish(item, lambda tx, now: self._plan(tx, now, item, me, opening, draft, plan, removed))
        return None

    def _plan(
        self,
        tx: Transaction,
        now: datetime,
        item: InboxItem,
        me: Speaker,
        opening: Opening,
        draft: Run,
        plan: Plan,
        removed: bool,
    ) -> None:
        """Show the plan; nothing is done before `!start`, unless the procedure begins at once."""
        tx.claims.alone(f"begin/{opening.sop.prefix}")  # of two who begin the same at once one is refused
        others = () if opening.sop.private else tx.runs.open()  # a report is never turned away for being like another
        alike = [run for run in others if same_kind(run, draft)]
        other = next((run for run in alike if not hidden(run, item.event.place)), None)
        if other is not None:
            put_answer(tx, item, refusals.refused(refusals.already_running(other)), now)
            return
        run = draft.but(name=tx.runs.next_name(opening.sop.prefix))
        if not opening.sop.planned:
            run = run.but(state=RunState.ACTIVE)
        desk = Desk(tx, run, now, self._people, new=True)
        desk.note("planned", me.record, version=run.version, title=run.title, procedure=run.sop_hash)
        if opening.sop.planned:
            same = tx.runs.unreadable(version=run.version) if run.version else ()
            dark = [unread.same_version(each) for each in same if each.sop == run.sop and not each.over]
            desk.say(replies.starting.planned(run, plan.lines, [*plan.trouble, *dark]))
        else:
            desk.note("started", me.record)
        if opening.sop.private:
            leads = [person.handle for person in self._people.holding(tailored(opening.sop, self._policy).owner)]
            desk.say(security.reported(leads, due(REPORT, run, now)))
        if hidden(run, item.event.place):
            put_answer(tx, item, security.taken_in_private(removed), now)
        elif not any(place.channel == item.event.place.channel for place in run.places):
            put_answer(tx, item, replies.starting.opened_in(run), now)
        self._link(tx, desk, now)
        desk.finish()
        if run.parent:
            self._tell_parent(tx, run, me, now)
        for twin in alike:  # whoever reads there must not learn of it; those who prepare it must
            there = Desk(tx, twin, now, self._people)
            there.say(security.begun_elsewhere(run, me.handle))
            there.finish()
        tx.runs.wake(run.id)

    def _tell_parent(self, tx: Transaction, run: Run, me: Speaker, now: datetime) -> None:
        known = tx.runs.known(run.parent)
        if known is not None:
            parent = Desk(tx, known, now, self._people)
            parent.say(replies.starting.begun_for(run, me.handle))
            parent.finish()

    def _link(self, tx: Transaction, desk: Desk, now: datetime) -> None:
        """A stable release and the candidate that offered it name each other, in one line each."""
        known = tx.runs.of_version(desk.run.version) if desk.run.version else ()
        offers = [run for run in known if run.facts.get("offered") == desk.run.sop]
        if offers:
            desk.run = desk.run.with_facts({"offered.by": offers[-1].name})
            candidate = Desk(tx, offers[-1], now, self._people)
            candidate.run = offers[-1].with_facts({"goes.on": desk.run.name})
            candidate.note("goes-on", run=desk.run.name)
            candidate.finish()

    async def restrict(
        self, item: InboxItem, run: Run, me: Speaker, command: commands.Restrict, finish: Finish
    ) -> None:
        """An incident that proves to be an attack goes on as a security response, where nobody else reads."""
        home = await self._privacy.home(item.event.actor.platform, SECURITY_RESPONSE.channel)
        if home is None:
            await self._refuse_unkept(item, finish)
            return
        await self._privacy.remove(item.event)
        opening = Opening(SECURITY_RESPONSE, run.title, facts={"report": command.reason, "security": True})
        draft = self._draft(opening, me, item, self._clock.now(), None).but(place=home, private=True)
        await finish(item, lambda tx, now: self._move(tx, now, item, run.id, me, command, draft))

    async def _refuse_unkept(self, item: InboxItem, finish: Finish) -> None:
        """There is no private place for what was said: it is taken away where it stands, and not kept here."""
        removed = await self._privacy.remove(item.event)

        def refuse(tx: Transaction, now: datetime) -> None:
            tx.inbox.forget(item.seq)
            put_answer(tx, item, security.no_private_channel(removed), now)

        await finish(item, refuse)

    async def _refuse_misplaced(self, item: InboxItem, finish: Finish) -> None:
        """It is about a hole, and typed outside the thread that is about that hole: said again there, not kept here."""
        home = await self._privacy.home(item.event.actor.platform, SECURITY_RESPONSE.channel)
        read = home is None or home.channel != item.event.place.channel
        removed = await self._privacy.remove(item.event) if read else True

        def refuse(tx: Transaction, now: datetime) -> None:
            if read:
                tx.inbox.forget(item.seq)
            put_answer(tx, item, security.hotfix_misplaced(removed=removed, read=read), now)

        await finish(item, refuse)

    def _move(
        self,
        tx: Transaction,
        now: datetime,
        item: InboxItem,
        run_id: str,
        me: Speaker,
        command: commands.Restrict,
        draft: Run,
    ) -> None:
        old = tx.runs.get(run_id)
        if old.state.over:
            put_answer(tx, item, refusals.refused(refusals.OVER), now)
            return
        new = draft.but(name=tx.runs.next_name(SECURITY_RESPONSE.prefix), state=RunState.ACTIVE)
        new = restricting.carried(old, new)
        desk = Desk(tx, new, now, self._people, new=True)
        desk.note("planned", me.record, version="", title=new.title, procedure=new.sop_hash)
        desk.note("restricted", me.record, text=command.reason, run=old.name)
        leads = [person.handle for person in self._people.holding(tailored(SECURITY_RESPONSE, self._policy).owner)]
        those = [person.handle for person in restricting.those_in(old, self._people, me.handle)]
        desk.say(security.restricted_private(old, me.handle, command.reason))
        desk.say(security.response_goes_on(new, those))
        desk.say(security.reported(leads, due(REPORT, new, now)))
        desk.finish()
        tx.runs.wake(new.id)
        restricting.leave(tx, old, new, now, self._people, me, self._privacy.whispers)

    def _draft(self, opening: Opening, me: Speaker, item: InboxItem, now: datetime, parent: Run | None) -> Run:
        """A run that has no number yet."""
        sop = tailored(opening.sop, self._policy)
        private = parent is not None and parent.embargoed
        draft = pinned(
            sop,
            run_id=uuid.uuid4().hex,
            name=f"{sop.prefix}-0",
            title=opening.title,
            starter=me.handle,
            place=parent.place if private and parent else self._place(sop, item.event.place, item.event.actor),
            at=now,
            policy=self._policy,
            owned=sop.id != INCIDENT.id,
            version=opening.version,
            severity=opening.severity,
            facts=opening.facts,
            parent=parent,
            private=private,
        ).but(iteration=opening.iteration)
        # Those who read a private parent are those who may read this one.
        return draft.but(mirrors=parent.mirrors) if private and parent else draft

    def _place(self, sop: Sop, said: Place, actor: Actor) -> Place:
        """The procedure's own channel on the chat where it was begun, whatever channel it was typed in."""
        channel = self._channels.get(actor.platform, {}).get(sop.channel, said.channel)
        return Place(platform=actor.platform, channel=channel)


def _responds(run: Run | None) -> bool:
    """It is a security response."""
    return run is not None and run.sop == SECURITY_RESPONSE.id
