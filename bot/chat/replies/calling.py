"""Who is called, who was, and who comes next: what is said while nobody acknowledges an incident."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.replies.parts import card, duration, names
from sops.kit import paging, timing
from sops.kit.escaping import printable
from sops.kit.ladder import EVERYONE, FIRST, OTHER_CHAT, SECOND
from sops.kit.message import Button, Card, Line, Span, bold, line, person, time
from sops.kit.model import Role
from sops.kit.paging import ladder_of
from sops.kit.run import Run

SHOWN = 3  # calls told with their instants; of those before only how many there were
MOST_NAMED = 4  # people of one call, by name
LONGEST_REASON = 300  # of why it was raised
_WORDS = {
    FIRST: "the first on call",
    SECOND: "the second",
    Role.ON_CALL.value: "all on call",
    Role.RELEASE_MANAGER.value: "the release managers",
    EVERYONE: "everybody with a role",
    OTHER_CHAT: "the other chat",
}


def to(whom: Sequence[str]) -> tuple[Span | str, ...]:
    """Mentions, each followed by a space."""
    return tuple(part for handle in whom for part in (person(handle), " "))


def named(whom: Sequence[str]) -> str:
    """Without disturbing them; of many only some by name."""
    if len(whom) > MOST_NAMED + 1:
        return f"{', '.join(whom[:MOST_NAMED])} and {len(whom) - MOST_NAMED} more"
    return names(list(whom), "and")


def so_far(run: Run) -> tuple[Span | str, ...]:
    """The last calls, those of one instant together; empty if nobody was called."""
    calls: dict[str, list[str]] = {}
    for who, at in run.facts.get(paging.PAGED, ()):
        calls.setdefault(at, []).append(who)
    shown = list(calls.items())[-SHOWN:]
    count = paging.count(run)
    spans: list[Span | str] = [f"Paged {count} times, last "] if count > len(shown) else ["Paged "]
    for number, (at, who) in enumerate(shown):
        spans += [", " if number else "", f"{named(who)} ", time(datetime.fromisoformat(at))]
    return tuple(spans) if shown else ()


def upcoming(run: Run, now: datetime) -> tuple[Span | str, ...]:
    """Whom the ladder calls next, in words, and when; empty while it calls nobody."""
    state, ladder = run.clocks.get(timing.ACKNOWLEDGE), ladder_of(run)
    if state is None or not state.running or ladder is None or run.state.over:
        return ()
    number, at = paging.next_after(run, ladder, state, now)
    calls = ladder.rung(max(number, paging.step(run, state))).calls
    return (f"next {names([_WORDS.get(each, f'each {each}') for each in calls], 'and')} ", time(at))


def from_now_on(run: Run, now: datetime) -> list[Line]:
    """To who was called, once it is less urgent: whether anybody is still."""
    if not paging.called(run):
        return []
    coming = upcoming(run, now)
    return [line(f"It is {run.severity} now; ", *(coming or ("no more calls",)), ".")]


def goes_on(run: Run) -> bool:
    """People are called by a ladder, so that there is somebody to pass it on to."""
    return bool(ladder_of(run))


def calls(run: Run, now: datetime) -> tuple[Span | str, ...]:
    """Both in one line."""
    called, coming = so_far(run), upcoming(run, now)
    return (*called, " · ", *coming) if called and coming else called or coming


def call(
    run: Run,
    whom: Sequence[str],
    then: tuple[Sequence[str], datetime],
    missed: tuple[int, str] | None,
    now: datetime,
) -> Card:
    """A call, as `run` stood before it. `then` is who is called next and when; `missed` how many calls before it no
    chat could take, and since when.
    """
    clock = run.clocks[timing.ACKNOWLEDGE]
    late = now >= clock.due_at
    called = so_far(run)
    after: tuple[Span | str, ...] = (*called, f": {_answers(run)}.") if called else ("Paged nobody so far.",)
    return card(
        line(*to(whom), bold(f"{_of(run)}: nobody has acknowledged{', and the time is over' if late else ''}.")),
        line(Span(text=run.title)),
        *_raised(run),
        line(_gone(run, now), time(clock.due_at), "."),
        line(*after, f" Next: {named(then[0])} at ", time(then[1]), "."),
        *([_unheard(*missed)] if missed else []),
        hint=_hint(run),
        buttons=_buttons(run),
    )


def _answers(run: Run) -> str:
    """What came of the calls so far."""
    gave_on = [who for who in paging.passed(run, run.clocks[timing.ACKNOWLEDGE]) if who in paging.called(run)]
    others = set(paging.called(run)) - set(gave_on)
    told = f"{names(gave_on, 'and')} passed it on" if gave_on else ""
    return f"no answer; {told}" if told and others else told or "no answer"


def told_late(run: Run, whom: Sequence[str], now: datetime) -> Card:
    """Of an incident that calls nobody by a ladder: once its time is over."""
    clock = run.clocks[timing.ACKNOWLEDGE]
    return card(
        line(*to(whom), bold(f"{_of(run)}: nobody has acknowledged, and the time is over.")),
        line(Span(text=run.title)),
        *_raised(run),
        line(_gone(run, now), time(clock.due_at), "."),
        hint=_hint(run),
        buttons=_buttons(run),
    )


def _raised(run: Run) -> list[Line]:
    """That it was less urgent before, and why it is not any more."""
    found = paging.raised(run, run.clocks[timing.ACKNOWLEDGE])
    if found is None:
        return []
    before, who, why, at = found
    said = f"Raised from {before} to {run.severity}" if before else f"Rated {run.severity}"
    reason: tuple[Span | str, ...] = (": ", Span(text=printable(why)[:LONGEST_REASON])) if why else ()
    return [line(f"{said} by {who} ", time(at), *reason)]


def _of(run: Run) -> str:
    return f"{run.name} ({run.severity or 'severity not set'})"


def _unheard(count: int, since: str) -> tuple[Span, ...]:
    calls = "The call before this one" if count == 1 else f"{count} calls before this one"
    return line(f"{calls} did not get through here, since ", time(datetime.fromisoformat(since)), ".")


def _gone(run: Run, now: datetime) -> str:
    """How much of the time is gone, or by how much it is over."""
    clock = run.clocks[timing.ACKNOWLEDGE]
    since = min(paging.heeded(run, clock.counted_from), clock.due_at)
    gone, whole = now - since, clock.due_at - since
    if gone > whole:
        return f"{duration(gone - whole)} over the {duration(whole)}; it was due "
    return f"{duration(gone)} of {duration(whole)} gone; due "


def _urgent(run: Run) -> bool:
    return paging.rated(run) in timing.URGENT


def _hint(run: Run) -> str:
    return "ack · !pass" if _urgent(run) else "ack · !snooze 30m"


def _buttons(run: Run) -> tuple[Button, ...]:
    later = Button(label="Pass on", says="!pass") if _urgent(run) else Button(label="Snooze 30 min", says="!snooze 30m")
    return (Button(label="I've got it", says="ack"), later)


def passed(who: str, whom: Sequence[str], at: datetime | None) -> Card:
    """`at` is when the next are called, where that is not now."""
    if at is not None:
        return card(
            line(f"{who} passes it on; {named(whom)} {'is' if len(whom) == 1 else 'are'} called ", time(at), ".")
        )
    return card(f"{who} passes it on; {named(whom)} {'is' if len(whom) == 1 else 'are'} called now.")


def passed_already(run: Run, now: datetime) -> Card:
    coming = upcoming(run, now)
    return card(line("You passed it on already", *(("; ", *coming) if coming else ()), "."))


def only_called(run: Run) -> str:
    """To somebody who would silence what others were called for."""
    able = [*dict.fromkeys((*paging.called(run), *([run.owner] if run.owner else [])))]
    return f"Only who was called for it may have it wait: {names(able)}."


NEVER_SNOOZED = (
    "While nobody has acknowledged a P0 or P1 its calls are not silenced. If you have it, say ack; if you cannot take "
    "it, say !pass, and the next is called at once; if it is none, say !severity P2 reason or !false alarm reason."
)
NOBODY_CALLED = "Nobody is being called for it, so there is nothing to pass on. To hand it to somebody: !handoff @who."
