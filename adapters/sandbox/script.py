"""The `%forge` lines of a script: words to a deed of the world, and one line about what happened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.sandbox.refusal import Refusal


class Deeds(Protocol):
    """What people and machines can be told to do; the world does it."""

    def issue(self, title: str, labels: Sequence[str]) -> int: ...
    def label(self, number: int, name: str) -> None: ...
    def unlabel(self, number: int, name: str) -> None: ...
    def close(self, number: int, not_planned: bool = False) -> None: ...
    def pass_check(self, name: str) -> int: ...
    def fail_check(self, name: str) -> int: ...
    def push(self, branch: str, author: str = "maint") -> str: ...
    def contribute(self, login: str, branch: str) -> int: ...
    def pull_request(self, login: str, branch: str, first_time: bool = False) -> int: ...
    def branch(self, name: str, at: str) -> str: ...
    def tag(self, name: str, at: str) -> str: ...
    def delete(self, name: str) -> str: ...
    def publish_after(self, minutes: int) -> None: ...
    def publish_never(self) -> None: ...
    def latest_after(self, minutes: int | None) -> None: ...
    def merge(self, number: int) -> str: ...
    def review(self, number: int, login: str, verdict: str) -> None: ...
    def write(self, branch: str, path: str, text: str, author: str = "maint") -> str: ...
    def replace(self, branch: str, path: str, old: str, new: str, author: str = "maint") -> str: ...
    def entry(self, branch: str, text: str, author: str = "maint") -> str: ...
    def join(self, branch: str, other: str, author: str = "maint", resolving: bool = False) -> str: ...
    def protect(self, branch: str) -> None: ...
    def into(self, number: int, branch: str) -> None: ...
    def queue(self, branch: str) -> None: ...
    def milestone(self, title: str) -> int: ...
    def into_milestone(self, number: int, title: str) -> None: ...
    def yank(self, version: str) -> None: ...
    def fail_workflow(self, name: str) -> None: ...
    def report(self, login: str, summary: str, description: str) -> str: ...
    def corrupt_asset(self, tag: str) -> None: ...
    def lose_asset(self, tag: str) -> None: ...
    def share_image(self, tag: str, other: str) -> None: ...
    def fault(self, method: str, path: str, status: int, times: int, words: Sequence[str] = ()) -> None: ...
    def clear_faults(self) -> None: ...
    def hang(self, far_end: str) -> None: ...
    def clear_hanging(self) -> None: ...
    def show(self, at: str, path: str) -> str: ...
    def digest(self, tag: str) -> str: ...
    def lose_image(self, tag: str) -> None: ...


@dataclass(frozen=True)
class _Verb:
    usage: str
    least: int
    most: int | None
    run: Callable[[Deeds, Sequence[str]], str]


def run(deeds: Deeds, words: Sequence[str]) -> str:
    """Do what the words after `%forge` say. Raises Refusal with advice when they say nothing that can be done."""
    verbs = ", ".join(_VERBS)
    if not words:
        raise Refusal(400, f"say what should happen; one of: {verbs}")
    verb, arguments = _VERBS.get(words[0]), words[1:]
    if verb is None:
        raise Refusal(400, f"the world cannot “{words[0]}”; it can: {verbs}")
    if len(arguments) < verb.least or (verb.most is not None and len(arguments) > verb.most):
        raise Refusal(400, f"write: {words[0]} {verb.usage}")
    return verb.run(deeds, arguments)


def _issue(deeds: Deeds, words: Sequence[str]) -> str:
    number = deeds.issue(words[0], words[1:])
    carrying = f" ({', '.join(words[1:])})" if words[1:] else ""
    return f"issue #{number} opened: {words[0]}{carrying}"


def _label(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    deeds.label(number, words[1])
    return f"#{number} now carries {words[1]}"


def _unlabel(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    deeds.unlabel(number, words[1])
    return f"#{number} no longer carries {words[1]}"


def _close(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    if words[1:] not in ([], ["not_planned"]) and tuple(words[1:]) != ("not_planned",):
        raise Refusal(400, f"an issue is closed as completed, or as not_planned, not as “{words[1]}”")
    deeds.close(number, not_planned=len(words) > 1)
    return f"#{number} closed as {'not planned' if len(words) > 1 else 'completed'}"


def _pass(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[0]} is green on pull request #{deeds.pass_check(words[0])}"


def _fail(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[0]} is red on pull request #{deeds.fail_check(words[0])}"


def _push(deeds: Deeds, words: Sequence[str]) -> str:
    author = words[1] if len(words) > 1 else "maint"
    return f"{author} pushed {deeds.push(words[0], author)[:10]} to {words[0]}"


def _contribute(deeds: Deeds, words: Sequence[str]) -> str:
    return f"pull request #{deeds.contribute(words[0], words[1])} opened by {words[0]} from {words[1]}"


def _branch(deeds: Deeds, words: Sequence[str]) -> str:
    return f"branch {words[0]} made at {deeds.branch(words[0], words[1])[:10]}"


def _tag(deeds: Deeds, words: Sequence[str]) -> str:
    return f"tag {words[0]} put on {deeds.tag(words[0], words[1])[:10]}"


def _delete(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[0]} deleted; it was at {deeds.delete(words[0])[:10]}"


def _publish_after(deeds: Deeds, words: Sequence[str]) -> str:
    minutes = _number(words[0])
    deeds.publish_after(minutes)
    return f"from now on a tag is published {minutes} minutes after its push"


def _publish_never(deeds: Deeds, _: Sequence[str]) -> str:
    deeds.publish_never()
    return "from now on no workflow publishes a pushed tag"


def _latest(deeds: Deeds, words: Sequence[str]) -> str:
    minutes = {"always": 0, "never": None}[words[0]] if words[0] in {"always", "never"} else _number(words[0])
    deeds.latest_after(minutes)
    when = {None: "never", 0: "always and at once"}.get(minutes, f"{minutes} minutes later")
    return f"from now on the release workflow makes a stable release the latest {when}"


def _merge(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    return f"pull request #{number} merged as {deeds.merge(number)[:10]}"


def _review(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    deeds.review(number, words[1], words[2])
    return f"{words[1]} reviewed pull request #{number}: {words[2]}"


def _pull_request(deeds: Deeds, words: Sequence[str]) -> str:
    if words[2:] and words[2] != "first-time":
        raise Refusal(400, f"the last word can be first-time, not “{words[2]}”")
    number = deeds.pull_request(words[0], words[1], first_time=len(words) > 2)
    return f"pull request #{number} opened by {words[0]} from {words[1]}"


def _milestone(deeds: Deeds, words: Sequence[str]) -> str:
    return f"milestone {words[0]} made; it has the number {deeds.milestone(words[0])}"


def _into_milestone(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    deeds.into_milestone(number, words[1])
    return f"#{number} is now in milestone {words[1]}"


def _write(deeds: Deeds, words: Sequence[str]) -> str:
    author = words[3] if len(words) > 3 else "maint"
    return f"{author} pushed {deeds.write(words[0], words[1], words[2], author)[:10]} to {words[0]}: {words[1]}"


def _replace(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[1]} on {words[0]} now says {words[3]} for {words[2]} ({deeds.replace(*words)[:10]})"


def _entry(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[0]} says under [Unreleased]: {words[1]} ({deeds.entry(words[0], words[1])[:10]})"


def _join(deeds: Deeds, words: Sequence[str]) -> str:
    author = words[2] if len(words) > 2 else "maint"
    return f"{author} merged {words[1]} into {words[0]} by hand, as {deeds.join(words[0], words[1], author)[:10]}"


def _resolve(deeds: Deeds, words: Sequence[str]) -> str:
    author = words[2] if len(words) > 2 else "maint"
    merge = deeds.join(words[0], words[1], author, resolving=True)
    return f"{author} merged {words[1]} into {words[0]} by hand and resolved what conflicts, as {merge[:10]}"


def _protect(deeds: Deeds, words: Sequence[str]) -> str:
    deeds.protect(words[0])
    return f"{words[0]} changes through pull requests only from now on"


def _into(deeds: Deeds, words: Sequence[str]) -> str:
    number = _number(words[0])
    deeds.into(number, words[1])
    return f"pull request #{number} goes into {words[1]} now"


def _queue(deeds: Deeds, words: Sequence[str]) -> str:
    deeds.queue(words[0])
    return f"only a merge queue merges into {words[0]} from now on"


def _yank(deeds: Deeds, words: Sequence[str]) -> str:
    deeds.yank(words[0])
    return f"{words[0]} is yanked at the package index"


def _fail_workflow(deeds: Deeds, words: Sequence[str]) -> str:
    deeds.fail_workflow(words[0])
    return f"the next run of {words[0]} to end will have failed"


def _report(deeds: Deeds, words: Sequence[str]) -> str:
    return f"{words[0]} reported {deeds.report(words[0], words[1], words[2])} in private"


def _asset(deeds: Deeds, words: Sequence[str]) -> str:
    if words[0] not in ("corrupt", "missing"):
        raise Refusal(400, f"an asset can be corrupt or missing, not “{words[0]}”")
    if words[0] == "corrupt":
        deeds.corrupt_asset(words[1])
        return f"the archive of {words[1]} no longer matches its checksum"
    deeds.lose_asset(words[1])
    return f"the archive of {words[1]} is gone"


def _image(deeds: Deeds, words: Sequence[str]) -> str:
    if words[0] == "share" and len(words) == 3:
        deeds.share_image(words[1], words[2])
        return f"{words[2]} is the same image as {words[1]}"
    if words[0] != "missing" or len(words) != 2:
        raise Refusal(400, "write: image missing TAG, or image share TAG OTHER")
    deeds.lose_image(words[1])
    return f"the image {words[1]} is gone"


def _fault(deeds: Deeds, words: Sequence[str]) -> str:
    if tuple(words) == ("clear",):
        deeds.clear_faults()
        return "the forge answers as always"
    if len(words) < 4:
        raise Refusal(400, "write: fault METHOD PATH STATUS TIMES [WORDS], or fault clear")
    method, path, status, times = words[:4]
    deeds.fault(method, path, _number(status), _number(times), words[4:])
    return f"{method} {path} is answered with {status}, {times} times"


def _hang(deeds: Deeds, words: Sequence[str]) -> str:
    if words[0] == "clear":
        deeds.clear_hanging()
        return "everything answers again"
    deeds.hang(words[0])
    return f"{words[0]} takes what it is asked and does not answer"


def _number(word: str) -> int:
    digits = word.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Refusal(400, f"“{word}” is not a number of an issue or pull request, such as 41")
    return int(digits)


_VERBS: Mapping[str, _Verb] = {
    "issue": _Verb('"TITLE" [LABEL…]', 1, None, _issue),
    "label": _Verb("NUMBER LABEL", 2, 2, _label),
    "unlabel": _Verb("NUMBER LABEL", 2, 2, _unlabel),
    "close": _Verb("NUMBER [not_planned]", 1, 2, _close),
    "pass": _Verb("CHECK", 1, 1, _pass),
    "fail": _Verb("CHECK", 1, 1, _fail),
    "push": _Verb("BRANCH [AUTHOR]", 1, 2, _push),
    "write": _Verb("BRANCH PATH TEXT [AUTHOR]", 3, 4, _write),
    "replace": _Verb("BRANCH PATH OLD NEW", 4, 4, _replace),
    "entry": _Verb("BRANCH TEXT", 2, 2, _entry),
    "join": _Verb("BRANCH OTHER [AUTHOR]", 2, 3, _join),
    "resolve": _Verb("BRANCH OTHER [AUTHOR]", 2, 3, _resolve),
    "protect": _Verb("BRANCH", 1, 1, _protect),
    "into": _Verb("NUMBER BRANCH", 2, 2, _into),
    "queue": _Verb("BRANCH", 1, 1, _queue),
    "contribute": _Verb("LOGIN BRANCH", 2, 2, _contribute),
    "branch": _Verb("NAME AT", 2, 2, _branch),
    "tag": _Verb("NAME AT", 2, 2, _tag),
    "delete": _Verb("BRANCH-OR-TAG", 1, 1, _delete),
    "publish-after": _Verb("MINUTES", 1, 1, _publish_after),
    "publish-never": _Verb("", 0, 0, _publish_never),
    "latest": _Verb("always|never|MINUTES", 1, 1, _latest),
    "merge": _Verb("NUMBER", 1, 1, _merge),
    "pr": _Verb("LOGIN BRANCH [first-time]", 2, 3, _pull_request),
    "milestone": _Verb("TITLE", 1, 1, _milestone),
    "into-milestone": _Verb("NUMBER TITLE", 2, 2, _into_milestone),
    "yank": _Verb("VERSION", 1, 1, _yank),
    "fail-workflow": _Verb("FILE", 1, 1, _fail_workflow),
    "report": _Verb('LOGIN "TITLE" "TEXT"', 3, 3, _report),
    "asset": _Verb("corrupt|missing TAG", 2, 2, _asset),
    "image": _Verb("missing TAG | share TAG OTHER", 2, 3, _image),
    "fault": _Verb("METHOD PATH STATUS TIMES [WORDS] | clear", 1, None, _fault),
    "hang": _Verb("forge|registry|packages|git|clear", 1, 1, _hang),
    "show": _Verb("BRANCH PATH", 2, 2, lambda deeds, words: deeds.show(words[0], words[1])),
    "digest": _Verb("TAG", 1, 1, lambda deeds, words: deeds.digest(words[0])),
    "review": _Verb("NUMBER LOGIN approve|request_changes|comment", 3, 3, _review),
}
