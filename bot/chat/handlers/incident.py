"""Commands of an incident: taking command, telling, resolving, the post-mortem's facts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.chat import commands, replies
from bot.chat.handlers import action_items, rating, undo
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.common import remember, sign, step_of
from bot.chat.replies import incident as words
from bot.chat.replies import misread, refusals, security
from bot.chat.replies import paging as paging_words
from bot.engine.desk import Desk
from sops.kit import paging, timing
from sops.kit.calendar import zone_named
from sops.kit.people import Person
from sops.kit.response import BEGUN_BEFORE, answered, commanding, may_give_back, taken_at, unanswered, was_called
from sops.kit.stores import Deadline

STEP_OF = {"update": "communicate", "triage": "triage", "mitigate": "mitigate", "fix": "fix", "verify": "verify"}


def ack(desk: Desk, me: Speaker, command: commands.Ack) -> Refused | None:
    """Take command. The clock stops now, whether or not the issue can be opened at once."""
    run, step = desk.run, commanding(desk.run)
    if step is None or answered(run):
        return _join(desk, me)
    sign(desk, me, step, "")
    owners = (*run.owners, me.handle)
    going = [child.id for child in run.children if child.open]
    run = desk.run.but(owners=owners).with_facts({"acknowledged.at": desk.now.isoformat(), BEGUN_BEFORE: going})
    run = timing.stopped(run, timing.ACKNOWLEDGE, desk.now)
    desk.run = timing.started(run, timing.UPDATE, desk.now)
    remember(desk, me, "ack", "ack")
    desk.note("acknowledge", me.record, **({"text": command.said} if command.said else {}))
    desk.say(replies.answers.acknowledged(desk.run, me.handle))
    return None


def _join(desk: Desk, me: Speaker) -> Refused | None:
    """Somebody who was called answers after another took command: the thread knows that they are there."""
    run, joined, step = desk.run, desk.run.facts.get("joined", []), commanding(desk.run)
    by = run.record(step.id).by if step else ""
    if not was_called(run, me.handle) or me.handle in {run.owner, by, *joined}:
        return Refused(refusals.refused(words.has_commander(run, me.handle)))
    desk.run = run.with_facts({"joined": [*joined, me.handle]})
    desk.note("joined", me.record)
    desk.say(words.joined(run, me.handle))
    return None


def report(desk: Desk, me: Speaker, command: commands.Report) -> Refused | None:
    """`!update`, `!triage`, `!mitigate`, `!fix`, `!verify`: may be said again; the last word stands."""
    run, name = desk.run, STEP_OF[command.verb]
    step = step_of(run, name)
    if command.verb == "verify":
        if run.record(name).state.over:
            return Refused(refusals.refused(refusals.step_closed(step)))
        if not answered(run):
            return Refused(refusals.refused(refusals.NOT_ACKNOWLEDGED))
    promised = _promised(desk, command)
    if refusal := _too_far(desk, promised):
        return Refused(refusals.refused(refusal))
    over = run.record(name).state.over
    sign(desk, me, step, command.text)
    if not over:
        desk.run = desk.run.with_record(name, since=run.record(name).since)
    said = [command.text, me.handle, desk.now.isoformat()]
    desk.run = desk.run.with_facts({"update": said, "update.before": desk.run.facts.get("update")})
    desk.run = timing.heard(desk.run, desk.now)
    if promised is not None:
        desk.run = timing.promised(desk.run, timing.UPDATE, desk.now, promised)
    desk.note(command.verb, me.record, text=command.text)
    if command.verb == "verify":
        _resolve(desk, me)
    else:
        desk.say(replies.answers.reported(desk.run, command.verb, me.handle, unread=command.unread))
    return None


def _promised(desk: Desk, command: commands.Report) -> timedelta | None:
    """How long until the next update, as promised; a time is the organisation's, today or, if over, tomorrow."""
    if command.next_at is None:
        return command.next
    local = desk.now.astimezone(zone_named(desk.run.policy.zone))
    at = datetime.combine(local.date(), command.next_at, local.tzinfo).astimezone(UTC)
    if at <= desk.now:
        at = datetime.combine(local.date() + timedelta(days=1), command.next_at, local.tzinfo).astimezone(UTC)
    return at - desk.now


def _too_far(desk: Desk, promised: timedelta | None) -> str:
    """Why the next update cannot be promised so; empty if it can, or none was."""
    if promised is None:
        return ""
    if not answered(desk.run):
        return refusals.NOT_ACKNOWLEDGED
    longest = timing.longest_promise(desk.run)
    return refusals.next_too_far(longest) if promised > longest else ""


