"""What a script does to the far end itself: it errs, it falls silent; and what it holds, to be looked at."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapters.sandbox import project, pulls
from adapters.sandbox.deeds import MoreDeeds, content_at, image_of
from adapters.sandbox.faults import ANY, FAR_ENDS, Faults, Silence
from adapters.sandbox.refusal import Refusal

_METHODS = (ANY, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADER = re.compile(r"(retry-after|x-ratelimit-[a-z]+)=(\S+)\s*", re.IGNORECASE)
PATIENT, BRIEF = float("inf"), 0.2  # seconds


class OutOfOrder(MoreDeeds):
    """Git reaches the repository by a link, so that it can be made to hang while the world goes on reading."""

    def __init__(self, home: Path) -> None:
        self.faults = Faults()
        self.silence = Silence()
        self._home = home

    @property
    def git_path(self) -> Path:
        return self._home / f"{project.NAME}.git"

    @property
    def git_url(self) -> str:
        """What git clones and pushes to: a path."""
        return str(self._link)

    @property
    def _link(self) -> Path:
        return self._home / f"{project.NAME}-remote.git"

    def patience(self, far_end: str) -> float:
        """The most seconds that whoever plays on a clock of its own should wait: no answer comes where it hangs."""
        return BRIEF if self.silence.hangs(far_end) else PATIENT

    def fault(self, method: str, path: str, status: int, times: int, words: Sequence[str] = ()) -> None:
        """The next `times` such requests are answered so; the words may begin with headers like Retry-After=30."""
        if method.upper() not in _METHODS:
            raise Refusal(400, f"a method is one of {', '.join(_METHODS)}, not “{method}”")
        if not 400 <= status <= 599:
            raise Refusal(400, f"an error has a status from 400 to 599, not {status}")
        try:
            re.compile(path)
        except re.error as wrong:
            raise Refusal(400, f"“{path}” is not a regular expression: {wrong}") from wrong
        headers, message = _headers(" ".join(words))
        said = message or "Server Error"
        self.faults.answer(method.upper(), path, status, times=times, headers=headers, message=said)

    def clear_faults(self) -> None:
        self.faults.clear()

    def hang(self, far_end: str) -> None:
        """From now on it takes what it is asked and never answers."""
        if far_end not in FAR_ENDS:
            raise Refusal(400, f"one of {', '.join(FAR_ENDS)} can hang, not “{far_end}”")
        self.silence.begin(far_end)
        if far_end == "git":
            self._point_at(self._silent_repository())

    def clear_hanging(self) -> None:
        """All of them answer again."""
        self.silence.clear()
        self._point_at(self.git_path)

    def into(self, number: int, branch: str) -> None:
        """Somebody changes the branch an open pull request goes into."""
        with self._acting() as core:
            issue, pull = pulls.find(core, number)
            if branch not in core.git.branches() or issue.state != "open":
                raise Refusal(422, f"#{number} cannot go into “{branch}”")
            pull.base_ref, pull.base_sha, issue.updated_at = branch, core.git.branches()[branch], core.now()
            core.ring()

    def queue(self, branch: str) -> None:
        """From now on only a merge queue merges into the branch."""
        with self._acting() as core:
            core.rules = replace(core.rules, queued=(*core.rules.queued, branch))

    def show(self, at: str, path: str) -> str:
        """What the file says on a branch, a tag or a commit; or that there is none, which a story may want to see."""
        with self._acting() as core:
            commit = core.git.resolve(at)
            if commit is None:
                raise Refusal(404, f"there is no “{at}”; there are: {', '.join(sorted(core.git.branches()))}")
            content = content_at(core, commit, path)
            if content is None:
                return f"there is no file {path} on {at}"
            return content.decode(errors="replace")

    def digest(self, tag: str) -> str:
        """The digest of the image's tag."""
        with self._acting() as core:
            return image_of(core, tag)

    def _point_at(self, repository: Path) -> None:
        """The link is never missing: it is made aside and put in place."""
        aside = self._link.with_suffix(".new")
        aside.unlink(missing_ok=True)
        aside.symlink_to(repository)
        aside.rename(self._link)

    def _silent_repository(self) -> Path:
        """Git asks for its HEAD, which is a pipe that nobody writes to."""
        silent = self._home / "silent.git"
        for folder in ("objects", "refs"):
            (silent / folder).mkdir(parents=True, exist_ok=True)
        if not (silent / "HEAD").exists():
            os.mkfifo(silent / "HEAD")
        return silent


def _headers(words: str) -> tuple[dict[str, str], str]:
    """The headers the words begin with, and the rest."""
    headers = {}
    while found := _HEADER.match(words):
        headers[found[1]] = found[2]
        words = words[found.end() :]
    return headers, words
