"""What is different by now from what people were asked, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.replies.approvals import told_left_out
from sops.kit.action import short
from sops.kit.escaping import printable
from sops.kit.patterns import Pattern

SHOWN = 4
_SHA = Pattern(r"[0-9a-f]{40}")
_DIGEST = len("sha256:") + 12

#: What an approval is bound to beside what it would do, by the name of the fact.
_BOUND = {
    "affected": "the affected versions",
    "blockers": "open blockers",
    "blockers.dismissed": "blockers that were dismissed",
    "badge.is": "what the forge shows as the latest",
    "bad.digest": "the image that went out",
    "bad.now": "the image its tag names",
    "cve.wanted": "a CVE is wanted",
    "cvss": "the score",
    "ghsa": "the advisory",
    "good.commit": "the commit to go back to",
    "good.digest": "the image to go back to",
    "image.only": "only the image is rolled back",
    "kept.commits": "what else came and stays",
    "tag.taken": "a tag of this release that somebody else made",
    "version.out": "a tag of this version that somebody else made",
    "latest.becomes": "what latest becomes",
    "latest.is": "what latest is known to be",
    "latest.to": "where latest belongs afterwards",
    "latest.was": "the image latest names",
    "main.holds": "other work on main",
    "main.protected": "main takes pull requests only",
    "merges": "the merges to undo",
    "package.there": "the package is in the index",
    "patched": "the version with the fix",
    "republish": "the earlier image is built again",
    "retract": "the image is deleted",
    "revert.commit": "the revert",
    "revert.hand": "people wrote in the revert",
}
#: What is told by something else that changed with it, or means nothing to a reader.
_HASHES = {"procedure": "the procedure is another by now", "settings": "the settings are others by now"}


def what_changed(changed: Mapping[str, tuple[Any, Any]]) -> str:
    """What is different now, in words."""
    words: list[str] = []
    for name, (old, new) in changed.items():
        if name == "head":
            words.append(f"the branch moved: {short(str(old))} → {short(str(new))}")
        elif name == "merged outside":
            words.append(f"somebody merged the pull request outside this run, as {short(str(new))}")
        elif name == "base":
            words.append(f"the pull request goes into {printable(str(new))}, not into {printable(str(old))}")
        elif name == "tree":
            words += [] if "head" in changed else ["what would be tagged is not what was approved"]
        elif name == "effects":
            told_by_another = {"head", "merged outside", "bound", "tree"} & changed.keys() or _texts_changed(changed)
            words += [] if told_by_another else ["what it would do changed"]
        elif name == "texts":
            words += ["a text it would publish changed"] * _texts_changed(changed)
        elif name == "bound":
            words += _bound(old or {}, new or {})
        elif name == "left out":
            words.append(_left_out(old or [], new or []))
        elif name in _HASHES:
            words.append(_HASHES[name])
        else:
            words.append(f"{name} changed from {_told(old)} to {_told(new)}")
    return "; ".join(words) or "its subject changed"


def _bound(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [f"{_BOUND.get(name, name)}: {_told(old.get(name))}, now {_told(new.get(name))}" for name in names]


def _texts_changed(changed: Mapping[str, tuple[Any, Any]]) -> bool:
    old, new = changed.get("texts", ((), ()))
    return _bodies(old) != _bodies(new)


def _bodies(texts: Sequence[Sequence[str]] | None) -> list[str]:
    """The texts alone: what each belongs to may be called otherwise since the branch moved."""
    return [text for _, text in texts or ()]


def _left_out(old: Sequence[Any], new: Sequence[Any]) -> str:
    more = [told_left_out(each) for each in new if each not in old]
    return f"left out since: {'; '.join(more)}" if more else "what was left out counts again"


def _told(value: Any) -> str:
    """A value as people name it: yes or no, a short commit, the beginning of a digest, the first few of many."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        more = [f"{len(value) - SHOWN} more"] if len(value) > SHOWN else []
        return ", ".join([*(_told(each) for each in value[:SHOWN]), *more]) or "nothing"
    text = str("" if value is None else value)
    if text.startswith("sha256:"):
        return f"{text[:_DIGEST]}…"
    return (short(text) if _SHA.fullmatch(text) else text) or "nothing"
