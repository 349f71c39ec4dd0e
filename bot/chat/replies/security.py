"""Security responses (SOP-05). What is said outside the private thread names neither run nor report."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.chat.replies import calling
from bot.chat.replies.parts import Words, card, duration, names
from sops.kit.action import News
from sops.kit.conversation import Place
from sops.kit.disclosure import HOW, Disclosure
from sops.kit.escaping import printable
from sops.kit.message import Button, Card, Line, Span, bold, channel, line, person, time
from sops.kit.response import answered, commanding
from sops.kit.run import Run
from sops.kit.security_gates import WarrantsCve, numbered
from sops.kit.stores import Deadline
from sops.kit.timing import ACKNOWLEDGE, DISCLOSURE, DUE, FIX, PUBLISH, REPORT, UPDATE


def _heading(run: Run) -> str:
    severity = f" ({run.severity})" if run.severity else ""
    return f"security report{severity}: {run.title}"


def taken_in_private(removed: bool) -> Card:
    """To somebody who typed a report where others read."""
    return card("Thank you. It goes on in private, where the security leads read it.", _gone(removed))


def declared_in_private(told: Place) -> Card:
    """To somebody who declared an incident among those who read reports: everybody would read its title."""
    return card(
        line("Nothing was declared: an incident and its title are told in ", channel(told.channel), ", to everybody."),
        "If it is an attack or a weakness, say /security report and what you know; it stays here.",
        line("If everybody may read the title, declare it in ", channel(told.channel), "."),
    )


def hotfix_misplaced(*, removed: bool, read: bool) -> Card:
    """To somebody who began a security hotfix where the hole is not dealt with; `read`: others read there."""
    return card(
        line(bold("Not done."), " A hotfix with --security is begun in the private thread of its security response."),
        "If there is none yet, /security report and what you know begins it; then say the same there.",
        *([_gone(removed)] if read else []),
    )


def _gone(removed: bool) -> str:
    return "I took your message away from here." if removed else "Please delete your message here."


def reported(leads: Sequence[str], due: datetime | None) -> Card:
    """In the private thread, at once: whose turn it is."""
    whom: list[Span | str] = [each for lead in leads for each in (person(lead), " ")]
    until: tuple[Span | str, ...] = (" by ", time(due)) if due else ()
    return card(line(*whom, "please acknowledge it", *until, ", and answer the reporter."), hint="!done acknowledge")


def no_private_channel(removed: bool) -> Card:
    return card(
        "I know no private channel for this, so I keep nothing and repeat nothing of it.",
        _gone(removed),
        "Write to the security leads directly, and ask an operator to set channels.security to a private channel.",
    )


def has_advisory(run: Run) -> str:
    return f"{run.name} has its advisory already: {run.facts['ghsa.url']}"


def scored(run: Run) -> Card:
    return card(f"cvss is set: {run.facts['score']}, which makes it a {run.severity}.")


def _day_set(run: Run) -> Card:
    agreed = Disclosure.read(str(run.facts[DISCLOSURE]))
    unusual = ["Tuesday to Thursday would leave people working days to update."] if agreed.unusual else []
    return card(
        f"disclosure is set: {agreed.shown(run.policy.zone)}.",
        *unusual,
        "Once it is signed off, neither patch nor advisory is published before that.",
    )


def hotfix_behind(hotfixes: Sequence[str], run: Run) -> Card:
    """The report is more urgent than the hotfix that was begun for it."""
    which = names(hotfixes, "and")
    return card(
        f"{which} was begun for less: its time for the fix is longer. Say there: !severity {run.severity} reason"
    )


def _cve_set(run: Run) -> Card:
    if number := numbered(run):
        return card(f"cve is set: the advisory is published as {number}, and no other is asked for.")
    asked = WarrantsCve().holds(run)
    return card("cve is set: GitHub is asked for a number with the disclosure." if asked else "cve is set: none.")


def contradicts(why: str) -> str:
    return f"{why}. Name the versions that are affected, or begin another hotfix."


def public_already(run: Run) -> str:
    """What an advisory says is no longer said here."""
    return f"The advisory is public: what it says is changed at GitHub, in {run.facts['advisory.url']}"


NOTHING_LEAKS = "Nothing here waits for a disclosure: it is public already, or was never kept back."


def leaked(who: str, reason: str, called: Sequence[str], going: Sequence[str]) -> Card:
    """The disclosure is now, whatever was agreed on; `going` are the runs that waited for it."""
    whom: list[Span | str] = [each for handle in called for each in (person(handle), " ")]
    where = f" in {names(going, 'and')}" if going else ""
    return card(
        line(*whom, bold("it leaked"), f", says {who}: {printable(reason)}"),
        f"The disclosure is now. What has its yes goes out as soon as the grace is over; what lacks one asks{where}.",
        "Nothing is skipped: what was not reviewed yet is asked about first.",
        hint="approve CODE · !stop",
    )


def leaked_here(response: Run, who: str) -> Card:
    """In the thread of its hotfix."""
    return card(f"{who} says that it leaked: the disclosure of {response.name} is now.", hint="approve CODE · !stop")


def disclosure_moved(due: datetime) -> Card:
    """What people had agreed on is another instant now."""
    return card(
        line("The disclosure is due ", time(due), " now; patch and advisory wait for that, and reminders follow it."),
        hint="status",
    )


#: What is answered to `!set` of what has a meaning of its own here.
SET: Mapping[str, Callable[[Run], Card]] = {"cvss": scored, "disclosure": _day_set, "cve": _cve_set}


NO_HOME = (
    "Until the disclosure its fix is built in private, and there is no place for that yet: wait for the private fork, "
    "or name policy.security.ci_repository."
)
BY_SCORE = "by its score"  # why it was raised


def past(stored: str, run: Run) -> str:
    """Said of a disclosure before now."""
    return f"{Disclosure.read(stored).shown(run.policy.zone)} is past. A disclosure is written {HOW}."


def begun_elsewhere(run: Run, who: str) -> Card:
    """In private: somebody who cannot know of it began the same where others read."""
    whose = f"{run.name} ({run.release or printable(run.title)})"
    return card(
        line(f"{who} began {whose} in ", channel(run.place.channel), ", and was told nothing of this one."),
        "Only one of the two can have that version: agree with them in private, or patch a later one.",
    )


_PROMISE = {
    REPORT: "the report is not acknowledged",
    FIX: "the patch is not out",
    PUBLISH: "the advisory is not published",
    DISCLOSURE: "the disclosure agreed on",
}


def reminder(run: Run, due: Deadline, whom: str) -> Card:
    """How much of a promise's time is gone."""
    clock = run.clocks[due.clock]
    whole = duration(clock.due_at - clock.started_at)
    to = calling.to(whom.split())
    gone = f"the time ({whole}) is over" if due.threshold >= DUE else f"{due.threshold} % of {whole} gone"
    return card(line(*to, f"{run.name}: {_PROMISE[due.clock]}, {gone}; due ", time(clock.due_at), "."), hint="status")


