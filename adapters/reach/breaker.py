"""One far end's breaker: everybody who asks it is let through, or turned away at once, by what was learned of it.

A far end that fails again and again is left alone for a while, then asked once; a longer while after each failure. What
asks to be left alone, or has no budget left, is left alone by everybody until then. One thing it always fails at is no
reason to stop asking it for others: a `probed` far end is left alone only if it fails at something plain as well.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.reach.headers import LONGEST
from sops.kit.errors import AtFarEnd, FarEndError
from sops.kit.ports import Clock
from sops.kit.standing import Hear, Standing

EVERYTHING = ""  # the budget that all requests draw on
LONG_QUIET = timedelta(minutes=2)  # more is told to operators


@dataclass(frozen=True)
class Temper:
    """After how many failures in a row a far end is left alone, for how long at first, and for how long at most.

    `trial` is how long one call may try whether it is well again before another may.
    """

    failures: int = 5
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    trial: timedelta = timedelta(minutes=2)


class SystemTime:
    """The time of this machine, for whoever is given no clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Breaker:
    """`key` is the far end's name for the machine, `name` the one for people. Safe to use from any thread.

    Who asks a `probed` one asks a plain question first wherever `admit` says so, and tells the answer as `probe`.
    """

    def __init__(
        self,
        key: str,
        name: str,
        clock: Clock | None = None,
        temper: Temper | None = None,
        *,
        probed: bool = False,
    ) -> None:
        self._key = key
        self._probed = probed
        self._name = name
        self._clock = clock or SystemTime()
        self._temper = temper or Temper()
        self._lock = threading.Lock()
        self._failures = 0
        self._reason = ""
        self._rest: timedelta | None = None  # how long it is being left alone; None while it is well
        self._until = datetime.min.replace(tzinfo=UTC)
        self._trying = False
        self._quiet: dict[str, datetime] = {}
        self._asked: timedelta | None = None  # the long time it asked for, until it answers after that
        self._asked_until = self._until
        self._told: bool | None = None
        self.hear: Hear | None = None

    def admit(self, budget: str = EVERYTHING) -> bool:
        """Returns where a request may be sent; True asks for the plain question before it, of one caller at a time.

        Raises FarEndError, with when to come again, where nothing may be sent.
        """
        now = self._clock.now()
        with self._lock:
            quiet = max((until for until in map(self._quiet.get, {EVERYTHING, budget}) if until), default=now)
            if quiet > now:
                raise self._away(
                    f"{self._name} asked to be left alone for a while; nothing was sent", "it asked for a pause", quiet
                )
            if self._rest is None:
                if not self._suspected() or now < self._until:
                    return False
                self._until = now + self._temper.trial
                return True
            if now < self._until:
                raise self._away(
                    f"{self._name} keeps failing ({self._reason}) and is left alone for a while; nothing was sent",
                    self._reason,
                    self._until,
                )
            self._trying, self._until = True, now + self._temper.trial
            return self._probed

    def answered(self) -> None:
        """It gave an answer, be it a refusal."""
        now = self._clock.now()
        with self._lock:
            self._failures, self._rest, self._trying, self._until = 0, None, False, now
            if now >= self._asked_until:
                self._asked = None

    def failed(self, reason: str, *, probe: bool = False) -> None:
        """It failed, or gave none. What was under way before it was left alone does not count again.

        Of a probed one only the plain question says that it is to be left alone: it was asked as others had failed.
        """
        now = self._clock.now()
        with self._lock:
            self._reason = reason
            if self._probed and not probe:
                self._failures += 1 if self._rest is None else 0
                return
            self._failures += 1
            if self._rest is None and self._failures >= self._temper.failures:
                self._rest = self._temper.first
            elif self._rest is not None and self._trying:
                self._rest = min(2 * self._rest, self._temper.longest)
            else:
                return
            self._trying, self._until = False, now + self._rest

    @contextmanager
    def named(self) -> Iterator[None]:
        """What is raised inside says at which far end it happened."""
        try:
            yield
        except AtFarEnd as error:
            error.at = self._name
            raise

    @contextmanager
    def sending(self, *counted: type[Exception]) -> Iterator[None]:
        """Whatever is raised inside is a failure; of `counted` the caller says so itself."""
        done = False
        try:
            yield
            done = True
        except asyncio.CancelledError:
            done = True
            raise
        except counted:
            done = True
            raise
        finally:
            if not done:
                self.failed("its answer cannot be read")

    def _away(self, why: str, said: str, until: datetime) -> FarEndError:
        away = FarEndError(why, retry_after=_span(until - self._clock.now()), said=said, unasked=True)
        away.at = self._name
        return away

    def _suspected(self) -> bool:
        return self._probed and self._failures >= self._temper.failures

    def be_quiet(self, seconds: float, budget: str = EVERYTHING) -> None:
        """It asked everybody to leave it alone for so long; with `budget`, for requests that draw on that only."""
        now, wait = self._clock.now(), timedelta(seconds=min(max(0.0, seconds), LONGEST))
        until = now + wait
        with self._lock:
            self._quiet[budget] = max(until, self._quiet.get(budget, until))
            if wait > LONG_QUIET and until > self._asked_until:
                self._asked, self._asked_until = wait, until

    def now(self) -> datetime:
        """By the clock that it goes by."""
        return self._clock.now()

    def until(self, instant: datetime) -> float:
        """Seconds from now."""
        return (instant - self._clock.now()).total_seconds()

    async def tell(self) -> None:
        """Whoever listens hears once that it is left alone, because it failed or asked, and once that it is well."""
        with self._lock:
            asked = self._asked if self._rest is None else None
            well = self._rest is None and asked is None
            standing = Standing(self._key, self._name, well, self._reason, asked)
        if self.hear is not None and standing.well != self._told and await self.hear(standing):
            self._told = standing.well


def _span(wait: timedelta) -> float:
    return max(wait.total_seconds(), 1.0)
