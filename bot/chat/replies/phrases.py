"""How a run, its steps and what it owes are named wherever they are spoken of."""

from collections.abc import Mapping

from bot.chat.replies import dependency, freeze, hotfix, incident, onboarding, rollback, security, stable
from bot.chat.replies.parts import RESTRICTED, Words, a_role, either
from sops.kit import closing, timing
from sops.kit.approvals import Request, RequestState
from sops.kit.escaping import printable
from sops.kit.gate import SignedOff
from sops.kit.message import Line, Span, line, time
from sops.kit.model import Step
from sops.kit.run import Child, Failing, Obligation, Run, RunState, StepState

MARK = {
    StepState.DONE: "✓",
    StepState.SKIPPED: "–",
    StepState.WAITING: "▶",
    StepState.RUNNING: "▶",
    StepState.FAILED: "✗",
    StepState.PENDING: "·",
}
INCIDENT = "INC"
REHEARSAL = "REHEARSAL"
BROKEN = "Something went wrong inside Sopwith; it is tried again"
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


def state_word(run: Run) -> str:
    """The run's state in capitals, for the first line."""
    if run.facts.get("restricted"):
        return RESTRICTED.upper()
    if run.state is RunState.HELD and run.prefix == INCIDENT:
        return f"HELD, {_incident_state(run)}"
    if run.state is not RunState.ACTIVE:
        return {RunState.PLANNED: "PLANNED, NOTHING DONE YET"}.get(run.state, run.state.upper())
    if any(run.record(step.id).state is StepState.FAILED for step in run.current()):
        return "STOPPED BY A CONFLICT"
    if run.prefix == INCIDENT:
        return _incident_state(run)
    if (outage := unreached(run)) is not None:
        return f"WAITING FOR {outage[1].at.upper()}"
    if (last := refused(run)) is not None:
        return f"{last.state.upper()}; !RETRY ASKS AGAIN"
    if halted := next((why for step in run.current() if (why := run.record(step.id).halts)), ""):
        return halted.upper()
    asked = [request for request in run.requests if request.state is RequestState.OPEN]
    if asked:
        missing = asked[-1].quorum - len(asked[-1].people)
        return f"WAITING FOR {missing} YES" if missing == 1 else f"WAITING FOR {missing} YESES"
    if "soak" in {step.id for step in run.current()}:
        return _soak_state(run)
    return "WAITING" if any(run.record(step.id).stuck for step in run.current()) else "RUNNING"


def _soak_state(run: Run) -> str:
    if run.facts.get("soak.back"):
        return "ROLLED BACK"
    if asks := run.facts.get("soak.asked"):
        return f"STANDS STILL FOR {asks}"
    return "BLOCKED" if run.facts.get("soak.blockers") else "SOAKING, NO OPEN BLOCKER"


def refused(run: Run) -> Request | None:
    """The request that a step whose turn it is waited for, if it was rejected or ran out."""
    current = {step.id for step in run.current()}
    last = next((r for r in reversed(run.requests) if r.step in current and r.iteration == run.iteration), None)
    return last if last is not None and last.state in {RequestState.REJECTED, RequestState.EXPIRED} else None


def said(run: Run, step_id: str) -> bool:
    """It is over, or somebody said so and the bot has yet to follow, as on hold."""
    step = run.step(step_id)
    return step is not None and closing.said(run, step)


def _incident_state(run: Run) -> str:
    if said(run, "verify"):
        return "RESOLVED, POST-MORTEM OWED" if not run.record("post-mortem-merged").state.over else "RESOLVED"
    for step, word in (("mitigate", "MITIGATED"), ("acknowledge", "ACKNOWLEDGED")):
        if said(run, step) and run.record(step).state is not StepState.SKIPPED:
            return f"REOPENED, {word}" if run.iteration > 1 else word
    again = "REOPENED, " if run.iteration > 1 else ""
    return f"{again}NOT ACKNOWLEDGED" if run.severity else f"{again}SEVERITY MISSING"


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


def waits_for(outage: Failing) -> tuple[Span, ...]:
    """waits for GitHub: 500 since 14:02"""
    return (Span(text=f"waits for {outage.at}: {outage.said} since "), time(outage.since))


def unreached(run: Run) -> tuple[Step, Failing] | None:
    """The first step whose turn it is that cannot reach a far end, and which; None where all goes well."""
    for step in () if run.state.over else run.current():
        outage = run.record(step.id).failing
        if outage is not None:
            return step, outage
    return None


def waiting_for(run: Run) -> tuple[Span, ...]:
    """That, in the middle of a line."""
    found = unreached(run)
    return (Span(text=f" · {found[0].id} "), *waits_for(found[1])) if found else ()


def held_by(run: Run) -> Line | None:
    """Held by rm since 14:02: the fair is on"""
    if run.state is not RunState.HELD or run.hold is None:
        return None
    why = f": {printable(run.hold.why)}" if run.hold.why else ""
    return line(f"Held by {run.hold.by} since ", time(run.hold.since), Span(text=why))


