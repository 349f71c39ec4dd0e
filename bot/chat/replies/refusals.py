"""Why a command has no effect, and what to say instead."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat import commands
from bot.chat.replies import phrases
from bot.chat.replies.parts import a_role, card, duration, names, roles_of
from sops.kit.conversation import Event
from sops.kit.escaping import printable
from sops.kit.message import Card, Span, bold, code, line, time
from sops.kit.model import Severity, Step
from sops.kit.people import Person
from sops.kit.run import Child, Obligation, Run
from sops.kit.unreadable import Unreadable


def refused(*reasons: str, hint: str = "") -> Card:
    """Not done, and every reason why."""
    return card(line(bold("Not done."), f" {reasons[0]}"), *(f"• {reason}" for reason in reasons[1:]), hint=hint)


def no_role(actor: Person | None, account: str, roles: Sequence[str], able: Sequence[str]) -> Card:
    """Who may, and for strangers the line an administrator adds to the settings."""
    who = f"{names([a_role(role) for role in roles])} may do that"
    who += f": {names(able)}" if able else "; nobody has that role yet"
    if actor is not None:
        return refused(f"Only {who}. {roles_of(actor.roles)}.")
    platform, _, account_id = account.partition(":")
    entry = f'{{ handle = "…", accounts = {{ {platform} = ["{account_id}"] }}, roles = ["{roles[0]}"] }}'
    return card(
        line(bold("Not done."), f" Only {who}. I do not know you."),
        line("For an administrator, under people: ", code(entry)),
    )


def given_back(card: Card, text: str) -> Card:
    """The refusal, and below it what was refused, to be said again."""
    said = [line(code(printable(each))) for each in text.splitlines() if each.strip()]
    return card.model_copy(update={"lines": (*card.lines, line("What you wrote, so that it is not lost:"), *said)})


OVER = "This run is over."
HELD_ALREADY = "This run is on hold already."
HELD = "This run is on hold; say !resume first."
NOT_HELD = "This run is not on hold."
NOT_PLANNED = "It was started already."
NO_DRAFT = "Nothing waits for your confirmation."
NOTHING_PUBLIC = "Nothing public was posted yet; !publish text does."
NO_YES = "You have no yes to take back here, or what it covered has begun."
NOTHING_TO_STOP = "Nothing is about to happen here that could still be stopped; !hold reason stops the bot's hands."
ELSEWHERE = "it goes on in private"
NOT_OFFERED = "Nobody offered this run to you."
APPROVAL_NOT_SKIPPED = "An approval cannot be skipped or waived; it needs the yeses it asks for."
POST_MORTEM_OWED = "The post-mortem is optional for a P3 only."
NOT_OVER = "It is not over; there is nothing to reopen."
NO_ENTRY = "That would stand in the changelog as a heading, a list or a quote; begin it with a word, as one sentence."
NOT_SOAKING = "There is no soak going on here."
NOT_ACKNOWLEDGED = "Nobody has acknowledged it yet; say ack first."


def not_here(run: Run, command: commands.Command) -> str:
    """A word of another kind of run."""
    if isinstance(command, commands.Reopen):
        return f"Only incidents are reopened. {run.name} is {run.state}; what is to be done again is begun anew."
    if isinstance(command, commands.Close):
        return (
            f"Only incidents are closed. {run.name} ends by itself with its last step; !cancel reason ends it before."
        )
    return f"That is not for {run.name}, {phrases.heading(run)}; help lists the words of its thread."


def not_active(run: Run) -> str:
    """Nothing of it has begun, or all of it is over."""
    return OVER if run.state.over else "This run was not started; !start starts it, !cancel reason ends it."


def other_draft(code_given: str) -> str:
    return f"That is not the code of the text that waits; read it again, then say !confirm {code_given}."


def not_a_blocker(number: int) -> str:
    return f"#{number} does not block here; there is nothing to dismiss."


def dismissed_already(number: int) -> str:
    return f"#{number} is dismissed already."


def severity_same(severity: Severity) -> str:
    return f"It is {severity} already."


def owns_already(who: str, run: Run) -> str:
    return f"{who} has {run.name} already."


def cannot_command(who: str, able: Sequence[str]) -> str:
    return f"{who} cannot command an incident; {names(able)} can."


def drafted(run: Run) -> str:
    return f"The post-mortem is in PR #{run.facts['post-mortem']} already; edit it there."


def duplicate_of(name: str) -> str:
    return f"duplicate of {name}"


def was_false_alarm(reason: str) -> str:
    return f"false alarm: {reason}"


def next_too_far(longest: timedelta) -> str:
    return f"The next update comes within {duration(longest)}; say so again with a shorter time."


def snooze_too_long(minutes: int) -> str:
    return f"At most {duration(timedelta(minutes=minutes))} here."


def digest_unknown(step: Step) -> str:
    return (
        f"Nothing has come so far that could have been tried: {step.title} waits for something else first; see status."
    )


def digest_unnamed(step: Step, digest: str) -> str:
    return f"Name the image that was tried, by how its digest begins: !done {step.id} {digest} and what showed it."


def evidence_missing(step: Step) -> str:
    return f"Say what shows it: !done {step.id} and a link, a SHA or a sentence."


def debt_evidence(debt: Obligation) -> str:
    return f"Say what shows it: !done {debt.id} and a link, a SHA or a sentence."


def say_instead(step: Step, verb: str) -> str:
    word = verb if verb == "ack" else f"!{verb}" + ("" if verb == "close" else " text")
    return f"{step.title} cannot be left out; say {word}."


def itself() -> str:
    return "It cannot be a duplicate of itself."


def duplicate_over(name: str, why: str) -> str:
    return f"{name} is over ({why}); name an open one, or close this by its rows."


def step_unknown(name: str, run: Run) -> str:
    open_steps = [step.id for step in run.steps if not run.record(step.id).state.over]
    open_steps += [debt.id for debt in run.obligations if debt.open]
    return f"There is no step {name!r} to do that with. Open here: {names(open_steps)}."


def step_closed(step: Step) -> str:
    return f"{step.id} is over already."


def under_way(step: Step) -> str:
    return (
        f"{step.id} is just being done, and nobody can tell yet whether it is. Once the far end answers I know; "
        "status says so, then say it again."
    )


def step_early(step: Step) -> str:
    return f"It is not the turn of {step.id} yet; status shows what is."


def step_automatic(step: Step) -> str:
    return f"{step.id} is the bot's to do; it is done when it is really there."


def gates_open(step: Step, notes: Sequence[str]) -> Card:
    return refused(f"{step.title}: not so, as far as I can see.", *notes)


def needs(step: Step, missing: Sequence[str]) -> str:
    return f"{step.id} needs {names(missing, 'and')} first."


def close_refused(run: Run, reasons: Sequence[str]) -> Card:
    return card(line(bold(f"{run.name} cannot be closed yet.")), *(f"• {reason}" for reason in reasons))


def close_reason(run: Run, step: Step) -> str:
    if step.id == "post-mortem-merged":
        number = run.facts.get("post-mortem")
        if not number:
            return f"{step.title} is open (row {step.row}); it follows the draft"
        if run.facts.get("post-mortem.closed"):
            return (
                f"PR #{number} with the post-mortem was closed without being merged (row {step.row}): reopen it and "
                f"merge it, or two people say !waive {step.id} reason"
            )
        return f"PR #{number} with the post-mortem is not merged yet (row {step.row}): merge it"
    if (step.when == () and step.do) or run.record(step.id).signed:
        return f"{step.title} is still being done (row {step.row}); status shows it"
    return f"{step.title} is open (row {step.row}): !{_verb_of(step)}"


def _verb_of(step: Step) -> str:
    if step.id == "detect":
        return "severity P0|P1|P2|P3"
    if step.id == "acknowledge":
        return "ack"
    if step.id == "post-mortem":
        return "done post-mortem"
    if step.id == "verify":
        return "verify text"  # never skipped
    return f"{'update' if step.id == 'communicate' else step.id} text or !skip {step.id} reason"


def close_child(child: Child) -> str:
    return f"{child.name} is not over: {child.now}"


def close_debt(debt: Obligation) -> str:
    return f"{debt.text} is owed: !done {debt.id} evidence"


def no_open_issue(number: int) -> str:
    return f"There is no open issue #{number}."


def patch_is_hotfix(version: str) -> str:
    return f"{version} is a patch; this begins an X.Y.0, like 1.4.0. A patch is a hotfix: /hotfix {version} P1 its-name"


def already_running(run: Run) -> str:
    what = run.version or phrases.heading(run)
    return f"{run.name} is open for {what} already; one at a time."


NO_ANSWER = "it did not answer in time"


def unreadable(run: Unreadable) -> Card:
    return refused(f"{run.name} was stored by another version of Sopwith, which this one cannot read; nothing is lost.")


def unreachable(what: str) -> Card:
    return card(line(bold("Not done: "), Span(text=what), ". Nothing changed; please say it again in a minute."))


def cannot_be_shown(run: Run, error: str) -> Card:
    """Directly to those who must know, when a run's own channel cannot be written to."""
    return card(
        f"{run.name} cannot be shown where it belongs: {error}. It goes on all the same, and I keep trying for a day.",
        f"Until then: /sop {run.name} status, and so for every other word.",
        hint=f"/sop {run.name} status",
    )


