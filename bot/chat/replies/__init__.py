"""Every sentence the bot says. Pure: values in, a `Card` (or a phrase of one) out.

This module holds what all procedures share, and is longer than others on purpose; requests for approval, clocks, the
record and each procedure have modules beside it. Tone: short, exact, no exclamation; what happened, what it means,
what to say next. Text from people goes into spans as data.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.chat import commands
from bot.chat.reality import Differs
from bot.chat.replies import approvals as approvals
from bot.chat.replies import clocks as clocks
from bot.chat.replies import dependency, freeze, hotfix, incident, mirrors, onboarding, rollback, security, stable
from bot.chat.replies import record as record
from bot.chat.replies.parts import Words, a_role, card, debt_hint, duration, either, names, roles_of, seconds
from sops.kit import timing
from sops.kit.action import Action, Conflict, Moment, News, short
from sops.kit.approvals import Request, RequestState
from sops.kit.branch_actions import branch_of
from sops.kit.escaping import printable
from sops.kit.gate import SignedOff
from sops.kit.message import Button, Card, Line, Span, bold, channel, code, line, person, time, typed
from sops.kit.model import Role, Severity, Sop, Step
from sops.kit.people import Person
from sops.kit.run import Child, Obligation, Run, RunState, StepState

_MARK = {
    StepState.DONE: "✓",
    StepState.SKIPPED: "–",
    StepState.WAITING: "▶",
    StepState.RUNNING: "▶",
    StepState.FAILED: "✗",
    StepState.PENDING: "·",
}
INCIDENT = "INC"
#: What procedures say of their own, by SOP.
WORDS: Mapping[str, Words] = {
    "SOP-01": stable.WORDS,
    "SOP-02": hotfix.WORDS,
    "SOP-04": rollback.WORDS,
    "SOP-05": security.WORDS,
    "SOP-06": dependency.WORDS,
    "SOP-07": onboarding.WORDS,
    "FREEZE": freeze.WORDS,
}
_ROOTS = tuple(f"/{root}" for root in commands.ROOTS)


# The summary at the root of a thread


def summary(run: Run, now: datetime) -> Card:
    """The live message at the root: what this is, where it stands, what comes next. In sight until the run is over."""
    told = mirrors.told_in(run)
    shown = _summary(run)
    lines = (*shown.lines, line(told)) if told else shown.lines
    return shown.model_copy(update={"lines": lines, "pinned": not run.state.over})


def _summary(run: Run) -> Card:
    if run.sop in WORDS and WORDS[run.sop].brief:
        return _one_line(run)
    return _incident_summary(run) if run.prefix == INCIDENT else _release_summary(run)


def quiet(run: Run) -> bool:
    """It is one line in its channel, and nobody answered it yet: nothing is said below it unless it must disturb."""
    return run.sop in WORDS and WORDS[run.sop].brief and "answered" not in run.facts


def _one_line(run: Run) -> Card:
    clock = run.clocks.get(timing.FIRST_REVIEW)
    due: tuple[Span | str, ...] = (" · first review due ", time(clock.due_at)) if clock and clock.running else ()
    return card(line(bold(f"{run.name} · {heading(run)} · {state_word(run)}"), *due))


def state_word(run: Run) -> str:
    """The run's state in capitals, for the first line."""
    if run.state is not RunState.ACTIVE:
        return {RunState.PLANNED: "PLANNED, NOTHING DONE YET"}.get(run.state, run.state.upper())
    if any(run.record(step.id).state is StepState.FAILED for step in run.current()):
        return "STOPPED BY A CONFLICT"
    if run.prefix == INCIDENT:
        return _incident_state(run)
    if (last := _refused(run)) is not None:
        return f"{last.state.upper()}; !RETRY ASKS AGAIN"
    asked = [request for request in run.requests if request.state is RequestState.OPEN]
    if asked:
        missing = asked[-1].quorum - len(asked[-1].people)
        return f"WAITING FOR {missing} YES" if missing == 1 else f"WAITING FOR {missing} YESES"
    if "soak" in {step.id for step in run.current()}:
        return "BLOCKED" if run.facts.get("soak.blockers") else "SOAKING, NO OPEN BLOCKER"
    return "WAITING" if any(run.record(step.id).stuck for step in run.current()) else "RUNNING"


def _refused(run: Run) -> Request | None:
    """The request that a step whose turn it is waited for, if it was rejected or ran out."""
    current = {step.id for step in run.current()}
    last = next((r for r in reversed(run.requests) if r.step in current and r.iteration == run.iteration), None)
    return last if last is not None and last.state in {RequestState.REJECTED, RequestState.EXPIRED} else None


def _incident_state(run: Run) -> str:
    if run.record("verify").state.over:
        return "RESOLVED, POST-MORTEM OWED" if not run.record("post-mortem-merged").state.over else "RESOLVED"
    for step, word in (("mitigate", "MITIGATED"), ("acknowledge", "ACKNOWLEDGED")):
        if run.record(step).state is StepState.DONE:
            return word
    return "NOT ACKNOWLEDGED" if run.severity else "SEVERITY MISSING"


#: Facts that name the run before, or after, of the same release.
_LINKS = {"offered.by": "Offered by", "goes.on": "Goes on as"}


def _release_summary(run: Run) -> Card:
    current = {step.id for step in run.current()}
    done = [step for step in run.steps if run.record(step.id).state.over]
    waiting = [step for step in run.steps if step.id in current and run.state is not RunState.PLANNED]
    rare = {"fix-branch", "blockers"}  # shown once a blocker makes them due
    left = [step for step in run.steps if step not in (*done, *waiting) and step.id not in rare]
    done = [step for step in done if run.record(step.id).state is StepState.DONE or step.id not in rare]
    lines: list[Line | str] = [line(bold(f"{run.name} · {heading(run)} · {state_word(run)}"))]
    if run.parent_name:
        lines.append(f"For {run.parent_name}")
    lines += [f"{words} {run.facts[name]}" for name, words in _LINKS.items() if run.facts.get(name)]
    if done:
        lines.append(" ".join(f"{_MARK[run.record(s.id).state]} {s.title}{_fact_of(run, s)}" for s in done))
    if run.state.over and waiting:
        lines.append("Never done: " + " · ".join(step.title for step in (*waiting, *left)))
    else:
        lines += [line(f"{_MARK[run.record(s.id).state]} {s.title}", *_note(run, s)) for s in waiting]
    if left and not run.state.over:
        lines.append("· " + " · ".join(step.title for step in left))
    soak = run.clocks.get(timing.SOAK)
    if soak is not None and soak.running:
        lines.append(line("Soak ends ", time(soak.due_at)))
    lines += [until] if (until := hotfix.fix_line(run)) else []
    lines += [_debt(debt) for debt in run.obligations if debt.open]
    lines += [child_line(child) for child in run.children]
    lines.append(line(f"Started by {run.starter} ", time(run.created_at)))
    buttons = (
        ()
        if run.state.over
        else (Button(label="Plan", says="plan"), Button(label="Hold", says="!hold", asks=("reason",)))
    )
    return card(*lines, hint=_release_hint(run), buttons=buttons)


