"""What is said when a run is cancelled: who agreed, and everything it leaves behind, whatever procedure it was."""

from collections.abc import Sequence
from typing import Any

from bot.chat.remains import Remains
from bot.chat.replies.calling import goes_on
from bot.chat.replies.parts import card, seconds
from sops.kit.action import short
from sops.kit.escaping import printable
from sops.kit.incident_actions import CorrectNotice, PublishNotice
from sops.kit.message import Card, Span, line
from sops.kit.model import Severity
from sops.kit.patterns import Pattern
from sops.kit.run import Run

UNANSWERED = (
    "Nobody took command of it yet: if it was nothing, say !false alarm reason; if it is known, say !duplicate and the"
    " name of the other incident."
)

CLEANED = "What could be cleared away was cleared away before; nothing of it is left."

#: What a run knows of the things it made, by the name of the fact, in the order in which they are listed.
_THINGS: tuple[tuple[Pattern[str], str], ...] = tuple(
    (Pattern(pattern), words)
    for pattern, words in (
        (r"post-mortem|contributors", "PR #{}"),
        (r"latest", "the image most people use, moved to {}"),
        (r"retracted", "image {}, deleted"),
        (r"notice", "the notice on top of {}"),
        (r"milestone", "milestone {}, closed"),
        (r"issue|[a-z0-9-]+\.issue", "issue #{}"),
        (r"(?:announcement|publish-\d+)\.url", "discussion {}"),
        (r"ghsa", "advisory {}"),
        (r"fork", "private fork {}"),
        (r"republish\.run", "workflow run {}"),
        (r"welcomed|thanked", "comment {}"),
    )
)


#: The same of what can be seen at the forge, for when it cannot be asked.
_RECORDED: tuple[tuple[Pattern[str], str], ...] = (
    (Pattern(r"(?:[a-z-]+\.)?branch"), "branch {}"),
    (Pattern(r"pr|[a-z-]+\.pr"), "PR #{}"),
    (Pattern(r"tag"), "tag {}, permanent"),
    (Pattern(r"release\.url"), "release {}"),
)


def left_behind(run: Run, seen: Remains | None) -> list[str]:
    """What a cancelled run leaves at the forge, of all its iterations, what goes on, and what is not done any more.

    `seen` is what the forge still has; where it could not be asked, what is recorded stands for it.
    """
    found = _recorded(run, _RECORDED) if seen is None else _seen(run, seen)
    return list(dict.fromkeys([*found, *_recorded(run, _THINGS), *_going_on(run)]))


def _seen(run: Run, seen: Remains) -> list[str]:
    left = [f"branch {name}" for name in seen.branches]
    left += [f"PR #{p.number}, {f'merged as {short(p.merge_sha)}' if p.merge_sha else 'open'}" for p in seen.pulls]
    left += [f"tag {name}, permanent" for name in seen.tags]
    left += [f"release {name}" for name in seen.releases]
    if seen.tags and run.sop != "SOP-04":
        left.append(f"To take it back: /release rollback {seen.tags[-1].removeprefix('v')}")
    return left


def _recorded(run: Run, things: Sequence[tuple[Pattern[str], str]]) -> list[str]:
    found: list[str] = []
    for facts in (*(past.facts for past in run.past), run.facts):
        for pattern, words in things:
            known = [(name, value) for name, value in facts.items() if value and pattern.fullmatch(name)]
            found += [words.format(_shown(value)) + _merged(name, facts) for name, value in known]
    return found


def _going_on(run: Run) -> list[str]:
    found: list[str] = []
    for step in run.steps:
        record = run.record(step.id)
        found += [f"perhaps more of {step.title}: it was just being done"] if record.intent else []
        waiting = [piece for piece in step.deeds if isinstance(piece, PublishNotice | CorrectNotice)]
        found += [f"not posted: {printable(piece.text)}" for piece in waiting if not record.state.over]
    open_now = [child for child in run.children if child.open]
    return [*found, *(f"{child.name}, which goes on: {child.now}; !cancel it in its thread" for child in open_now)]


def _shown(value: Any) -> str:
    return printable(str(value))


def _merged(name: str, facts: dict[str, Any]) -> str:
    by_name = {"pr": "merge"}.get(name, f"{name}.merge")
    return f", merged as {short(str(facts[by_name]))}" if facts.get(by_name) else ""


def cancelled(run: Run, by: str, reason: str, found: Sequence[str]) -> Card:
    """Who, why, and what stays."""
    return card(
        line(f"{run.name} is cancelled by {by}: ", Span(text=reason), "."),
        *(["Left behind:"] if found else ["Nothing is left behind."]),
        *(f"• {entry}" for entry in found),
        hint="!cleanup" if any(entry.startswith("branch ") for entry in found) else "",
    )


def cancel_asked(run: Run, worst: Severity | None, who: str, reason: str, able: Sequence[str]) -> Card:
    """An urgent incident somebody has taken command of does not end on one person's word, whatever it is called now."""
    once = f", once a {worst}" if worst and worst is not run.severity else ""
    return card(
        line(f"{who} wants to cancel {run.name}, a {run.severity or 'P1'}{once}: ", Span(text=reason), "."),
        f"Nothing ends yet. A second person must agree within a day by saying the same: {seconds(able)}.",
        hint="!cancel reason",
    )


def cancel_same(run: Run, yours: bool, able: Sequence[str]) -> str:
    """`yours`: they are the one who asked; else they are not among those who may agree."""
    asked = "You asked for it already; a" if yours else "A"
    return f"{asked} second person must agree to cancel {run.name}: {seconds(able)}."


def false_alarm_asked(run: Run, worst: Severity | None, who: str, reason: str, able: Sequence[str]) -> Card:
    """What nobody took command of, and may be urgent, is no false alarm on one person's word."""
    once = f", once a {worst}" if worst and worst is not run.severity else ""
    return card(
        line(f"{who} says that {run.name}, a {run.severity or 'P1'}{once}, is a false alarm: ", Span(text=reason), "."),
        f"Nobody acknowledged it, so nothing ends yet{', and I go on calling' if goes_on(run) else ''}.",
        f"A second person must agree within a day by saying the same: {seconds(able)}.",
        "Or ack it: whoever has it says so alone.",
        hint="!false alarm reason",
    )


def false_alarm_same(yours: bool, able: Sequence[str]) -> str:
    """`yours`: they are the one who asked; else they are not among those who may agree."""
    asked = "You said so already; a" if yours else "A"
    return f"{asked} second person must agree that it is a false alarm: {seconds(able)}."
