"""The world's clock: it moves when told to, and with the wall only where a person is watching."""

import time
from datetime import datetime, timedelta


class VirtualClock:
    """An aware UTC clock that never runs backwards.

    A standing clock moves only by `move_to`. A flowing one adds the real time elapsed, for the interactive demo.
    """

    def __init__(self, start: datetime, flowing: bool = False) -> None:
        self._instant = _aware(start)
        self._flowing = flowing
        self._anchor = time.monotonic()

    def now(self) -> datetime:
        if not self._flowing:
            return self._instant
        return self._instant + timedelta(seconds=time.monotonic() - self._anchor)

    def move_to(self, instant: datetime) -> None:
        """Jump forward to `instant`. An instant already passed changes nothing."""
        if _aware(instant) > self.now():
            self._instant = instant
            self._anchor = time.monotonic()


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() != timedelta(0):
        raise ValueError("the sandbox's time is aware and in UTC")
    return instant
