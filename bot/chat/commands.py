"""The grammar: text becomes one typed command, or a problem, or is ordinary talk. Pure.

In a run's thread a bare word acts only as the whole message; everything else wants `!` or a mention of the bot.
Roots (`/incident`, `/release`, `/sop`) work anywhere, with `/` or `!`. Long module: it is one table of words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from bot.chat import half_asleep
from bot.chat.beginnings import (
    PARSERS,
    Freeze,
    Onboard,
    ReportVulnerability,
    StartCandidate,
    StartHotfix,
    StartRollback,
    StartStable,
    StartUpdate,
    Unfreeze,
)
from bot.chat.nexts import next_of
from bot.chat.remains import Remains
from bot.chat.severities import like_severity, out_of, severity_of
from bot.chat.stopping import stops
from bot.chat.words import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Command,
    Holding,
    Problem,
    Talk,
    Telling,
    asks_for_help,
    bare,
    split,
    unmarked,
)
from sops.kit.conversation import Place
from sops.kit.model import Severity
from sops.kit.nearest import nearest
from sops.kit.patterns import Pattern

__all__ = [
    "Command",
    "Freeze",
    "Onboard",
    "Problem",
    "ReportVulnerability",
    "StartCandidate",
    "StartHotfix",
    "StartRollback",
    "StartStable",
    "StartUpdate",
    "Talk",
    "Unfreeze",
]

# Roots


@dataclass(frozen=True)
class Declare(Telling):
    """/incident declare P1 payments API returns 500"""

    severity: Severity | None
    title: str
    anyway: bool = False  # also where one of that title is open


@dataclass(frozen=True)
class OfIncident(Command):
    """/incident ack, which names no run: of the thread's, or of the only one that is open."""

    text: str


@dataclass(frozen=True)
class Overview(Command):
    """/sop"""


@dataclass(frozen=True)
class ListSops(Command):
    """/sop list"""


@dataclass(frozen=True)
class ShowSop(Command):
    """/sop show SOP-03"""

    id: str


@dataclass(frozen=True)
class StartOwn(Command):
    """/sop start SOP-42 spring cleaning"""

    id: str
    title: str


@dataclass(frozen=True)
class ListRuns(Command):
    """/sop runs"""


@dataclass(frozen=True)
class InRun(Command):
    """/sop INC-7 ack"""

    run: str
    text: str


# Bare words, whole message


@dataclass(frozen=True)
class Ack(Telling):
    """ack"""

    said: str = ""  # what was taken for it, where that was another word


@dataclass(frozen=True)
class Approve(Command):
    """approve 7f3a"""

    code: str = ""


@dataclass(frozen=True)
class Status(Command):
    """status"""


@dataclass(frozen=True)
class Plan(Command):
    """plan"""


@dataclass(frozen=True)
class Todo(Command):
    """todo"""


@dataclass(frozen=True)
class Timeline(Command):
    """timeline"""


@dataclass(frozen=True)
class Help(Command):
    """help"""


# With !


@dataclass(frozen=True)
class Start(Command):
    """!start"""


@dataclass(frozen=True)
class Stop(Holding):
    """!stop"""

    said: str = ""  # what was taken for it, where that was another word, or why


@dataclass(frozen=True)
class Undo(Command):
    """!undo"""


@dataclass(frozen=True)
class Cleanup(Command):
    """!cleanup"""


@dataclass(frozen=True)
class Reland(Command):
    """!reland"""


@dataclass(frozen=True)
class SignOff(Command):
    """!done STEP evidence"""

    step: str
    evidence: str


@dataclass(frozen=True)
class Skip(Command):
    """!skip STEP reason"""

    step: str
    reason: str


@dataclass(frozen=True)
class Waive(Command):
    """!waive GATE reason"""

    step: str
    reason: str


@dataclass(frozen=True)
class Override(Command):
    """!override merge reason"""

    step: str
    reason: str


@dataclass(frozen=True)
class Adopt(Command):
    """!adopt STEP"""

    step: str


@dataclass(frozen=True)
class Redo(Command):
    """!redo STEP reason"""

    step: str
    reason: str


@dataclass(frozen=True)
class ByHand(Command):
    """!byhand STEP reason"""

    step: str
    reason: str


@dataclass(frozen=True)
class Reject(Holding):
    """!reject reason, or !reject 7f3a reason where more than one waits."""

    code: str
    reason: str