def _resolve(desk: Desk, me: Speaker) -> None:
    """Resolved from this instant: what its row starts runs, as the post-mortem's clock; updates are no longer owed."""
    desk.run = desk.run.with_facts({"resolved.at": desk.now.isoformat(), "resolved.severity": desk.run.severity})
    starts = step_of(desk.run, "verify").starts
    desk.run = timing.stopped(desk.run, timing.UPDATE, desk.now)
    remember(desk, me, "verify", "verify", step="verify")
    if starts is None:
        desk.say(security.resolved(desk.run, me.handle))
        return
    desk.run = timing.started(desk.run, starts, desk.now)
    desk.say(replies.answers.resolved(desk.run, me.handle))
    desk.tell(replies.answers.resolved_in_channel(desk.run))


def page_first(desk: Desk) -> None:
    """The first call of the ladder, in the thread, unless its time is yet to come, as in the night of a P2."""
    run = desk.run
    state, ladder = run.clocks.get(timing.ACKNOWLEDGE), paging.ladder_of(run)
    whom: tuple[str, ...] = ()
    if state is not None and ladder is not None and paging.due_by(run, ladder, state, desk.now) >= 0:
        whom = paging.whom(run, desk.people, state, ladder, 0)
        desk.run = paging.with_step(paging.with_call(run, whom, desk.now), state, 0)
    if whom:
        desk.note("paged", to=" ".join(whom))
    desk.say(replies.starting.declared(desk.run, whom, desk.now))


def page_next(desk: Desk, *, but: str) -> tuple[str, ...]:
    """Who is called now, the clock having begun again, noted; the caller says it. Not `but`, if there are others.

    At night nobody, if its severity calls in working hours.
    """
    run, state, ladder = desk.run, desk.run.clocks.get(timing.ACKNOWLEDGE), paging.ladder_of(desk.run)
    if paging.heeded(run, desk.now) > desk.now:
        return ()
    line = [person.handle for person in desk.people.holding(*run.policy.escalation)]
    whom = paging.without(line, [but])[:1]
    if state is not None and ladder is not None:
        number = max(0, paging.due_by(run, ladder, state, desk.now), paging.step(run, state))
        due = paging.without(paging.whom(run, desk.people, state, ladder, number), [but])
        whom = due if due != (but,) else whom
        run = paging.with_step(run, state, number)
    desk.run = paging.with_call(run, whom, desk.now)
    if whom:
        desk.note("paged", to=" ".join(whom))
    return whom


def give_back(desk: Desk, me: Speaker) -> Refused | None:
    """It was no acknowledgment: nobody has command, the clock counts on, and somebody else is called at once.

    Who gave it back is called again only when everybody is, like who passed it on.
    """
    before = undo.without_ack(desk, {"by": me.handle, "at": taken_at(desk.run)}) if may_give_back(desk.run) else None
    if before is None:
        return Refused(refusals.refused(paging_words.worked_on(desk.run)))
    desk.run = before.with_facts({"last.act": None})
    desk.note("not-me", me.record)
    whom = given_back(desk, me.handle)
    desk.say(paging_words.not_me(desk.run, me.handle, whom))
    desk.tell(words.taken_back(desk.run, "ack", me.handle))
    return None


def given_back(desk: Desk, who: str) -> tuple[str, ...]:
    """Nobody has it again: who is called now instead of `who`, who is called again only when everybody is."""
    clock = desk.run.clocks.get(timing.ACKNOWLEDGE)
    if clock is None or not clock.running:
        return ()
    desk.run = paging.given_on(desk.run, desk.people, clock, who)
    return page_next(desk, but=who)


def page(desk: Desk, me: Speaker, command: commands.Page) -> Refused | None:
    person = desk.people.named(command.who)
    if person is None:
        return Refused(refusals.refused(misread.unknown_person(command.who)))
    if person.handle == me.handle:  # who was called may say what others may not
        return Refused(refusals.refused(paging_words.calls_oneself(desk.run, me.handle)))
    desk.run = paging.with_call(desk.run, [person.handle], desk.now)
    desk.note("paged", me.record, to=person.handle, **({"text": command.text} if command.text else {}))
    desk.say(replies.answers.paged(desk.run, person.handle, me.handle, command.text))
    return None


