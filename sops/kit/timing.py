"""The clocks procedures may start, what they are due, and when people are reminded (design: SLA clocks).

Until a clock is due it has marks: the policy's thresholds, or for a long one the morning of the business day before.
From then on it never falls silent: what is late is told of on the policy's days, in working hours. Those instants
have no end, so of them only the next one is ever stored. An incident that nobody acknowledges calls people by its
ladder instead (`sops.kit.paging`). What is not urgent is due, and told, in working hours. `soak` has a digest a day,
one the day before its end, and its end. Longer than other modules: how a clock begins, its marks and what follows them
are read together.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sops.kit import paging
from sops.kit.calendar import BusinessCalendar
from sops.kit.clocks import ClockState, thresholds
from sops.kit.disclosure import Disclosure
from sops.kit.ladder import Ladder, span_of
from sops.kit.model import Severity
from sops.kit.policy import DAY
from sops.kit.run import Run
from sops.kit.stores import Deadline

ACKNOWLEDGE, UPDATE, POST_MORTEM, SOAK = "acknowledge", "update", "post-mortem", "soak"
FIRST_REVIEW = "first-review"
REPORT, PUBLISH, DISCLOSURE = "report", "publish", "disclosure"  # a security response
FIX = "fix"  # a hotfix: from what it was begun for
#: Promised in business days: told the morning before, when due, and the mornings after.
LONG = frozenset({POST_MORTEM, FIRST_REVIEW})
OWN = "due:"  # begins the name of a clock in a procedure of one's own: due:<step>:<span>
OVERRIDE = "override"  # begins the name of what is owed after break-glass
OWED = "owed:"  # begins the name of an obligation's clock; it outlives its run
LOOK = "look"  # not a promise: the engine's own note to look at a run again

#: Marks beside per cents: the day before, the instant itself; counted on from LATE, what comes after it; counted on
#: from CALL, the calls of a ladder.
EVE, DUE, LATE, CALL = 99, 100, 200, 1000
#: Counted on from here, the calls that somebody who passed it on asked for.
PASSED = 1_000_000
URGENT = paging.URGENT


def calendar(run: Run, zone: str = "") -> BusinessCalendar:
    """The organisation's days; in its zone, or in that one."""
    policy = run.policy
    return BusinessCalendar(policy.country, policy.region, zone or policy.zone)


def due(name: str, run: Run, start: datetime) -> datetime | None:
    """When the clock is due if started at `start`; None when this severity has no such clock."""
    severity = run.severity or Severity.P1  # until somebody says how bad it is
    if name == ACKNOWLEDGE:
        span = run.policy.acknowledge[severity]
        return _in_hours(run, start, span) if span else calendar(run).end_of_next_business_day(start)
    if name == UPDATE:
        span = run.policy.update[severity]
        most = run.policy.longest_update if severity in URGENT else DAY
        return _in_hours(run, start, min(span * 2 ** min(missed_updates(run), 10), max(most, span))) if span else None
    if name == FIX:
        span = run.policy.fix.get(severity)
        return start + span if span else None
    if name == REPORT:
        return start + run.policy.security_acknowledge
    if name == PUBLISH:
        return start + run.policy.advisory_within
    if name == DISCLOSURE:
        return Disclosure.read(str(run.facts["disclosure"])).at
    if name == POST_MORTEM:
        if severity is Severity.P3 and not run.facts.get("cause"):
            return None  # optional, and nobody began one
        return calendar(run).business_days_after(start, run.policy.post_mortem_days)
    if name.startswith(OWN):
        return start + span_of(name.rpartition(":")[2])
    if name.startswith(OWED):
        debt = next((debt for debt in run.obligations if f"{OWED}{debt.id}" == name), None)
        if debt is not None and debt.promised is not None:
            return debt.promised
        days = 1 if name.startswith(f"{OWED}{OVERRIDE}") else run.policy.obligation_days
        return calendar(run).business_days_after(start, days)
    raise KeyError(name)


def _in_hours(run: Run, start: datetime, span: timedelta) -> datetime:
    """So long after `start`; where nobody is called at night, begun and ended in working hours."""
    return paging.heeded(run, paging.heeded(run, start) + span)


def in_hours(run: Run, name: str) -> bool:
    """The clock is due in working hours because nobody is called for that run at night."""
    return paging.calm(run) and (
        name == UPDATE or (name == ACKNOWLEDGE and bool(run.policy.acknowledge[paging.rated(run)]))
    )


def unhurried(name: str, mark: int) -> bool:
    """That mark is told in working hours: of what is promised in business days, and of whatever is late.

    Not of what goes on calling people until somebody answers.
    """
    late = mark > DUE and name not in {ACKNOWLEDGE, UPDATE, REPORT, SOAK}
    return late or name in LONG or lasting(name)


