"""How a far end stands with us, for whoever keeps the bot going."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """`key` names the far end for the machine, `name` for people; `reason` is what went wrong the last time."""

    key: str
    name: str
    well: bool
    reason: str = ""


Hear = Callable[[Standing], Awaitable[bool]]
"""Is told how a far end stands; False where that could not be kept, and it is told again after the next call."""
