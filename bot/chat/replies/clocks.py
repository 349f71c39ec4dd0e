"""What clocks make the bot say: reminders, what was missed, what is overdue."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat.replies import calling, hotfix, phrases, security
from bot.chat.replies.parts import card, debt_hint, duration, missing_facts
from sops.kit import policy, timing
from sops.kit.escaping import printable
from sops.kit.message import Card, Line, Span, bold, line, time
from sops.kit.run import Run
from sops.kit.stores import Deadline


def _to(whom: str) -> tuple[Span | str, ...]:
    return calling.to(whom.split())


def reminder(run: Run, due: Deadline, whom: str, now: datetime) -> Card:
    """A new post that disturbs `whom`: one person, or several handles with spaces between them."""
    to = _to(whom)
    if due.clock == timing.ACKNOWLEDGE:
        return calling.told_late(run, whom.split(), now)
    if timing.lasting(due.clock):
        return _owed_reminder(run, due, to)
    if run.sop == "SOP-05" and due.clock != timing.UPDATE:
        return security.reminder(run, due, whom)
    if due.clock.startswith(timing.OWN):
        step = run.step(timing.row_of(due.clock))
        gone = "it was due" if due.threshold >= timing.DUE else f"{due.threshold} % of its time gone; due"
        title = step.title if step else due.clock
        return card(
            line(*to, f"{run.name}: {title}, to do: {gone} ", time(run.clocks[due.clock].due_at), "."),
            hint=(phrases.signing_of(run, step) if step else "") or "status",
        )
    if due.clock == timing.FIX:
        waits = [phrases.step_line(run, step, step.title) for step in run.current()]
        return hotfix.fix_reminder(run, due, whom, waits)
    clock = run.clocks[due.clock]
    if due.clock == timing.FIRST_REVIEW:
        return _review_reminder(run, due, to)
    name = f"{run.name} ({run.severity})"
    if due.clock == timing.UPDATE:
        what = "an update is due" if due.threshold < timing.DUE else "no update came; it was due"
        return card(
            line(*to, f"{name}: {what} ", time(timing.update_due(run) or clock.due_at), "."), hint="!update text"
        )
    if due.threshold == timing.EVE:
        what = "the post-mortem is due"
    elif due.threshold == timing.DUE and now - clock.due_at < policy.DAY:
        what = "the time for the post-mortem is over; it was due"
    else:
        what = f"the post-mortem is overdue by {_days(now - clock.due_at)}; it was due"
    return card(
        line(*to, f"{name}: {what} ", time(clock.due_at), "."),
        *_post_mortem_left(run),
        hint=_post_mortem_hint(run),
    )


def _days(span: timedelta) -> str:
    """Whole days, from the first on."""
    return duration(span - span % policy.DAY if span >= policy.DAY else span)


def _review_reminder(run: Run, due: Deadline, to: tuple[Span | str, ...]) -> Card:
    what = "waits for its first review, due" if due.threshold == timing.EVE else "still has no review; it was due"
    return card(
        line(*to, f"{run.name}: PR #{run.facts['pr']} by {run.title} {what} ", time(run.clocks[due.clock].due_at), "."),
        str(run.facts.get("pr.url", "")),
    )


def _owed_reminder(run: Run, due: Deadline, to: tuple[Span | str, ...]) -> Card:
    debt = next(debt for debt in run.obligations if f"{timing.OWED}{debt.id}" == due.clock)
    blocks = f" It blocks {debt.blocks}." if debt.blocks else ""
    return card(
        line(*to, f"{run.name}: still owed since ", time(debt.since), ": ", Span(text=debt.text), f".{blocks}"),
        hint=debt_hint(debt),
    )


def _post_mortem_left(run: Run) -> list[str]:
    if "post-mortem" in run.facts:
        return [f"PR #{run.facts['post-mortem']} waits to be merged: {run.facts.get('post-mortem.url', '')}"]
    missing = missing_facts(run, ("cause", "impact", "actions"))
    return (
        [f"Still missing: {', '.join(missing)}."] if missing else ["Everything is set; nobody asked for the draft yet."]
    )


def _post_mortem_hint(run: Run) -> str:
    return "" if "post-mortem" in run.facts else "!set cause … · !set impact … · !action @who … · !done post-mortem"


def late(card: Card, due_at: datetime) -> Card:
    """The same message, saying that it comes late."""
    note = line("(This was due ", time(due_at), "; Sopwith was not running then.)")
    return card.model_copy(update={"lines": (*card.lines, note)})


_MISSED = {
    timing.ACKNOWLEDGE: "nobody has acknowledged; due",
    timing.UPDATE: "no update came; due",
    timing.POST_MORTEM: "the post-mortem is not merged; due",
    timing.SOAK: "the soak goes on until",
    timing.FIX: "the fix is not out; due",
    timing.REPORT: "the report is not acknowledged; due",
    timing.PUBLISH: "the advisory is not published; due",
    timing.DISCLOSURE: "the disclosure agreed on",
}


def _missed_what(run: Run, due: Deadline) -> str:
    if timing.lasting(due.clock):
        debt = next(debt for debt in run.obligations if f"{timing.OWED}{debt.id}" == due.clock)
        return f"still owed: {debt.text}; due"
    return _MISSED.get(due.clock, f"{phrases.clock_name(run, due.clock)} due")


def missed(what: Sequence[tuple[Run, Deadline, str]]) -> Card:
    """One message for everything a channel should have heard while the bot was down."""
    lines: list[Line] = [line(bold("While Sopwith was not running, these came due:"))]
    for run, due, whom in what:
        to = _to(whom)
        # An update's clock runs anew already; of the others the promise counts, not the mark that was missed.
        at = (timing.update_due(run) or due.due_at) if due.clock == timing.UPDATE else run.clocks[due.clock].due_at
        lines.append(line(*to, f"{run.name}: {_missed_what(run, due)} ", time(at), "."))
    return card(*lines)


def digest(run: Run, mark: int, changes: Sequence[Sequence[str]], now: datetime) -> Card:
    """The soak's word of the day; days on which it stood still are none of its days."""
    clock = run.clocks[timing.SOAK]
    state = "BLOCKED" if run.facts.get("soak.blockers") else "NO OPEN BLOCKER"
    days = run.policy.soak.days
    lost = timedelta(seconds=run.facts.get("soak.lost", 0))
    gone = (now - clock.started_at - lost) // policy.DAY
    day = "last day" if mark == timing.EVE else f"day {max(gone, 0) + 1} of {days}"
    return card(
        line(bold(f"{run.name} · {run.version}-rc{run.iteration} soak · {day} · {state}")),
        line("Ends ", time(clock.due_at)),
        *(line(f"#{n} ", Span(text=printable(what)), " ", time(datetime.fromisoformat(at))) for at, n, what in changes),
        hint="!blocker #N · !dismiss #N reason",
    )