def awaited(run: Run, name: str, now: datetime, mark: int = DUE, zone: str = "") -> datetime:
    """From when on people may be reminded of that mark of the clock: now, or when the working hours begin.

    Where it is one person who is reminded, `zone` is theirs.
    """
    if unhurried(name, mark):
        return calendar(run, zone).working(now, run.policy.working_hours).astimezone(UTC)
    return paging.heeded(run, now) if name in {ACKNOWLEDGE, UPDATE, FIX} else now


def row_of(name: str) -> str:
    """Whose clock it is in a procedure of one's own: the id of its step; empty for any other clock."""
    return name.removeprefix(OWN).rpartition(":")[0] if name.startswith(OWN) else ""


def lasting(name: str) -> bool:
    """A clock that goes on when its run is over: of something owed."""
    return name.startswith(OWED)


def missed_updates(run: Run) -> int:
    """How many updates in a row were owed and did not come; each doubles the next span, up to a limit."""
    return int(run.facts.get("update.missed", 0))


def update_due(run: Run) -> datetime | None:
    """Since when an update is owed that did not come; None if none is."""
    owed = run.facts.get("update.due")
    return datetime.fromisoformat(owed) if owed else None


def update_missed(run: Run, due_at: datetime, at: datetime) -> Run:
    """The run after one more update did not come: asked for again later, while the first one stays the one owed."""
    first = run.facts.get("update.due") or due_at.isoformat()
    missed = run.with_facts({"update.missed": missed_updates(run) + 1, "update.due": first})
    return started(missed, UPDATE, at) if due(UPDATE, missed, at) else promised(missed, UPDATE, at, DAY)


def heard(run: Run, at: datetime) -> Run:
    """The run after a word in it, which ends the silence: what was owed is not any more, and the next is due anew."""
    state = run.clocks.get(UPDATE)
    return started(answered(run), UPDATE, at) if state is not None and state.running else answered(run)


def worked(run: Run, at: datetime) -> Run:
    """The run after a word of work that tells nobody outside: the silence is over, what somebody promised stands."""
    state = run.clocks.get(UPDATE)
    if state is None or not state.running or at >= state.due_at:
        return heard(run, at)
    promise = state.due_at != due(UPDATE, run, state.calls_from or state.started_at)
    return run if promise else heard(run, at)


def answered(run: Run) -> Run:
    """The run with no update owed from before."""
    return run.with_facts({"update.missed": 0, "update.due": ""}) if run.facts.get("update.missed") else run


def started(run: Run, name: str, at: datetime, *, calls_from: datetime | None = None) -> Run:
    """The run with that clock running from `at`; a new generation if it ran before.

    `calls_from`: when it began anew, if it did: from then on it is counted, and people are called.
    """
    since = fix_since(run) if name == FIX else at
    instant = due(name, run, calls_from or since)
    if instant is None:
        return stopped(run, name, at)
    return _running(run, name, ClockState(started_at=since, due_at=instant, calls_from=calls_from))


def _running(run: Run, name: str, state: ClockState) -> Run:
    before = run.clocks.get(name)
    generation = before.generation + 1 if before else 1
    state = state.model_copy(update={"severity": run.severity, "generation": generation})
    return run.but(clocks={**run.clocks, name: state})


def promised(run: Run, name: str, at: datetime, span: timedelta) -> Run:
    """The run with that clock running from `at`, due after the span that somebody promised."""
    return _running(run, name, ClockState(started_at=at, due_at=paging.heeded(run, at + span)))


def longest_promise(run: Run) -> timedelta:
    """The furthest off that somebody may put the next update."""
    return run.policy.longest_update if paging.rated(run) in URGENT else max(run.policy.longest_update, DAY)


def fix_since(run: Run) -> datetime:
    """From when a fix is counted: its own beginning, or that of the run it was begun for."""
    inherited = run.facts.get("since")
    return datetime.fromisoformat(inherited) if inherited else run.created_at


def stopped(run: Run, name: str, at: datetime) -> Run:
    state = run.clocks.get(name)
    if state is None or not state.running:
        return run
    return run.but(clocks={**run.clocks, name: state.model_copy(update={"stopped_at": at})})


def window(run: Run, name: str, start: datetime, until: datetime | None, at: datetime) -> Run:
    """The run with that clock due at `until`; stopped while nobody can say when (a blocked soak)."""
    state = run.clocks.get(name)
    if until is None:
        return stopped(run, name, at)
    if state is not None and state.running and state.due_at == until and state.started_at == start:
        return run
    generation = state.generation + 1 if state else 1
    return run.but(clocks={**run.clocks, name: ClockState(started_at=start, due_at=until, generation=generation)})


