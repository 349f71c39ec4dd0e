"""What every part of the sandbox shares: the repository, the records, the rules, the clock, and one lock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.sandbox.git_objects import Signature
from adapters.sandbox.git_repository import GitRepository
from adapters.sandbox.images import ImageStore
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.project import DEVELOP, FULL_NAME, MAIN, make_bare
from adapters.sandbox.state import WorldState
from sops.kit.ports import Clock


@dataclass(frozen=True)
class Rules:
    """How the sample repository is set up: what `main` requires and how long machines take."""

    required_reviews: int
    delete_branch_on_merge: bool
    checks: tuple[str, ...]
    check_delay: timedelta
    publish_delay: timedelta
    publishes: bool = True
    latest_after: timedelta | None = timedelta(0)  # the workflow makes each stable one the latest; None: never
    protected: tuple[str, ...] = (MAIN,)
    permanent: tuple[str, ...] = (MAIN, DEVELOP)
    queued: tuple[str, ...] = ()  # branches that only a merge queue merges into


@dataclass
class Core:
    """Read and changed only inside `changing`."""

    git: GitRepository
    clock: Clock
    rules: Rules
    state: WorldState = field(default_factory=WorldState)
    images: ImageStore = field(default_factory=ImageStore)
    on_change: list[Callable[[], None]] = field(default_factory=list)
    damage_archives: bool = False
    api_url: str = ""
    #: What this forge knows beside the project: private repositories, by `owner/name`.
    beside: dict[str, "Core"] = field(default_factory=dict)
    full_name: str = FULL_NAME
    behind: timedelta = timedelta(0)  # by so much the forge's clock is behind the bot's
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _depth: int = 0
    _rung: bool = False

    def now(self) -> datetime:
        """The world's time, to the second: the forge shows no finer one."""
        return (self.clock.now() - self.behind).replace(microsecond=0)

    def private(self, full_name: str, *, checks: bool) -> "Core":
        """A private repository at this forge, made empty when it is new; with `checks` every push to it is checked."""
        if full_name not in self.beside:
            path = self.git.path.parent / f"{full_name.rpartition('/')[2]}.git"
            if not path.exists():
                make_bare(path)
            rules = replace(self.rules, checks=self.rules.checks if checks else ())
            own = Core(GitRepository(path), self.clock, rules, on_change=self.on_change, api_url=self.api_url)
            own.full_name = full_name
            self.beside[full_name] = own
        return self.beside[full_name]

    def close(self) -> None:
        """End git's readers."""
        for each in (self, *self.beside.values()):
            each.git.close()

    def ring(self) -> None:
        """Something happened of which the forge would send a webhook; listeners hear it after the change."""
        self._rung = True

    def forget_ring(self) -> None:
        """What happened so far was the world's making, not news."""
        self._rung = False

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the world. Listeners are called when the outermost change ends, without the lock."""
        try:
            with self._held():
                yield
        finally:
            self._tell()

    def signature(self, login: str) -> Signature:
        person = PEOPLE[login]
        return Signature(person.name, person.email, self.now())

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _tell(self) -> None:
        with self._lock:
            tell = self._rung and self._depth == 0
            if tell:
                self._rung = False
        if tell:
            for listener in tuple(self.on_change):
                listener()
