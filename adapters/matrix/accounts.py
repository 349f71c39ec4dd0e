"""Who is who: the settings' handles and full user ids (@name:server), which nobody else can have."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accounts:
    """The people the settings know, from user id to handle."""

    known: Mapping[str, str] = field(default_factory=dict)

    def handle(self, user: str) -> str:
        """How the settings call this user; the id without its @ if they do not."""
        return self.known.get(user, user.removeprefix("@"))

    def user(self, handle: str) -> str | None:
        """The id by which this person can be mentioned."""
        return next((user for user, known in self.known.items() if known == handle), None)