@dataclass(frozen=True)
class Withdraw(Command):
    """!withdraw, or a ✅ that is taken away: that names the request it stood on."""

    code: str = ""


@dataclass(frozen=True)
class SetSeverity(Telling):
    """!severity P0 reason"""

    severity: Severity
    reason: str


@dataclass(frozen=True)
class Retitle(Command):
    """!title new words"""

    title: str


@dataclass(frozen=True)
class Take(Telling):
    """!take"""


@dataclass(frozen=True)
class Seen(Telling):
    """!seen"""


@dataclass(frozen=True)
class NotMe(Command):
    """!not me"""


@dataclass(frozen=True)
class Assign(Command):
    """!assign @oncall2"""

    who: str
    text: str = ""


@dataclass(frozen=True)
class Handoff(Command):
    """!handoff @oncall2"""

    who: str
    text: str = ""


@dataclass(frozen=True)
class Accept(Command):
    """!accept"""


@dataclass(frozen=True)
class Page(Command):
    """!page @oncall2"""

    who: str
    text: str = ""


@dataclass(frozen=True)
class Pass(Telling):
    """!pass"""


@dataclass(frozen=True)
class Report(Telling):
    """!update, !triage, !mitigate, !fix or !verify, with a text; an update may say when the next one comes"""

    verb: str
    text: str
    next: timedelta | None = None
    next_at: time | None = None  # of the organisation's day: today, or tomorrow if that is over
    unread: bool = False  # it says when the next one comes, and nobody can read it


@dataclass(frozen=True)
class Publish(Command):
    """!publish text"""

    text: str


@dataclass(frozen=True)
class Confirm(Command):
    """!confirm 4b1d"""

    code: str = ""


@dataclass(frozen=True)
class Correct(Command):
    """!correct text"""

    text: str


@dataclass(frozen=True)
class Note(Telling):
    """!note text"""

    text: str


@dataclass(frozen=True)
class SetFact(Command):
    """!set cause text"""

    name: str
    text: str


@dataclass(frozen=True)
class AddAction(Command):
    """!action @oncall2 add an alert by YYYY-MM-DD"""

    who: str
    text: str
    due: date | None


@dataclass(frozen=True)
class DropAction(Command):
    """!action drop 1"""

    number: int


@dataclass(frozen=True)
class Blocker(Telling):
    """!blocker #512"""

    number: int


@dataclass(frozen=True)
class Dismiss(Command):
    """!dismiss #512 reason"""

    number: int
    reason: str


@dataclass(frozen=True)
class Duplicate(Command):
    """!duplicate INC-6"""

    of: str


@dataclass(frozen=True)
class Leaked(Command):
    """!leaked the reporter's talk shows it"""

    reason: str


@dataclass(frozen=True)
class Restrict(Telling):
    """!restrict it is an attack"""

    reason: str


@dataclass(frozen=True)
class FalseAlarm(Command):
    """!false alarm reason"""

    reason: str


@dataclass(frozen=True)
class Hold(Holding):
    """!hold reason"""

    reason: str


@dataclass(frozen=True)
class Resume(Command):
    """!resume"""


@dataclass(frozen=True)
class Retry(Command):
    """!retry"""


@dataclass(frozen=True)
class Snooze(Command):
    """!snooze 30m"""

    span: timedelta


@dataclass(frozen=True)
class Reopen(Telling):
    """!reopen reason"""

    reason: str


@dataclass(frozen=True)
class Close(Command):
    """!close"""


@dataclass(frozen=True)
class Cancel(Command):
    """!cancel reason"""

    reason: str
    left: Remains | None = None  # what is at the forge, looked up before the command is obeyed


@dataclass(frozen=True)
class Mirror(Command):
    """!mirror matrix:#ops, or slack:#ops from Matrix"""

    where: str
    place: Place | None = None  # looked up before the command is obeyed, like what the two channels are called
    name: str = ""
    home: str = ""


@dataclass(frozen=True)
class Unmirror(Command):
    """!unmirror matrix:#ops, or slack:#ops"""

    where: str


Parsed = Command | Problem | Talk
_Parser = Callable[[str], Command | Problem]