def deadlines(run: Run, name: str, now: datetime) -> Sequence[Deadline]:
    """The instants of a running clock to store now: its marks that are still to come, and of those gone by only the
    last, as due now. Of calls, and of what comes when it is late, only the next.

    A soak that goes on after a block has told its earlier days, so of those it has none.
    """
    state = run.clocks[name]
    if (ladder := _calling(run, name)) is not None:
        number = paging.due_by(run, ladder, state, now)
        call = (
            (number, paging.heeded(run, now))
            if number > paging.step(run, state)
            else paging.next_after(run, ladder, state, now)
        )
        return [Deadline(run.id, name, state.generation, CALL + call[0], call[1], {})]
    known = sorted(marks(run, name, state), key=lambda rung: rung[1])
    gone = [rung for rung in known if rung[1] <= now and (name != SOAK or rung[0] == DUE)]
    coming = [rung for rung in known if rung[1] > now]
    if not gone and not coming and (later := following(run, name, now)) is not None:
        coming = [later]
    told = (*gone[-1:], *coming)
    return [
        Deadline(run.id, name, state.generation, mark, max(at, awaited(run, name, now, mark)) if at <= now else at, {})
        for mark, at in told
    ]


def following(run: Run, name: str, now: datetime) -> tuple[int, datetime] | None:
    """What a running clock has after its marks: the next call of its ladder, or the next word that it is late.

    None for a soak, which ends by itself, and for what is only listed.
    """
    state = run.clocks[name]
    if (ladder := _calling(run, name)) is not None:
        number, at = paging.next_after(run, ladder, state, now)
        return CALL + number, at
    if name == SOAK or listed_only(run, name):
        return None
    if name == REPORT:
        half = (state.due_at - state.started_at) / 2
        gone = max(0, (now - state.due_at) // half)
        return LATE + gone, state.due_at + half * (gone + 1)
    number = late_by(run, state.due_at, now) + 1
    at = _late(run, state.due_at, number)
    return LATE + late_by(run, state.due_at, at), at


def listed_only(run: Run, name: str) -> bool:
    """That clock reminds nobody: whoever looks at the list of the day sees that nobody has it."""
    return name == ACKNOWLEDGE and paging.uncalled(run)


def calling(run: Run, name: str) -> bool:
    """The clock calls people by a ladder while it runs."""
    return _calling(run, name) is not None


def _calling(run: Run, name: str) -> Ladder | None:
    return paging.ladder_of(run) if name == ACKNOWLEDGE else None


def _late(run: Run, end: datetime, number: int) -> datetime:
    """When the word of that number, from 0, is said of what was due at `end`: the morning of a business day."""
    days, every = run.policy.late_days, run.policy.late_every
    day = days[number] if number < len(days) else days[-1] + every * (number - len(days) + 1)
    calendar_days = calendar(run)
    morning = calendar_days.local(end + day * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    return calendar_days.working(morning, run.policy.working_hours).astimezone(UTC)


def late_by(run: Run, end: datetime, now: datetime) -> int:
    """The number of the last word about what was due at `end` that is due by now; -1 before the first."""
    days, gone = run.policy.late_days, (now - end) // DAY
    number = sum(day <= gone + 1 for day in days) + max(0, (gone + 1 - days[-1]) // run.policy.late_every) - 1
    while number >= 0 and _late(run, end, number) > now:
        number -= 1
    return number


def _morning(days: BusinessCalendar, instant: datetime) -> datetime:
    """Nine o'clock of that instant's local day."""
    return days.local(instant).replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)


def _eve(days: BusinessCalendar, end: datetime) -> datetime:
    """The morning of the last business day before that of `end`."""
    day = end - DAY
    while not days.is_business_day(days.local(day).date()):
        day -= DAY
    return _morning(days, day)


def marks(run: Run, name: str, state: ClockState) -> list[tuple[int, datetime]]:
    """(mark, instant) of a clock until it is due: per cent of its time, or EVE and DUE of a long one; none of calls.

    What is promised for the end of a day is told of the morning before, and the morning after.
    """
    start, end = state.counted_from, state.due_at
    if name in LONG:
        told = [(EVE, max(start, _eve(calendar(run), end))), (DUE, end)]
        return [(mark, awaited(run, name, at)) for mark, at in told]
    if lasting(name):
        return [(DUE, awaited(run, name, _morning(calendar(run), end)))]
    if name == SOAK:
        eve = end - DAY
        daily = [(day, start + timedelta(days=day)) for day in range(1, EVE) if start + timedelta(days=day) < eve]
        return [*daily, (EVE, eve), (DUE, end)]
    if name == ACKNOWLEDGE:
        return []
    quiet = name == UPDATE and (run.severity is Severity.P3 or missed_updates(run) > 0)
    told = thresholds(start, end, [DUE] if quiet else run.policy.thresholds)
    return [(mark, awaited(run, name, at)) for mark, at in told]
