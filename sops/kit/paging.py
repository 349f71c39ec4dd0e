"""Who was called for a run, and who comes next: its severity's ladder, laid along its time.

What was called is kept under two facts. `paged` holds each person's last call, [handle, instant], the newest last;
`pager` how many calls there were, how wide the widest was in this generation of the clock (`step`, a number of the
ladder), who passed it on, what no call reaches less than (`floor`, of a raise), since when it was how bad (`rated`),
and what is under way to the chat. Another severity begins another generation (`sops.kit.rebasing`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sops.kit.calendar import BusinessCalendar
from sops.kit.clocks import ClockState
from sops.kit.ladder import EVERYONE, FIRST, OTHER_CHAT, SECOND, Ladder
from sops.kit.message import Card
from sops.kit.model import Role, Severity
from sops.kit.people import People
from sops.kit.run import Run

PAGED, PAGER = "paged", "pager"
URGENT = frozenset({Severity.P0, Severity.P1})
_FIRST_CLOCK = "acknowledge"
Floor = dict[str, list[str]]  # `who`: handles; `names`: of rungs, as the settings have them
RAISED = "raised"  # the last raise: [from, to, by whom, why, instant]


def rated(run: Run) -> Severity:
    """How bad it is; until somebody says so it counts as a P1."""
    return run.severity or Severity.P1


def ladder_of(run: Run) -> Ladder | None:
    """Whom to call while nobody acknowledges; None where nobody is before it is late."""
    return run.policy.ladder(rated(run))


def uncalled(run: Run) -> bool:
    """Nobody is reminded of it by itself while nobody has it: it is in the list of each business day."""
    return rated(run) is Severity.P3 and ladder_of(run) is None


def calm(run: Run) -> bool:
    """Nobody is called for it at night: its ladder calls in working hours, or it has none and is not urgent."""
    found = ladder_of(run)
    return found.working if found else rated(run) not in URGENT


def heeded(run: Run, at: datetime) -> datetime:
    """The first instant from `at` on at which people are called for it."""
    return _calendar(run).working(at, run.policy.working_hours) if calm(run) else at


def instant(run: Run, ladder: Ladder, state: ClockState, number: int) -> datetime:
    """When the call of that number is due."""
    at = _beginning(run, ladder, state) + ladder.at(number)
    return _calendar(run).working(at, run.policy.working_hours) if ladder.working else at


def due_by(run: Run, ladder: Ladder, state: ClockState, now: datetime) -> int:
    """The number of the last call that is due by now; -1 before the first."""
    number = ladder.last_by(now - _beginning(run, ladder, state))
    while number >= 0 and instant(run, ladder, state, number) > now:
        number -= 1
    return number


def next_after(run: Run, ladder: Ladder, state: ClockState, now: datetime) -> tuple[int, datetime]:
    """The number of the next call, the widest of those due at that instant, and when it is."""
    number = due_by(run, ladder, state, now) + 1
    at = instant(run, ladder, state, number)
    return due_by(run, ladder, state, at), at


def _beginning(run: Run, ladder: Ladder, state: ClockState) -> datetime:
    """From when calls are counted: what begins at night, and calls in working hours, begins in the morning."""
    at = state.calls_from or state.started_at
    return _calendar(run).working(at, run.policy.working_hours) if ladder.working else at


def with_raise(run: Run, before: Severity | None, who: str, why: str, at: datetime) -> Run:
    """The run that proved to be worse: whoever is called from then on reads so, and why."""
    return run.with_facts({RAISED: [before or "", run.severity, who, why, at.isoformat()]})


def raised(run: Run, state: ClockState) -> tuple[str, str, str, datetime] | None:
    """From which severity it was raised to this one, by whom, why, when; None if it was not since the clock began."""
    before, to, who, why, at = run.facts.get(RAISED) or ("", "", "", "", "")
    if not at or to != run.severity or datetime.fromisoformat(at) < state.started_at:
        return None
    return before, who, why, datetime.fromisoformat(at)


def _calendar(run: Run) -> BusinessCalendar:
    return BusinessCalendar(run.policy.country, run.policy.region, run.policy.zone)


def called(run: Run) -> tuple[str, ...]:
    """Everybody who was called for it so far, by the bot or by somebody's `!page`; who was called last stands last."""
    return tuple(who for who, _ in run.facts.get(PAGED, ()))


