"""The script format: a line becomes one direction. `@` is a person's, `%` is the script's, `#` a comment."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sops.kit.errors import SopwithError

HELP = """\
@rm #releases: /release rc 1.4.0    a person, a channel, a text
@rm in REL-1: !start                in the thread of a run; {REL-1 digest} is what that run knows as digest
@rm in REL-1 #ops: status           in its thread in that channel, where it was mirrored to
%wait REL-1 merge [2d]              time moves until that step is current, or the run has ended
%clock +7d                          time moves (s, m, h, d), every due instant in its order
%forge issue "crash on start" rc-blocker
                                    also: label N L, unlabel N L, close N [not_planned], pass CHECK, fail CHECK,
                                    push BRANCH [AUTHOR], merge N, review N LOGIN approve,
                                    branch NAME AT, tag NAME AT, delete NAME, publish-after MINUTES, publish-never,
                                    latest always, latest never, latest MINUTES,
                                    write BRANCH PATH TEXT [AUTHOR], replace BRANCH PATH OLD NEW,
                                    entry BRANCH TEXT, protect BRANCH, join BRANCH OTHER, resolve BRANCH OTHER,
                                      into N BRANCH, queue BRANCH,
                                    contribute LOGIN BRANCH, pr LOGIN BRANCH [first-time],
                                    milestone TITLE, into-milestone N TITLE, fail-workflow FILE, yank VERSION,
                                    report LOGIN TITLE TEXT,
                                    asset corrupt TAG, asset missing TAG, image missing TAG, image share TAG OTHER
%fault PUT /pulls/41/merge 405 1 Pull Request is not mergeable
                                    so the forge answers the next so many requests whose method is that one (or *) and
                                    in whose path that regular expression is found; Retry-After=30 and the like before
                                    the words is a header of the answer
%fault clear                        from now on it answers as always
%hang forge                         it takes requests and never answers; also registry, packages, git
%hang clear                         all of them answer again
%show main CHANGELOG.md             what the file says on that branch, tag or commit, as if it were said
%image latest                       the digest of that tag of the image, as if it were said
%expect "soak"                      a regular expression in what was said since the last other line
%reject "merged"                    must not have been said there
%state REL-1 soak waiting           a step's state; or: %state REL-1 run done
%crash                              the bot dies without warning and starts again on the same data
%down 4h                            the bot is down while the world goes on"""


BOT = "@sopwith"  # whom nobody is, at the prompt


class ScriptError(SopwithError):
    """This line is not a direction."""


@dataclass(frozen=True)
class Say:
    handle: str
    where: str  # "#channel", "in RUN" or "in RUN #channel"
    text: str


@dataclass(frozen=True)
class Wait:
    run: str
    step: str
    at_most: timedelta


@dataclass(frozen=True)
class Move:
    span: timedelta


@dataclass(frozen=True)
class Forge:
    words: tuple[str, ...]


@dataclass(frozen=True)
class Show:
    """The world is asked, and its answer is heard like what people say."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Expect:
    pattern: re.Pattern[str]
    wanted: bool


@dataclass(frozen=True)
class State:
    run: str
    step: str
    state: str


@dataclass(frozen=True)
class Crash:
    pass


@dataclass(frozen=True)
class Down:
    span: timedelta


Direction = Say | Wait | Move | Forge | Show | Expect | State | Crash | Down

_CHANNEL = r"(?:[a-z]+:)?#[\w-]+"
_SAY = re.compile(rf"@([\w.-]+)\s+({_CHANNEL}|in\s+[A-Za-z]{{3}}-\d+(?:\s+{_CHANNEL})?)\s*:\s?(.*)$", re.S)
_SPAN = re.compile(r"\+?(\d+)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse(line: str) -> Direction | None:
    """The direction of a line; None for a comment or an empty one. Raises ScriptError saying what is wrong."""
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    if line.startswith("@"):
        return _say(line)
    if not line.startswith("%"):
        raise ScriptError("a line begins with @ (a person), % (the script) or # (a comment)")
    verb, _, rest = line[1:].partition(" ")
    reader = _READERS.get(verb)
    if reader is None:
        raise ScriptError(f"%{verb} is unknown; there are {', '.join('%' + name for name in _READERS)}")
    return reader(rest.strip())


def is_said(text: str) -> bool:
    """It is a whole `@person place: text` line, not a person's name alone."""
    return _SAY.match(text) is not None


def span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ScriptError(f"{text!r} is not a span of time; write it like 30s, 15m, 4h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _say(line: str) -> Say:
    found = _SAY.match(line)
    if found is None:
        raise ScriptError("people speak like this: @rm #releases: text, or @rm in REL-1: text")
    return Say(found[1], re.sub(r"\s+", " ", found[2]), _unescaped(found[3]))


def _unescaped(text: str) -> str:
    r"""A script writes control characters as `\x1b` or `\u202e`, and a line break as `\n`."""
    hexed = re.sub(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1] or m[2], 16)), text)
    return hexed.replace("\\n", "\n")


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as problem:
        raise ScriptError(f"the quotes do not match: {problem}") from problem


def _wait(rest: str) -> Wait:
    words = rest.split()
    if len(words) not in {2, 3}:
        raise ScriptError("it goes like this: %wait REL-1 merge 2d")
    return Wait(words[0].upper(), words[1], span(words[2]) if len(words) == 3 else timedelta(days=1))


def _forge(rest: str) -> Forge:
    words = _words(rest)
    if not words:
        raise ScriptError('it goes like this: %forge issue "crash on start" rc-blocker')
    return Forge(tuple(words))


def _fault(rest: str) -> Forge:
    """The words at the end are the answer's, as they stand."""
    return Forge(("fault", *rest.split(maxsplit=4)))


def _show(rest: str) -> Show:
    words = _words(rest)
    if len(words) != 2:
        raise ScriptError("it goes like this: %show main CHANGELOG.md")
    return Show(("show", *words))


def _image(rest: str) -> Show:
    words = rest.split()
    if len(words) != 1:
        raise ScriptError("it goes like this: %image latest")
    return Show(("digest", *words))


def _pattern(rest: str, wanted: bool) -> Expect:
    text = rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest
    try:
        return Expect(re.compile(text, re.I | re.M), wanted)
    except re.error as problem:
        raise ScriptError(f"{text!r} is not a regular expression: {problem}") from problem


def _state(rest: str) -> State:
    words = rest.split()
    if len(words) != 3:
        raise ScriptError("it goes like this: %state REL-1 soak waiting, or %state REL-1 run done")
    return State(words[0].upper(), words[1], words[2])


def _crash(rest: str) -> Crash:
    if rest:
        raise ScriptError("%crash takes nothing after it")
    return Crash()


_READERS: dict[str, Callable[[str], Direction]] = {
    "wait": _wait,
    "clock": lambda rest: Move(span(rest)),
    "forge": _forge,
    "fault": _fault,
    "hang": lambda rest: Forge(("hang", *rest.split())),
    "show": _show,
    "image": _image,
    "expect": lambda rest: _pattern(rest, True),
    "reject": lambda rest: _pattern(rest, False),
    "state": _state,
    "crash": _crash,
    "down": lambda rest: Down(span(rest)),
}
