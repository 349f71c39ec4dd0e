"""What can go wrong between a bot and Slack, on a test's order."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from tests.standins.slack.errors import SlackError


class Fault(Enum):
    """How one call goes wrong. AFTER means that Slack did what was asked and the bot does not hear of it."""

    HTTP_500 = "HTTP 500"
    HTTP_503 = "HTTP 503"
    CLOSED_BEFORE = "connection closed, nothing applied"
    CLOSED_AFTER = "applied, then the connection closed"
    HTTP_500_AFTER = "applied, then HTTP 500"
    MALFORMED = "an answer that is not JSON, nothing applied"
    MALFORMED_AFTER = "applied, then an answer that is not JSON"

    @property
    def applied(self) -> bool:
        return self.name.endswith("_AFTER")


class Hang:
    """A call that waits. `reached` is set once a call hangs here; it goes on after `release`."""

    def __init__(self, *, applied: bool) -> None:
        self.applied = applied
        self.reached = asyncio.Event()
        self._go = asyncio.Event()

    def release(self) -> None:
        self._go.set()

    async def hold(self) -> None:
        self.reached.set()
        await self._go.wait()


Trouble = Fault | Hang | SlackError


@dataclass
class Faults:
    """The troubles scripted for each method, first in, first out; and whether Slack is down altogether."""

    down: Fault | None = None
    _next: dict[str, deque[Trouble]] = field(default_factory=lambda: defaultdict(deque))
    _hangs: list[Hang] = field(default_factory=list)

    def add(self, method: str, trouble: Trouble, times: int = 1) -> None:
        self._next[method].extend([trouble] * times)
        if isinstance(trouble, Hang):
            self._hangs.append(trouble)

    def take(self, method: str) -> Trouble | None:
        if self.down is not None:
            return self.down
        waiting = self._next.get(method) or self._next.get("*")
        return waiting.popleft() if waiting else None

    def release_all(self) -> None:
        for hang in self._hangs:
            hang.release()


@dataclass
class _Bucket:
    left: float
    at: datetime


@dataclass
class _Pace:
    per_second: float
    burst: int
    buckets: dict[str, _Bucket] = field(default_factory=dict)

    def wait_for(self, key: str, now: datetime) -> float:
        """Seconds until the next call with this key is let through; 0 lets this one through."""
        bucket = self.buckets.setdefault(key, _Bucket(float(self.burst), now))
        bucket.left = min(float(self.burst), bucket.left + (now - bucket.at).total_seconds() * self.per_second)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0.0
        return (1 - bucket.left) / self.per_second


PACED = {"chat.postMessage"}


@dataclass
class Limits:
    """Slack's 429: for so many next calls, at a rate for a method, or at a rate for each channel."""

    clock: Callable[[], datetime]
    _refuse: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    _methods: dict[str, _Pace] = field(default_factory=dict)
    _channels: _Pace | None = None

    def refuse_next(self, method: str, calls: int, retry_after: int) -> None:
        self._refuse[method].extend([retry_after] * calls)

    def pace(self, method: str, per_second: float, burst: int) -> None:
        self._methods[method] = _Pace(per_second, burst)

    def pace_channels(self, per_second: float, burst: int) -> None:
        self._channels = _Pace(per_second, burst)

    def retry_after(self, method: str, channel: str) -> int:
        """Whole seconds for the Retry-After header; 0 when the call is let through."""
        if self._refuse[method]:
            return self._refuse[method].popleft()
        waits = [0.0]
        if method in self._methods:
            waits.append(self._methods[method].wait_for("", self.clock()))
        if self._channels is not None and method in PACED:
            waits.append(self._channels.wait_for(channel, self.clock()))
        longest = max(waits)
        return 0 if longest == 0 else max(1, round(longest + 0.499))
