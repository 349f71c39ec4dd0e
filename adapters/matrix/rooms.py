"""What holds of a room, by its state: who may come in, who may do what, whether it is encrypted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.told import a_dict
from sops.kit.errors import FarEndRefused

ENCRYPTED = "the room is encrypted, and this bot has no keys: it says nothing there"
INSTEAD = "Name a room without encryption, or install sopwith[e2e] and set matrix.store; docs/matrix.md says more."


@dataclass(frozen=True)
class Powers:
    """Who may do what. From room version 12 on those who made the room may do anything, whatever its levels say."""

    creators: frozenset[str]
    almighty: bool
    levels: Mapping[str, Any] | None

    def of(self, user: str) -> float:
        if user in self.creators and (self.almighty or self.levels is None):
            return math.inf if self.almighty else 100
        levels = self.levels or {}
        return _level(a_dict(levels.get("users")).get(user), self._needed("users_default", 0))

    def may_redact(self, user: str) -> bool:
        """Take away what others wrote."""
        return self.of(user) >= max(self._needed("redact", 50), self._for_event("m.room.redaction", 0))

    def may_put(self, user: str, kind: str) -> bool:
        """Set a state of that kind."""
        return self.of(user) >= self._for_event(kind, self._needed("state_default", 50 if self.levels else 0))

    def _needed(self, what: str, default: float) -> float:
        return _level((self.levels or {}).get(what), default)

    def _for_event(self, kind: str, default: float) -> float:
        events = a_dict((self.levels or {}).get("events"))
        return _level(events.get(kind), max(default, self._needed("events_default", 0)))


def _level(found: object, default: float) -> float:
    """Rooms of old versions have levels in words as well; what is no number at all counts as not set."""
    try:
        return float(found) if isinstance(found, int | float | str) else default
    except (ValueError, OverflowError):
        return default


def powers(create: Mapping[str, Any], levels: Mapping[str, Any] | None) -> Powers:
    """From the whole event that made the room, and the content of its power levels."""
    content = a_dict(create.get("content"))
    version = str(content.get("room_version", "1"))
    almighty = version.isdecimal() and len(version) < 10 and int(version) >= 12
    more = content.get("additional_creators") if almighty else ()
    creators = frozenset(
        str(each) for each in (create.get("sender"), *(more if isinstance(more, list) else ())) if each
    )
    return Powers(creators, almighty, levels)


class Rooms:
    """Asks the homeserver each time, but for what cannot change back: a room never ceases to be encrypted."""

    def __init__(self, homeserver: Homeserver) -> None:
        self._homeserver = homeserver
        self._encrypted: set[str] = set()

    async def is_encrypted(self, room: str) -> bool:
        if room not in self._encrypted and await self._homeserver.state(room, "m.room.encryption") is not None:
            self._encrypted.add(room)
        return room in self._encrypted

    async def check_plain(self, room: str) -> None:
        """Raises FarEndRefused for an encrypted room, in which plain text would be seen by the homeserver."""
        if await self.is_encrypted(room):
            raise FarEndRefused(ENCRYPTED)

    async def is_private(self, room: str) -> bool:
        """Nobody comes in without an invitation, and nobody reads without having come in."""
        rule = (await self._homeserver.state(room, "m.room.join_rules") or {}).get("join_rule", "")
        seen = (await self._homeserver.state(room, "m.room.history_visibility") or {}).get("history_visibility", "")
        return bool(rule == "invite" and seen != "world_readable")

    async def powers(self, room: str) -> Powers:
        create: Json = await self._homeserver.get("rooms", room, "state", "m.room.create", "", format="event")
        return powers(create, await self._homeserver.state(room, "m.room.power_levels"))