#: Facts people may set, by the word they type.
SETTABLE_IN = {
    "SOP-01": ("tag", "latest"),
    "SOP-02": ("changelog", "tag", "latest"),
    "SOP-04": ("workaround",),
    "SOP-05": ("advisory", "cvss", "affected", "changelog", "disclosure", "cve", "cause", "prevention"),
    "SOP-06": ("changelog",),
    "SOP-08": ("cause", "impact", "workaround"),
}
SETTABLE = tuple(dict.fromkeys(name for names in SETTABLE_IN.values() for name in names))
_ALIASES = {
    "sev": "severity",
    "resolved": "verify",
    "resolve": "verify",
    "mitigated": "mitigate",
    "fixed": "fix",
    "acknowledge": "ack",
    "escalate": "page",
    "postmortem": "post-mortem",
    "retitle": "title",
    "rename": "title",
}
LONGEST_WORD = 40  # what is longer is no word of ours, mistyped or not
_YES = Pattern(r"(?i)^(lgtm|approved|approves|yes|yep|\+1|👍|✅|ship it|looks good( to me)?|go ahead|sgtm)[.!\s]*$")
_GO = Pattern(r"(?i)^(please )?(start|resume|continue|go|go on)( it| now| please)?[.!\s]*$")
_CODE = Pattern(r"[0-9a-f]{4}")
_SPAN = Pattern(r"([1-9][0-9]{0,3})\s*(m|min|h|d)")
_RUN = Pattern(r"([A-Za-z]{3})-([1-9][0-9]{0,8})")
_NAME = r"[\pL\pN_.\-]{1,64}"
_PERSON = Pattern(rf"@?({_NAME})")
#: What follows "by" when a day is meant, so that "by themselves" stays text and "by Friday" is asked about.
_DAY = r"[0-9]\S*|today|tomorrow|yesterday|(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?"
_STEP = Pattern(r"[a-z][a-z0-9-]{0,39}")
_ROW = Pattern(r"(?is)row\s+(\S+)\s*(.*)$")
_ISSUE = Pattern(r"#?[1-9][0-9]{0,8}")
_DROPPED = Pattern(r"(?i)(?:drop|remove|delete)\s+(?:action-|#)?([1-9][0-9]{0,3})")
_ACTION = Pattern(rf"(?is)@({_NAME})\s+(.+?)(?:\s+by\s+({_DAY}))?")
_ROOT = Pattern(r"(?s)[/!]?(\w+)(?:\s+(.*))?$")
_NEAR_CODE = Pattern(r"[0-9a-z]{3,5}")
_FALSE_ALARM = Pattern(r"(?i)^false-?alarm\b")


def _text(make: Callable[[str], Command], verb: str, limit: int = LONGEST_TEXT) -> _Parser:
    """A verb that needs a text."""

    def parse(rest: str) -> Command | Problem:
        if not rest:
            return Problem("missing", verb)
        return Problem("too-long", str(limit), str(len(rest))) if len(rest) > limit else make(rest)

    return parse


def _bare(make: Callable[[], Command], verb: str) -> _Parser:
    """A verb that takes nothing; words after it make it ordinary talk at best, so it asks."""

    def parse(rest: str) -> Command | Problem:
        return Problem("extra", verb, rest[:40]) if rest else make()

    return parse


def _step_and(make: Callable[[str, str], Command], verb: str, *, needs_text: bool) -> _Parser:
    def parse(rest: str) -> Command | Problem:
        row = _ROW.match(rest)
        step, text = (f"row {unmarked(row[1])}", row[2]) if row else split(rest)
        step = unmarked(step)
        if not step:
            return Problem("missing", verb)
        if needs_text and not text:
            return Problem("missing", verb, lacks="reason", example=f"!{verb} {step[:40]} reason")
        if not row and not _STEP.fullmatch(step.lower()):
            return Problem("bad-step", step[:40])
        return (
            Problem("too-long", str(LONGEST_TEXT), str(len(text)))
            if len(text) > LONGEST_TEXT
            else make(step.lower(), text)
        )

    return parse


def _number_and(make: Callable[[int, str], Command], verb: str, *, needs_text: bool) -> _Parser:
    def parse(rest: str) -> Command | Problem:
        number, text = split(rest)
        number = unmarked(number)
        if not _ISSUE.fullmatch(number):
            return Problem("missing", verb)
        if needs_text and not text:
            return Problem("missing", verb, lacks="reason", example=f"!{verb} {number} reason")
        return make(int(number.removeprefix("#")), text[:LONGEST_TEXT])

    return parse


