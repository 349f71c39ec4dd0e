"""What is said to words that are no command, or a command with something missing."""

from bot.chat import commands
from bot.chat.replies import refusals
from bot.chat.replies.parts import names
from sops.kit.escaping import printable
from sops.kit.message import Button, Card

_ROOTS = tuple(f"/{root}" for root in commands.ROOTS)


def problem(found: commands.Problem) -> Card:
    """What was wrong with a command, and how it is said."""
    about, more = printable(found.about), printable(found.more)
    if found.kind == "missing":
        example = printable(found.example) or _SET.get(found.more) or usage(found.about)
        what = _LACKS.get(found.lacks) or _LACKS.get(found.about, _LACKS["text"])
        return refusals.refused(f"{what} is missing. It goes like this: {example}")
    if found.kind == "surplus":
        return refusals.refused(f"{more!r} is too much there. It goes like this: {usage(found.about)}")
    if found.kind == "extra":
        return refusals.refused(
            f"{about} takes nothing after it; I read {more!r}. If that was for people, leave out the !."
        )
    if found.kind == "too-long":
        return refusals.refused(
            f"That is {more} characters long; at most {about} fit here. Put the rest into a document and link it."
        )
    texts = {
        "severity": f"{about!r} is not a severity. There are P0, P1, P2 and P3.",
        "bad-code": f"{about!r} is not a code; codes have four characters, like 7f3a.",
        "bad-step": f"{about!r} is not the name of a step; status lists them.",
        "bad-fact": f"{about!r} cannot be set; {names(commands.SETTABLE)} can.",
        "bad-date": f"{about!r} is not a date; write it as YYYY-MM-DD: year, month, day.",
        "unknown-root": f"/{about} is not a command; there are {names(_ROOTS, 'and')}.",
        "unknown-release": (f"I do not know /release {about}. " if about else "")
        + (f"Did you mean /release {more}? " if more else "")
        + "There are /release rc, stable, rollback, freeze and unfreeze; it goes like this: /release rc 1.4.0",
        "unknown-flag": f"I do not know --{about}.",
        "bad-slug": f"{about!r} cannot name a branch; two or three short words do, like wal-corruption.",
        "bad-dependency": f"{about!r} is not a name and a version; it goes like this: {usage('deps update')}",
        "bad-cve": f"{about!r} is not the number of a CVE; write it like CVE-2026-12345.",
        "unknown-sop": (f"Did you mean /sop {more}? " if more else "")
        + "It goes like this: /sop list, /sop show SOP-03, /sop runs, or /sop INC-1 status",
        "say-in-run": f"Say it in the thread of {about}, or: /sop {about} {more}",
        "like-a-word": f"Did you mean /incident {about}? To declare an incident: /incident declare {more}",
        "one-at-a-time": f"One person at a time, so that each hears of it: !{about} {more}, then the next.",
        "no-mirror": f"It goes like this: /sop {about} INC-1 and a channel of the other chat (matrix:#ops, slack:#ops)",
        "no-run": "This is not the thread of a run. Say it there, or /sop INC-1 and the word.",
    }
    if found.kind == "unknown-run":
        return unknown_run(about)
    if found.kind == "unknown-verb":
        near = f" Did you mean !{more}?" if more else " Say help for the words of this thread."
        return refusals.refused(f"I do not know !{about}.{near}")
    return refusals.refused(texts[found.kind])


def meant_as_said(usage: str, said: str) -> Card:
    """A sentence that begins like a command: who said it may say that it is one."""
    sure = Button(label="It is meant as said", says=f"!{said}")
    text = f"That may have been for people, so nothing was done. If it is for me, say it with its mark: {usage}"
    return refusals.refused(text).model_copy(update={"buttons": (sure,) if len(said) <= _BUTTON else ()})


_BUTTON = 500  # characters of what a button may say

_SET = {
    "cvss": "!set cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    "disclosure": "!set disclosure YYYY-MM-DD [HH:MM ZONE]",
    "affected": "!set affected < 1.4.1",
    "cve": "!set cve yes, !set cve no or !set cve CVE-2026-12345",
    **{name: f"!set {name} text" for name in ("changelog", "workaround", "impact", "prevention")},
}


#: What a command lacks: by the piece, else by its verb.
_LACKS = {
    "text": "The text",
    "reason": "The reason",
    "alarm": "The word alarm",
    "cve": "The number of the CVE",
    "login": "The login",
    "name": "The name",
    "number": "The issue's number",
    "severity": "The severity",
    "slug": "A short name for the fix",
    "to": "The version to go back to",
    "version": "The version",
    **dict.fromkeys(("done", "skip", "waive", "override", "adopt", "redo", "byhand"), "The step"),
    **dict.fromkeys(("reject", "hold", "cancel", "reopen", "restrict", "release freeze"), "The reason"),
    **dict.fromkeys(("assign", "handoff", "page"), "The person (@name)"),
    **dict.fromkeys(("mirror", "unmirror"), "The channel"),
    **dict.fromkeys(("blocker", "dismiss"), "The issue's number"),
    **dict.fromkeys(("release rc", "release stable"), "The version"),
    "action": "Who does it (@name)",
    "action drop": "The number of the action",
    "duplicate": "The other incident's name",
    "incident declare": "The title",
    "not me": "The word me",
    "snooze": "How long (like 30m or 2h, at most four digits)",
}


def usage(verb: str) -> str:
    """How a verb is said, from its command's own example."""
    for entry in vars(commands).values():
        if isinstance(entry, type) and issubclass(entry, commands.Command) and entry.__doc__:
            example = entry.__doc__.strip()
            if example.lstrip("!/").startswith(verb):
                return example
    return f"!{verb} text"


def unknown_run(name: str) -> Card:
    return refusals.refused(f"There is no run {name}.", hint="/sop runs")


def unknown_sop(name: str) -> Card:
    return refusals.refused(f"There is no procedure {printable(name)!r}.", hint="/sop list")


def unknown_person(name: str) -> str:
    return f"I do not know {printable(name)!r}."
