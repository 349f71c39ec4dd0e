"""The local mirror: a bare repository that caches the remote's objects and holds no truth of its own.

Built aside and renamed into place, so it is whole or absent. Whatever a killed process leaves (half a mirror,
lock files, temporary packs) is removed when it is opened. Deleting the folder at any time is safe.
"""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from adapters.git.command import Answer, GitCommand
from adapters.git.errors import read_failed
from adapters.git.made import Made
from adapters.reach.deadline import current
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused

_MAKING = "making-"
_LEFTOVERS = (
    "*.lock",
    "refs/**/*.lock",
    "objects/info/*.lock",
    "objects/pack/tmp_*",
    "objects/??/tmp_obj_*",
    "fast_import_crash_*",
)
_LOOK_AGAIN = 0.02  # seconds between two tries for the lock
_NOT_SERVED = ("not our ref", "unadvertised object")


class Store:
    """The mirror in `home`. Reading needs no lock; what writes to the mirror holds `writing()`."""

    def __init__(self, home: Path, git: GitCommand, remote: str = "origin") -> None:
        self._home = home
        self._git = git
        self.made = Made(home)
        self._everything = (f"+refs/heads/*:refs/remotes/{remote}/*", f"+refs/tags/*:refs/remotes/{remote}-tags/*")
        self._opened = False

    @staticmethod
    def git_dir(home: Path) -> Path:
        return home / "mirror.git"

    def open(self) -> None:
        """Have a whole mirror. Cheap once it is open."""
        if self._opened and (self.git_dir(self._home) / "HEAD").is_file():
            return
        with self._locked():
            self._prepare()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The only writer of this mirror, among all threads and processes that use `home`."""
        self.open()
        with self._locked():
            yield

    def write(self, *arguments: str, stdin: bytes | None = None) -> Answer:
        """Run a command that changes the mirror, inside `writing()`; if killed, its lock files go too."""
        answer = self._git.run(*arguments, stdin=stdin)
        if answer.killed:
            _sweep(self.git_dir(self._home))
        return answer

    def read(self, *arguments: str, need: Sequence[str], codes: Sequence[int] = (0,)) -> Answer:
        """Run a command on commits; if it fails, fetch those of `need` that are missing, and run it again.

        Raises FarEndRefused when the remote has no such commit, FarEndError for every other failure.
        """
        self.open()
        answer = self._git.run(*arguments)
        if answer.code not in codes and not answer.killed:
            self.have(need)
            answer = self._git.run(*arguments)
        if answer.code not in codes:
            raise FarEndError(f"git {arguments[0]} failed: {answer.reason}")
        return answer

    def have(self, objects: Sequence[str]) -> None:
        """Fetch what is missing of `objects`; raises FarEndRefused when the remote does not have it either."""
        with self.writing():
            if not self._missing(objects):
                return
            self._fetch(*self._everything)
            for sha in self._missing(objects):
                self._fetch_one(sha)

    def _missing(self, objects: Sequence[str]) -> list[str]:
        asked = "".join(f"{sha}\n" for sha in objects).encode()
        answer = self._git.run("cat-file", "--batch-check=%(objectname)", stdin=asked)
        if not answer.ok:
            raise FarEndError(f"the git mirror cannot be read: {answer.reason}")
        found = answer.out.decode().splitlines()
        return [sha for sha, line in zip(objects, found, strict=True) if line != sha]

    def _fetch(self, *refspecs: str) -> None:
        answer = self._fetching("--prune", "--", self._git.url, *refspecs)
        if not answer.ok:
            raise read_failed(answer)

    def _fetch_one(self, sha: str) -> None:
        """GitHub serves a commit by its SHA although no branch holds it (any more)."""
        answer = self._fetching("--", self._git.url, sha)
        if any(words in answer.err for words in _NOT_SERVED):
            raise FarEndRefused(f"the git remote has no object {sha}")
        if not answer.ok:
            raise read_failed(answer)

    def _fetching(self, *arguments: str) -> Answer:
        answer = self._git.ask("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *arguments)
        if answer.killed:
            _sweep(self.git_dir(self._home))
        return answer

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The kernel drops this lock with the process that holds it, so a killed one never blocks the next.

        Raises FarEndError where the call's time is over before another call has let go of it.
        """
        self._make_home()
        with (self._home / "lock").open("ab") as handle:
            while not _taken(handle):
                if current().over:
                    raise FarEndError("the git mirror is busy with another call; nothing was asked of the remote")
                time.sleep(_LOOK_AGAIN)
            yield

    def _make_home(self) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"the git mirror cannot be kept in {self._home}: {error}") from error

    def _prepare(self) -> None:
        for half in self._home.glob(f"{_MAKING}*"):
            shutil.rmtree(half, ignore_errors=True)
        mirror = self.git_dir(self._home)
        if self._whole(mirror):
            _sweep(mirror)
            self._git.run("gc", "--auto", "--quiet")  # may fail: it only tidies
        else:
            self._build(mirror)
        self._opened = True

    def _whole(self, mirror: Path) -> bool:
        if not (mirror / "HEAD").is_file():
            return False
        answer = self._git.run("rev-parse", "--is-bare-repository")
        return answer.ok and answer.out.strip() == b"true"

    def _build(self, mirror: Path) -> None:
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=self._home))
        answer = self._git.run("init", "--quiet", "--bare", "--template=", git_dir=making)
        if not answer.ok:
            raise ConfigurationError(f"the git mirror cannot be made in {self._home}: {answer.reason}")
        if mirror.is_dir():
            shutil.rmtree(mirror)
        mirror.unlink(missing_ok=True)
        making.rename(mirror)


def _taken(handle: BinaryIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(mirror: Path) -> None:
    for pattern in _LEFTOVERS:
        for left in mirror.glob(pattern):
            left.unlink(missing_ok=True)