def _person(make: Callable[[str, str], Command], verb: str) -> _Parser:
    """A person, and what is said to them; one person at a time, since each of them must hear of it."""

    def parse(rest: str) -> Command | Problem:
        who, text = split(rest)
        if who.lower() == "to":
            who, text = split(text)
        found = _PERSON.fullmatch(unmarked(who).rstrip("."))
        if found is None:
            return Problem("missing", verb)
        if text.startswith("@") and _PERSON.fullmatch(unmarked(split(text)[0])):
            return Problem("one-at-a-time", verb, f"@{found[1]}")
        if len(text) > LONGEST_TEXT:
            return Problem("too-long", str(LONGEST_TEXT), str(len(text)))
        return make(found[1], text)

    return parse


def _severity(rest: str) -> Command | Problem:
    word, reason = split(rest)
    severity = severity_of(word)
    return SetSeverity(severity, reason[:LONGEST_TEXT]) if severity else Problem("severity", word[:20])


def _reject(rest: str) -> Command | Problem:
    word, reason = split(rest)
    word = unmarked(word)
    if _CODE.fullmatch(word.lower()):
        return Reject(word.lower(), reason[:LONGEST_TEXT]) if reason else _no_reason(word)
    return Reject("", rest[:LONGEST_TEXT]) if rest else Problem("missing", "reject")


def _no_reason(code: str) -> Problem:
    return Problem("missing", "reject", example=f"!reject {code} reason")


def _code(make: Callable[[str], Command]) -> _Parser:
    def parse(rest: str) -> Command | Problem:
        code = bare(rest).lower()
        return make(code) if not code or _CODE.fullmatch(code) else Problem("bad-code", rest[:20])

    return parse


def _set(rest: str) -> Command | Problem:
    name, text = split(rest)
    name = unmarked(name)
    if name.lower() not in SETTABLE:
        return Problem("bad-fact", name[:20])
    if len(text) > LONGEST_TEXT:
        return Problem("too-long", str(LONGEST_TEXT), str(len(text)))
    return SetFact(name.lower(), text) if text else Problem("missing", "set", name.lower())


def _action(rest: str) -> Command | Problem:
    if rest.lower() == "none":
        return AddAction("", "none", None)
    if dropped := _DROPPED.fullmatch(rest):
        return DropAction(int(dropped[1]))
    if split(rest)[0].lower() in {"drop", "remove", "delete"}:
        return Problem("missing", "action drop", example="!action drop 1")
    found = _ACTION.fullmatch(rest)
    if not found:
        return _incomplete_action(rest)
    due = None
    if found[3]:
        try:
            due = date.fromisoformat(found[3])
        except ValueError:
            return Problem("bad-date", found[3][:20])
    if len(found[2]) > LONGEST_TITLE:
        return Problem("too-long", str(LONGEST_TITLE), str(len(found[2])))
    return AddAction(found[1], found[2], due)


def _incomplete_action(rest: str) -> Problem:
    """Whose it is, or what is to be done; what was typed stands in the example, so that nothing is lost."""
    if rest.startswith("@"):
        return Problem("missing", "action", lacks="text", example=f"!action {split(rest)[0][:65]} text by YYYY-MM-DD")
    return Problem("missing", "action", example=f"!action @who {rest[: LONGEST_TEXT - 20] or 'text by YYYY-MM-DD'}")


def _stop(rest: str) -> Command | Problem:
    """Whatever stands behind it is why: it never asks to be said otherwise."""
    return Stop(said=rest[:LONGEST_TITLE])


def _snooze(rest: str) -> Command | Problem:
    found = _SPAN.fullmatch(rest)
    if not found:
        return Problem("missing", "snooze")
    return Snooze(_span(found[1], found[2]))


def _duplicate(rest: str) -> Command | Problem:
    return Duplicate(rest.upper()) if _RUN.fullmatch(rest) else Problem("missing", "duplicate")


def _false(rest: str) -> Command | Problem:
    word, reason = split(rest)
    said = unmarked(word).lower() == "alarm" and reason
    if said:
        return FalseAlarm(reason[:LONGEST_TEXT])
    why = reason if unmarked(word).lower() == "alarm" else rest
    lacks = "alarm" if why else "reason"
    return Problem(
        "missing", "false alarm", lacks=lacks, example=f"!false alarm {why[: LONGEST_TEXT - 20] or 'reason'}"
    )


def _not(rest: str) -> Command | Problem:
    return NotMe() if bare(rest).lower() == "me" else Problem("missing", "not me")


