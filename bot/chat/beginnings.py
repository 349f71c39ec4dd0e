"""The words that begin a run, `/release …`, `/hotfix …` and the others: text becomes one typed command. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.chat.severities import severity_of
from bot.chat.words import LONGEST_TEXT, Command, Holding, Problem, Telling, split
from sops.kit.model import Severity
from sops.kit.nearest import nearest
from sops.kit.patterns import Pattern

_SLUG = Pattern(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME = Pattern(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LOGIN = Pattern(r"@?([A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?)")
_ISSUE = Pattern(r"#?([1-9][0-9]{0,8})")
_CVE = Pattern(r"(?i)CVE-[0-9]{4}-[0-9]{4,7}")


@dataclass(frozen=True)
class StartCandidate(Command):
    """/release rc 1.4.0"""

    version: str


@dataclass(frozen=True)
class StartStable(Command):
    """/release stable 1.4.0"""

    version: str


@dataclass(frozen=True)
class StartRollback(Command):
    """/release rollback 1.4.0 --to 1.3.2"""

    version: str
    to: str = ""
    image_only: bool = False
    retract: bool = False
    retag: bool = False
    republish: bool = False


@dataclass(frozen=True)
class Freeze(Holding):
    """/release freeze holidays"""

    reason: str


@dataclass(frozen=True)
class Unfreeze(Command):
    """/release unfreeze"""


@dataclass(frozen=True)
class StartHotfix(Command):
    """/hotfix 1.4.1 P0 wal-corruption"""

    version: str
    severity: Severity
    slug: str
    security: bool = False


@dataclass(frozen=True)
class ReportVulnerability(Telling):
    """/security report the token check can be skipped"""

    text: str


@dataclass(frozen=True)
class StartUpdate(Command):
    """/deps update rocksdb 9.7.3"""

    name: str
    version: str
    cve: str = ""
    downgrade: bool = False


@dataclass(frozen=True)
class Onboard(Command):
    """/onboard octocat #412"""

    login: str
    number: int = 0


def release(rest: str) -> Command | Problem:
    word, more = split(rest)
    match word.lower():
        case "rc" | "candidate":
            return StartCandidate(more[:100]) if more else Problem("missing", "release rc")
        case "stable":
            return StartStable(more[:100]) if more else Problem("missing", "release stable")
        case "rollback":
            return _rollback(more)
        case "freeze":
            if len(more) > LONGEST_TEXT:
                return Problem("too-long", str(LONGEST_TEXT), str(len(more)))
            return Freeze(more) if more else Problem("missing", "release freeze")
        case "unfreeze":
            return Problem("extra", "release unfreeze", more[:40]) if more else Unfreeze()
    near = nearest(word.lower(), ("candidate", "stable", "rollback", "freeze", "unfreeze"))
    return Problem("unknown-release", word[:20], f"{near} {more}"[:40].strip() if near else "")


def _rollback(rest: str) -> Command | Problem:
    words, flags = _flags(rest)
    if flags.get("to") == "":
        version = words[0][:100] if words else "1.4.0"
        return Problem("missing", "release rollback", lacks="to", example=f"/release rollback {version} --to 1.3.2")
    to = flags.pop("to", "")
    asked = [flags.pop(known, None) is not None for known in ("image-only", "retract", "retag", "republish")]
    if flags:
        return Problem("unknown-flag", next(iter(flags))[:20])
    if len(words) != 1:
        return _amount("release rollback", words, {"version": "1.4.0"})
    return StartRollback(words[0][:100], to[:100], *asked)


def hotfix(rest: str) -> Command | Problem:
    words, flags = _flags(rest)
    security = flags.pop("security", None) is not None
    if flags:
        return Problem("unknown-flag", next(iter(flags))[:20])
    if len(words) != 3:
        return _amount("hotfix", words, _HOTFIX)
    version, severity, slug = words
    urgency = severity_of(severity)
    if urgency is None:
        return Problem("severity", severity[:20])
    if not _SLUG.fullmatch(slug.lower()) or len(slug) > 40:
        return Problem("bad-slug", slug[:40])
    return StartHotfix(version[:100], urgency, slug.lower(), security)


