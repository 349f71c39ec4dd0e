"""The total time of one call to a far end, however many requests or processes it takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Seconds = Callable[[], float]
"""How long a call may take, asked when it begins."""


class Deadline:
    """Runs from its making. Whoever waits for the far end in a thread holds what ends that wait: `cut` does it.

    Safe to use from any thread. `monotonic` counts seconds.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._lock = threading.Lock()
        self._held: dict[int, Callable[[], None]] = {}
        self._cut = False

    @property
    def remaining(self) -> float:
        """Seconds that are left; never below zero."""
        return 0.0 if self._cut else max(0.0, self._end - self._monotonic())

    @property
    def over(self) -> bool:
        return self.remaining <= 0.0

    @property
    def was_cut(self) -> bool:
        """Somebody ended the call: what it waits for may look as if it had come to its own end."""
        return self._cut

    @contextmanager
    def holding(self, cut: Callable[[], None]) -> Iterator[None]:
        """Inside, the end of the call calls `cut` from another thread: at once where it is over already."""
        key = id(cut)
        with self._lock:
            self._held[key] = cut
            late = self._cut
        if late:
            cut()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(key, None)

    def cut(self) -> None:
        """The call is over: whatever is waited for in it ends."""
        with self._lock:
            self._cut = True
            held = tuple(self._held.values())
        for each in held:
            each()


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current() -> Deadline:
    """That of the call this thread works for. Outside of any call it is a day, so that nothing waits for ever."""
    return _current.get() or Deadline(86400.0)


@contextmanager
def under(deadline: Deadline) -> Iterator[None]:
    """Inside, `current` is this one."""
    before = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(before)