def heading(run: Run) -> str:
    """What the run is, in few words: candidate 1.4.0-rc1, hotfix 1.4.1 (P0)."""
    if run.sop in WORDS:
        return printable(WORDS[run.sop].heading(run))
    if run.sop != "SOP-03":
        return printable(run.title)
    return f"candidate {run.version}-rc{run.iteration}"


def child_now(run: Run) -> str:
    """Where a run stands, as its parent shows it."""
    return f"{heading(run) if run.prefix != INCIDENT else printable(run.title)} · {state_word(run)}"


def child_line(child: Child) -> str:
    mark = "▶" if child.open else "✓" if child.state is RunState.DONE else "–"
    return f"{mark} {child.name} · {child.now}"


def _release_hint(run: Run) -> str:
    if run.state.over:
        return "timeline"
    if run.state is RunState.PLANNED:
        return "!start · plan · !cancel reason"
    if run.state is RunState.HELD:
        return "!resume · plan · !cancel reason"
    if _refused(run) is not None:
        return "!retry · plan · !cancel reason"
    if "soak" in {step.id for step in run.current()}:
        return "!blocker #N · !dismiss #N reason · status · !hold reason"
    if _own(run):
        return _own_hint(run)
    return WORDS[run.sop].hint if run.sop in WORDS else "plan · status · !hold reason"


def _fact_of(run: Run, step: Step) -> str:
    """What a finished step is known by: #418, 4/4, a digest."""
    facts = run.facts
    known = {
        "pull-request": f" #{facts.get('pr')}",
        "checks": f" {facts.get('checks')} on {short(str(facts.get('head')))}",
        "tag": f" {facts.get('tag')}",
    }
    return known.get(step.id, "") if run.record(step.id).state is StepState.DONE else ""


def _note(run: Run, step: Step) -> tuple[Span, ...]:
    note = run.record(step.id).note
    if run.prefix == INCIDENT and step.id == "close" and note and not run.record("close").signed:
        note = incident.before_closing(run)
    if note == step.title and (asked := _asked(run, step)) is not None:  # a row of a checklist is its own question
        note = f"{asked.by} says {_signing(step, asked)}"
    return (Span(text=f": {note}"),) if note else ()


def _asked(run: Run, step: Step) -> SignedOff | None:
    """The sign-off the step waits for."""
    asked = (piece for piece in step.waits if isinstance(piece, SignedOff) and not piece.given(run, step.id))
    return next(asked, None)


def _signing(step: Step, asked: SignedOff) -> str:
    return f"!done {step.id} evidence" if asked.evidence else f"!done {step.id}"


def _own(run: Run) -> bool:
    """A procedure of the organisation's own: what can be said of it stands in its steps."""
    return run.sop not in {*WORDS, "SOP-03", "SOP-08"}


def _own_hint(run: Run) -> str:
    """How the step whose turn it is is signed off, if it is one of those."""
    asked = [(step, piece) for step in run.current() if (piece := _asked(run, step)) is not None]
    return f"{_signing(*asked[0])} · plan · status" if asked else "plan · status · !hold reason"


def _own_help(run: Run) -> list[str]:
    """What its rows ask for, each with what is typed."""
    lines = ["!start · approve CODE · !reject CODE reason · !withdraw · !stop · !skip STEP reason · !waive STEP reason"]
    for step in run.steps:
        signed = next((piece for piece in step.waits if isinstance(piece, SignedOff)), None)
        if signed is not None:
            lines.append(f"{_signing(step, signed)}: {signed.by} says {step.title}")
    return lines


def _debt(debt: Obligation) -> Line:
    return line(f"Owed: {debt.text} ({debt.role}; {debt.id})")


def _incident_summary(run: Run) -> Card:
    facts = run.facts
    severity = run.severity or "severity?"
    lines: list[Line | str] = [
        line(bold(f"{severity} · {run.name} · "), Span(text=run.title), bold(f" · {state_word(run)}"))
    ]
    who = f"Commander {run.owner}" if run.owner else "No commander yet"
    lines.append(line(f"{who} · declared ", time(run.created_at), f" by {run.starter}"))
    if facts.get("update"):
        text, by, at = facts["update"]
        lines.append(line("Now     ", Span(text=text), f" ({by}, ", time(datetime.fromisoformat(at)), ")"))
    lines.append(_incident_next(run))
    lines += [child_line(child) for child in run.children]
    public = f"{facts['public.url']}" if facts.get("public.url") else "nothing yet"
    lines.append(line(f"Public  {public}", *_paged(run)))
    lines += [_debt(debt) for debt in run.obligations if debt.open]
    hint, buttons = _incident_choices(run)
    return card(*lines, hint=hint, buttons=buttons)


def _incident_next(run: Run) -> Line:
    if run.state.over:
        return line(f"Ended   {run.facts.get('ended', run.state)}")
    own = {"detect", "reopen-issue"}
    left = [step.title for step in run.steps if not run.record(step.id).state.over and step.id not in own]
    spans: list[Span | str] = [f"Next    {left[0]}" if left else "Next    nothing"]
    for name, label in (
        (timing.ACKNOWLEDGE, "acknowledge by "),
        (timing.UPDATE, "update due "),
        (timing.POST_MORTEM, "post-mortem due "),
    ):
        clock = run.clocks.get(name)
        if clock is not None and clock.running:
            owed = timing.update_due(run) if name == timing.UPDATE else None
            spans += [" · update owed since ", time(owed)] if owed else [f" · {label}", time(clock.due_at)]
    return line(*spans)


def _paged(run: Run) -> tuple[Span | str, ...]:
    spans: list[Span | str] = []
    for who, at in run.facts.get("paged", []):
        spans += [" · Paged " if not spans else ", ", f"{who} ", time(datetime.fromisoformat(at))]
    if spans and run.record("acknowledge").state is StepState.DONE:
        spans.append(f", answered by {run.record('acknowledge').by}")
    return tuple(spans)


