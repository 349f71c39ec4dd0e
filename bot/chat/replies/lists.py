"""What is listed for those who ask: status, todo, timeline, runs, procedures, help."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.reality import Differs
from bot.chat.replies import calling, phrases, unread
from bot.chat.replies.parts import card
from sops.kit import timing
from sops.kit.action import Moment
from sops.kit.message import Card, Line, Span, bold, line, time, typed
from sops.kit.model import Sop, Step
from sops.kit.response import answered, commanding
from sops.kit.run import Run, RunState, StepState
from sops.kit.unreadable import Unreadable


def status(run: Run, now: datetime, differs: Sequence[Differs] = ()) -> Card:
    """Where every step stands, and where what is recorded is not so."""
    whose = f" · commander {run.owner}" if answered(run) and run.owner else ""
    lines: list[Line | str] = [line(bold(f"{run.name} · {phrases.state_word(run)}"), whose)]
    for step in run.steps:
        record = run.record(step.id)
        who = f" ({record.by})" if record.by else ""
        never = run.state.over and not record.state.over
        mark = phrases.MARK[StepState.PENDING if never else record.state]
        name = f"{phrases.listed(run, step)}{phrases.standing(run, step)}{who}"
        lines.append(line(f"{mark} {name}", *(() if never else phrases.note_of(run, step))))
    lines += [held] if (held := phrases.held_by(run)) else []
    lines += [phrases.child_line(child) for child in run.children]
    for name, clock in run.clocks.items():
        if clock.running:
            due_at = (timing.update_due(run) if name == timing.UPDATE else None) or clock.due_at
            lines.append(line(f"{phrases.clock_name(run, name)} due ", time(due_at), " (over)" if due_at < now else ""))
    if run.prefix == phrases.INCIDENT and (calls := calling.calls(run, now)):
        lines.append(line(*calls))
    lines += [phrases.debt_line(debt) for debt in run.obligations if debt.open]
    for each in differs:
        if each.gone:
            lines += [line(bold("Recorded as done, but not so: "), Span(text=f"{each.step.id}: {each.what}"))]
            lines += [f"!redo {each.step.id} reason, or leave it and !note why"]
        else:
            lines += [line(bold("There, though not recorded: "), Span(text=f"{each.step.id}: {each.what}"))]
            lines += [f"!adopt {each.step.id} goes on from it"]
    return card(*lines)


def todo(run: Run) -> Card:
    """What is owed, by whom."""
    lines: list[Line | str] = []
    if run.state is RunState.PLANNED:
        lines.append("▶ !start, by somebody who may: nothing is done before")
    elif not run.state.over:
        lines += [phrases.step_line(run, step, phrases.listed(run, step)) for step in run.current()]
    lines += [phrases.debt_line(debt) for debt in run.obligations if debt.open]
    return card(line(bold(f"{run.name}: to do")), *(lines or ["Nothing."]))


def timeline(run: Run, moments: Sequence[Moment]) -> Card:
    lines = [line(time(moment.at), f" {moment.who}: ", Span(text=moment.what)) for moment in moments]
    return card(line(bold(f"{run.name}: timeline")), *lines)


def runs(open_runs: Sequence[Run], owing: Sequence[Run], dark: Sequence[Unreadable] = ()) -> Card:
    """What goes on, also what cannot be read, and what is still owed by runs that are over."""
    lines = [*map(_going, open_runs), *map(unread.listed, dark)]
    debts = [(run, debt) for run in owing for debt in run.obligations if debt.open]
    owed = [line(bold(run.name), " ", *phrases.debt_line(debt)) for run, debt in debts]
    return card(*(lines or [line("No run is open that can be shown here.")]), *owed)


def _going(run: Run) -> Line:
    return line(
        bold(run.name), f" {phrases.state_word(run).lower()} · ", Span(text=run.title), *phrases.waiting_for(run)
    )


SHOWN_OPEN = 15  # of the runs that are open, the newest; the rest are counted


def overview(open_runs: Sequence[Run], all_sops: Sequence[Sop], dark: Sequence[Unreadable] = ()) -> Card:
    """What goes on, and what can be begun: as much as somebody reads who knows nothing yet."""
    more = len(open_runs) - SHOWN_OPEN
    lines: list[Line | str] = [*map(_going, reversed(open_runs[-SHOWN_OPEN:])), *map(unread.listed, dark[-SHOWN_OPEN:])]
    rest = [f"and {more} more: /sop runs"] if more > 0 else []
    begins = [line(typed(f"/{sop.command}"), f": {sop.id} {sop.title}") for sop in all_sops]
    return card(
        line(bold("Open now")),
        *(lines or ["No run is open that can be shown here."]),
        *rest,
        line(bold("What can be begun")),
        *begins,
        "/sop help says how each is typed; in a run's thread, say help.",
    )


def sops(all_sops: Sequence[Sop]) -> Card:
    return card(*(f"{sop.id} {sop.title}: /{sop.command}" for sop in all_sops), hint="/sop show SOP-03")


def starts_with(known: Sop) -> Card:
    return card(f"{known.id} begins with /{known.command}.", hint=f"/{known.command}")


def sop(shown: Sop, outline: Sequence[tuple[Step, Sequence[str]]]) -> Card:
    """A procedure to be held against the document: row, step, and what it waits for and does."""
    lines: list[Line | str] = [line(bold(f"{shown.id} {shown.title}"), f" · owner: {shown.owner} · /{shown.command}")]
    for step, texts in outline:
        lines += [f"row {step.row:<3} {step.id:<19} {texts[0]}", *(f"{'':<27} {text}" for text in texts[1:])]
    return card(*lines)


_BEGINNINGS = (
    ("/incident declare P1 what is broken", "anyone may"),
    ("/release rc 1.4.0", "a release candidate"),
    ("/release stable 1.4.0", "the release, from the soaked candidate"),
    ("/release rollback 1.4.0", "take a release back"),
    ("/release freeze reason · /release unfreeze", "no release meanwhile"),
    ("/hotfix 1.4.1 P0 wal-corruption", "a patch of a release"),
    ("/security report text", "in private; anyone may"),
    ("/deps update rocksdb 9.7.3", "a dependency"),
    ("/onboard octocat #412", "welcome a contributor"),
)


def help_outside() -> Card:
    """How each procedure is begun, and where to look."""
    return card(
        "/sop: what is open, and what can be begun",
        *(line(typed(example), f": {what}") for example, what in _BEGINNINGS),
        "/sop mirror INC-1 and a channel of the other chat (matrix:#ops, slack:#ops) tells a run there too.",
        "/sop list · /sop show SOP-03 · /sop start SOP-42 · /sop runs (with what is owed) · /sop INC-1 status",
        "In a run's thread, say help. /sop before any of these does the same: /sop incident declare …",
    )


RESPONDING = (
    "ack · !take · !not me · !seen · !severity P0 reason · !title new words · !update text · !triage text"
    " · !mitigate text · !verify text · !page @who · !assign @who · !handoff @who · !accept · !snooze 15m"
)


def help_in(run: Run) -> Card:
    """The words that make sense in this thread."""
    common = (
        "status · plan · todo · timeline · !note text · !undo · !hold reason · !resume · !retry"
        " · !cancel reason · !cleanup"
        " · !mirror CHANNEL · !unmirror CHANNEL"
        " · !adopt STEP · !redo STEP reason · !byhand STEP reason · !override STEP reason"
    )
    if run.facts.get("restricted"):
        return card("status · timeline")
    if run.prefix == phrases.INCIDENT:
        return card(
            "ack · !pass · !take · !not me · !seen",
            "!severity P0 reason · !title new words · !update text · !publish text · !correct text · !triage text",
            "!mitigate text · !fix text · !verify text · !page @who · !assign @who · !handoff @who · !accept",
            "!set cause text · !set impact text · !action @who text by YYYY-MM-DD · !action none · !action drop N",
            "!done post-mortem · !close · !duplicate INC-6 · !false alarm reason · !restrict reason · !reopen reason",
            "!snooze 30m · !skip STEP reason",
            common,
        )
    if run.sop in phrases.WORDS and phrases.WORDS[run.sop].help:
        responding = [RESPONDING] if commanding(run) else []
        return card(*responding, *phrases.WORDS[run.sop].help, common)
    if phrases.own_checklist(run):
        return card(*phrases.own_help(run), common)
    return card(
        "!start · approve CODE · !reject CODE reason · !withdraw · !stop",
        "!blocker #N · !dismiss #N reason · !done blockers evidence · !waive GATE reason",
        common,
    )