def pass_on(desk: Desk, me: Speaker, _: commands.Pass) -> Refused | None:
    """Whoever was called cannot take it: the next people are called now, and the ladder goes on from there.

    Who has it, by a word of work perhaps, gives it back.
    """
    run, state = desk.run, desk.run.clocks.get(timing.ACKNOWLEDGE)
    ladder = paging.ladder_of(run)
    if answered(run) and run.owner == me.handle:
        return give_back(desk, me)
    if state is None or not state.running or ladder is None:
        return Refused(refusals.refused(replies.calling.NOBODY_CALLED))
    if me.handle in paging.passed(run, state):
        return Refused(replies.calling.passed_already(run, desk.now))
    desk.run = paging.with_pass(run, state, me.handle)
    number = paging.wider(desk.run, desk.people, state, ladder)
    desk.note("passed", me.record)
    whom = paging.without(paging.whom(desk.run, desk.people, state, ladder, number), [me.handle])
    at = paging.heeded(run, desk.now)
    desk.say(replies.calling.passed(me.handle, whom, at if at > desk.now else None))
    mark, asked = timing.PASSED + len(paging.passed(desk.run, state)), {"step": number, "passed": [me.handle]}
    desk.tx.deadlines.put(Deadline(run.id, timing.ACKNOWLEDGE, state.generation, mark, at, asked))
    return None


def assign(desk: Desk, me: Speaker, command: commands.Assign) -> Refused | None:
    person = desk.people.named(command.who)
    if person is None:
        return Refused(refusals.refused(misread.unknown_person(command.who)))
    if (refusal := _unfit(desk, person)) is not None:
        return refusal
    _take_over(desk, person.handle, me, command.text)
    return None


def _unfit(desk: Desk, person: Person) -> Refused | None:
    """Why this person cannot be the commander from now on."""
    if person.handle == desk.run.owner:
        return Refused(refusals.refused(refusals.owns_already(person.handle, desk.run)))
    roles = desk.run.policy.escalation
    if not desk.people.has(person.handle, roles):
        able = [p.handle for p in desk.people.holding(*roles)]
        return Refused(refusals.refused(refusals.cannot_command(person.handle, able)))
    return None


def handoff(desk: Desk, me: Speaker, command: commands.Handoff) -> Refused | None:
    person = desk.people.named(command.who)
    if person is None:
        return Refused(refusals.refused(misread.unknown_person(command.who)))
    if (refusal := _unfit(desk, person)) is not None:
        return refusal
    desk.run = desk.run.with_facts({"handoff": person.handle})
    desk.note("handoff-offered", me.record, to=person.handle, **({"text": command.text} if command.text else {}))
    desk.say(replies.answers.handed_to(desk.run, person.handle, me.handle, command.text))
    return None


def accept(desk: Desk, me: Speaker, _: commands.Accept) -> Refused | None:
    if desk.run.facts.get("handoff") != me.handle:
        return Refused(refusals.refused(refusals.NOT_OFFERED))
    _take_over(desk, me.handle, me)
    return None


def _take_over(desk: Desk, handle: str, by: Speaker, words: str = "") -> None:
    """Somebody has command from now on. Who takes it themselves, where nobody acknowledged, does so by that."""
    facts = {name: value for name, value in desk.run.facts.items() if name != "handoff"}
    if by.handle == handle and not answered(desk.run):
        desk.run = desk.run.but(facts=facts)
        ack(desk, by, commands.Ack(said=words))
        return
    if unanswered(desk.run):  # it is nobody's until somebody says so: they are called, and so is whoever comes next
        desk.run = paging.with_call(desk.run, [handle], desk.now)
        desk.note("paged", by.record, to=handle, **({"text": words} if words else {}))
        desk.say(replies.answers.assigned_unanswered(desk.run, handle, by.handle, words))
        return
    before = desk.run.owner
    desk.run = desk.run.but(owners=(*desk.run.owners, handle), facts=facts)
    more = {"text": words} if words else {}
    desk.note("taken-over" if by.handle == handle else "handoff", by.record, to=handle, before=before, **more)
    if by.handle != handle:
        desk.run = paging.with_call(desk.run, [handle], desk.now)
    desk.say(replies.answers.taken_over(desk.run, handle, by.handle, words))


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Ack: ack,
    commands.Report: report,
    commands.Page: page,
    commands.Pass: pass_on,
    commands.Assign: assign,
    commands.Handoff: handoff,
    commands.Accept: accept,
    **action_items.HANDLERS,
    **rating.HANDLERS,
}