def _incident_choices(run: Run) -> tuple[str, tuple[Button, ...]]:
    """What may be said next, and its buttons; on hold people go on, and the bot may too once somebody says so."""
    hint, buttons = _incident_words(run)
    return (f"!resume · {hint}" if run.state is RunState.HELD else hint), buttons


def _incident_words(run: Run) -> tuple[str, tuple[Button, ...]]:
    if run.state.over:
        return "timeline" if run.facts.get("restricted") else "timeline · !reopen reason", ()
    if run.severity is None:
        return "!severity P0|P1|P2|P3", tuple(Button(label=s, says=f"!severity {s}") for s in Severity)
    if not run.record("acknowledge").state.over and not run.record("acknowledge").signed:
        return "ack · !page who", (
            Button(label="I've got it", says="ack"),
            Button(label="Page…", says="!page", asks=("who",)),
        )
    if run.record("verify").state.over and run.record("post-mortem").state.over:
        return "!close · !reopen reason", ()
    if run.record("verify").state.over:
        return "!set cause … · !set impact … · !action @who … · !done post-mortem · !close", ()
    return "!update … · !mitigate … · !verify … · !handoff @who · !page @who", (
        Button(label="Update", says="!update", asks=("text",)),
        Button(label="Mitigated", says="!mitigate", asks=("text",)),
        Button(label="Hand off", says="!handoff", asks=("who",)),
        Button(label="Page…", says="!page", asks=("who",)),
    )


# Declaring and starting


def declared(run: Run, first: str) -> Card:
    """In the thread, when an incident begins: who is paged."""
    clock = run.clocks.get(timing.ACKNOWLEDGE)
    to: tuple[Span | str, ...] = (person(first), " ") if first else ()
    if run.severity is None or clock is None:
        return card(
            line(*to, f"{run.name} is open: ", Span(text=run.title), ". How bad is it?"),
            "P0 complete outage or data loss · P1 a major feature is down · P2 degraded · P3 cosmetic",
            line("Until somebody says, it counts as a P1: acknowledge by ", time(clock.due_at), ".")
            if clock
            else line(),
            hint="!severity P1, or just P1 · ack",
            buttons=tuple(Button(label=s, says=f"!severity {s}") for s in Severity),
        )
    return card(
        line(*to, f"{run.name} ({run.severity}): ", Span(text=run.title)),
        line("Acknowledge by ", time(clock.due_at), "."),
        hint="ack",
        buttons=(Button(label="I've got it", says="ack"),),
    )


def begun_for(run: Run, by: str) -> Card:
    """In the thread of the run it is begun for."""
    return card(
        line(f"{by} began {run.name}, {heading(run)}, for this; its thread is in ", channel(run.place.channel), ".")
    )


def done_in(run: Run) -> Card:
    """To somebody who spoke to a run from elsewhere, and so does not read what came of it."""
    return card(line(f"Done; what came of it stands in the thread of {run.name}, in ", channel(run.place.channel), "."))


def opened_in(run: Run) -> Card:
    return card(line(f"{run.name} is open in ", channel(run.place.channel), "; its thread is there."))


def declared_in_channel(run: Run) -> Card:
    return card(line(bold(f"{run.name} declared ({run.severity or 'severity not set'})"), ": ", Span(text=run.title)))


def planned(run: Run, lines: Sequence[str], trouble: Sequence[str]) -> Card:
    """The plan under a new release run, with what stands in its way."""
    start = "Nothing is done until somebody who may start it says !start."
    return card(
        line(bold(f"Plan of {run.name}")),
        *lines,
        *(line(bold("In the way: "), Span(text=entry)) for entry in trouble),
        start,
        hint="!start · !cancel reason",
        buttons=(Button(label="Start", says="!start"), Button(label="Cancel", says="!cancel", asks=("reason",))),
    )


def plan_line(row: str, mark: str, text: str) -> str:
    return f"{row:>2} {mark} {text}"


def mark_of(state: StepState) -> str:
    return _MARK[state]


def in_conflict(what: str, reason: str) -> str:
    return f"{what}: CONFLICT, {reason}"


def there_already(what: str) -> str:
    return f"{what} (is there)"


def only_if(condition: str, what: str) -> str:
    return f"{condition}: {what}"


def switched_off(step: Step, why: str) -> str:
    return f"{step.title}: left out by the settings ({why})"


def left_out_by_settings(off: Mapping[str, str]) -> list[str]:
    """Steps the settings leave out, a line each."""
    return [f"{name} is left out by the settings: {printable(why)}" for name, why in sorted(off.items())]


def goes_back(step_id: str) -> str:
    return f"then again from {step_id}, as the next candidate"


def plan_approval(quorum: int, roles: Sequence[Role], last: str) -> str:
    """`last` is the title of the last step the yes covers."""
    return f"wait for {quorum} {either(roles)}{'s' if quorum > 1 else ''} to approve everything down to: {last}"


def plan_sign_off(role: Role, ask: str) -> str:
    return f"{role} says: {ask}"


def plan(run: Run, lines: Sequence[str]) -> Card:
    return card(line(bold(f"Plan of {run.name}, {state_word(run).lower()}")), *lines)


# What happens while a run goes on


def news(run: Run, item: News) -> Card:
    """Something a gate or an action wants the thread to hear."""
    about = item.about
    if run.sop in WORDS and item.kind in WORDS[run.sop].news:
        return WORDS[run.sop].news[item.kind](run, item)
    if item.kind == "checks-red":
        names = ", ".join(about["checks"])
        return card(f"Red on {short(about['head'])}: {names}.", "Mend it on the branch, or rerun it; the run waits.")
    if item.kind == "tag-taken":
        return card(
            line(bold(f"{run.name} cannot be merged: "), Span(text=about["note"]), "."),
            f"Ask who pushed {about['tag']}. If nobody can have fetched it, delete it; else choose another version.",
            hint="!cancel reason",
        )
    if item.kind == "not-published":
        return card(
            f"An hour after the tag there still is no {' and no '.join(about['missing'])}.",
            "Look at the publishing workflow; a tag pushed with a token of GitHub Actions starts none.",
        )
    if item.kind == "twice":
        return card(
            f"A doubtful moment left the same {about['what']} more than once. Kept is the first; please delete:",
            *about["urls"],
        )
    if item.kind == "post-mortem-drafted":
        return card(
            f"PR #{about['pr']} holds the post-mortem, drafted from the record: {about['url']}",
            "Edit it there and merge it; then !close.",
        )
    if item.kind == "merged-outside":
        return card(
            line(bold(f"PR #{about['number']} was merged outside this run"), f", as {short(about['merge'])}."),
            "The bot did not do it and nobody approved it here. What is left is asked for anew.",
            hint="!cancel reason",
        )
    if item.kind == "fits-no-longer":
        return card(
            f"PR #{about['number']} conflicts with {about['base']} by now: {about['url']}",
            f"Merge {about['base']} into {about['head']} and push.",
        )
    if item.kind == "closed-unmerged":
        return card(
            line(bold(f"PR #{about['number']} was closed without being merged"), f": {about['url']}"),
            "The run waits for it: reopen it there and merge it, or two people leave the step out.",
            hint="!waive STEP reason · status",
        )
    if item.kind == "artefacts-wrong":
        return stable.artefacts_wrong(run, item)
    if item.kind == "cleaned":
        return cleaned(run, item)
    if item.kind == "offer":
        return _offer(run, about)
    return _soak_news(run, item)


