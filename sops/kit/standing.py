"""How a far end stands with us, for whoever keeps the bot going."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Standing:
    """`key` names the far end for the machine, `name` for people; `reason` is what went wrong the last time.

    `asked` is how long it asked to be left alone, where that is why.
    """

    key: str
    name: str
    well: bool
    reason: str = ""
    asked: timedelta | None = None


Hear = Callable[[Standing], Awaitable[bool]]
"""Is told how a far end stands; False where that could not be kept, and it is told again after the next call."""
