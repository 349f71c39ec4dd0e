"""Who commits: on SQLite one thread that shares commits out in bursts, on PostgreSQL a few side by side."""

import random
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.transaction import SqlTransaction, Work
from storage.trouble import is_trouble, told, trouble

T = TypeVar("T")

#: Transactions that may share one commit.
BURST = 64
#: Serialization failure and deadlock: PostgreSQL rolled back, and asks to be asked again.
REPEATABLE = frozenset({"40001", "40P01"})
ATTEMPTS = 10


class Writer(Protocol):
    """Runs work in a transaction of its own; the future is settled once that is committed or rolled back.

    What is the matter with the database itself is raised as StoreTrouble.
    """

    def submit(self, work: Work[T], *, urgent: bool = False) -> Future[T]: ...
    def close(self) -> None:
        """Finish what was submitted, then take no more."""
        ...


class PooledWriter:
    """As many transactions at a time as there are threads. Work is repeated when the database asks for it."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sopwith-write")

    def submit(self, work: Work[T], *, urgent: bool = False) -> Future[T]:
        return self._threads.submit(self._run, work)

    def _run(self, work: Work[T]) -> T:
        with told():
            return self._repeated(work)

    def _repeated(self, work: Work[T]) -> T:
        for attempt in range(ATTEMPTS - 1):
            try:
                return self._once(work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in REPEATABLE:
                    raise
            step_back(attempt)
        return self._once(work)

    def _once(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return work(SqlTransaction(connection))

    def close(self) -> None:
        self._threads.shutdown()


def step_back(attempt: int) -> None:
    """Let the others pass: up to 20 ms the first time, twice as much each time after, half a second at most."""
    time.sleep(min(0.5, 0.02 * 2**attempt) * random.random())  # noqa: S311  # nothing here is secret


class _Job:
    """A piece of work, and how it went."""

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class GroupWriter:
    """One thread, one connection. What piled up while it was busy shares the next commit.

    Each piece of work has a savepoint of its own: one that raises takes nothing else down. Trouble of the database
    does, since SQLite may then have rolled everything back by itself. Nobody hears of success before the commit.
    What is urgent goes first, and shares its commit with nothing that is not.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: deque[_Job] = deque()
        self._urgent: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sopwith-write")

    def submit(self, work: Work[T], *, urgent: bool = False) -> Future[T]:
        job = _Job(work)
        (self._urgent if urgent else self._jobs).append(job)
        self._thread.submit(self._drain)
        return job.future

    def _drain(self) -> None:
        """Called once per job; finds nothing to do where an earlier call took the job along."""
        jobs = [job for job in self._waiting() if job.future.set_running_or_notify_cancel()]
        if not jobs:
            return
        with _noting_errors(jobs), self._engine.begin() as connection:
            if len(jobs) == 1:
                jobs[0].result = jobs[0].work(SqlTransaction(connection))
            else:
                self._share(connection, jobs)
        for job in jobs:
            job.settle()

    def _waiting(self) -> Iterator[_Job]:
        first = self._urgent or self._jobs
        for _ in range(min(BURST, len(first))):
            yield first.popleft()

    def _share(self, connection: Connection, jobs: list[_Job]) -> None:
        for job in jobs:
            with _noting_errors([job]), connection.begin_nested():
                job.result = job.work(SqlTransaction(connection))
            if job.error is not None and (is_trouble(job.error) or not _goes_on(connection)):
                raise trouble(job.error)

    def close(self) -> None:
        self._thread.shutdown()


@contextmanager
def _noting_errors(jobs: list[_Job]) -> Iterator[None]:
    """Whatever is raised belongs to whoever waits for these jobs; an error already noted stays."""
    try:
        yield
    except BaseException as error:  # noqa: BLE001  # as a pool does: raised where the future is awaited
        raised = trouble(error) if is_trouble(error) else error
        for job in jobs:
            job.error = job.error or raised


def _goes_on(connection: Connection) -> bool:
    """SQLite did not end the transaction by itself, as it may when something is the matter with its file."""
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))
