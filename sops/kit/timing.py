"""The clocks procedures may start, what they are due, and when people are reminded (design: SLA clocks).

`acknowledge` and `update` remind at the policy's thresholds (P3 only when due); what is urgent and unanswered goes
on calling. `post-mortem` is long: the morning of the business day before, when due, and then each business day's
morning. `soak` has a digest a day, one the day before its end, and its end.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sops.kit.calendar import BusinessCalendar
from sops.kit.clocks import ClockState, thresholds
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

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}
#: Marks of the long clocks: the day before, the instant itself, the days after.
EVE, DUE, OVERDUE_DAYS = 99, 100, 5
#: What is owed is asked for so many times, a week apart.
OWED_WEEKS = 26
#: An urgent incident or a report that nobody acknowledges goes on calling people after its time, half a span apart.
URGENT, AGAIN = frozenset({Severity.P0, Severity.P1}), 20
#: The longest an urgent incident is quiet about an update that does not come; others are for a day.
LONGEST_URGENT = timedelta(hours=4)


def calendar(run: Run) -> BusinessCalendar:
    policy = run.policy
    return BusinessCalendar(policy.country, policy.region, policy.zone)


def due(name: str, run: Run, start: datetime) -> datetime | None:
    """When the clock is due if started at `start`; None when this severity has no such clock."""
    severity = run.severity or Severity.P1  # until somebody says how bad it is
    if name == ACKNOWLEDGE:
        span = run.policy.acknowledge[severity]
        return start + span if span else calendar(run).end_of_next_business_day(start)
    if name == UPDATE:
        span = run.policy.update[severity]
        most = LONGEST_URGENT if severity in URGENT else DAY
        return start + min(span * 2 ** min(missed_updates(run), 10), max(most, span)) if span else None
    if name == FIX:
        span = run.policy.fix.get(severity)
        return start + span if span else None
    if name == REPORT:
        return start + run.policy.security_acknowledge
    if name == PUBLISH:
        return start + run.policy.advisory_within
    if name == DISCLOSURE:
        day, zone = date.fromisoformat(run.facts["disclosure"]), ZoneInfo(run.policy.zone)
        morning = datetime.combine(day, time(9), zone).astimezone(UTC)
        return morning if morning > start else datetime.combine(day, time(23, 59), zone).astimezone(UTC)
    if name == POST_MORTEM:
        if severity is Severity.P3 and not run.facts.get("cause"):
            return None  # optional, and nobody began one
        return calendar(run).business_days_after(start, run.policy.post_mortem_days)
    if name.startswith(OWN):
        return start + span_of(name.rpartition(":")[2])
    if name.startswith(OWED):
        days = 1 if name.startswith(f"{OWED}{OVERRIDE}") else run.policy.obligation_days
        return calendar(run).business_days_after(start, days)
    raise KeyError(name)


def span_of(text: str) -> timedelta:
    """30m, 2h or 3d. Raises ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or len(number) > 4 or unit not in _UNITS:
        raise ValueError(text)
    return int(number) * _UNITS[unit]


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
    return started(missed, UPDATE, at)


def answered(run: Run) -> Run:
    """The run with no update owed from before."""
    return run.with_facts({"update.missed": 0, "update.due": ""}) if run.facts.get("update.missed") else run


def started(run: Run, name: str, at: datetime) -> Run:
    """The run with that clock running from `at`; a new generation if it ran before."""
    since = fix_since(run) if name == FIX else at
    instant = due(name, run, since)
    before = run.clocks.get(name)
    if instant is None:
        return stopped(run, name, at)
    state = ClockState(
        started_at=since, due_at=instant, severity=run.severity, generation=before.generation + 1 if before else 1
    )
    return run.but(clocks={**run.clocks, name: state})


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


def rebased(run: Run, at: datetime) -> Run:
    """After a change of severity: running clocks count again from where they started, under the new severity."""
    for name, state in run.clocks.items():
        if not state.running or name not in {ACKNOWLEDGE, UPDATE, FIX}:
            continue
        since = state.started_at
        run = started(run, name, since) if due(name, run, since) else stopped(run, name, at)
    if UPDATE not in run.clocks or not run.clocks[UPDATE].running:
        waiting = run.clocks.get(ACKNOWLEDGE)
        acknowledged = waiting is not None and not waiting.running
        resolved = run.record("verify").signed
        if acknowledged and not resolved:
            run = started(run, UPDATE, at)
    return run


def deadlines(run: Run, name: str, now: datetime) -> Sequence[Deadline]:
    """The instants of a running clock that are still to come, and of those gone by only the last, as due now.

    A soak that goes on after a block has told its earlier days, so of those it has none.
    """
    state = run.clocks[name]
    ladder = sorted(marks(run, name, state), key=lambda rung: rung[1])
    gone = [rung for rung in ladder if rung[1] <= now and (name != SOAK or rung[0] == DUE)]
    return [
        Deadline(run.id, name, state.generation, threshold, max(at, now), {})
        for threshold, at in (*gone[-1:], *(rung for rung in ladder if rung[1] > now))
    ]


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
    """(mark, instant) of a clock: per cent of its time, or what EVE, DUE and the days of a long clock mean."""
    start, end = state.started_at, state.due_at
    if name in LONG:
        days = calendar(run)
        after = [(DUE + n, _morning(days, days.business_days_after(end, n))) for n in range(1, OVERDUE_DAYS + 1)]
        return [(EVE, max(start, _eve(days, end))), (DUE, end), *after]
    if lasting(name):
        morning = _morning(calendar(run), end)
        return [(DUE + week, morning + week * 7 * DAY) for week in range(OWED_WEEKS)]
    if name == SOAK:
        eve = end - DAY
        daily = [(day, start + timedelta(days=day)) for day in range(1, EVE) if start + timedelta(days=day) < eve]
        return [*daily, (EVE, eve), (DUE, end)]
    if name == REPORT or (name == ACKNOWLEDGE and (run.severity or Severity.P1) in URGENT):
        again = [(DUE + n, end + (end - start) / 2 * n) for n in range(1, AGAIN + 1)]
        return [*thresholds(start, end, run.policy.thresholds), *again]
    quiet = run.severity is Severity.P3 or (name == UPDATE and missed_updates(run) > 0)
    return thresholds(start, end, [DUE] if quiet else run.policy.thresholds)
