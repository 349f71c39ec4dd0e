"""The live message at the root of a thread: what this is, where it stands, what comes next."""

from datetime import datetime

from bot.chat.replies import calling, hotfix, incident, mirrors, phrases, security
from bot.chat.replies.parts import begun, card, due
from sops.kit import closing, timing
from sops.kit.action import short
from sops.kit.message import Button, Card, Line, Span, bold, line, time
from sops.kit.model import Severity, Step
from sops.kit.response import answered, commanding, resolved, unanswered
from sops.kit.run import PROCEDURE, Run, RunState, StepState


def summary(run: Run, now: datetime) -> Card:
    """The live message at the root: what this is, where it stands, what comes next. In sight until the run is over."""
    told = mirrors.told_in(run)
    shown = _summary(run, now)
    lines = (*shown.lines, *_stands_still(run), *([line(told)] if told else []))
    return shown.model_copy(update={"lines": lines, "pinned": not run.state.over})


def _stands_still(run: Run) -> list[Line]:
    """Why nothing goes on, where no step says so."""
    if run.state.over or run.facts.get("restricted"):
        return []
    held = phrases.held_by(run)
    outage = phrases.unreached(run)
    named = run.prefix != phrases.INCIDENT and not _brief(run)  # there the step itself says so
    return [
        *([held] if held else []),
        *([line(f"{begun(outage[0].title)} ", *phrases.waits_for(outage[1]))] if outage and not named else []),
        *([line(phrases.BROKEN)] if run.facts.get("trouble") else []),
    ]


def _brief(run: Run) -> bool:
    return run.sop in phrases.WORDS and phrases.WORDS[run.sop].brief


def _summary(run: Run, now: datetime) -> Card:
    if _brief(run):
        return _one_line(run)
    return _incident_summary(run, now) if run.prefix == phrases.INCIDENT else _release_summary(run)


def quiet(run: Run) -> bool:
    """It is one line in its channel, and nobody answered it yet: nothing is said below it unless it must disturb."""
    return _brief(run) and "answered" not in run.facts


def _one_line(run: Run) -> Card:
    clock = run.clocks.get(timing.FIRST_REVIEW)
    due: tuple[Span | str, ...] = (" · first review due ", time(clock.due_at)) if clock and clock.running else ()
    return card(line(bold(f"{run.name} · {phrases.heading(run)} · {phrases.state_word(run)}"), *due))


#: Facts that name the run before, or after, of the same release.
_LINKS = {"offered.by": "Offered by", "goes.on": "Goes on as"}


def _release_summary(run: Run) -> Card:
    current = {step.id for step in run.current()}
    done = [step for step in run.steps if run.record(step.id).state.over]
    waiting = [step for step in run.steps if step.id in current and run.state is not RunState.PLANNED]
    rare = {"fix-branch", "blockers"}  # shown once a blocker makes them due
    left = [step for step in run.steps if step not in (*done, *waiting) and step.id not in rare]
    done = [step for step in done if run.record(step.id).state is StepState.DONE or step.id not in rare]
    lines: list[Line | str] = [line(bold(f"{run.name} · {phrases.heading(run)} · {phrases.state_word(run)}"))]
    if run.facts.get(PROCEDURE):
        lines.append(str(run.facts[PROCEDURE]))
    if run.parent_name:
        lines.append(f"For {run.parent_name}")
    lines += security.response_lines(run)
    lines += [f"{words} {run.facts[name]}" for name, words in _LINKS.items() if run.facts.get(name)]
    if done:
        lines.append(" ".join(f"{phrases.MARK[run.record(s.id).state]} {s.title}{_fact_of(run, s)}" for s in done))
    if run.state.over and waiting:
        lines.append("Never done: " + " · ".join(step.title for step in (*waiting, *left)))
    else:
        lines += [phrases.step_line(run, step, _named(step)) for step in waiting]
    if left and not run.state.over:
        lines.append("Not yet: " + " · ".join(step.title for step in left))
    soak = run.clocks.get(timing.SOAK)
    if soak is not None and soak.running:
        lines.append(line("Soak ends ", time(soak.due_at)))
    lines += [until] if (until := hotfix.fix_line(run)) else []
    lines += [phrases.debt_line(debt) for debt in run.obligations if debt.open]
    lines += [phrases.child_line(child) for child in run.children]
    lines.append(line(f"Started by {run.starter} ", time(run.created_at)))
    return card(*lines, hint=_release_hint(run), buttons=_release_buttons(run))


def _named(step: Step) -> str:
    """With its id, which is what commands want."""
    return step.title if step.title == step.id else f"{step.title} ({step.id})"


def _release_buttons(run: Run) -> tuple[Button, ...]:
    if run.state.over:
        return ()
    held = run.state is RunState.HELD
    other = Button(label="Resume", says="!resume") if held else Button(label="Hold", says="!hold", asks=("reason",))
    return (Button(label="Plan", says="plan"), other)