def count(run: Run) -> int:
    """How often somebody was called."""
    return int(run.facts.get(PAGER, {}).get("calls", len(run.facts.get(PAGED, ()))))


def step(run: Run, state: ClockState) -> int:
    """The widest step that was called in this generation of the clock; -1 if none was."""
    pager = run.facts.get(PAGER, {})
    return int(pager.get("step", -1)) if pager.get("generation") == state.generation else -1


def passed(run: Run, state: ClockState) -> tuple[str, ...]:
    """Who passed it on in this generation of the clock."""
    pager = run.facts.get(PAGER, {})
    return tuple(pager.get("passed", ())) if pager.get("generation") == state.generation else ()


def with_call(run: Run, whom: Sequence[str], at: datetime) -> Run:
    """The run after these were called. What is kept does not grow with the number of calls."""
    if not whom:
        return run
    others = [each for each in run.facts.get(PAGED, ()) if each[0] not in whom]
    calls = {**run.facts.get(PAGER, {}), "calls": count(run) + 1}
    return run.with_facts({PAGED: [*others, *([who, at.isoformat()] for who in whom)], PAGER: calls})


def calls(run: Run, card: Card, at: datetime) -> bool:
    """That message disturbs somebody who is called for the run at that instant: it is what calls them."""
    named = {span.target for line in card.lines for span in line if span.kind == "person"}
    return any(who in named and when == at.isoformat() for who, when in run.facts.get(PAGED, ()))


def with_step(run: Run, state: ClockState, number: int) -> Run:
    """The run after that step of the ladder."""
    return _with(run, state, step=number)


def with_pass(run: Run, state: ClockState, who: str) -> Run:
    """The run after somebody passed it on."""
    return _with(run, state, passed=list(dict.fromkeys((*passed(run, state), who))))


def last_call(run: Run) -> datetime | None:
    """When somebody was called last; None if nobody was."""
    return max((datetime.fromisoformat(at) for _, at in run.facts.get(PAGED, ())), default=None)


def going_on(run: Run, before: ClockState, *, number: int = -1, floor: Floor | None = None) -> Run:
    """The run whose first clock runs in another generation than `before`, while still nobody answers.

    Who passed it on stays passed over. `number` is the step that counts as called; `floor` what no call reaches less
    than from now on, by default the one before.
    """
    spared, beneath = passed(run, before), floor if floor is not None else _floor(run, before)
    return _with(run, run.clocks[_FIRST_CLOCK], step=number, passed=list(spared), floor=beneath)


def floor_of(run: Run, before: ClockState, now: datetime) -> Floor:
    """What a raise calls at least: everybody who was called since nobody answers, and whom the calls due by now would.

    `before` is the clock it had. Those calls are not made any more where the bot was down meanwhile.
    """
    severity, beneath = before.severity or Severity.P1, _floor(run, before)
    ladder, rated_so = run.policy.ladder(severity), run.but(severity=severity)
    rungs = ladder.rungs[: due_by(rated_so, ladder, before, now) + 1] if ladder else ()
    names = dict.fromkeys((*beneath.get("names", ()), *(name for rung in rungs for name in rung.calls)))
    since = [who for who, at in run.facts.get(PAGED, ()) if datetime.fromisoformat(at) >= before.started_at]
    return {"who": sorted({*beneath.get("who", ()), *since}), "names": list(names)}


def _floor(run: Run, state: ClockState) -> Floor:
    pager = run.facts.get(PAGER, {})
    return pager.get("floor") or {} if pager.get("generation") == state.generation else {}


def rated_since(run: Run, state: ClockState) -> dict[Severity, datetime]:
    """Since when nobody answers it at each severity it had; what was before the clock began counts for nothing."""
    kept = run.facts.get(PAGER, {}).get("rated") or {}
    instants = {Severity(name): datetime.fromisoformat(at) for name, at in kept.items()}
    found = {severity: at for severity, at in instants.items() if at >= state.started_at}
    severity, began = state.severity or Severity.P1, state.calls_from or state.started_at
    return {**found, severity: min(began, found.get(severity, began))}


def with_rated(run: Run, known: Mapping[Severity, datetime]) -> Run:
    """The run that remembers since when it was how bad."""
    kept = {severity.value: at.isoformat() for severity, at in known.items()}
    return run.with_facts({PAGER: {**run.facts.get(PAGER, {}), "rated": kept}})


