"""One write at a time, with a pause after each, and only so many in a while: what GitHub asks of programs that write.

Of content it takes 80 writes a minute and 500 an hour, and whoever goes beyond is shut out for a time of its choosing
(GitHub Docs, “Rate limits for the REST API”, secondary limits). So they are counted before they are sent. What another
process writes, or this one wrote before it was started, is not known here; then GitHub's own word holds.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sops.kit.errors import FarEndError
from sops.kit.urgency import urgent

T = TypeVar("T")
Budget = tuple[int, timedelta]
RESERVED = 4  # one of so many writes is kept for what is urgent
BUDGETS: Sequence[Budget] = ((80, timedelta(minutes=1)), (500, timedelta(hours=1)))


class WritePace:
    """Makes writes one after the other, `pause` seconds apart, and of each of the `budgets` no more than it says.

    PyGithub has a throttle of its own, which is not safe across threads and is therefore turned off.
    """

    def __init__(
        self,
        pause: float,
        *,
        budgets: Sequence[Budget] = BUDGETS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pause = pause
        self._budgets = tuple(budgets)
        self._now = now
        self._made: deque[datetime] = deque(maxlen=max((most for most, _ in self._budgets), default=0))
        self._monotonic = monotonic
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`. Cancelled before its turn, it is never made; afterwards it runs to its end.

        What is under way cannot be taken back, so the next write waits for a cancelled one as for any other.
        Raises FarEndError, with when to come again, where a budget is used up; nothing is sent then.
        """
        await self._turn.acquire()
        try:
            remaining = self._not_before - self._monotonic()
            if remaining > 0:
                await self._sleep(remaining)
            self._count()
        except BaseException:
            self._turn.release()
            raise
        writing = asyncio.ensure_future(call())
        writing.add_done_callback(self._finished)
        return await asyncio.shield(writing)

    def _count(self) -> None:
        """Note one write, if there is room for it."""
        now = self._now()
        for whole, span in self._budgets:
            most = whole if urgent() else whole - whole // RESERVED
            recent = [at for at in self._made if timedelta() <= now - at < span]
            if len(recent) >= most:
                wait = (recent[-most] + span - now).total_seconds()
                kept = "" if most == whole else ", but for what is kept for incidents and the like"
                said = f"{most} writes in {span.total_seconds() / 60:.0f} min, which is all it takes{kept}"
                raise FarEndError(
                    f"GitHub was sent {said}; nothing was sent, try again in {wait:.0f} s", retry_after=wait, said=said
                )
        self._made.append(now)

    def _finished(self, writing: "asyncio.Future[T]") -> None:
        self._not_before = self._monotonic() + self._pause
        self._turn.release()
        if not writing.cancelled():
            writing.exception()  # seen, also when whoever asked has been cancelled
