"""How an incident ends, and begins again: closed by its rows, a duplicate, a false alarm; reopened."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers import two_people
from bot.chat.handlers.action_items import let_go
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.cancelling import urgent, worst
from bot.chat.handlers.common import is_under_way, sign, step_of, without_draft
from bot.chat.handlers.incident import page_first
from bot.chat.privacy import hidden
from bot.chat.replies import incident as words
from bot.chat.replies import left, misread, refusals
from bot.engine.desk import Desk
from sops.kit import paging, post_mortem, timing
from sops.kit.closing import still_open
from sops.kit.post_mortem import OwesPostMortem
from sops.kit.response import answered, hurts, resolved
from sops.kit.run import Run, RunState, StepState

AGAIN = ("acknowledge", "mitigate", "fix", "verify", "post-mortem", "post-mortem-merged", "close", "reopen-issue")
#: What was only so while it went on, or as long as it was over.
GONE = frozenset(
    {
        "joined",
        "seen",
        "acknowledged.at",
        "acknowledged.with",
        "ended",
        "cancelled",
        "cleaned",
        "waive.cancel",
        "waive.false-alarm",
        "resolved.at",
        "resolved.severity",
        "update.missed",
        "update.due",
    }
)


def close(desk: Desk, me: Speaker, _: commands.Close) -> Refused | None:
    """Refused, naming every reason, while anything is open (SOP-08 row 9)."""
    run, left = desk.run, still_open(desk.run)
    if left:
        reasons = [refusals.HELD] if left.held else []
        reasons += [refusals.close_reason(run, step) for step in left.steps]
        reasons += [refusals.close_child(child) for child in left.children]
        reasons += [refusals.close_debt(debt) for debt in left.debts]
        return Refused(refusals.close_refused(run, reasons))
    sign(desk, me, step_of(run, "close"), "")
    desk.note("close", me.record)
    desk.say(replies.answers.closing(me.handle))
    return None


def duplicate(desk: Desk, me: Speaker, command: commands.Duplicate) -> Refused | None:
    other = desk.tx.runs.by_name(command.of)
    other = None if not isinstance(other, Run) or any(hidden(other, place) for place in desk.run.places) else other
    if other is None or other.sop != desk.run.sop:
        return Refused(misread.unknown_run(command.of))
    if other.id == desk.run.id:
        return Refused(refusals.refused(refusals.itself()))
    if other.state.over:
        return Refused(refusals.refused(refusals.duplicate_over(other.name, other.facts.get("ended", other.state))))
    if refusal := _public_stands(desk.run, f"!duplicate {command.of}"):
        return Refused(refusals.refused(refusal))
    reasons = _no_short_end(desk.run, told_there=OwesPostMortem().holds(other))
    if reasons := [*_not_watched(desk, other), *reasons]:
        return Refused(words.no_short_end(desk.run, reasons))
    _end(desk, me, refusals.duplicate_of(command.of))
    return None


def false_alarm(desk: Desk, me: Speaker, command: commands.FalseAlarm) -> Refused | None:
    if refusal := _public_stands(desk.run, "!false alarm reason"):
        return Refused(refusals.refused(refusal))
    if reasons := _no_short_end(desk.run):
        return Refused(words.no_short_end(desk.run, reasons))
    first = ""
    if urgent(desk) and not answered(desk.run):
        first = two_people.asked_by(desk, "waive.false-alarm")
        able = two_people.others(desk, me)
        if first and (first == me.handle or not two_people.may_agree(desk, me)):
            return Refused(refusals.refused(left.false_alarm_same(first == me.handle, able)))
        if not first:
            two_people.ask(desk, me, "waive.false-alarm")
            desk.note("waiver-asked", me.record, what="false alarm", text=command.reason)
            desk.say(left.false_alarm_asked(desk.run, worst(desk), me.handle, command.reason, able))
            return None
    _end(desk, me, refusals.was_false_alarm(command.reason), first)
    return None


def _not_watched(desk: Desk, other: Run) -> list[str]:
    """Why this one's calls and clocks must not end for that one: it is over where it hurt, or hurries nobody as much.

    While nobody acknowledged it, the worst that anybody said of this one counts: one person may have lowered it.
    """
    if not hurts(desk.run):
        return []
    if not hurts(other):
        return [words.other_is_resolved(other)]
    counts = paging.rated(desk.run)
    counts = counts if answered(desk.run) else min(counts, worst(desk) or counts)
    return [words.other_is_less(other, counts)] if counts < paging.rated(other) else []


def _public_stands(run: Run, word: str) -> str:
    """Why it cannot end by that word yet: what the world was told would stand, and nobody could correct it any more."""
    posting = [step for step in run.steps if step.id.startswith(("publish-", "correct-"))]
    if any(run.record(step.id).state in {StepState.PENDING, StepState.RUNNING} for step in posting):
        return words.still_posting(word)
    return words.public_stands(word) if run.facts.get("public.last") and not run.facts.get("public.corrected") else ""


def _no_short_end(run: Run, *, told_there: bool = False) -> list[str]:
    """Why it cannot end before its rows do: work was done in it, or still is; empty if it can.

    `told_there`: it is the same as another one, whose post-mortem tells of that work.
    """
    if resolved(run):
        reasons = [words.resolved(run)]
    else:
        done = [step for step in map(run.step, ("mitigate", "fix")) if step and _was_done(run, step.id)]
        owed = OwesPostMortem().holds(run) and not told_there
        reasons = [words.worked_on(step, run.record(step.id)) for step in done if owed]
    reasons += [refusals.under_way(step) for step in run.steps if is_under_way(run, step)]
    return reasons + [refusals.close_child(child) for child in run.children if child.open]


def _was_done(run: Run, step_id: str) -> bool:
    record = run.record(step_id)
    return record.signed or record.state is StepState.DONE


def _end(desk: Desk, me: Speaker, why: str, agreed: str = "") -> None:
    """Leave every open row out, and let the bot close the issue if there is one."""
    run = without_draft(desk.run).with_facts({"ended": why})
    for step in run.steps:
        if not run.record(step.id).state.over and step.id != "close":
            run = run.with_record(step.id, state=StepState.SKIPPED, note=why, by=me.handle)
    run = run.with_record("close", signed=True, by=me.handle, text=why)
    for name in [name for name in run.clocks if not timing.lasting(name)]:
        run = timing.stopped(run, name, desk.now)
    desk.run = let_go(run, desk.now)
    desk.note("closed-as", me.record, text=why, **({"agreed": agreed} if agreed else {}))
    desk.say(replies.answers.closed_as(run, f"{agreed} and {me.handle}" if agreed else me.handle, why))


def reopen(desk: Desk, me: Speaker, command: commands.Reopen) -> Refused | None:
    """Open again: somebody is called and takes it anew. The post-mortem is drafted anew; one that was merged stays."""
    run = desk.run
    if not run.record("verify").state.over and not run.state.over:
        return Refused(refusals.refused(refusals.NOT_OVER))
    facts = {name: value for name, value in post_mortem.reopened(without_draft(run)).items() if name not in GONE}
    ended = run.facts.get("ended")
    left_out = {name for name, record in run.records.items() if record.state is StepState.SKIPPED}
    again = {*AGAIN, *(name for name in left_out if run.record(name).by and run.record(name).note == ended)}
    records = {name: record for name, record in run.records.items() if name not in again}
    run = run.but(state=RunState.ACTIVE, ended_at=None, iteration=run.iteration + 1, records=records, facts=facts)
    for clock in (timing.POST_MORTEM, timing.UPDATE):
        run = timing.stopped(run, clock, desk.now)
    run = run.with_facts({"update": [words.reopened(command.reason), me.handle, desk.now.isoformat()]})
    desk.run = timing.started(run, timing.ACKNOWLEDGE, desk.now)
    desk.note("reopened", me.record, text=command.reason)
    desk.say(replies.answers.reopened(desk.run, me.handle, command.reason))
    page_first(desk)
    desk.tell(replies.answers.reopened(desk.run, me.handle, command.reason))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Close: close,
    commands.Duplicate: duplicate,
    commands.FalseAlarm: false_alarm,
    commands.Reopen: reopen,
}