def hidden_cannot_be_shown(error: str) -> Card:
    """The same of a run under embargo: where this is read, others may read as well."""
    return card(
        f"Something you answer for cannot be shown where it belongs: {error}. It goes on all the same.",
        "An operator finds in the log which channel it is; once it is as it should be, I say there what I held back.",
    )


def unsealed(event: Event) -> Card:
    """Said in clear in an encrypted room."""
    emoji = event.kind in {"reaction", "unreaction"}
    return card(
        line(bold("Not done."), " This room is encrypted, and that came in clear: nobody can know who wrote it."),
        "An emoji always does: say it in words." if emoji else "Say it again from a program that encrypts.",
    )


def too_late(event: Event, now: datetime) -> Card:
    """Said while the bot was away: it does nothing, and neither does what else they asked for meanwhile."""
    said = event.text if len(event.text) <= 60 else f"{event.text[:59]}…"
    return card(
        line(
            bold("Not done."),
            " You said ",
            code(said),
            " at ",
            time(event.at),
            ", and I was told only at ",
            time(now),
            ".",
        ),
        "If you still want it, say it again; the same goes for anything else you asked of me here meanwhile. Reports, "
        "notes and updates of that time count.",
    )


def event_parked() -> Card:
    return card("I could not handle that message, five times over, and set it aside. An operator finds it in the log.")


def bad_version(why: str) -> Card:
    return refused(why)