def _soak_news(run: Run, item: News) -> Card:
    about = item.about
    if item.kind == "blocker-opened":
        return card(
            line(bold(f"{run.name} is blocked by #{about['number']}: "), Span(text=printable(about["title"]))),
            "The soak stands still until it is fixed, dismissed or closed.",
            hint=f"!dismiss #{about['number']} reason",
        )
    if item.kind == "blocker-gone":
        return card(f"#{about['number']} no longer blocks: {about['why']}.")
    if item.kind == "soak-resumed":
        return card(
            line("No open blocker. The soak goes on and ends ", time(datetime.fromisoformat(about["ends"])), ".")
        )
    if item.kind == "soak-failed":
        fixed = ", ".join(f"#{number}" for number in about["fixed"])
        return card(
            line(
                bold(f"{run.version}-rc{run.iteration} is not the one: "),
                f"{fixed} is fixed, so another candidate is due.",
            ),
            f"Put the fix on {branch_of(run)}, then the release manager says so.",
            hint="!done blockers evidence",
        )
    if item.kind == "candidate-rolled-back":
        return rollback.candidate_rolled_back(run, item)
    if item.kind == "soak-passed":
        return card(f"{about['days']} days without an open blocker: {run.version}-rc{run.iteration} passed its soak.")
    raise KeyError(item.kind)


def _offer(run: Run, about: Mapping[str, Any]) -> Card:
    soak = f"did not soak to the end: waived by {about['waived']}" if about.get("waived") else "soaked"
    return card(
        line(
            bold(f"{run.version} can be released (SOP-01)."),
            f" Candidate {about['tag']} {soak}",
            *(["; image ", code(str(about["digest"]))] if about.get("digest") else ["."]),
        ),
        hint=f"/release stable {run.version}",
    )


def for_channel(item: News) -> bool:
    """News the channel hears as well as the thread."""
    return item.kind in {"offer", "soak-failed"}


def conflict(run: Run, step: Step, found: Conflict) -> Card:
    return card(
        line(bold(f"Stopped at {step.title}: "), Span(text=found.reason), "."),
        line("What to do: ", Span(text=found.remedy), "."),
        hint="!retry · !cancel reason",
    )


def by_hand(run: Run, step: Step, wanted: Sequence[str]) -> Card:
    """The settings leave a deed to people: exactly what they are to do."""
    return card(
        line(bold(f"{run.name}, {step.title}: please do this by hand.")),
        *(line(code(text)) for text in wanted),
        "The run goes on by itself once it is there.",
        hint="!retry looks now",
    )


def by_hand_note(what: str) -> str:
    return f"left to people: {what}"


def stuck(run: Run, step: Step, what: str) -> Card:
    """Said once: nothing but people mends this."""
    firm = any(isinstance(piece, Action) and piece.essential for piece in step.deeds)
    out = [] if firm or step.then else [f"!waive {step.id} reason, which needs two"]
    return card(
        line(bold(f"{run.name} cannot go on at {step.title}: "), Span(text=what), "."),
        "It goes on by itself once that is mended.",
        hint=" · ".join([*out, "!cancel reason"]),
    )


def still_trying(run: Run, step: Step, what: str) -> Card:
    return card(f"{step.title}: tried three times and it is not there yet ({what}). Trying on.", hint="!hold reason")


def trouble(run: Run, step: Step, what: str) -> Card:
    return card(
        line(f"{step.title}: cannot go on, ", Span(text=what), ". Nothing is lost; trying again, less and less often."),
        hint="!retry tries now",
    )


def parked(run: Run, step: Step, kind: str) -> Card:
    return card(
        line(
            bold(f"{run.name} is parked."),
            f" Step {step.id} needs {kind!r}, which this version of Sopwith does not have.",
        ),
        "It goes on by itself once a version that has it is running; nothing is lost.",
    )


def broken(run: Run) -> Card:
    return card(
        line(bold(f"{run.name}: something went wrong inside Sopwith."), " The log has the details."),
        "Nothing is lost; it tries again in ten minutes.",
        hint="!retry tries now",
    )


def owed(run: Run, debt: Obligation) -> Card:
    return card(f"Owed from now on: {debt.text} ({debt.role}).", hint=debt_hint(debt))


def _with_it(run: Run) -> str:
    """What is out beside the release, by the settings."""
    package = f" and {run.policy.package}" if "pypi" in run.policy.artefacts else ""
    if "image" not in run.policy.artefacts:
        return f"{package} are out" if package else " is out"
    return f"{', image' if package else ' and image'}{package} are out, {run.facts.get('digest')}"


def step_done(run: Run, step: Step) -> Card | None:
    """A step's progress, in the thread; None where somebody said so already or nobody need know."""
    own = WORDS[run.sop].done.get(step.id) if run.sop in WORDS else None
    if own is not None:
        return card(f"✓ {own(run)}")
    facts = run.facts
    soak = run.clocks.get(timing.SOAK)
    texts = {
        "pull-request": f"PR #{facts.get('pr')}: {facts.get('pr.url')}",
        "merge": f"PR #{facts.get('pr')} merged into {run.policy.main} as {short(str(facts.get('merge')))}",
        "tag": f"tag {facts.get('tag')} signed and pushed",
        "published": f"pre-release{_with_it(run)}",
        "artefacts": f"release{_with_it(run)}",
        "announce": f"announced: {facts.get('announcement.url')}",
        "fix-branch": f"{facts.get('branch')} is there for the fix",
        "acknowledge": f"issue #{facts.get('issue')}: {facts.get('issue.url')}",
        "post-mortem": f"post-mortem PR #{facts.get('post-mortem')}: {facts.get('post-mortem.url')}",
        "post-mortem-merged": "the post-mortem is merged",
    }
    if step.id.startswith(("publish-", "correct-")):
        return card(f"✓ public: {facts.get('public.url')}")
    if step.id.startswith("action-"):
        return card(f"✓ issue #{facts.get(f'{step.id}.issue')}: {facts.get(f'{step.id}.url')}")
    if step.id not in texts or (step.id == "acknowledge" and "issue" not in facts):
        return None
    until: tuple[Span | str, ...] = ()
    if step.id == "announce" and soak is None and run.step(timing.SOAK):
        until = (f". The soak of {run.policy.soak.days} days begins",)
    return card(line(f"✓ {texts[step.id]}", *until))


