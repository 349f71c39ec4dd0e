"""What servers may send and nobody means: ordinary payloads with something bent in one place or more.

Made of one number each, so that hypothesis chooses and repeats them, and making one costs next to nothing.
"""

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st


def deep(depth: int) -> Any:
    """A list in a list in a list…"""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


#: Values that broke something somewhere, or might.
ODD: Sequence[Any] = (
    *(None, True, 0, -1, 2**70, 1.5, float("nan"), float("inf")),
    *("", " ", "x" * 20_000, "\ud800", "\0", "a\u202eb", "$" + "y" * 300, "<" * 3_000, "ack", "!x", "m.thread"),
    *([], {}, [[]], [None], {"": None}, {"event_id": 7}, {"event_id": "$1", "text": "x"}, deep(300)),
)


def bent(known: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of the known payloads with values exchanged, or left out, at one to three places; or something else."""
    return st.integers(0, 2**32).map(lambda number: _bent(Random(number), known))  # noqa: S311  # a choice, no secret


def _bent(chance: Random, known: Sequence[Any]) -> Any:
    if chance.random() < 0.05:
        return copy.copy(chance.choice(ODD))
    found = copy.deepcopy(chance.choice(known))
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(found)) or [({"": None}, "")])
        if chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.copy(chance.choice(ODD))
    return found


def _places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    if depth > 12 or not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    inner = [place for key in keys for place in _places(value[key], depth + 1)]
    return [*((value, key) for key in keys), *inner]
