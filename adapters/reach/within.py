"""The total time of a call that is made on the event loop itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.reach.threads import OutOfTime


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raises OutOfTime where what is inside takes longer; it is cancelled."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise OutOfTime from error
