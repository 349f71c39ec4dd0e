"""What a command is answered with once it has had its effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat.replies import calling, incident
from bot.chat.replies.parts import card, due, names, seconds
from sops.kit import timing
from sops.kit.action import News
from sops.kit.escaping import printable
from sops.kit.message import Button, Card, Line, Span, bold, line, person, time
from sops.kit.model import Severity, Step
from sops.kit.response import answered, commanding, may_give_back
from sops.kit.run import Obligation, Run


def acknowledged(run: Run, who: str) -> Card:
    clock = run.clocks.get(timing.UPDATE)
    first = (" First update due ", *due(run, timing.UPDATE), ".") if clock and clock.running else ()
    return card(
        line(f"{who} has it and is the commander.", *first),
        hint="!update text · !not me" if may_give_back(run) else "!update text",
        buttons=(Button(label="Not me", says="!not me"),) if may_give_back(run) else (),
    )


def signed_off(step: Step, who: str) -> Card:
    return card(f"✓ {step.title} ({who})")


_REPORTED = {"update": "update noted", "triage": "triaged", "mitigate": "mitigated", "fix": "fixed"}


NEXT_UNREAD = "I could not read when; say: next 15m"


def reported(run: Run, verb: str, who: str, *, unread: bool = False) -> Card:
    clock = run.clocks.get(timing.UPDATE)
    running = clock is not None and clock.running
    after: tuple[Span | str, ...] = (" Next update due ", *due(run, timing.UPDATE), ".") if running else ()
    said = line(f"✓ {_REPORTED.get(verb, verb)} ({who}).", *after)
    return card(said, NEXT_UNREAD, hint="!update text, next 15m") if unread else card(said)


def resolved(run: Run, who: str) -> Card:
    clock = run.clocks.get(timing.POST_MORTEM)
    lines: list[Line | str] = [line(bold(f"{run.name} is resolved"), f", says {who}.")]
    if clock and clock.running:
        lines.append(line("The post-mortem is due ", time(clock.due_at), "."))
        lines.append("Please set cause, impact and actions; then the bot drafts it from the record.")
        return card(*lines, hint="!set cause … · !set impact … · !action @who … by DATE · !done post-mortem")
    return card(*lines, "No post-mortem is owed.", hint=incident.after_resolution(run))


def resolved_in_channel(run: Run) -> Card:
    return card(line(bold(f"{run.name} resolved"), ": ", Span(text=run.title)))


def severity_set(
    run: Run, old: Severity | None, who: str, reason: str, now: datetime, whom: Sequence[str] = ()
) -> Card:
    """`whom` it concerns: who has it, or who was called for what it was."""
    change = f"{old} → {run.severity}" if old else f"{run.severity}"
    why: tuple[Span | str, ...] = (": ", Span(text=reason)) if reason else ()
    lines: list[Line | str] = [line(*calling.to(whom), bold(f"{run.name} is {change}"), f" ({who})", *why)]
    clock = run.clocks.get(timing.ACKNOWLEDGE)
    if clock and clock.running:
        lines.append(line("Acknowledge by ", *due(run, timing.ACKNOWLEDGE), f", counted from {_counted(run, now)}."))
        lines += calling.from_now_on(run, now) if run.severity and run.severity.below(old or Severity.P1) else ()
    fix = run.clocks.get(timing.FIX)
    if fix and fix.running:
        lines.append(line("The fix is due ", time(fix.due_at), ", counted from the beginning."))
    return card(*lines)


def _counted(run: Run, now: datetime) -> str:
    """From when the first clock is counted, in words."""
    since = run.clocks[timing.ACKNOWLEDGE].calls_from
    return "the declaration" if since is None else "now on" if since == now else "when it was raised"


def paged(run: Run, who: str, by: str, text: str) -> Card:
    """`text` is what the caller says to them."""
    return card(
        line(person(who), f" {by} asks for you in {run.name}: ", Span(text=run.title)), *_said(text), hint="ack"
    )


def handed_to(run: Run, who: str, by: str, text: str) -> Card:
    return card(
        line(person(who), f" {by} wants to hand {run.name} to you; say !accept to take it."),
        *_said(text),
        hint="!accept",
    )


def taken_over(run: Run, who: str, by: str, text: str) -> Card:
    """Who has it by another's word is called, so that they know."""
    now = f"{who} has {run.name} now."
    return card(now if by == who else line(person(who), f" {now[:-1]} ({by})."), *_said(text))


def assigned_unanswered(run: Run, who: str, by: str, text: str) -> Card:
    """Nobody acknowledged it, so nobody has it by another's word."""
    return card(
        line(person(who), f" {by} asks you to take {run.name}: ", Span(text=run.title)),
        f"Nobody has it before somebody says ack{'; I go on calling until then' if calling.goes_on(run) else ''}.",
        *_said(text),
        hint="ack",
    )


def _said(text: str) -> list[Line]:
    """Somebody's words, below what they are about."""
    return [line("> ", Span(text=printable(text)))] if text else []


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


def dismissed(number: int, who: str, why: str) -> Card:
    return card(line(f"#{number} is dismissed by {who}; it does not block any more: ", Span(text=printable(why)), "."))


def started(run: Run, who: str) -> Card:
    return card(f"{who} started {run.name}.")