def next_candidate(run: Run) -> Card:
    return card(line(bold(f"On to {run.version}-rc{run.iteration}.")))


def ended(run: Run) -> Card:
    if run.prefix == INCIDENT:
        return incident.ended(run)
    rest = [debt.text for debt in run.obligations if debt.open]
    return card(
        line(bold(f"{run.name} is {run.state}: "), heading(run)),
        *(f"Still owed: {text}" for text in rest),
    )


# Answers to commands


def acknowledged(run: Run, who: str) -> Card:
    clock = run.clocks.get(timing.UPDATE)
    due: tuple[Span | str, ...] = (" First update due ", time(clock.due_at), ".") if clock and clock.running else ()
    return card(line(f"{who} has it and is the commander.", *due), hint="!update text")


def signed_off(step: Step, who: str) -> Card:
    return card(f"✓ {step.title} ({who})")


_REPORTED = {"update": "update noted", "triage": "triaged", "mitigate": "mitigated", "fix": "fixed"}


def reported(verb: str, who: str, due: datetime | None) -> Card:
    after: tuple[Span | str, ...] = (" Next update due ", time(due), ".") if due else ()
    return card(line(f"✓ {_REPORTED.get(verb, verb)} ({who}).", *after))


def resolved(run: Run, who: str) -> Card:
    clock = run.clocks.get(timing.POST_MORTEM)
    lines: list[Line | str] = [line(bold(f"{run.name} is resolved"), f", says {who}.")]
    if clock and clock.running:
        lines.append(line("The post-mortem is due ", time(clock.due_at), "."))
        lines.append("Please set cause, impact and actions; then the bot drafts it from the record.")
        return card(*lines, hint="!set cause … · !set impact … · !action @who … by DATE · !done post-mortem")
    return card(*lines, "No post-mortem is owed.", hint="!close · !reopen reason")


def resolved_in_channel(run: Run) -> Card:
    return card(line(bold(f"{run.name} resolved"), ": ", Span(text=run.title)))


def severity_set(run: Run, old: Severity | None, who: str, reason: str) -> Card:
    change = f"{old} → {run.severity}" if old else f"{run.severity}"
    why: tuple[Span | str, ...] = (": ", Span(text=reason)) if reason else ()
    lines: list[Line | str] = [line(bold(f"{run.name} is {change}"), f" ({who})", *why)]
    clock = run.clocks.get(timing.ACKNOWLEDGE)
    if clock and clock.running:
        lines.append(line("Acknowledge by ", time(clock.due_at), ", counted from the declaration."))
    fix = run.clocks.get(timing.FIX)
    if fix and fix.running:
        lines.append(line("The fix is due ", time(fix.due_at), ", counted from the beginning."))
    return card(*lines)


def paged(run: Run, who: str, by: str) -> Card:
    return card(line(person(who), f" {by} asks for you in {run.name}: ", Span(text=run.title)), hint="ack")


def handed_to(run: Run, who: str, by: str) -> Card:
    return card(line(person(who), f" {by} wants to hand {run.name} to you; say !accept to take it."), hint="!accept")


def taken_over(run: Run, who: str) -> Card:
    return card(f"{who} has {run.name} now.")


def posting(target: str) -> Card:
    return card(f"Posting it in {target}.")


def noted() -> Card:
    return card("Noted.")


def fact_set(name: str, missing: Sequence[str] | None) -> Card:
    if missing is None:
        return card(f"{name} is set.")
    after = f"Still missing for the post-mortem: {', '.join(missing)}." if missing else "Ready to draft."
    return card(f"{name} is set. {after}", hint="" if missing else "!done post-mortem")


def changelog_written(run: Run) -> str:
    return (
        f"The changelog's text is on {run.facts.get('branch', 'the branch')} already; change it there, in"
        f" {run.policy.changelog}, before it is merged."
    )


def changelog_reworded(run: Run) -> Card:
    return card(
        f"changelog is set. It is written anew on {run.facts.get('branch')}, so whoever approves reads the new head."
    )


def action_added(run: Run, number: int, who: str) -> Card:
    if not who:
        return card("Noted: no action items.")
    draft = run.facts.get("post-mortem")
    late = [f"PR #{draft}, drafted before, does not have it: add it there."] if draft else []
    return card(f"Action {number} noted for {who}; it becomes an issue.", *late)


def blocker_named(number: int) -> Card:
    return card(f"#{number} counts as a blocker of this candidate.", hint=f"!dismiss #{number} reason")


def dismissed(number: int, who: str) -> Card:
    return card(f"#{number} is dismissed by {who}; it does not block any more.")


def started(run: Run, who: str) -> Card:
    return card(f"{who} started {run.name}.")


def held(who: str, reason: str) -> Card:
    return card(
        line(f"On hold by {who}: ", Span(text=reason), ". The bot does nothing here; clocks go on."), hint="!resume"
    )


def resumed(who: str) -> Card:
    return card(f"{who} resumed it.")


def retrying() -> Card:
    return card("Looking again.")


def snoozed(until: datetime) -> Card:
    return card(line("Quiet until ", time(until), "; the due instant itself is never muted."))


def skipped(step: Step, who: str) -> Card:
    return card(f"– {step.title} skipped by {who}.")


def waiver_asked(step: Step, who: str, reason: str, others: Sequence[str]) -> Card:
    return card(
        line(f"{who} wants to leave out “{step.title}”: ", Span(text=reason)),
        f"Nothing is left out yet. A second person must agree by saying the same: {seconds(others)}.",
        hint=f"!waive {step.id} reason",
    )


def waiver_same(step: Step, others: Sequence[str]) -> str:
    return f"You asked for it already; a second person must agree to leave out {step.title}: {seconds(others)}."


def not_waivable(step: Step) -> str:
    return f"{step.id} cannot be left out; what follows is built on it. !cancel reason ends the run."


def waived(step: Step, first: str, second: str) -> Card:
    return card(f"– {step.title} waived by {first} and {second}.")


