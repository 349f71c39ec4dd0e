"""What a sync left out of its rooms, read from their history: forwards, page by page, from where the last page ended.

Each room is read for itself, in its own order, a few side by side; those in which incidents are told come first, and
none waits for ever. A page and where it ends are stored together, so whatever befalls goes on from there.
"""

import asyncio
import heapq
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Protocol

from adapters.matrix.encryption import Encryption
from adapters.matrix.errors import TokenUnknown
from adapters.matrix.events import KINDS, Translator
from adapters.matrix.homeserver import Homeserver
from adapters.matrix.patience import pause_after
from adapters.matrix.told import sane
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.reading import Page

PAGE = 100  # events a homeserver tells at once; it allows no more
AT_ONCE = 4  # rooms
_EMPTY = 1_000  # pages in a row without an event, after which there is nothing more
_REFUSALS = 5  # in a row, after which what is left of a room's history is given up
_LOOK_AGAIN = 20  # pages between two looks at where incidents are told
_log = logging.getLogger(__name__)


class Books(Protocol):
    """Where pages come in, and what is known of how far they were read."""

    async def behind(self) -> Mapping[str, str]: ...
    async def page(self, room: str, page: Page, /) -> None: ...
    async def pressing(self) -> Collection[str]: ...


class Backlog:
    """Reads for one account. `served` are the ids of its rooms; `sleep` waits some seconds."""

    def __init__(
        self,
        homeserver: Homeserver,
        encryption: Encryption,
        translator: Translator,
        books: Books,
        served: Collection[str],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._homeserver = homeserver
        self._encryption = encryption
        self._translator = translator
        self._books = books
        self._served = served
        self._sleep = sleep
        self._turns = Turns(AT_ONCE)
        self._pressing: Collection[str] = ()
        self._pages = 0
        self._empty: dict[str, int] = {}
        self._grown = asyncio.Event()

    def grew(self) -> None:
        """A room may be behind by now."""
        self._grown.set()

    async def run(self) -> None:
        """Read until cancelled."""
        reading: set[str] = set()
        async with asyncio.TaskGroup() as rooms:
            while True:
                self._grown.clear()
                self._pressing = await self._books.pressing()
                for room in set(await self._books.behind()) & set(self._served) - reading:
                    reading.add(room)
                    rooms.create_task(self._catch_up(room, reading))
                await self._grown.wait()

    async def catch_up(self) -> None:
        """Read everything there is to read now. Raises FarEndError and FarEndRefused."""
        for room in await self._books.behind():
            while room in self._served and await self.read_on(room):
                pass

    async def _catch_up(self, room: str, reading: set[str]) -> None:
        failures = refusals = 0
        more = True
        while more:
            try:
                async with self._turns.turn(room, first=room in self._pressing):
                    more = await self.read_on(room)
                failures = refusals = 0
            except FarEndRefused as refusal:
                refusals += 1
                if refusals >= _REFUSALS:
                    _log.error("Matrix: the rest of what was missed in %s cannot be read: %s", room, refusal)
                    await self._books.page(room, Page())
                    break
                await self._sleep(pause_after(refusals))
            except FarEndError as problem:
                failures += 1
                pause = pause_after(failures, problem.retry_after)
                quiet = logging.DEBUG if isinstance(problem, TokenUnknown) else logging.WARNING
                _log.log(quiet, "Matrix: what was missed in %s: %s; the next try is in %.0f s", room, problem, pause)
                await self._sleep(pause)
        reading.discard(room)
        self.grew()

    async def read_on(self, room: str) -> bool:
        """One page; whether there may be more. Raises FarEndError and FarEndRefused, and then nothing is stored."""
        start = (await self._books.behind()).get(room)
        if start is None:
            return False
        self._pages += 1
        if self._pages % _LOOK_AGAIN == 0:
            self._pressing = await self._books.pressing()
        only = json.dumps({"types": list(KINDS)})
        page = await self._homeserver.get(
            "rooms", room, "messages", wait=0.0, **{"from": start}, dir="f", limit=str(PAGE), filter=only
        )
        events, odd = sane(page.get("chunk"))
        heard = await self._translator.events(room, await self._encryption.read(room, events))
        end = page.get("end")
        self._empty[room] = 0 if events or odd else self._empty.get(room, 0) + 1
        goes_on = isinstance(end, str) and end not in ("", start) and self._empty[room] < _EMPTY
        await self._books.page(room, Page(heard.events, str(end) if goes_on else None, odd + heard.odd))
        return goes_on


class Turns:
    """Lets so many in at once. Whoever had least has the next turn; a turn of the `first` counts a quarter."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._had: dict[str, int] = {}
        self._level = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def turn(self, who: str, *, first: bool) -> AsyncIterator[None]:
        had = max(self._had.get(who, 0), self._level)
        self._had[who] = had + (1 if first else 4)
        if self._free:
            self._free -= 1
        else:
            waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (self._had[who], next(self._numbers), waits))
            try:
                await waits
            except asyncio.CancelledError:
                if waits.done() and not waits.cancelled():
                    self._pass_on()
                raise
        try:
            yield
        finally:  # soon, so that whoever leaves may be among those who ask for the next turn
            asyncio.get_running_loop().call_soon(self._pass_on)

    def _pass_on(self) -> None:
        while self._waiting:
            self._level, _, waits = heapq.heappop(self._waiting)
            if not waits.done():
                waits.set_result(None)
                return
        self._free += 1