def response_goes_on(run: Run, those: Sequence[str]) -> Card:
    """In the new thread, to those who were in it: nothing of the response stops here."""
    whom: list[Span | str] = [each for one in those for each in (person(one), " ")]
    answered_by, clock = (run.owner, run.clocks.get(UPDATE)) if answered(run) else ("", run.clocks.get(ACKNOWLEDGE))
    due = clock.due_at if clock is not None and clock.running else None
    has = f"{answered_by} has command" if answered_by else "Nobody has acknowledged it"
    what = "; update due " if answered_by else "; acknowledge by "
    until: tuple[Span | str, ...] = (what, time(due)) if due else ()
    return card(
        line(*whom, f"the response goes on here ({run.severity or 'severity?'}). {has}", *until, "."),
        "Calls and updates stay here too, so whoever is called must be able to read here: let them in.",
        hint=RESPONSE_WORDS if answered_by else f"ack · {RESPONSE_WORDS}",
        buttons=() if answered_by else (Button(label="I've got it", says="ack"),),
    )


RESPONSE_WORDS = "!update text · !mitigate text · !verify text · !handoff @who · !page @who"


def response_lines(run: Run) -> list[Line]:
    """On the summary of one that goes on as a response: who leads it, and what was said last."""
    if commanding(run) is None:
        return []
    who = f"Commander {run.owner}" if answered(run) else "No commander yet"
    clock = run.clocks.get(UPDATE if answered(run) else ACKNOWLEDGE)
    label = "update due " if answered(run) else "acknowledge by "
    due: tuple[Span | str, ...] = (f" · {label}", time(clock.due_at)) if clock is not None and clock.running else ()
    lines = [line(who, *due)]
    if run.facts.get("update"):
        text, by, at = run.facts["update"]
        lines.append(line("Now     ", Span(text=text), f" ({by}, ", time(datetime.fromisoformat(at)), ")"))
    return lines


def resolved(run: Run, who: str) -> Card:
    """The attack is over; the hole is not closed by that."""
    return card(
        line(bold(f"{run.name}: it is over where it hurt"), f", says {who}; no more updates are owed."),
        "Patch, advisory and disclosure go on by the rows of the report.",
        hint="status",
    )


