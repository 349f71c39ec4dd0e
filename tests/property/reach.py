"""Everything the bot does outside its own head passes here and may go wrong: the bot dies, an answer is lost.

One fault is set at a time and strikes at the n-th call of its kind. After a death every further call dies too,
until `revive`: the dead do nothing, not even what stands in their `finally`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, TypeVar

from bot.demo.stage import Died
from sops.kit.errors import FarEndError, OutcomeUnknown
from sops.kit.stores import Store, Transaction

T = TypeVar("T")


class Kind(StrEnum):
    """What may go wrong. The values name the events a test counts."""

    DIE_BEFORE = "died before a call"
    DIE_INSIDE = "died inside a transaction"
    DIE_AFTER = "died after a call"
    LOST_ANSWER = "done, the answer lost"
    LOST_REQUEST = "not done, outcome unknown"
    UNREACHABLE = "far end unreachable"
    MEANWHILE = "the world moved meanwhile"


class On(StrEnum):
    """Which calls are counted."""

    ANY = "any"
    WRITE = "write"
    READ = "read"
    COMMIT = "commit"
    SAY = "say"


#: What may strike at a transaction as well as at the outside; the rest is of one of them only.
ANYWHERE = {Kind.DIE_BEFORE, Kind.DIE_AFTER, Kind.MEANWHILE}


@dataclass(frozen=True)
class Fault:
    """`kind` strikes at call number `at` (from 0) among those of `on`; a lasting one at every later one too."""

    kind: Kind
    on: On
    at: int
    lasts: bool = False


class Reach:
    """The one way out. `meanwhile` is what the world does when a fault of that kind strikes."""

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()
        self.meanwhile: Callable[[], None] = lambda: None
        self.dead = False
        self._fault: Fault | None = None
        self._calls: Counter[On] = Counter()

    def set(self, fault: Fault | None) -> None:
        self._fault = fault
        self._calls.clear()

    def revive(self) -> None:
        self.dead = False

    async def read(self, deed: Callable[[], T]) -> T:
        kind = self._next(On.READ)
        self._before(kind)
        found = deed()
        self._after(kind)
        return found

    async def write(self, deed: Callable[[], T]) -> T:
        kind = self._next(On.WRITE)
        self._before(kind)
        made = deed()
        self._after(kind)
        return made

    async def say(self, deed: Callable[[], Awaitable[T]]) -> T:
        kind = self._next(On.SAY)
        self._before(kind)
        ref = await deed()
        self._after(kind)
        return ref

    async def commit(self, commit: Callable[[Callable[[Transaction], T]], Awaitable[T]], work: Callable[..., T]) -> T:
        kind = self._next(On.COMMIT)
        self._before(kind)
        if kind is not Kind.DIE_INSIDE:
            made = await commit(work)
            self._after(kind)
            return made

        def dies(tx: Transaction) -> T:
            work(tx)
            self._die()

        return await commit(dies)

    def alive(self) -> None:
        if self.dead:
            raise Died

    def _next(self, on: On) -> Kind | None:
        """The fault of this call, if it is its turn; used up then."""
        self.alive()
        fault = self._fault
        if fault is None or fault.on not in {On.ANY, on}:
            return None
        self._calls[fault.on] += 1
        if self._calls[fault.on] <= fault.at:
            return None
        if (on is On.COMMIT) != (fault.kind is Kind.DIE_INSIDE) and fault.kind not in ANYWHERE:
            return None
        self._fault = fault if fault.lasts else None
        self.struck[fault.kind] += 1
        return fault.kind

    def _before(self, kind: Kind | None) -> None:
        if kind is Kind.MEANWHILE:
            self.meanwhile()
        if kind is Kind.DIE_BEFORE:
            self._die()
        if kind is Kind.UNREACHABLE:
            raise FarEndError("the far end cannot be reached")
        if kind is Kind.LOST_REQUEST:
            raise OutcomeUnknown("no answer came")

    def _after(self, kind: Kind | None) -> None:
        if kind is Kind.DIE_AFTER:
            self._die()
        if kind is Kind.LOST_ANSWER:
            raise OutcomeUnknown("no answer came")

    def _die(self) -> NoReturn:
        self.dead = True
        raise Died


class MortalStore:
    """The real store, seen by a bot that may die before, inside or after a transaction."""

    def __init__(self, store: Store, reach: Reach) -> None:
        self._store = store
        self._reach = reach

    async def transact(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        return await self._reach.commit(self._store.transact, work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        self._reach.alive()
        return await self._store.read(work)

    async def close(self) -> None:
        """The file outlives the bot."""
