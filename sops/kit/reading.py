"""What a chat tells the bot that is asked for its news: a stretch of it, and what was left out of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sops.kit.conversation import Event


@dataclass(frozen=True)
class News:
    """Everything up to `upto`, in each channel's order, but what was left out before it.

    `missing` says of a channel from where its history is to be read for that. `odd` events could not be read at all.
    """

    upto: str
    events: Sequence[Event] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    odd: int = 0


@dataclass(frozen=True)
class Page:
    """A piece of a channel's history, oldest first, and where the next begins; None if there is no more."""

    events: Sequence[Event] = ()
    upto: str | None = None
    odd: int = 0