def _report(verb: str) -> _Parser:
    return _text(lambda text: Report(verb, text), verb)


def _update(rest: str) -> Command | Problem:
    """`text next 2h`, as `nexts` reads it; any other end belongs to the text."""
    if len(rest) > LONGEST_TEXT:
        return Problem("too-long", str(LONGEST_TEXT), str(len(rest)))
    found = next_of(rest)
    if not found.text:
        return Problem("missing", "update", example="!update text, next 15m")
    return Report("update", found.text, found.span, found.at, unread=found.unread)


def _span(number: str, unit: str) -> timedelta:
    return timedelta(**{{"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}[unit]: int(number)})


#: Words that act alone, as the whole message, in a run's thread.
_ALONE: dict[str, Callable[[], Command]] = {
    "ack": Ack,
    "approve": Approve,
    "status": Status,
    "plan": Plan,
    "todo": Todo,
    "timeline": Timeline,
    "help": Help,
}

#: Those that only look, with other words people use for them. With a question mark they are for people.
_LOOKS: dict[str, Callable[[], Command]] = {
    **{word: _ALONE[word] for word in ("status", "plan", "todo", "timeline")},
    "who": Status,
    "log": Timeline,
}

#: Every word of a thread.
VERBS: dict[str, _Parser] = {
    **{word: _bare(make, word) for word, make in _ALONE.items() if word != "approve"},
    "approve": _code(Approve),
    "start": _bare(Start, "start"),
    "stop": _stop,
    "done": _step_and(SignOff, "done", needs_text=False),
    "skip": _step_and(Skip, "skip", needs_text=True),
    "waive": _step_and(Waive, "waive", needs_text=True),
    "override": _step_and(Override, "override", needs_text=True),
    "adopt": _step_and(lambda step, _: Adopt(step), "adopt", needs_text=False),
    "redo": _step_and(Redo, "redo", needs_text=True),
    "byhand": _step_and(ByHand, "byhand", needs_text=True),
    "reject": _reject,
    "withdraw": _bare(Withdraw, "withdraw"),
    "severity": _severity,
    "title": _text(Retitle, "title", LONGEST_TITLE),
    "take": _bare(Take, "take"),
    "seen": _bare(Seen, "seen"),
    "not": _not,
    "assign": _person(Assign, "assign"),
    "handoff": _person(Handoff, "handoff"),
    "accept": _bare(Accept, "accept"),
    "page": _person(Page, "page"),
    "pass": _bare(Pass, "pass"),
    "update": _update,
    **{verb: _report(verb) for verb in ("triage", "mitigate", "fix", "verify")},
    "publish": _text(Publish, "publish"),
    "confirm": _code(Confirm),
    "correct": _text(Correct, "correct"),
    "note": _text(Note, "note"),
    "set": _set,
    "action": _action,
    "blocker": _number_and(lambda number, _: Blocker(number), "blocker", needs_text=False),
    "dismiss": _number_and(Dismiss, "dismiss", needs_text=True),
    "duplicate": _duplicate,
    "false": _false,
    "restrict": _text(Restrict, "restrict"),
    "leaked": _text(Leaked, "leaked"),
    "hold": _text(Hold, "hold"),
    "resume": _bare(Resume, "resume"),
    "retry": _bare(Retry, "retry"),
    "snooze": _snooze,
    "reopen": _text(Reopen, "reopen"),
    "close": _bare(Close, "close"),
    "cancel": _text(Cancel, "cancel"),
    "cleanup": _bare(Cleanup, "cleanup"),
    "reland": _bare(Reland, "reland"),
    "mirror": _text(Mirror, "mirror", LONGEST_TITLE),
    "unmirror": _text(Unmirror, "unmirror", LONGEST_TITLE),
    "undo": _bare(Undo, "undo"),
}

ROOTS = ("incident", *PARSERS, "sop")

#: What begins a run after a look at the far end.
BEGINNINGS = (
    *(StartCandidate, StartStable, StartRollback, StartHotfix, StartUpdate, StartOwn),
    *(Freeze, ReportVulnerability, Onboard),
)


def parse(text: str, *, in_run: bool, addressed: bool = False, slash: bool = False) -> Parsed:
    """What a message asks for. `in_run`: it stands in a run's thread; `addressed`: it mentions the bot.

    `slash`: the chat gave it as a command, so that somebody who mistyped a root is told; "/tmp is full" is talk.
    """
    text = text.strip().lstrip(":,").lstrip() if addressed else text.strip()
    if asks_for_help(text) or (addressed and not text.strip("?!. ")):
        return Help()
    root = _ROOT.match(text)
    marked = text.startswith(("/", "!"))
    if (marked or addressed) and (report := _report_in(text)) is not None:
        return _root("security", report)
    if root and (marked or addressed) and root[1].lower() in ROOTS:
        return _root(root[1].lower(), (root[2] or "").strip())
    if marked and text.startswith("/") and (slash or addressed):
        return Problem("unknown-root", split(text[1:])[0][:20])
    if text.startswith("/"):
        return Talk()
    if not in_run and addressed and asks_for_help(split(text)[0]):
        return Help()
    if not in_run and text.startswith("!") and _near_root(split(text[1:])[0].lower()):
        return Problem("unknown-root", split(text[1:])[0][:20])
    if not in_run:
        meant = addressed or (text.startswith("!") and split(text[1:])[0].lower() in VERBS)
        return Problem("no-run") if meant and text else Talk()
    if addressed or text.startswith("!"):
        return _verb(text.removeprefix("!").strip())
    return _alone(text)


#: A command's first word and what stands behind it, also where they were joined ("security-report: text").
_HEAD = Pattern(r"(?s)[/!]?([A-Za-z]+)(?:[-_:\s]+(.*))?$")


def _report_in(text: str) -> str | None:
    """What stands behind a mistyped `/security`, or behind `security report` below another root; else None.

    Nobody must read it where it was typed, so what looks like a report is taken for one.
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    word, rest = head[1].lower(), (head[2] or "").strip()
    if word == "security" or word not in {*ROOTS, *VERBS, *_ALIASES}:
        return rest if _like_security(word, rest) else None
    below = _HEAD.match(rest) if word in ROOTS else None
    if below is None or not _meant(split(below[2] or "")[0], ("report",)):
        return None
    return below[2] if _like_security(below[1], below[2]) else None


def _like_security(word: str, rest: str) -> bool:
    """It is "security", mistyped or cut short; before "report" it takes less to say so."""
    sure = bool(_meant(split(rest)[0], ("report",)))
    words = (*ROOTS, *VERBS, "securityreport")
    near = nearest(word.lower(), words, 0.5 if sure else 0.72)
    return (sure and word.lower() == "sec") or near.startswith("security")


def answer(text: str, *, asked_severity: bool) -> Command | None:
    """The bare answer to the one question the bot asked in this thread: how bad is it?"""
    severity = severity_of(text.strip()) if asked_severity and "?" not in text else None
    return SetSeverity(severity, "") if severity else None


def look(text: str) -> Command | None:
    """A word that only looks, and nothing else: `status`, "Todo.", `!log`."""
    if len(text) > LONGEST_WORD:
        return None
    make = _LOOKS.get(bare(text).removeprefix("!").lower())
    return make() if make else None


def _alone(text: str) -> Parsed:
    if (looks := look(text)) is not None:
        return looks
    words = bare(text).lower().split()
    if len(words) == 1 and words[0] in _ALONE:
        return _ALONE[words[0]]()
    if len(words) == 2 and words[0] == "approve" and _CODE.fullmatch(words[1]):
        return Approve(words[1])
    plain = text.lower().rstrip("!. ").split()
    if plain and len(plain) <= 2 and _nearly(plain, "approve"):
        return Talk(yes=True)
    return Talk(yes=bool(_YES.match(text)), go=bool(_GO.match(text)))


def _meant(word: str, words: Sequence[str]) -> str:
    """Which of `words` this is, though mistyped by a letter or two; empty if none."""
    return nearest(word.lower(), words, 0.82)


def _near_root(word: str) -> bool:
    """Somebody mistyped a command where it is typed with `!`."""
    return word not in VERBS and bool(nearest(word, ROOTS, 0.75))


def _nearly(words: list[str], wanted: str) -> bool:
    """Somebody meant that word, alone or with a code, and mistyped the one or the other."""
    near = words[0].isalpha() and bool(nearest(words[0], (wanted,), 0.85))
    return near and (len(words) == 1 or _NEAR_CODE.fullmatch(words[1]) is not None)


#: What begins another run, where it is said without its root.
_BEGINNINGS = {
    "rollback": "release rollback VERSION reason",
    "rc": "release rc VERSION",
    "stable": "release stable VERSION",
    "declare": "incident declare P1 title",
    "freeze": "release freeze reason",
}


def _verb(text: str) -> Parsed:
    word, rest = split(_FALSE_ALARM.sub("false alarm", text, 1))
    word = unmarked(word).lower()
    word = _ALIASES.get(word, word)
    if word in VERBS:
        return VERBS[word](rest)
    if not rest and (looks := look(word)) is not None:
        return looks
    if word in _BEGINNINGS:
        return Problem("unknown-verb", word, _BEGINNINGS[word])
    near = nearest(word, VERBS)
    return Problem("unknown-verb", word[:20], "stop" if near in {"start", ""} and stops(word) else near)


def _root(root: str, rest: str) -> Parsed:
    if rest == "?" or asks_for_help(rest):
        return Help()
    if root == "incident":
        return _incident(rest)
    if root in PARSERS:
        return PARSERS[root](rest)
    return _sop(rest)


def _incident(rest: str) -> Parsed:
    word, more = split(rest)
    if rest.lower() in {"help", "list", "?", ""}:
        return ListRuns() if rest.lower() == "list" else Problem("missing", "incident declare")
    if _RUN.fullmatch(word):
        return InRun(word.upper(), more or "status")
    meant = unmarked(word).lower()
    if meant in {*VERBS, *_ALIASES}:
        return _of_incident(rest, more, takes_run=meant == "duplicate")
    if half_asleep.alone(rest):
        return OfIncident("ack")
    if not more and (near := _meant(meant, (*VERBS, *_ALIASES))):
        return Problem("like-a-word", near, word[:40])
    return _declare(more if _meant(word, ("declare",)) else rest)


def _of_incident(said: str, more: str, *, takes_run: bool) -> Parsed:
    """A word of an incident's thread, said elsewhere: it never declares one. The run is named second, if at all."""
    run, rest = split(more)
    if not takes_run and _RUN.fullmatch(unmarked(run)):
        return InRun(unmarked(run).upper(), f"{split(said)[0]} {rest}".strip())
    last = said.rsplit(None, 1)[-1]
    if not takes_run and _RUN.fullmatch(last):
        return Problem("say-in-run", last.upper(), said.removesuffix(last).strip())
    if len(said) > LONGEST_TEXT:
        return Problem("too-long", str(LONGEST_TEXT), str(len(said)))
    return OfIncident(said)


def _declare(title: str) -> Parsed:
    word, rest = split(title)
    anyway = word.lower() == "anyway" and bool(rest)
    title = rest if anyway else title
    first = split(title)[0]
    if like_severity(first) and severity_of(first) is None:
        return Problem("severity", first[:20])
    found, title = out_of(title)
    if not title:
        return Problem("missing", "incident declare")
    if len(title) > LONGEST_TITLE:
        return Problem("too-long", str(LONGEST_TITLE), str(len(title)))
    return Declare(found[0] if len(found) == 1 else None, title, anyway)


def _sop(rest: str) -> Parsed:
    word, more = split(rest)
    if _RUN.fullmatch(word):
        return InRun(word.upper(), more) if more else InRun(word.upper(), "status")
    if not word:
        return Overview()
    if asks_for_help(word):
        return Help()
    if word.lower() == "list" and not more:
        return ListSops()
    if word.lower() in {"runs", "status", "todo", "plan"} and not more:
        return ListRuns()
    if word.lower() in ROOTS and word.lower() != "sop":
        return _root(word.lower(), more)
    if word.lower() in {"mirror", "unmirror"}:
        run, where = split(more)
        known = _RUN.fullmatch(run) and where
        return InRun(run.upper(), f"{word.lower()} {where}") if known else Problem("no-mirror", word.lower())
    if word.lower() == "show" and more:
        return ShowSop(more.upper()[:10])
    if word.lower() == "start" and more:
        sop_id, title = split(more)
        if sop_id.upper() == "SOP-05" and title:
            return _root("security", title)
        if len(title) > LONGEST_TITLE:
            return Problem("too-long", str(LONGEST_TITLE), str(len(title)))
        return StartOwn(sop_id.upper()[:10], title)
    if word.lower() in {"status", "plan"} and _RUN.fullmatch(more):
        return InRun(more.upper(), word.lower())
    return Problem(
        "unknown-sop", word[:20], _meant(word, ("list", "show", "start", "runs", "status", "mirror", "unmirror"))
    )