def goes_on_there(run: Run, there: Place, leads: Sequence[str], *, leads_it: bool) -> Card:
    """To one person who was in it, alone: where, and nothing of why."""
    return card(
        line(f"{run.name} goes on in ", channel(there.channel), ", with you as its commander." if leads_it else "."),
        f"If you cannot read there, ask {names(leads)} to let you in. Please say nothing more about it here.",
    )


def restricted_public(run: Run) -> Card:
    """In the incident's old thread, which others read."""
    return card(f"{run.name} goes on elsewhere. Please say nothing more about it here.")


def not_told_here(run: Run) -> Card:
    """To who asks what was said in a restricted incident, where others read."""
    return card(f"{run.name} goes on elsewhere. What was said in it is not shown here.")


def _places(run: Run) -> list[Span | str]:
    """Every channel the run was told in, joined by "and"."""
    spans: list[Span | str] = []
    for place in run.places:
        spans += [" and ", channel(place.channel)] if spans else [channel(place.channel)]
    return spans


def restricted_private(run: Run, by: str, reason: str) -> Card:
    """In the new thread: why, what everybody can see already, and what still goes on in the open."""
    going = [child for child in run.children if child.open]
    return card(
        f"{run.name} was restricted by {by}: {printable(reason)}",
        line("Others have read already: its thread in ", *_places(run), " and its title"),
        *(f"· {each}" for each in already_public(run)),
        "Edit or close what says too much; I change nothing of it by myself.",
        *(["Begun for it where others read; nothing is done there before somebody decides:"] if going else []),
        *(f"· {child.name}, {child.now}" for child in going),
        *([_GOES_ON_THERE] if going else []),
    )


_GOES_ON_THERE = (
    "In the thread of each: !resume or !start if it may go on there, else !cancel reason; a hotfix pushes nothing "
    "before the disclosure."
)


def already_public(run: Run) -> list[str]:
    """Everything an incident left where others read: issues, public words, the post-mortem."""
    facts = run.facts
    found = [f"the issue {facts['issue.url']}"] if facts.get("issue.url") else []
    words = [facts[f"{step.id}.url"] for step in run.steps if step.row == "3" and f"{step.id}.url" in facts]
    last = facts.get("public.url")
    found += [f"the public word {url}" for url in dict.fromkeys([*words, *([last] if last else [])])]
    actions = [step.id for step in run.steps if step.id.startswith("action-")]  # dropped ones have their issue still
    found += [f"the action item {facts[f'{each}.url']}" for each in actions if f"{each}.url" in facts]
    drafts = [
        *facts.get("post-mortem.earlier", []),
        *([facts["post-mortem.url"]] if "post-mortem.url" in facts else []),
    ]
    return found + [f"the post-mortem {url}" for url in dict.fromkeys(drafts)]


def elsewhere(run: Run) -> str:
    return f"{run.name} goes on elsewhere"


def restricted_child(parent: Run, *, held: bool) -> Card:
    """In the thread of a run begun for it, which others read."""
    return card(
        ("On hold: " if held else "") + f"{parent.name}, for which this was begun, goes on elsewhere.",
        "Please say nothing more about it here. Whoever leads it there decides whether this goes on.",
    )


def _drafted(run: Run, item: News) -> Card:
    return card(f"PR #{item.about['pr']} holds the post-mortem, drafted from the record: {item.about['url']}")


WORDS = Words(
    heading=_heading,
    news={"post-mortem-drafted": _drafted},
    done={
        "acknowledge": lambda run: f"{run.facts['ghsa']} is a draft: {run.facts['ghsa.url']}",
        "assess": lambda run: f"scored {run.facts.get('score')}, {run.severity}; affected: {run.facts['affected']}",
        "fork-ready": lambda run: f"the private fork is there: {run.facts['fork']}",
        "hotfix": lambda run: f"{run.facts['patched']} is out; the advisory may follow",
        "publish-advisory": lambda run: f"the embargo is over: {run.facts['advisory.url']}",
        "cve": lambda run: "a CVE is requested",
        "security-table-pr": lambda run: f"PR #{run.facts.get('table.pr')}: {run.facts.get('table.pr.url')}",
    },
    help=(
        "!done STEP text · !set advisory|cvss|affected|changelog|disclosure|cve|cause|prevention text · approve CODE",
        "/hotfix X.Y.Z P0 name --security, here · !leaked reason · !handoff @who · !waive GATE reason",
    ),
    hint="!done STEP text · !set cvss VECTOR · status · plan",
)
