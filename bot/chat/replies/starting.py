"""What is said when a run begins: declared, planned, and what the plan holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat.replies import calling, phrases
from bot.chat.replies.parts import a_role, card, due, duration, either
from sops.kit import paging, timing
from sops.kit.escaping import printable
from sops.kit.message import Button, Card, Line, Span, bold, channel, line, time
from sops.kit.model import Role, Severity, Step
from sops.kit.run import Run, StepState
from sops.kit.version import Version


def declared(run: Run, whom: Sequence[str], now: datetime) -> Card:
    """In the thread, when an incident begins, or begins again: who is called, or when the first one is."""
    clock, to = run.clocks.get(timing.ACKNOWLEDGE), calling.to(whom)
    coming = () if whom else calling.upcoming(run, now)
    first: tuple[Line, ...] = (line("Nobody is called yet; ", *coming, "."),) if coming else ()
    if paging.uncalled(run):
        first = (line("Nobody is called for it; each business day it is listed until it is closed."),)
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
        line("Acknowledge by ", *due(run, timing.ACKNOWLEDGE), "."),
        *first,
        hint="ack",
        buttons=(Button(label="I've got it", says="ack"),),
    )


def begun_for(run: Run, by: str) -> Card:
    """In the thread of the run it is begun for."""
    return card(
        line(
            f"{by} began {run.name}, {phrases.heading(run)}, for this; its thread is in ",
            channel(run.place.channel),
            ".",
        )
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
    return phrases.MARK[state]


def in_conflict(what: str, reason: str) -> str:
    return f"{what}: CONFLICT, {reason}"


def there_already(what: str) -> str:
    return f"{what} (is there)"


def within(text: str, span: timedelta) -> str:
    return f"{text} (within {duration(span)})"


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


def plan_sign_off(role: Role, ask: str, by: str = "") -> str:
    """`by`, who said so already, if anybody did."""
    return f"{by} said: {ask}" if by else f"wait for {a_role(role)} to say: {ask}"


def plan(run: Run, lines: Sequence[str]) -> Card:
    return card(line(bold(f"Plan of {run.name}, {phrases.state_word(run).lower()}")), *lines)


def is_out(version: Version, back: Run | None) -> str:
    """A version is never brought out twice, also where it was taken back."""
    taken = f" and was taken back by {back.name}" if back else ""
    patch, minor = replace(version, patch=version.patch + 1), replace(version, minor=version.minor + 1)
    return (
        f"{version.text} is out{taken}, and a public tag is never moved. "
        f"Next is {patch.text} (/hotfix {patch.text} P1 name) or {minor.text} (/release rc {minor.text})."
    )


def candidate_due(due: Version, newest: Version | None) -> str:
    out = f"{newest.text} is out" if newest else f"No candidate of {due.final.text} is out"
    return f"{out}, so {due.text} is due; candidates count up by themselves: /release rc {due.final.text}"