def whom_of(run: Run, step: Step) -> str:
    """Of which roles a yes is waited for, beside what the step waits for."""
    if run.state.over or run.record(step.id).failing is not None:
        return ""
    open_now = [each for each in run.requests if each.step == step.id and each.state is RequestState.OPEN]
    return f" · {either(open_now[-1].roles)}" if open_now else ""


def standing(run: Run, step: Step) -> str:
    """Where a step is, in words behind its name: what is called as it will be some day must not read as if it were so.

    What is done needs none; its mark says so.
    """
    state = run.record(step.id).state
    if state.over:
        return "" if state is StepState.DONE else ", left out"
    if run.state.over:
        return ", never done"
    if state is StepState.FAILED:
        return ", stopped"
    if run.state is RunState.PLANNED or step not in run.current():
        return ", not yet"
    asked = any(each.step == step.id and each.state is RequestState.OPEN for each in run.requests)
    return ", to do" if asked or _asked(run, step) is not None else ", under way"


def step_line(run: Run, step: Step, name: str) -> Line:
    """A step that is not over, called so: its mark, where it is, what it waits for, of whom, and until when."""
    mark = MARK[run.record(step.id).state]
    return line(f"{mark} {name}{standing(run, step)}", *note_of(run, step), whom_of(run, step), *due_of(run, step))


def listed(run: Run, step: Step) -> str:
    """What a list of steps calls it: its id, which commands want, and of an own procedure also the row's words."""
    return f"{step.id} · {step.title}" if own_checklist(run) and step.title != step.id else step.id


def note_of(run: Run, step: Step) -> tuple[Span, ...]:
    outage = run.record(step.id).failing
    if outage is not None and run.record(step.id).state in {StepState.WAITING, StepState.RUNNING}:
        return (Span(text=": "), *waits_for(outage))
    note = run.record(step.id).note
    if run.prefix == INCIDENT and step.id == "close" and note and not run.record("close").signed:
        note = incident.before_closing(run)
    if run.state is RunState.HELD and run.record(step.id).signed:
        note = "said; the bot goes on with it after !resume"
    if (asked := _asked(run, step)) is not None and note == asked.asks(run):  # noted so by an earlier version
        note = to_be_said(run, step, asked)
    return (Span(text=f": {note}"),) if note else ()


def due_of(run: Run, step: Step) -> tuple[Span | str, ...]:
    """Until when a row of a checklist must be done, while that runs."""
    clock = run.clocks.get(step.stops or "")
    running = clock is not None and clock.running and bool(timing.row_of(step.stops or ""))
    return (" · due ", time(clock.due_at)) if clock is not None and running else ()


def clock_name(run: Run, name: str) -> str:
    """What a clock counts down to; that of a checklist's row is called as the row."""
    step = run.step(timing.row_of(name))
    return f"{step.id} · {step.title}, to do:" if step else name


def _asked(run: Run, step: Step) -> SignedOff | None:
    """The sign-off the step waits for."""
    asked = (piece for piece in step.waits if isinstance(piece, SignedOff) and not piece.given(run, step.id))
    return next(asked, None)


def signing_of(run: Run, step: Step) -> str:
    """What is typed to sign the step off, if it waits for that."""
    asked = _asked(run, step)
    return _signing(step, asked) if asked else ""


def to_be_said(run: Run, step: Step, asked: SignedOff) -> str:
    """What a step waits for that somebody has to say: whose it is, what they say by it, and what is typed."""
    typed = _signing(step, asked)
    if asked.ask == step.title:  # a row of a checklist is its own question
        return f"{asked.by} says {typed}"
    ask = asked.asks(run)
    shown = any(word.startswith(("!done", "/")) for word in asked.ask.split())
    return f"{a_role(asked.by)} is to say: {ask}" + ("" if shown else f" ({typed})")


def _signing(step: Step, asked: SignedOff) -> str:
    if asked.verb:
        return f"!{asked.verb} text" if asked.evidence else "ack" if asked.verb == "ack" else f"!{asked.verb}"
    return f"!done {step.id} evidence" if asked.evidence else f"!done {step.id}"


def own_checklist(run: Run) -> bool:
    """A procedure of the organisation's own: what can be said of it stands in its steps."""
    return run.sop not in {*WORDS, "SOP-03", "SOP-08"}


def own_hint(run: Run) -> str:
    """How the step whose turn it is is signed off, if it is one of those."""
    asked = [(step, piece) for step in run.current() if (piece := _asked(run, step)) is not None]
    return f"{_signing(*asked[0])} · plan · status" if asked else "plan · status · !hold reason"


def own_help(run: Run) -> list[str]:
    """What its rows ask for, each with what is typed."""
    lines = ["!start · approve CODE · !reject CODE reason · !withdraw · !stop · !skip STEP reason · !waive STEP reason"]
    for step in run.steps:
        signed = next((piece for piece in step.waits if isinstance(piece, SignedOff)), None)
        if signed is not None:
            lines.append(f"{_signing(step, signed)}: {signed.by} says {step.title}")
    return lines


def debt_line(debt: Obligation) -> Line:
    return line(f"Owed: {debt.text} ({debt.role}; {debt.id})")