def _release_hint(run: Run) -> str:
    if run.state.over:
        return "timeline"
    if run.state is RunState.PLANNED:
        return "!start · plan · !cancel reason"
    if run.state is RunState.HELD:
        return "!resume · plan · !cancel reason"
    if phrases.refused(run) is not None:
        return "!retry · plan · !cancel reason"
    if "soak" in {step.id for step in run.current()}:
        return "!blocker #N · !dismiss #N reason · status · !hold reason"
    if phrases.own_checklist(run):
        return phrases.own_hint(run)
    return phrases.WORDS[run.sop].hint if run.sop in phrases.WORDS else "plan · status · !hold reason"


def _fact_of(run: Run, step: Step) -> str:
    """What a finished step is known by: #418, 4/4, a digest."""
    facts = run.facts
    known = {
        "pull-request": f" #{facts.get('pr')}",
        "checks": f" {facts.get('checks')} on {short(str(facts.get('head')))}",
        "tag": f" {facts.get('tag')}",
    }
    return known.get(step.id, "") if run.record(step.id).state is StepState.DONE else ""


def _incident_summary(run: Run, now: datetime) -> Card:
    facts = run.facts
    severity = run.severity or "severity?"
    if facts.get("restricted"):  # whoever may read more does so where it went on
        return card(line(bold(f"{severity} · {run.name} · {phrases.state_word(run)}")))
    lines: list[Line | str] = [
        line(bold(f"{severity} · {run.name} · "), Span(text=run.title), bold(f" · {phrases.state_word(run)}"))
    ]
    who = f"Commander {run.owner}" if run.owner and phrases.said(run, "acknowledge") else "No commander yet"
    lines.append(line(f"{who} · declared ", time(run.created_at), f" by {run.starter}"))
    if facts.get("update"):
        text, by, at = facts["update"]
        lines.append(line("Now     ", Span(text=text), f" ({by}, ", time(datetime.fromisoformat(at)), ")"))
    lines.append(_incident_next(run))
    lines += [phrases.child_line(child) for child in run.children]
    public = f"{facts['public.url']}" if facts.get("public.url") else "nothing yet"
    lines.append(line(f"Public  {public}", *_paged(run, now)))
    lines += [phrases.debt_line(debt) for debt in run.obligations if debt.open]
    hint, buttons = _incident_choices(run)
    return card(*lines, hint=hint, buttons=buttons)


def _incident_next(run: Run) -> Line:
    if run.state.over:
        return line(f"Ended   {run.facts.get('ended', run.state)}")
    coming = closing.next_row(run)
    spans: list[Span | str] = [f"Next    {coming.title if coming else 'nothing'}"]
    for name, label in (
        (timing.ACKNOWLEDGE, "acknowledge by "),
        (timing.UPDATE, "update due "),
        (timing.POST_MORTEM, "post-mortem due "),
    ):
        clock = run.clocks.get(name)
        if clock is not None and clock.running:
            owed = timing.update_due(run) if name == timing.UPDATE else None
            spans += [" · update owed since ", time(owed)] if owed else [f" · {label}", *due(run, name)]
    return line(*spans)


def _paged(run: Run, now: datetime) -> tuple[Span | str, ...]:
    """Who was called, and by whom that was answered, or who is called next and who looked."""
    calls, step = calling.calls(run, now), commanding(run)
    by = run.record(step.id).by if step and answered(run) else ""
    after = (f", answered by {by}",) if calls and by else ()
    return ((" · ", *calls, *after) if calls else ()) + _seen(run)


def _seen(run: Run) -> tuple[Span | str, ...]:
    """Who looked, while nobody has it."""
    spans: list[Span | str] = []
    for who, at in run.facts.get("seen", []) if unanswered(run) else []:
        spans += [" · seen by " if not spans else ", ", f"{who} ", time(datetime.fromisoformat(at))]
    return tuple(spans)


def _incident_choices(run: Run) -> tuple[str, tuple[Button, ...]]:
    """What may be said next, and its buttons; on hold people go on, and the bot may too once somebody says so."""
    hint, buttons = _incident_words(run)
    return (f"!resume · {hint}" if run.state is RunState.HELD else hint), buttons


def _incident_words(run: Run) -> tuple[str, tuple[Button, ...]]:
    if run.state.over:
        return "timeline · !reopen reason", ()
    if run.severity is None:
        return "!severity P0|P1|P2|P3", tuple(Button(label=s, says=f"!severity {s}") for s in Severity)
    if not phrases.said(run, "acknowledge"):
        return "ack · !pass · !page who" if calling.goes_on(run) else "ack · !page who", (
            Button(label="I've got it", says="ack"),
            Button(label="Page…", says="!page", asks=("who",)),
        )
    if resolved(run):
        return incident.after_resolution(run), ()
    return "!update … · !mitigate … · !verify … · !handoff @who · !page @who", (
        Button(label="Update", says="!update", asks=("text",)),
        Button(label="Mitigated", says="!mitigate", asks=("text",)),
        Button(label="Hand off", says="!handoff", asks=("who",)),
        Button(label="Page…", says="!page", asks=("who",)),
    )
