"""What must hold whenever the bot has come to rest, whatever happened before: one function for each promise.

Each yields what is wrong, in words; nothing if all is well.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sops.kit import timing
from sops.kit.action import Action
from sops.kit.approvals import RequestState
from sops.kit.artefacts import Published
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Severity
from sops.kit.run import Run, RunState, StepState
from sops.kit.stores import LedgerEntry
from tests.property.theatre import Picture
from tests.property.world import BOT, World

_MARKER = re.compile(r"<!-- sopwith .*? -->")
_BEGINS = {
    timing.ACKNOWLEDGE: {"declared", "severity", "reopened"},
    timing.UPDATE: {"acknowledge", "severity"},
    timing.POST_MORTEM: {"verify"},
}
_ENDS = {
    timing.ACKNOWLEDGE: {"acknowledge", "closed-as", "cancel", "ended"},
    timing.UPDATE: {"verify", "closed-as", "cancel", "ended", "reopened"},
    timing.POST_MORTEM: {"reopened", "closed-as", "cancel", "ended"},
}


def every_effect_exists_once(world: World) -> Iterator[str]:
    """One pull request, issue and discussion for each marker. Merges and tags cannot be repeated at all."""
    bodies = [
        *((f"pull request #{p.number}", p.body) for p in world.pulls.values()),
        *((f"issue #{i.number}", i.body) for i in world.issues.values() if i.author == BOT),
        *((f"discussion {t.number}", t.body) for t in world.discussions),
    ]
    marks = Counter((what.split()[0], mark) for what, body in bodies for mark in _MARKER.findall(body))
    yield from (f"{n} {what}s carry {mark}" for (what, mark), n in marks.items() if n > 1)
    yield from (f"{what} carries no marker" for what, body in bodies if not _MARKER.search(body))


def nothing_accepted_is_lost(picture: Picture) -> Iterator[str]:
    """Every event was handled, none was set aside, every message found its reader, nothing failed unexpectedly."""
    yield from (f"still waiting: {conversation}" for conversation in picture.waiting)
    yield from (f"set aside: {item.event.text!r}" for item in picture.parked)
    if picture.dead:
        yield f"{picture.dead} messages were given up"
    for name, entries in picture.entries.items():
        yield from (f"{name}: {dict(entry.payload)}" for entry in entries if entry.kind == "failure")


def the_record_is_whole(picture: Picture) -> Iterator[str]:
    yield from map(str, picture.flaws)
    for name, run in picture.runs.items():
        done = [str(entry.payload["step"]) for entry in picture.entries[name] if entry.kind in {"done", "skipped"}]
        for step in run.steps:
            if run.record(step.id).state is StepState.DONE and step.id not in done:
                yield f"{name}: nobody recorded that {step.id} is done"


def what_is_over_stays_over(before: Mapping[str, Run], picture: Picture) -> Iterator[str]:
    """A run that ended goes on only after a `reopened` that is newer than its end."""
    for name, old in before.items():
        now = picture.runs[name]
        news = {entry.kind for entry in picture.entries[name] if old.ended_at and entry.at >= old.ended_at}
        if old.state.over and now.state is not old.state and "reopened" not in news:
            yield f"{name} was {old.state} and now is {now.state}"


def steps_are_done_in_order(run: Run) -> Iterator[str]:
    """A release's step is over only when the one before it is, and one step at a time is current."""
    if run.prefix != "REL":
        return
    states = [run.record(step.id).state.over for step in run.steps]
    if states != sorted(states, reverse=True):
        yield f"{run.name}: {[(step.id, str(run.record(step.id).state)) for step in run.steps]}"
    if len(run.current()) > 1:
        yield f"{run.name}: {[step.id for step in run.current()]} are current together"


def a_step_is_done_only_if_its_gates_were_met(run: Run, world: World) -> Iterator[str]:
    for step in run.steps:
        record = run.record(step.id)
        if record.state is not StepState.DONE:
            continue
        for piece in step.waits:
            if isinstance(piece, SignedOff) and not (record.signed and record.by):
                yield f"{run.name} {step.id}: nobody signed"
            if isinstance(piece, Approved) and not any(
                r.step == step.id and r.iteration == run.iteration and r.state is RequestState.CONSUMED
                for r in run.requests
            ):
                yield f"{run.name} {step.id}: nobody approved"
            if isinstance(piece, Published) and run.facts["tag"] not in world.releases:
                yield f"{run.name} {step.id}: {run.facts['tag']} is not published"
        for number, deed in enumerate(step.deeds):
            if isinstance(deed, Action) and f"{number}:{type(deed).__name__}" not in record.performed:
                yield f"{run.name} {step.id}: {type(deed).__name__} left no evidence"
        if record.intent is not None:
            yield f"{run.name} {step.id}: still intends {record.intent}"


