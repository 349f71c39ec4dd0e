"""What handlers share: who speaks, and how a refusal leaves everything as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.engine.desk import Desk
from sops.kit.conversation import Actor
from sops.kit.message import Card
from sops.kit.people import Person


@dataclass(frozen=True)
class Speaker:
    """Who said it: an account, and the person behind it if the settings name one."""

    actor: Actor
    person: Person | None

    @property
    def handle(self) -> str:
        """What the run calls this person; a stranger is called by the account's id."""
        return self.person.handle if self.person else self.actor.id

    @property
    def record(self) -> str:
        """How the ledger names who did it: the person, and the account used."""
        return f"{self.handle} ({self.actor})"


@dataclass(frozen=True)
class Refused:
    """Nothing was changed; `card` says why, to the speaker alone."""

    card: Card


#: Changes the desk's run, or refuses before changing anything.
Handler = Callable[[Desk, Speaker, Any], Refused | None]
