"""Commands that begin a run: `/incident declare …`, `/release rc …`."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.chat import commands, replies
from bot.chat.handlers.base import Speaker
from bot.chat.handlers.incident import page_first
from bot.engine.desk import Desk
from bot.engine.plan import Plan, Planner
from sops.incident import INCIDENT
from sops.kit.conversation import Actor, Place
from sops.kit.errors import InvalidVersion
from sops.kit.message import Card
from sops.kit.model import Severity, Sop
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.ports import Clock
from sops.kit.run import Run, RunState, pinned
from sops.kit.stores import InboxItem, Outgoing, Store, Transaction
from sops.kit.texts import printable
from sops.kit.timing import ACKNOWLEDGE, started
from sops.kit.version import Version
from sops.release_candidate import RELEASE_CANDIDATE

Finish = Callable[[InboxItem, Callable[[Transaction, datetime], None]], Awaitable[None]]


class Roots:
    """Begins runs. `channels` maps a procedure's channel (ops, releases) to the chat's own name of it."""

    def __init__(
        self, store: Store, clock: Clock, people: People, policy: Policy, planner: Planner, channels: Mapping[str, str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._policy = policy
        self._planner = planner
        self._channels = channels

    async def obey(self, item: InboxItem, me: Speaker, command: commands.Command, finish: Finish) -> bool:
        """Begin what the command asks for; False if it begins nothing."""
        match command:
            case commands.Declare():
                await finish(item, lambda tx, now: self._declare(tx, now, item, me, command))
            case commands.StartCandidate():
                await self._candidate(item, me, command, finish)
            case _:
                return False
        return True

    def _declare(self, tx: Transaction, now: datetime, item: InboxItem, me: Speaker, command: commands.Declare) -> None:
        """Anyone may declare; the clock runs from the moment it was said."""
        title = printable(command.title)
        if not title:
            _whisper(tx, item, replies.problem(commands.Problem("missing", "incident declare")), now)
            return
        run = self._new(tx, INCIDENT, me, item, title, now, severity=command.severity)
        run = run.but(state=RunState.ACTIVE, created_at=item.event.at)
        run = started(run, ACKNOWLEDGE, run.created_at)
        desk = Desk(tx, run, now, self._people, new=True)
        desk.note("declared", me.record, title=title, severity=command.severity or "")
        desk.tell(replies.declared_in_channel(run))
        page_first(desk)
        if item.event.place.channel != run.place.channel:
            _whisper(tx, item, replies.opened_in(run), now)
        desk.finish()
        tx.runs.wake(run.id)

    async def _candidate(self, item: InboxItem, me: Speaker, command: commands.StartCandidate, finish: Finish) -> None:
        sop = RELEASE_CANDIDATE
        refusal: Card | None = None
        if not (me.person and self._people.has(me.person.handle, sop.starters)):
            able = [person.handle for person in self._people.holding(*sop.starters)]
            refusal = replies.no_role(me.person, str(me.actor), [str(role) for role in sop.starters], able)
        else:
            try:
                version = _candidate_version(command.version)
            except InvalidVersion as problem:
                refusal = replies.bad_version(str(problem))
        if refusal is not None:
            card = refusal
            await finish(item, lambda tx, now: _whisper(tx, item, card, now))
            return
        draft = self._draft(sop, me, item, str(version), self._clock.now(), version=str(version))
        plan = await self._planner.plan(draft)
        await finish(item, lambda tx, now: self._plan(tx, now, item, me, draft, plan))

    def _plan(self, tx: Transaction, now: datetime, item: InboxItem, me: Speaker, draft: Run, plan: Plan) -> None:
        """Show the plan; nothing is done before `!start`. One run per version at a time."""
        other = next((run for run in tx.runs.open() if run.sop == draft.sop and run.version == draft.version), None)
        if other is not None:
            _whisper(tx, item, replies.refused(replies.already_running(other)), now)
            return
        run = draft.but(name=tx.runs.next_name(RELEASE_CANDIDATE.prefix))
        desk = Desk(tx, run, now, self._people, new=True)
        desk.note("planned", me.record, version=run.version, procedure=run.sop_hash)
        desk.say(replies.planned(run, plan.lines, plan.trouble))
        desk.finish()

    def _new(
        self,
        tx: Transaction,
        sop: Sop,
        me: Speaker,
        item: InboxItem,
        title: str,
        now: datetime,
        *,
        severity: Severity | None,
    ) -> Run:
        run = self._draft(sop, me, item, title, now, severity=severity)
        return run.but(name=tx.runs.next_name(sop.prefix))

    def _draft(
        self,
        sop: Sop,
        me: Speaker,
        item: InboxItem,
        title: str,
        now: datetime,
        *,
        version: str = "",
        severity: Severity | None = None,
    ) -> Run:
        """A run that has no name yet."""
        return pinned(
            sop,
            run_id=uuid.uuid4().hex,
            name=f"{sop.prefix}-0",
            title=title,
            starter=me.handle,
            place=self._place(sop, item.event.place, item.event.actor),
            at=now,
            policy=self._policy,
            owned=sop is not INCIDENT,
            version=version,
            severity=severity,
        )

    def _place(self, sop: Sop, said: Place, actor: Actor) -> Place:
        """The procedure's own channel on the chat where it was begun, whatever channel it was typed in."""
        channel = self._channels.get(sop.channel, said.channel)
        return Place(platform=actor.platform, channel=channel)


def _candidate_version(text: str) -> Version:
    """X.Y.0, with or without -rc1. Raises InvalidVersion saying what to type."""
    version = Version.parse(text)
    if version.patch != 0:
        raise InvalidVersion(replies.patch_is_hotfix(version.text))
    if version.rc not in {None, 1}:
        raise InvalidVersion(replies.begins_with_rc1(version.final.text))
    return version.final


def _whisper(tx: Transaction, item: InboxItem, card: Card, now: datetime) -> None:
    event = item.event
    place = event.place.model_copy(update={"thread": None})
    tx.outbox.put(Outgoing("whisper", f"event/{item.seq}", place, card, to=event.actor), now)