def a_soak_is_as_long_as_promised(run: Run, world: World, picture: Picture) -> Iterator[str]:
    """From publication, at least the policy's time; and the world held no open blocker when it passed."""
    passed = [e for e in picture.entries[run.name] if e.kind == "news" and e.payload["news"] == "soak-passed"]
    if not passed or run.facts.get("soak.outcome") != "clear":
        return
    if passed[-1].at - datetime.fromisoformat(run.facts["published.at"]) < run.policy.soak:
        yield f"{run.name} soaked from {run.facts['published.at']} to {passed[-1].at} only"
    dismissed = run.facts.get("soak.dismissed", {})
    for issue in world.issues.values():
        blocks = set(issue.labels) & set(run.policy.blocker_labels) and str(issue.number) not in dismissed
        if blocks and issue.created_at < passed[-1].at and issue.updated_at < passed[-1].at and issue.state == "open":
            yield f"{run.name} passed its soak although #{issue.number} was open"


def a_reminder_comes_once_and_only_while_its_clock_runs(run: Run, entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """By (clock, generation, mark), and never before the clock's beginning nor after its end."""
    running: set[str] = set()
    heard: Counter[tuple[str, int, int]] = Counter()
    for entry in entries:
        if entry.kind == "reminder":
            clock = entry.payload["clock"]
            heard[clock, entry.payload["generation"], entry.payload["mark"]] += 1
            if clock not in running:
                yield f"{run.name}: a reminder of the stopped clock {clock} at {entry.at}"
        running |= {clock for clock, kinds in _BEGINS.items() if entry.kind in kinds}
        running -= {clock for clock, kinds in _ENDS.items() if entry.kind in kinds}
        if entry.kind in {"obligation", "obligation-met"}:
            (running.add if entry.kind == "obligation" else running.discard)(f"{timing.OWED}{entry.payload['id']}")
        if entry.kind == "done" and entry.payload["step"] == "post-mortem-merged":
            running.discard(timing.POST_MORTEM)
    yield from (f"{run.name}: reminded {n} times of {key}" for key, n in heard.items() if n > 1)


def who_has_no_role_only_declares(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """Anyone may declare an incident, and say how bad it is while nobody has; that is all."""
    for entry in entries:
        allowed = entry.kind in {"declared", "declared-again"} or (
            entry.kind == "severity" and not entry.payload["before"]
        )
        if entry.actor.startswith("guest ") and not allowed:
            yield f"guest wrote {entry.kind}"


def clocks_run_when_they_should(run: Run, picture: Picture, now: datetime) -> Iterator[str]:
    """A running clock of an open run has its coming instants in the deadline rows; a stopped one has none.

    Of what has no end, calls and words that it is late, only the next one is there, and never none.
    """
    pending = {(d.clock, d.generation, d.threshold): d.due_at for d in picture.deadlines[run.name]}
    for name, state in run.clocks.items():
        rows = {key: at for key, at in pending.items() if key[0] == name}
        if (run.state.over and not timing.lasting(name)) or not state.running:
            yield from (f"{run.name}: {key} is pending though {name} stands" for key in rows)
            continue
        yield from (f"{run.name}: {key} is of an older generation" for key in rows if key[1] != state.generation)
        for mark, at in timing.marks(run, name, state):
            if at > now and (name, state.generation, mark) not in rows:
                yield f"{run.name}: nobody will be reminded of {name} {mark} at {at}"
        if not rows and timing.following(run, name, now) is not None:
            yield f"{run.name}: {name} has fallen silent"
        if timing.calling(run, name) and rows and min(rows.values()) > timing.following(run, name, now)[1]:
            yield f"{run.name}: the next call of {name} comes too late, at {min(rows.values())}"
    if run.prefix == "INC" and not run.state.over:
        yield from _incident_clocks(run)
    if run.state is RunState.ACTIVE and timing.LOOK not in {key[0] for key in pending}:
        yield f"{run.name} will never be looked at again"


def _incident_clocks(run: Run) -> Iterator[str]:
    """Until somebody acknowledges that clock runs, and never again after; one that is resolved owes no updates."""
    running = {name for name, state in run.clocks.items() if state.running}
    answered = run.record("acknowledge").signed or run.record("acknowledge").state.over
    if answered and timing.ACKNOWLEDGE in running:
        yield f"{run.name} was acknowledged, yet the clock runs"
    if run.severity and not answered and timing.ACKNOWLEDGE not in running:
        yield f"{run.name} waits to be acknowledged without a clock"
    resolved = run.record("verify").signed or run.record("verify").state.over
    if resolved and timing.UPDATE in running:
        yield f"{run.name} is resolved, yet updates are owed"
    if answered and not resolved and run.severity and run.policy.update[run.severity] and timing.UPDATE not in running:
        yield f"{run.name} is open without an update clock"
    settled = run.record("post-mortem-merged").state.over or (run.severity is Severity.P3 and "cause" not in run.facts)
    if resolved and not settled and timing.POST_MORTEM not in running:
        yield f"{run.name} owes a post-mortem without a clock"


def what_is_under_way_is_looked_at_soon(run: Run, picture: Picture, now: datetime) -> Iterator[str]:
    """Something intended and not yet certain is looked at again within minutes, not at the next net."""
    looks = [d.due_at for d in picture.deadlines[run.name] if d.clock == timing.LOOK]
    intends = any(run.record(step.id).intent for step in run.current())
    if run.state is RunState.ACTIVE and intends and min(looks) > now + timedelta(minutes=10):
        yield f"{run.name} leaves an intent alone until {min(looks)}"