def _with(run: Run, state: ClockState, **changes: Any) -> Run:
    """Changed of what belongs to this generation of the clock; a new one knows nothing of the one before."""
    own = {"step": step(run, state), "passed": list(passed(run, state)), "floor": _floor(run, state), **changes}
    return run.with_facts({PAGER: {**run.facts.get(PAGER, {}), "generation": state.generation, **own}})


def people_of(calls: Sequence[str], run: Run, people: People) -> tuple[str, ...]:
    """The handles of those a rung calls. Of a private run nobody is called who does not answer for it."""
    line = [person.handle for person in people.holding(*run.policy.escalation)]
    found: list[str] = []
    for name in calls:
        if name == FIRST:
            found += line[:1]
        elif name == SECOND:
            found += line[1:2]
        elif name == EVERYONE:
            able = people.holding(*run.leaders, Role.SECURITY_LEAD) if run.embargoed else people.with_a_role()
            found += [*line, *(person.handle for person in able)]
        elif name != OTHER_CHAT:
            found += [person.handle for person in people.holding(Role(name))]
    return tuple(dict.fromkeys(found))


def whom(run: Run, people: People, state: ClockState, ladder: Ladder, number: int) -> tuple[str, ...]:
    """Who is called by that call: those of its rung, and since a raise everybody who was called before it too.

    Who passed it on is left out before the last rung; where nobody is left the next rung that has others is called,
    and only where none has, they are.
    """
    beneath, last = _beneath(run, people, state), len(ladder.rungs) - 1
    rungs = [(*people_of(rung.calls, run, people), *beneath) for rung in ladder.rungs]
    if number < last:
        for able in rungs[max(0, number) :]:
            if left := [who for who in able if who not in passed(run, state)]:
                return tuple(dict.fromkeys(left))
    return tuple(dict.fromkeys(rungs[max(0, min(number, last))]))


def _beneath(run: Run, people: People, state: ClockState) -> tuple[str, ...]:
    """Whom no call reaches less than, of those there still are; of a private run those who answer for it."""
    floor = _floor(run, state)
    able = people_of((EVERYONE,), run, people) if run.embargoed else None
    before = [who for who in floor.get("who", ()) if (people.named(who) if able is None else who in able)]
    return tuple(dict.fromkeys((*people_of(floor.get("names", ()), run, people), *before)))


def elsewhere(run: Run, state: ClockState, ladder: Ladder, number: int) -> bool:
    """That call is for the other chats as well."""
    return OTHER_CHAT in (*ladder.rung(number).calls, *_floor(run, state).get("names", ()))


def call(
    run: Run,
    people: People,
    state: ClockState,
    ladder: Ladder,
    now: datetime,
    *,
    asked: int = 0,
    spared: Sequence[str] = (),
) -> tuple[Run, tuple[str, ...], int]:
    """The run after the call that is due now, whom it calls, and its number: of those due by now the widest.

    `asked` is the step that somebody asked for who passed it on; `spared` are left out if there are others.
    """
    number = max(due_by(run, ladder, state, now), step(run, state), asked)
    reached = without(whom(run, people, state, ladder, number), spared)
    return with_step(with_call(run, reached, now), state, number), reached, number


def without(whom: Sequence[str], spared: Sequence[str]) -> tuple[str, ...]:
    """Those who are left, or all of them if nobody is."""
    return tuple(who for who in whom if who not in spared) or tuple(whom)


def given_on(run: Run, people: People, state: ClockState, who: str) -> Run:
    """The run whose next calls reach others than `who`, who had it and gave it back."""
    given, ladder = with_pass(run, state, who), ladder_of(run)
    return with_step(given, state, wider(given, people, state, ladder)) if ladder else given


def wider(run: Run, people: People, state: ClockState, ladder: Ladder) -> int:
    """The number of the next call that reaches somebody new; of the last rung, where there is nobody new."""
    now = step(run, state)
    reached = {*people_of(ladder.rung(now).calls, run, people), *_beneath(run, people, state), *passed(run, state)}
    for number in range(now + 1, len(ladder.rungs)):
        if set(people_of(ladder.rung(number).calls, run, people)) - reached:
            return number
    return max(now, len(ladder.rungs) - 1)