def how_to_say(word: str) -> Card:
    return card(f"If you mean me, say: {word}", hint=word)


def held(who: str, reason: str) -> Card:
    return card(
        line(f"On hold by {who}: ", Span(text=reason), ". The bot does nothing here; clocks go on."),
        hint="!resume",
        buttons=(Button(label="Resume", says="!resume"),),
    )


def resumed(who: str) -> Card:
    return card(f"{who} resumed it.")


def retrying() -> Card:
    return card("Looking again.")


def snoozed(until: datetime) -> Card:
    return card(line("Quiet until ", time(until), "; the due instant itself is never muted."))


def skipped(step: Step, who: str) -> Card:
    return card(f"– {step.title} skipped by {who}.")


def waiver_asked(run: Run, step: Step, who: str, reason: str, others: Sequence[str]) -> Card:
    note = run.record(step.id).note
    return card(
        line(f"{who} wants to leave out “{step.title}”: ", Span(text=reason)),
        *([line("As it stands: ", Span(text=note), ".")] if note else []),
        f"Nothing is left out yet. A second person must agree by saying the same: {seconds(others)}.",
        hint=f"!waive {step.id} reason",
    )


def waiver_same(step: Step, others: Sequence[str]) -> str:
    return f"You asked for it already; a second person must agree to leave out {step.title}: {seconds(others)}."


def not_waivable(step: Step) -> str:
    return f"{step.id} cannot be left out; what follows is built on it. !cancel reason ends the run."


def waived(step: Step, first: str, second: str) -> Card:
    return card(f"– {step.title} waived by {first} and {second}.")


def both(*said: tuple[str, str]) -> tuple[str, str]:
    """Who left something out, and why: in their own words each, where those differ."""
    reasons = dict.fromkeys(why for _, why in said if why)
    whole = next(iter(reasons), "") if len(reasons) < 2 else "; ".join(f"{who}: {why}" for who, why in said)
    return names([who for who, _ in said], "and"), whole


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


#: How a deed is said, where its entry is called otherwise.
_SAID = {
    "acknowledge": "ack",
    "joined": "ack",
    "retitled": "!title",
    "paged": "!page",
    "passed": "!pass",
    "sign-off": "!done",
    "taken-over": "!accept",
    "handoff": "!assign",
    "handoff-offered": "!handoff",
    "dismissed": "!dismiss",
    "action-dropped": "!action drop",
    "not-me": "!not me",
    "yes": "approve",
    "withdrawn": "!withdraw",
    "rejected": "!reject",
    "previewed": "!publish",
    "publish": "!confirm",
    "waiver-asked": "!waive",
    "reopened": "!reopen",
    "by-hand": "!byhand",
    "mirrored": "!mirror",
    "unmirrored": "!unmirror",
    "started": "!start",
    "declared": "the declaration",
    "planned": "the beginning",
    "declared-again": "the declaration",
    "obligation-met": "!done",
    "closed-as": "how it ended",
    "restricted": "!restrict",
    "went-on": "!cancel",
    "parent-ended": "!restrict",
}
_AGAIN = "what is true now, in the same way"
#: What is said to mend it.
_MENDED = {
    "retitled": "!title with the earlier words",
    "severity": "!severity P1 reason, as bad as it is",
    "verify": "!reopen reason",
    "publish": "!correct text",
    "sign-off": "!redo STEP reason",
    "set": "!set with the earlier words",
    "action": "!action drop 1, or !action @who text",
    "yes": "!withdraw",
    "hold": "!resume",
    "resume": "!hold reason",
    "not-me": "ack",
    "undo": "the same word again",
    "declared": "!false alarm reason",
    "mirrored": "!unmirror and the channel",
    "paged": "that nobody need come",
}


def deed(kind: str) -> str:
    """How somebody says what the record calls so."""
    return _SAID.get(kind, f"!{kind}")


def undo_not_that(run: Run, kind: str, who: str) -> str:
    """Their last word of the run cannot be taken back: which it was, and what mends it."""
    word = deed(kind)
    giving = ""
    if answered(run) and run.owner == who and commanding(run) is not None and not run.state.over:
        giving = f"; to give the incident back: {'!not me' if may_give_back(run) else '!handoff @who'}"
    return f"Your last word here was {word}, which stays as it was said. Say {_MENDED.get(kind, _AGAIN)}{giving}."


def undone(run: Run, act: Mapping[str, str], who: str, whom: Sequence[str] = ()) -> Card:
    """Whoever had said it hears of it; after an `ack` somebody else must take command, as `whom`, who are called."""
    of: tuple[Span | str, ...] = (" of ", person(act["by"])) if act["by"] != who else ()
    clock = run.clocks.get(timing.ACKNOWLEDGE)
    open_again = act["kind"] == "ack" and clock is not None and clock.running
    again = (
        [line(*calling.to(whom), "Nobody has command; acknowledge by ", *due(run, timing.ACKNOWLEDGE), ".")]
        if open_again
        else []
    )
    return card(line(f"{who} took back {act['what']}", *of, "."), *again, hint="ack" if again else "")


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
    return card(f"✓ {debt.text} ({debt.evidence if debt.met_by == SEEN else f'met by {debt.met_by}'}).")


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
