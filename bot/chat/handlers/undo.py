"""Taking back an act of record: ack, a sign-off, a severity, verify. Within ten minutes, and only the last one.

Nothing that was done at the far end is undone; what would have to be is refused.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.chat import commands, replies
from bot.chat.handlers import incident, rating
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import incident as words
from bot.chat.replies import refusals
from bot.engine import requests
from bot.engine.desk import Desk
from sops.kit import paging, timing
from sops.kit.response import commanding, public_since, worked_on
from sops.kit.run import Run, StepState
from sops.kit.stores import LedgerEntry

UNDO_WITHIN = timedelta(minutes=10)
_NOTED = {"ack": "acknowledge"}  # an act whose entry is called otherwise
_BEGINNING = frozenset({"declared", "planned", "started"})
_LEAVES_TO_OTHERS = _BEGINNING | {"undo"}


def undo(desk: Desk, me: Speaker, _: commands.Undo) -> Refused | None:
    act = desk.run.facts.get("last.act")
    if (deed := _not_that(desk, me, act)) is not None:
        return Refused(refusals.refused(replies.answers.undo_not_that(desk.run, deed.kind, me.handle)))
    if act is None or desk.now - datetime.fromisoformat(act["at"]) > UNDO_WITHIN:
        return Refused(refusals.refused(replies.answers.NOTHING_TO_UNDO))
    before = _TAKEN_BACK[act["kind"]](desk, act)
    if before is None:
        return Refused(refusals.refused(replies.answers.undo_too_late(act["what"])))
    desk.run = before.with_facts({"last.act": None})
    if act["step"]:
        requests.take_ground(desk, _built_on(desk.run, act["step"]))
    desk.note("undo", me.record, what=act["what"])
    own = act["kind"] == "ack" and act["by"] == me.handle
    whom = incident.given_back(desk, me.handle) if own else ()
    desk.say(replies.answers.undone(desk.run, act, me.handle, whom))
    if act["kind"] in {"verify", "severity", "ack"}:  # the channel heard it, so it hears this
        desk.tell(words.taken_back(desk.run, act["kind"], me.handle))
    return None


def _not_that(desk: Desk, me: Speaker, act: Mapping[str, str] | None) -> LedgerEntry | None:
    """What the speaker did last, within the time, if that is not the act to be taken back; None if it is, or nothing.

    Who only began the run, or took something back, before somebody else's act may still take that back.
    """
    entries = desk.tx.ledger.entries(desk.run.id)
    mine = [at for at, entry in enumerate(entries) if entry.actor.startswith(f"{me.handle} (")]
    last = entries[mine[-1]] if mine else None
    if last is None or desk.now - last.at > UNDO_WITHIN:
        return None
    acts = [at for at, entry in enumerate(entries) if act is not None and _is_of(entry, act)]
    if acts and acts[-1] == mine[-1]:
        return None
    if acts and acts[-1] > mine[-1] and last.kind in _LEAVES_TO_OTHERS:
        return None
    return None if last.kind in _BEGINNING else last


def _is_of(entry: LedgerEntry, act: Mapping[str, str]) -> bool:
    kind = _NOTED.get(act["kind"], act["kind"])
    mine = entry.actor.startswith(f"{act['by']} (")
    return entry.kind == kind and mine and entry.at == datetime.fromisoformat(act["at"])


def without_ack(desk: Desk, act: Mapping[str, str]) -> Run | None:
    """Nobody has command again, and the clock counts on from the declaration; None if something was built on it."""
    run, step = desk.run, commanding(desk.run)
    if step is None or run.owner != act["by"] or worked_on(run, act["at"]):
        return None
    run = _unsigned(run.but(owners=run.owners[:-1]), step.id)
    run = timing.stopped(run, timing.UPDATE, desk.now)
    began = run.clocks.get(timing.ACKNOWLEDGE)
    if began is None:
        return timing.started(run, timing.ACKNOWLEDGE, run.created_at)
    run = timing.started(run, timing.ACKNOWLEDGE, began.started_at, calls_from=began.calls_from)
    return paging.going_on(run, began)


def _verify(desk: Desk, act: Mapping[str, str]) -> Run | None:
    """It is not resolved: no post-mortem is owed yet, updates are."""
    run = desk.run
    if run.record("post-mortem").performed or run.record("close").signed or public_since(run, act["at"]):
        return None
    later = {"post-mortem", "post-mortem-merged", "close"}
    run = run.but(records={name: record for name, record in run.records.items() if name not in later})
    gone = {"resolved.at", "resolved.severity", "update"}
    facts = {name: value for name, value in run.facts.items() if name not in gone}
    if said := facts.pop("update.before", None):
        facts["update"] = said
    run = timing.stopped(_unsigned(run.but(facts=facts), "verify"), timing.POST_MORTEM, desk.now)
    return timing.started(timing.answered(run), timing.UPDATE, desk.now)


def _sign_off(desk: Desk, act: Mapping[str, str]) -> Run | None:
    """The step waits for its sign-off again, unless something was done because of it."""
    run, name = desk.run, act["step"]
    built = _built_on(run, name)
    acted = any(record.performed or record.intent or record.signed for record in map(run.record, built))
    own = run.record(name)
    if acted or own.performed or own.intent or str(run.iteration) != act["iteration"]:
        return None
    run = run.but(records={step: record for step, record in run.records.items() if step not in built})
    return _timed_again(_unsigned(run, name), name, desk.now)


def _timed_again(run: Run, name: str, now: datetime) -> Run:
    """A row of a checklist has its own time again, and the next row's has not begun."""
    step = run.step(name)
    ends, begins = (step.stops or "", step.starts or "") if step else ("", "")
    if timing.row_of(begins):
        run = timing.stopped(run, begins, now)
    began = run.clocks.get(ends) if timing.row_of(ends) else None
    return timing.started(run, ends, began.started_at) if began else run


def _built_on(run: Run, name: str) -> set[str]:
    """Every step that comes after this one, directly or by way of others."""
    found, previous = {name}, ""
    for step in run.steps:
        if (step.after or previous) in found:
            found.add(step.id)
        previous = step.id
    return found - {name}


def _unsigned(run: Run, step: str) -> Run:
    return run.with_record(step, state=StepState.WAITING, signed=False, by="", text="")


_TAKEN_BACK: Mapping[str, Callable[[Desk, Mapping[str, str]], Run | None]] = {
    "ack": without_ack,
    "verify": _verify,
    "severity": rating.undone,
    "sign-off": _sign_off,
}

HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Undo: undo}
