"""What was read of objects. An object's name says what it holds, so an answer about it stays true for ever."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 512  # answers kept; the one not asked for the longest goes first
LARGEST = 256 * 1024  # bytes of a file that is kept


class Remembered:
    """The answers given last. For one event loop: nothing here is locked."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    async def once(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer kept under `key`, else what `ask` returns, kept. What it raises is raised each time."""
        if key in self._answers:
            self._answers.move_to_end(key)
            kept: T = self._answers[key]
            return kept
        answer = await ask()
        if not isinstance(answer, bytes) or len(answer) <= LARGEST:
            self._answers[key] = answer
            while len(self._answers) > MOST:
                self._answers.popitem(last=False)
        return answer