def security(rest: str) -> Command | Problem:
    """Whatever stands there is a report, since a mistyped one must not be left where it was typed."""
    word, more = split(rest)
    text = more if word.lower().rstrip(":") == "report" else rest
    if text.lower() in {"", "help", "?"}:
        return Problem("missing", "security report")
    if len(text) > LONGEST_TEXT:
        return Problem("too-long", str(LONGEST_TEXT), str(len(text)))
    return ReportVulnerability(text)


def deps(rest: str) -> Command | Problem:
    word, more = split(rest)
    words, flags = _flags(more)
    cve, downgrade = flags.pop("cve", ""), flags.pop("downgrade", None) is not None
    if flags:
        return Problem("unknown-flag", next(iter(flags))[:20])
    if word.lower() != "update" or len(words) != 2 or ("cve" in more and not cve and "--cve" in more):
        lacks_cve = cve == "" and "--cve" in more and len(words) == 2 and word.lower() == "update"
        if lacks_cve:
            return Problem(
                "missing",
                "deps update",
                lacks="cve",
                example=f"/deps update {' '.join(words)[:130]} --cve CVE-YYYY-NNNN",
            )
        return _amount("deps update", words if word.lower() == "update" else [], _UPDATE)
    if not _NAME.fullmatch(words[0]) or not _NAME.fullmatch(words[1]):
        return Problem("bad-dependency", " ".join(words)[:60])
    if not any(character.isdigit() for character in words[1]):
        return Problem("bad-dependency", " ".join(words)[:60])
    if cve and not _CVE.fullmatch(cve):
        return Problem("bad-cve", cve[:30])
    return StartUpdate(words[0], words[1], cve.upper(), downgrade)


def onboard(rest: str) -> Command | Problem:
    words = rest.split()
    found = _LOGIN.fullmatch(words[0]) if words else None
    if found is None or len(words) > 2:
        return _amount("onboard", words if found else [], _ONBOARD)
    if len(words) == 1:
        return Onboard(found[1])
    number = _ISSUE.fullmatch(words[1])
    if number is None:
        return Problem("missing", "onboard", lacks="number", example=f"/onboard {found[1]} #412")
    return Onboard(found[1], int(number[1]))


#: What is said in which order, with an example of each.
_HOTFIX = {"version": "1.4.1", "severity": "P0", "slug": "wal-corruption"}
_UPDATE = {"name": "rocksdb", "version": "9.7.3"}
_ONBOARD = {"login": "octocat", "number": "#412"}


def _amount(usage: str, words: list[str], wanted: Mapping[str, str]) -> Problem:
    """There are too few words, or too many. The example goes on from what was typed."""
    if surplus := " ".join(words[len(wanted) :]):
        return Problem("surplus", usage, surplus[:40])
    typed = [word[:100] for word in words]
    example = " ".join([f"/{usage}", *typed, *list(wanted.values())[len(words) :]])
    return Problem("missing", usage, lacks=list(wanted)[min(len(words), len(wanted) - 1)], example=example)


def _flags(rest: str) -> tuple[list[str], dict[str, str]]:
    """Words, and what stands behind `--name` (a value where that flag takes one)."""
    words: list[str] = []
    flags: dict[str, str] = {}
    waiting = ""
    for word in rest.replace("—", "--").split():
        if word.startswith("--"):
            name, _, value = word[2:].lower().partition("=")
            flags[name] = value
            waiting = name if name in {"to", "cve"} and not value else ""
        elif waiting:
            flags[waiting], waiting = word, ""
        else:
            words.append(word)
    return words, flags


PARSERS = {"release": release, "hotfix": hotfix, "security": security, "deps": deps, "onboard": onboard}

#: Every command that begins a run, or ends what one began.
BEGINNINGS = (
    StartCandidate,
    StartStable,
    StartRollback,
    Freeze,
    Unfreeze,
    StartHotfix,
    ReportVulnerability,
    StartUpdate,
    Onboard,
)
