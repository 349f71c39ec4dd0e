"""How bad it is, as people type it: P1, p1, `P1:`, [P1], SEV1, sev-1, sev 1. Plain scanning, one pass.

In a title it is looked for where people put it, first or last; in the middle of a sentence it is a part of that.
"""

from bot.chat.words import split
from sops.kit.model import Severity

#: What people put around a severity, and between it and a title.
_AROUND = " \t\n:;,.!()[]{}<>«»\"'`*_~-–—/|#"
_SPELLED = ("severity", "sev", "p")


def severity_of(text: str) -> Severity | None:
    """The severity these words are, whatever stands around them; None for anything else."""
    number = _number(text)
    return Severity(f"P{number}") if number and f"P{number}" in set(Severity) else None


def like_severity(text: str) -> bool:
    """It is spelled like one, also where there is none of that number: P7, sev12."""
    return bool(_number(text))


def _number(text: str) -> str:
    """The digits of a severity; empty if it is spelled like nothing of that kind."""
    if len(text) > 40:
        return ""
    word = text.strip(_AROUND).casefold()
    for prefix in _SPELLED:
        if word.startswith(prefix):
            rest = word.removeprefix(prefix).lstrip(" -_:").removeprefix("p")
            return rest if rest.isascii() and rest.isdigit() else ""
    return ""


def out_of(title: str) -> tuple[list[Severity], str]:
    """The severities that stand before and behind a title, and the title without them.

    Two that differ are both returned, and the title is left as it is: somebody must say which.
    """
    before, rest = _first(title)
    behind, shorter = _last(rest)
    found = [each for each in (before, behind) if each is not None]
    if len(set(found)) > 1:
        return found, title
    return found[:1], shorter


def _first(title: str) -> tuple[Severity | None, str]:
    word, rest = split(title)
    if (severity := severity_of(word)) is not None:
        return severity, _joint(rest)
    second, after = split(rest)
    if word.casefold() in {"sev", "severity"} and (severity := severity_of(f"{word} {second}")) is not None:
        return severity, _joint(after)
    return None, title


def _last(title: str) -> tuple[Severity | None, str]:
    rest, word = _split_last(title)
    if (severity := severity_of(word)) is not None:
        return severity, _joint(rest[::-1])[::-1]
    before, second = _split_last(rest)
    if second.strip(_AROUND).casefold() in {"sev", "severity"} and (severity := severity_of(f"{second} {word}")):
        return severity, _joint(before[::-1])[::-1]
    return None, title


def _joint(rest: str) -> str:
    """What follows a severity, without what joins them: a colon, a comma, a dash that stands alone."""
    rest = rest.lstrip(" \t\n:;,|")
    alone = rest[:1] in {"-", "–", "—", "/"} and rest[1:2].isspace()
    return rest[1:].lstrip() if alone else rest


def _split_last(text: str) -> tuple[str, str]:
    """Everything but the last word, and that."""
    parts = text.rsplit(None, 1)
    return (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0] if parts else "")