def debt_waiver_asked(debt: Obligation, who: str, reason: str, others: Sequence[str]) -> Card:
    return card(
        line(f"{who} would let go of what is owed ({debt.id}): ", Span(text=reason), "."),
        f"A second person must agree within a day: {seconds(others)}.",
        hint=f"!waive {debt.id} reason",
    )


def waiver_same_debt(debt: Obligation, others: Sequence[str]) -> str:
    return f"You asked for that yourself; a second person must say !waive {debt.id} reason: {seconds(others)}."


NOTHING_TO_UNDO = "Nothing of the last ten minutes can be taken back here; ack, !done, !severity and !verify can be."


def undo_too_late(what: str) -> str:
    return f"{what} had consequences already, so it stays; say what is true now instead."


def undone(what: str, whose: str, who: str) -> Card:
    return card(f"{who} took back {what}" + (f" of {whose}." if whose != who else "."))


def cleaning(who: str) -> Card:
    return card(f"{who}: clearing away what this run left and nobody touched.")


def cleaned(run: Run, item: News) -> Card:
    gone, kept = item.about["gone"], item.about["kept"]
    return card(
        f"Cleared away: {names(gone, 'and')}." if gone else "Nothing was there to clear away.",
        *(f"Left alone: {what}." for what in kept),
    )


NOT_CANCELLED = "Only a cancelled run leaves something to clear away; !cancel reason ends it."


SEEN = "seen to be there"


def obligation_met(debt: Obligation) -> Card:
    return card(f"✓ {debt.text} ({SEEN if debt.met_by == SEEN else f'met by {debt.met_by}'}).")


def debt_missing(debt: Obligation, lacking: str) -> str:
    return (
        f"{debt.id} is still owed, as far as I can see: {lacking}. Once it is there I see it by myself;"
        f" two people may let it go with !waive {debt.id} reason."
    )


def reopened(run: Run, who: str, reason: str) -> Card:
    return card(line(bold(f"{run.name} is open again"), f" ({who}): ", Span(text=reason)))


def closed_as(run: Run, who: str, why: str) -> Card:
    return card(line(f"{run.name} is closed by {who}: ", Span(text=why)))


def closing(who: str) -> Card:
    return card(f"{who} closes it.")


def status(run: Run, now: datetime, differs: Sequence[Differs] = ()) -> Card:
    """Where every step stands, and where what is recorded is not so."""
    whose = f" · commander {run.owner}" if run.prefix == INCIDENT and run.owner else ""
    lines: list[Line | str] = [line(bold(f"{run.name} · {state_word(run)}"), whose)]
    for step in run.steps:
        record = run.record(step.id)
        who = f" ({record.by})" if record.by else ""
        title = f" · {step.title}" if _own(run) and step.title != step.id else ""
        never = run.state.over and not record.state.over
        mark = _MARK[StepState.PENDING if never else record.state]
        lines.append(line(f"{mark} {step.id}{title}{who}", *(() if never else _note(run, step))))
    lines += [child_line(child) for child in run.children]
    for name, clock in run.clocks.items():
        if clock.running:
            due_at = (timing.update_due(run) if name == timing.UPDATE else None) or clock.due_at
            lines.append(line(f"{name} due ", time(due_at), " (over)" if due_at < now else ""))
    lines += [_debt(debt) for debt in run.obligations if debt.open]
    for each in differs:
        if each.gone:
            lines += [line(bold("Recorded as done, but not so: "), Span(text=f"{each.step.id}: {each.what}"))]
            lines += [f"!redo {each.step.id} reason, or leave it and !note why"]
        else:
            lines += [line(bold("There, though not recorded: "), Span(text=f"{each.step.id}: {each.what}"))]
            lines += [f"!adopt {each.step.id} goes on from it"]
    return card(*lines)


# Bringing the record in line


def nothing_to_adopt(name: str) -> str:
    return f"{name} did not stop, so there is nothing to adopt; status shows where things are."


def not_there(step: Step) -> str:
    return f"{step.title}: I cannot see it done; do it first, or say !retry to let me try."


def still_there(step: Step) -> str:
    return f"{step.title}: it is there, so there is nothing to do again."


def adopted(step: Step, who: str) -> Card:
    return card(f"{who} adopts what is there: {step.title}.")


def nothing_to_redo(name: str) -> str:
    return f"{name} is not a public effect that was done; status shows what is recorded and not so."


def redo_asked(step: Step, who: str, why: str) -> Card:
    return card(
        f"{who} wants {step.title} done again: {printable(why)}",
        "Nothing is done yet. A second person must agree by saying the same.",
        hint=f"!redo {step.id} reason",
    )


def redoing(step: Step, who: str) -> Card:
    return card(f"{step.title} is done again, agreed by {who}.")


def nothing_by_hand(name: str) -> str:
    return f"{name} is not in turn, or not something I do; !done {name} signs off what people do."


def must_be_seen(step: Step) -> str:
    return f"What follows needs {step.title}, so I must see it myself: do it, then !retry or !adopt {step.id}."


def yes_not_by_hand(step: Step) -> str:
    return (
        f"{step.title} needs the yeses it asks for; nobody's word replaces them. What people did at the forge all the"
        " same is noticed by itself, and what is left is asked for anew."
    )


def by_hand_asked(step: Step, who: str, why: str) -> Card:
    return card(
        f"{who} says {step.title} was done by hand: {printable(why)}",
        "A second person must agree by saying the same.",
        hint=f"!byhand {step.id} reason",
    )


BY_HAND = "by hand"


def unlearned(step: Step, fact: str) -> Conflict:
    """A step stands where what it needs was never found out."""
    return Conflict(
        f"{step.title} needs {fact!r}, which nothing before it found out",
        f"!retry once it can be known, !waive {step.id} reason if it may be left out, or !cancel reason",
    )


def done_by_hand(step: Step, who: str) -> Card:
    return card(f"✓ {step.title}, by hand; agreed by {who}.")


def second_must_be_another(able: Sequence[str]) -> str:
    return f"You said so already; a second person must agree: {seconds(able)}."


def todo(run: Run) -> Card:
    """What is owed, by whom."""
    lines: list[Line | str] = []
    if run.state is RunState.PLANNED:
        lines.append("▶ !start, by somebody who may: nothing is done before")
    elif not run.state.over:
        lines += [line(f"▶ {step.id}", *_note(run, step)) for step in run.current()]
    lines += [_debt(debt) for debt in run.obligations if debt.open]
    return card(line(bold(f"{run.name}: to do")), *(lines or ["Nothing."]))


