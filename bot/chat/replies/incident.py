"""What incidents (SOP-08) say at their ends, and of words meant for the public."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.replies.parts import card, names
from sops.kit.closing import StillOpen, post_mortem_rows, said, still_open
from sops.kit.escaping import printable
from sops.kit.gate import SignedOff
from sops.kit.message import Button, Card, Span, bold, line, person, time, typed
from sops.kit.model import Severity, Step
from sops.kit.response import commanding
from sops.kit.run import Run, StepRecord

MOST_OF_A_TITLE = 200
NOTHING_HERE = "It goes on elsewhere: nothing of it is done, noted or opened again here."
BEGUN_ELSEWHERE = (
    "It goes on elsewhere, in private: what it needs is begun there; "
    "what has nothing to do with it is begun in a channel."
)


def worked_on(step: Step, record: StepRecord) -> str:
    """Somebody recorded work on it, so its story is owed."""
    said = f", says {record.by}: {printable(record.text)}" if record.by else ""
    return f"{step.title} is done{said}; say !verify text and go on by its rows, or !severity P3 reason if it was small"


def no_short_end(run: Run, reasons: Sequence[str]) -> Card:
    """A false alarm or a duplicate, though it was worked on."""
    return card(line(bold(f"{run.name} does not end like that.")), *(f"• {reason}" for reason in reasons))


def worse_otherwise(refusal: Card, run: Run, severity: Severity, reason: str, calls: str) -> Card:
    """To somebody who may not say that it is worse: what they may say; `calls` is whom they may call, if anybody."""
    if not severity < (run.severity or Severity.P3):
        return refusal
    again = f"/incident declare {severity} {printable(reason or run.title)[:MOST_OF_A_TITLE]}"
    page = f"!page @{calls} reason, which calls somebody who may; or " if calls else ""
    lines = (*refusal.lines, line("What you can do: ", page, "declare it by itself: ", typed(again)))
    return refusal.model_copy(update={"lines": lines, "hint": f"!page @{calls} reason" if calls else again})


def other_is_resolved(other: Run) -> str:
    return f"{other.name} is resolved, so nobody looks at it any more; say ack here, or !duplicate of one that hurts"


def other_is_less(other: Run, counts: Severity) -> str:
    return f"{other.name} is only a {other.severity or 'P1'}, this one a {counts}: first say !severity {counts} there"


def ended(run: Run) -> Card:
    """How it ended, for its thread and its channel: why, where that was not by its rows."""
    why = run.facts.get("ended")
    state = f"closed, {printable(str(why))}" if why and not run.facts.get("cancelled") else str(run.state)
    rest = [debt.text for debt in run.obligations if debt.open]
    return card(
        line(bold(f"{run.name} is {state}: "), Span(text=run.title)),
        *(f"Still owed: {text}" for text in rest),
    )


def has_commander(run: Run, who: str) -> str:
    """To `who` says `ack` a second time, or without having been called."""
    if run.owner == who:
        return "You have it already."
    step = commanding(run)
    by = run.record(step.id).by if step else ""
    now = "" if run.owner in {"", by} else f"; {run.owner} has command now"
    return f"It is acknowledged already, by {by}{now}. To take command: !assign @{who}."


def joined(run: Run, who: str) -> Card:
    """Somebody who was called is there, although another has command."""
    return card(f"{who} is here as well; {run.owner} has command.", hint="!handoff @who · !assign @who")


def before_closing(run: Run) -> str:
    """What closing waits for, so that nobody reads it as done."""
    left = still_open(run)
    named = _named(left)
    if left.held and not named:
        return "once somebody said !resume"
    return f"once these are over: {', '.join(named)}" if left else "everything is settled; say !close"


def _named(left: StillOpen) -> list[str]:
    steps = [step.title for step in left.steps]
    return [*steps, *(child.name for child in left.children), *(debt.id for debt in left.debts)]


def resolved(run: Run) -> str:
    """Why it ends by its rows alone."""
    return f"it was resolved, so it was real; it is closed {before_closing(run)}"


def once_merged(run: Run) -> str:
    """What is left to do once the post-mortem is merged; `!close` only where it would then be accepted."""
    left = still_open(run)
    rest = _named(replace(left, steps=tuple(step for step in left.steps if step not in post_mortem_rows(run))))
    if rest:
        return f"Edit it there and merge it. Before !close these are open as well: {', '.join(rest)}."
    return "Edit it there and merge it; then !close."


def after_resolution(run: Run) -> str:
    """What may be typed once it is resolved: what its next rows want, and `!close` where it would be accepted."""
    left = still_open(run)
    if not left:
        return "!close · !reopen reason"
    written = post_mortem_rows(run)
    ways = [_way(step, written) for step in left.steps if not said(run, step)]
    ways = [way for way in ways if way]
    return " · ".join([*sorted(ways, key=lambda way: way != _WRITING), "status", "!reopen reason"][:5])


_WRITING = "!set cause … · !set impact … · !action @who … · !done post-mortem"


def _way(step: Step, written: Sequence[Step]) -> str:
    """How a row is signed off, as it is typed."""
    asked = next((piece for piece in step.waits if isinstance(piece, SignedOff)), None)
    if asked is None:
        return ""
    if step in written:
        return _WRITING
    return f"!{asked.verb} …" if asked.verb else f"!done {step.id}"


def taken_back(run: Run, kind: str, who: str) -> Card:
    """To the channel, which was told so before."""
    said = {"verify": "is not resolved after all", "ack": "is in nobody's hands again"}
    what = said.get(kind, f"is {run.severity} again")
    return card(line(bold(f"{run.name} {what}"), f", says {who}: ", Span(text=run.title)))


CALLED_SO = "It is called so already."
RENAMED_OFTEN = "It was renamed three times. Say in its thread what it is about; somebody with a role can call it so."


def retitled(run: Run, before: str, who: str, *, thread: bool = True) -> Card:
    """In its thread, with what its issue at the forge is called still, and in its channel."""
    issue = run.facts.get("issue.url")
    stays = [f"Its issue keeps the old title: {issue}"] if issue and thread else []
    return card(
        line(bold(f"{run.name} is called now: "), Span(text=run.title), f" ({who}); before: ", Span(text=before)),
        *stays,
    )


def reopened(reason: str) -> str:
    """What stands in the summary until somebody says more."""
    return f"open again: {printable(reason)}"


def day_over(day: str) -> str:
    return f"{day} is over already; say by which day to come."


# Action items

DROPPED = "dropped"


def actions_noted(actions: Sequence[Mapping[str, str]]) -> str:
    """To whoever says that there are none."""
    return f"{_listed(actions)}. To take one back: !action drop N."


def no_action(number: int, actions: Sequence[Mapping[str, str]]) -> str:
    return f"There is no action {number}. " + (f"{_listed(actions)}." if actions else "None is noted.")


def _listed(actions: Sequence[Mapping[str, str]]) -> str:
    each = (f"{_number(entry)} ({entry['who']}: {printable(entry['text'])[:60]})" for entry in actions)
    return f"Noted so far: action {names(list(each), 'and')}"


def _number(entry: Mapping[str, str]) -> str:
    return entry["id"].removeprefix("action-")


def owed_action(text: str, who: str, day: str) -> str:
    """As it stands among what is owed."""
    return f"{printable(text)} (action of {who}, by {day})"


def being_opened(number: int) -> str:
    return f"The issue of action {number} is just being opened; say it again in a minute."


def action_dropped(run: Run, number: int, who: str, by: str) -> Card:
    """Whose item it was hears of it; its issue, if there is one, is left to people."""
    url = run.facts.get(f"action-{number}.url")
    issue = [f"Its issue stays open until somebody closes it: {url}"] if url else []
    none = [] if run.facts.get("actions") else ["No action item is left; say !action none if there is none."]
    return card(line(f"Action {number} of ", person(who), f" is dropped by {by}."), *issue, *none)


# Words meant for the public


def preview(text: str, code: str, target: str, until: datetime) -> Card:
    """What would be public, and the code that posts it."""
    return card(
        line(f"This would be public, in {target}:"),
        line("> ", Span(text=text)),
        line("Until ", time(until), ", and while the incident is open:"),
        hint=f"!confirm {code} posts it",
        buttons=(Button(label="Post it", says=f"!confirm {code}"),),
    )


def draft_of(who: str, code: str) -> str:
    return f"{who} wrote the text that waits; if you have read it and want it public, say !confirm {code}."


def preview_old(who: str, *, corrects: bool) -> str:
    word = "correct" if corrects else "publish"
    return f"What {who} wrote was shown too long ago to be posted unread; say !{word} and the text again."


def public_stands(word: str) -> str:
    return f"A public word stands as posted; say !correct and its new text first, then {word}."


def still_posting(word: str) -> str:
    return f"A public word is still being posted; status shows it. Once it is there and says what is so, say {word}."


def preview_on_hold(code: str) -> str:
    return f"It is on hold, so it waits: once somebody said !resume, say !confirm {code}."
