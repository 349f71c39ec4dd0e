"""What `!restrict` does: the response goes on in private as it stands, and what was begun for it stops where it is.

Those runs are in the open, so nothing said there says why; nor does what the incident's old thread shows.
"""

from collections.abc import Callable
from datetime import datetime

from bot.chat.handlers.base import Speaker
from bot.chat.handlers.cancelling import end_here
from bot.chat.replies import security
from bot.engine.desk import Desk
from sops.kit import timing
from sops.kit.conversation import Actor, Place
from sops.kit.model import Role
from sops.kit.people import People, Person
from sops.kit.response import answered, commanding
from sops.kit.run import Run, RunState, StepRecord, StepState
from sops.kit.security_gates import RESTRAINED
from sops.kit.stores import Outgoing, Transaction
from sops.security_response import RESPONDING

#: What the response knows of those in it, and of what they were told.
_GOES_ALONG = (
    *("paged", "pager", "raised", "seen", "joined", "handoff", "acknowledged.at", "acknowledged.with"),
    *("update", "update.before", "update.missed", "update.due"),
)


def carried(old: Run, new: Run) -> Run:
    """`new` goes on with the response to `old` as it stands: how bad it is, who leads it, what was done, its clocks."""
    run = new.but(severity=old.severity, owners=old.owners)
    run = run.with_facts({name: old.facts[name] for name in _GOES_ALONG if name in old.facts})
    for step in RESPONDING:
        run = run.with_step(step)
    command = commanding(old)
    for step in RESPONDING:
        before = command.id if command is not None and step.stops == timing.ACKNOWLEDGE else step.id
        run = run.but(records={**run.records, step.id: _as_said(old, before)})
    clocks = {name: old.clocks[name] for name in (timing.ACKNOWLEDGE, timing.UPDATE) if name in old.clocks}
    return run.but(clocks=clocks)


def _as_said(old: Run, name: str) -> StepRecord:
    """What people said of that row; nothing of what the bot did for it in the open."""
    was = old.record(name)
    if was.state is StepState.SKIPPED:
        return StepRecord(state=was.state, by=was.by, text=was.text, note=was.note, since=was.since)
    if not was.signed:
        return StepRecord()
    return StepRecord(state=StepState.DONE, signed=True, by=was.by, text=was.text, since=was.since)


def those_in(run: Run, people: People, also: str = "") -> list[Person]:
    """Whom the settings name with a role and who led it, was called, or said something of record; and `also`."""
    called = [who for who, _ in run.facts.get("paged", [])] if answered(run) else []
    said = [record.by for record in run.records.values() if record.signed]
    known = [people.named(name) for name in (*reversed(run.owners), *called, *run.facts.get("joined", []), *said)]
    waiting = [people.named(who) for who, _ in run.facts.get("paged", [])]
    named = (*known, *waiting, people.named(run.starter), people.named(also) if also else None)
    found = [person for person in named if person is not None and person.roles]
    return list({person.handle: person for person in found}.values())


def leave(
    tx: Transaction, old: Run, new: Run, now: datetime, people: People, me: Speaker, whispers: Callable[[str], bool]
) -> None:
    """End the old run in the open; those who were in it are told where it goes on, each for themselves.

    `whispers`: that chat can say something to one person alone; where it cannot, the private thread names them.
    """
    left = Desk(tx, old, now, people)
    end_here(left, me, new.id)
    left.say(security.restricted_public(old))
    left.finish()
    for place in (place for place in old.places if whispers(place.platform)):
        _tell_alone(tx, old, new, place, now, people, me.handle)
    _take_children(tx, old, new, now, people, me)


def _tell_alone(tx: Transaction, old: Run, new: Run, place: Place, now: datetime, people: People, by: str) -> None:
    leads = [person.handle for person in people.holding(Role.SECURITY_LEAD)]
    for person in those_in(old, people, by):
        card = security.goes_on_there(old, new.place, leads, leads_it=person.handle == old.owner)
        for account in person.accounts.get(place.platform, ())[:1]:
            key = f"{old.id}/told/{place.platform}/{place.channel}/{person.handle}"
            to = Actor(platform=place.platform, id=account)
            tx.outbox.put(Outgoing("whisper", key, place, card, old.id, to=to), now)


def _take_children(tx: Transaction, old: Run, new: Run, now: datetime, people: People, me: Speaker) -> None:
    """Hold every open child of `old`, and make it one of `new`, which from now on shows where it stands."""
    going = [child for child in old.children if child.open]
    for child in going:
        desk = Desk(tx, tx.runs.get(child.id), now, people)
        run = desk.run.but(parent=new.id)
        held = run.state is RunState.ACTIVE
        desk.run = (run.held(me.handle, now) if held else run).with_facts({"restrained": True, RESTRAINED: True})
        desk.note("hold" if held else "parent-ended", me.record, text=security.elsewhere(old))
        desk.say(security.restricted_child(old, held=held))
        desk.finish()
    if going:
        left = Desk(tx, tx.runs.get(old.id), now, people)
        left.run = left.run.but(children=tuple(child for child in left.run.children if not child.open))
        left.finish()