def timeline(run: Run, moments: Sequence[Moment]) -> Card:
    lines = [line(time(moment.at), f" {moment.who}: ", Span(text=moment.what)) for moment in moments]
    return card(line(bold(f"{run.name}: timeline")), *lines)


def runs(open_runs: Sequence[Run], owing: Sequence[Run]) -> Card:
    """What goes on, and what is still owed by runs that are over."""
    lines = [line(bold(run.name), f" {state_word(run).lower()} · ", Span(text=run.title)) for run in open_runs]
    debts = [(run, debt) for run in owing for debt in run.obligations if debt.open]
    owed = [line(bold(run.name), " ", *_debt(debt)) for run, debt in debts]
    return card(*(lines or [line("No run is open.")]), *owed)


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
    return card(
        *(line(typed(example), f": {what}") for example, what in _BEGINNINGS),
        "/sop mirror INC-1 matrix:#ops tells a run in a second chat too.",
        "/sop list · /sop show SOP-03 · /sop start SOP-42 · /sop runs (with what is owed) · /sop INC-1 status",
        "In a run's thread, say help. /sop before any of these does the same: /sop incident declare …",
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
    if run.prefix == INCIDENT:
        return card(
            "ack · !severity P0 reason · !update text · !publish text · !correct text · !triage text · !mitigate text",
            "!fix text · !verify text · !page @who · !assign @who · !handoff @who · !accept · !snooze 15m",
            "!set cause text · !set impact text · !action @who text by 2026-05-04 · !done post-mortem · !close",
            "!duplicate INC-6 · !false alarm reason · !restrict reason · !reopen reason · !skip STEP reason",
            common,
        )
    if run.sop in WORDS and WORDS[run.sop].help:
        return card(*WORDS[run.sop].help, common)
    if _own(run):
        return card(*_own_help(run), common)
    return card(
        "!start · approve CODE · !reject CODE reason · !withdraw · !stop",
        "!blocker #N · !dismiss #N reason · !done blockers evidence · !waive GATE reason",
        common,
    )


# Refusals and problems


def refused(*reasons: str, hint: str = "") -> Card:
    """Not done, and every reason why."""
    return card(line(bold("Not done."), f" {reasons[0]}"), *(f"• {reason}" for reason in reasons[1:]), hint=hint)


def no_role(actor: Person | None, account: str, roles: Sequence[str], able: Sequence[str]) -> Card:
    """Who may, and for strangers the line an administrator adds to the settings."""
    who = f"{names([a_role(role) for role in roles])} may do that"
    who += f": {names(able)}" if able else "; nobody has that role yet"
    if actor is not None:
        return refused(f"Only {who}. {roles_of(actor.roles)}.")
    platform, _, account_id = account.partition(":")
    entry = f'{{ handle = "…", accounts = {{ {platform} = ["{account_id}"] }}, roles = ["{roles[0]}"] }}'
    return card(
        line(bold("Not done."), f" Only {who}. I do not know you."),
        line("For an administrator, under people: ", code(entry)),
    )


NOT_HERE = "That does not apply to this run."
OVER = "This run is over."
HELD = "This run is on hold; say !resume first."
NOT_HELD = "This run is not on hold."
NOT_PLANNED = "It was started already."
NO_DRAFT = "Nothing waits for your confirmation."
NOTHING_PUBLIC = "Nothing public was posted yet; !publish text does."
NO_YES = "You have no yes to take back here, or what it covered has begun."
NOTHING_TO_STOP = "Nothing is about to happen here that could still be stopped; !hold reason stops the bot's hands."
REHEARSAL = "REHEARSAL"
ELSEWHERE = "it goes on elsewhere"
NOT_OFFERED = "Nobody offered this run to you."
APPROVAL_NOT_SKIPPED = "An approval cannot be skipped or waived; it needs the yeses it asks for."
POST_MORTEM_OWED = "The post-mortem is optional for a P3 only."
NOT_OVER = "It is not over; there is nothing to reopen."
NOT_SOAKING = "There is no soak going on here."
NOT_ACKNOWLEDGED = "Nobody has acknowledged it yet; say ack first."


def other_draft(code_given: str) -> str:
    return f"That is not the code of the text that waits; read it again, then say !confirm {code_given}."


def not_a_blocker(number: int) -> str:
    return f"#{number} does not block here; there is nothing to dismiss."


def dismissed_already(number: int) -> str:
    return f"#{number} is dismissed already."


def severity_same(severity: Severity) -> str:
    return f"It is {severity} already."


def owns_already(who: str, run: Run) -> str:
    return f"{who} has {run.name} already."


def cannot_command(who: str, able: Sequence[str]) -> str:
    return f"{who} cannot command an incident; {names(able)} can."


def drafted(run: Run) -> str:
    return f"The post-mortem is in PR #{run.facts['post-mortem']} already; edit it there."


def duplicate_of(name: str) -> str:
    return f"duplicate of {name}"


def was_false_alarm(reason: str) -> str:
    return f"false alarm: {reason}"


def snooze_too_long(minutes: int) -> str:
    return f"At most {duration(timedelta(minutes=minutes))} here."


def digest_unknown(step: Step) -> str:
    return (
        f"Nothing has come so far that could have been tried: {step.title} waits for something else first; see status."
    )


def digest_unnamed(step: Step, digest: str) -> str:
    return f"Name the image that was tried, by how its digest begins: !done {step.id} {digest} and what showed it."


def evidence_missing(step: Step) -> str:
    return f"Say what shows it: !done {step.id} and a link, a SHA or a sentence."


def debt_evidence(debt: Obligation) -> str:
    return f"Say what shows it: !done {debt.id} and a link, a SHA or a sentence."


def say_instead(step: Step, verb: str) -> str:
    word = verb if verb == "ack" else f"!{verb}" + ("" if verb == "close" else " text")
    return f"{step.title} cannot be left out; say {word}."


def itself() -> str:
    return "It cannot be a duplicate of itself."


def duplicate_over(name: str, why: str) -> str:
    return f"{name} is over ({why}); name an open one, or close this by its rows."


PUBLIC_STANDS = "A public word stands as posted; say !correct and its new text first, then !false alarm."


def step_unknown(name: str, run: Run) -> str:
    open_steps = [step.id for step in run.steps if not run.record(step.id).state.over]
    open_steps += [debt.id for debt in run.obligations if debt.open]
    return f"There is no step {name!r} to do that with. Open here: {names(open_steps)}."


def step_closed(step: Step) -> str:
    return f"{step.id} is over already."


def step_early(step: Step) -> str:
    return f"It is not the turn of {step.id} yet; status shows what is."


def step_automatic(step: Step) -> str:
    return f"{step.id} is the bot's to do; it is done when it is really there."


def gates_open(step: Step, notes: Sequence[str]) -> Card:
    return refused(f"{step.title}: not so, as far as I can see.", *notes)


def needs(step: Step, missing: Sequence[str]) -> str:
    return f"{step.id} needs {names(missing, 'and')} first."


def close_refused(run: Run, reasons: Sequence[str]) -> Card:
    return card(line(bold(f"{run.name} cannot be closed yet.")), *(f"• {reason}" for reason in reasons))


def close_reason(run: Run, step: Step) -> str:
    if step.id == "post-mortem-merged":
        number = run.facts.get("post-mortem")
        if not number:
            return f"{step.title} is open (row {step.row}); it follows the draft"
        if run.facts.get("post-mortem.closed"):
            return (
                f"PR #{number} with the post-mortem was closed without being merged (row {step.row}): reopen it and "
                f"merge it, or two people say !waive {step.id} reason"
            )
        return f"PR #{number} with the post-mortem is not merged yet (row {step.row}): merge it"
    if step.when == () and step.do:
        return f"{step.title} is still being done (row {step.row}); status shows it"
    return f"{step.title} is open (row {step.row}): !{_verb_of(step)}"


def _verb_of(step: Step) -> str:
    if step.id == "detect":
        return "severity P0|P1|P2|P3"
    if step.id == "acknowledge":
        return "ack"
    if step.id == "post-mortem":
        return "done post-mortem"
    return f"{'update' if step.id == 'communicate' else step.id} text or !skip {step.id} reason"


def close_child(child: Child) -> str:
    return f"{child.name} is not over: {child.now}"


def close_debt(debt: Obligation) -> str:
    return f"{debt.text} is owed: !done {debt.id} evidence"


def no_open_issue(number: int) -> str:
    return f"There is no open issue #{number}."


def patch_is_hotfix(version: str) -> str:
    return f"{version} is a patch; candidates are for X.Y.0, like 1.4.0. A patch is a hotfix."


def begins_with_rc1(version: str) -> str:
    return f"A candidate begins with rc1 and counts up by itself: /release rc {version}"


def already_running(run: Run) -> str:
    what = run.version or heading(run)
    return f"{run.name} is open for {what} already; one at a time."


def unreachable(what: str) -> Card:
    return card(line(bold("Not done: "), Span(text=what), ". Nothing changed; please say it again in a minute."))


def cannot_be_shown(run: Run, error: str) -> Card:
    """Directly to those who must know, when a run's own channel cannot be written to."""
    return card(
        f"{run.name} cannot be shown where it belongs: {error}. It goes on all the same, and I keep trying for a day.",
        f"Until then: /sop {run.name} status, and so for every other word.",
        hint=f"/sop {run.name} status",
    )


def hidden_cannot_be_shown(error: str) -> Card:
    """The same of a run under embargo: where this is read, others may read as well."""
    return card(
        f"Something you answer for cannot be shown where it belongs: {error}. It goes on all the same.",
        "An operator finds in the log which channel it is; once it is as it should be, I say there what I held back.",
    )


def event_parked() -> Card:
    return card("I could not handle that message, five times over, and set it aside. An operator finds it in the log.")


def problem(found: commands.Problem) -> Card:
    """What was wrong with a command, and how it is said."""
    about, more = printable(found.about), printable(found.more)
    if found.kind == "missing":
        example = _SET.get(found.more) or usage(found.about)
        return refused(f"Something is missing. It goes like this: {example}")
    if found.kind == "extra":
        return refused(f"{about} takes nothing after it; I read {more!r}. If that was for people, leave out the !.")
    if found.kind == "too-long":
        return refused(
            f"That is {more} characters long; at most {about} fit here. Put the rest into a document and link it."
        )
    texts = {
        "severity": f"{about!r} is not a severity. There are P0, P1, P2 and P3.",
        "bad-code": f"{about!r} is not a code; codes have four characters, like 7f3a.",
        "bad-step": f"{about!r} is not the name of a step; status lists them.",
        "bad-fact": f"{about!r} cannot be set; {names(commands.SETTABLE)} can.",
        "bad-date": f"{about!r} is not a date; write it like 2026-05-04.",
        "unknown-root": f"/{about} is not a command; there are {names(_ROOTS, 'and')}.",
        "unknown-release": (f"I do not know /release {about}. " if about else "")
        + "There are /release rc, stable, rollback, freeze and unfreeze; it goes like this: /release rc 1.4.0",
        "unknown-flag": f"I do not know --{about}.",
        "bad-slug": f"{about!r} cannot name a branch; two or three short words do, like wal-corruption.",
        "bad-dependency": f"{about!r} is not a name and a version; it goes like this: {usage('deps update')}",
        "bad-cve": f"{about!r} is not the number of a CVE; write it like CVE-2026-12345.",
        "unknown-sop": "It goes like this: /sop list, /sop show SOP-03, /sop runs, or /sop INC-1 status",
        "say-in-run": f"That declares a new incident. Say it in the thread of {about}, or: /sop {about} {more}",
        "no-mirror": f"It goes like this: /sop {about} INC-1 matrix:#ops, or in the run's thread: !{about} matrix:#ops",
        "no-run": "This is not the thread of a run. Say it there, or /sop INC-1 and the word.",
    }
    if found.kind == "unknown-run":
        return unknown_run(about)
    if found.kind == "unknown-verb":
        near = f" Did you mean !{more}?" if more else " Say help for the words of this thread."
        return refused(f"I do not know !{about}.{near}")
    return refused(texts[found.kind])


_SET = {
    "cvss": "!set cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    "disclosure": "!set disclosure 2026-05-04",
    "affected": "!set affected < 1.4.1",
    "cve": "!set cve CVE-2026-12345",
    **{name: f"!set {name} text" for name in ("changelog", "workaround", "impact", "prevention")},
}


def usage(verb: str) -> str:
    """How a verb is said, from its command's own example."""
    for entry in vars(commands).values():
        if isinstance(entry, type) and issubclass(entry, commands.Command) and entry.__doc__:
            example = entry.__doc__.strip()
            if example.lstrip("!/").startswith(verb):
                return example
    return f"!{verb} text"


def unknown_run(name: str) -> Card:
    return refused(f"There is no run {name}.", hint="/sop runs")


def unknown_sop(name: str) -> Card:
    return refused(f"There is no procedure {printable(name)!r}.", hint="/sop list")


def bad_version(why: str) -> Card:
    return refused(why)


def unknown_person(name: str) -> str:
    return f"I do not know {printable(name)!r}."
