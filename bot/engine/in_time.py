"""How long somebody who said something waits for the far end before they are told that it does not answer."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from bot.chat.replies import refusals
from sops.kit.errors import FarEndError

T = TypeVar("T")

LOOK = 10.0  # seconds; what is said in that thread meanwhile waits as well
REMINDING = 60.0  # seconds for what is owed, before somebody is reminded of it
BEGINNING = 120.0  # seconds for the plan of a run, for which nobody else waits


class InTime:
    """At most so many `seconds`, by the event loop's clock; 0 waits for nothing that is not there at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def of(self, look: Awaitable[T]) -> T:
        """What `look` returns. It is cancelled when the time is over, and FarEndError raised."""
        try:
            async with asyncio.timeout(self._seconds):
                return await look
        except TimeoutError:
            raise FarEndError(refusals.NO_ANSWER) from None
