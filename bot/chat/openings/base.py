"""What an opening is: the look at the world before a run is planned, and what the run will be about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sops.kit.action import World
from sops.kit.message import Card
from sops.kit.model import Severity, Sop
from sops.kit.policy import Policy
from sops.kit.run import Run


@dataclass(frozen=True)
class Opening:
    """What a run of `sop` will be about. `facts` are what it knows from the beginning.

    Two open runs of one procedure never have the same title, nor the same version where they have one.
    """

    sop: Sop
    title: str
    version: str = ""
    severity: Severity | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    iteration: int = 1  # of a candidate: its number


@dataclass(frozen=True)
class Looks:
    """What an opening may look at; it changes nothing."""

    world: World
    policy: Policy
    parent: Run | None = None  # what it is begun for

    @property
    def private(self) -> bool:
        """It is begun for a run under embargo."""
        return self.parent is not None and self.parent.embargoed


#: From a typed command to what the run is about, or a card that says why not. May raise FarEndError.
Open = Callable[[Any, Looks], Awaitable[Opening | Card]]


@dataclass(frozen=True)
class Beginning:
    """A command's procedure, and how it opens. The procedure's starters alone may begin it."""

    sop: Sop
    open: Open
