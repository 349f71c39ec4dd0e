"""What a room's encryption asks of a bot: to read what was sealed, and to write nothing in clear where others seal.

`NoEncryption` is the bot without keys; `adapters.matrix.crypto` has them, where `sopwith[e2e]` is installed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from adapters.matrix.homeserver import Json
from adapters.matrix.rooms import Rooms


class Encryption(Protocol):
    """Every method may raise from `sops.kit.errors`."""

    async def open(self) -> None:
        """Get ready. Raises ConfigurationError where that cannot be."""
        ...

    async def can_speak(self, room: str) -> bool:
        """What the bot says there is sealed if the room is."""
        ...

    async def take_in(self, told: Json) -> None:
        """Keep the keys that a sync told, and the list of devices."""
        ...

    async def read(self, room: str, events: Sequence[Json]) -> list[Json]:
        """The events in clear; without those that cannot be read yet, which are kept."""
        ...

    async def late(self) -> Mapping[str, list[Json]]:
        """By room, what was kept and can be read by now. It is told again until `accepted`."""
        ...

    async def accepted(self) -> None:
        """What was late is stored."""
        ...

    async def seal(self, room: str, kind: str, content: Json) -> tuple[str, Json]:
        """What to send in place of an event. Raises FarEndRefused where it would have to go in clear."""
        ...

    async def seal_file(self, room: str, data: bytes) -> tuple[bytes, Json | None]:
        """What to upload in place of a file, and how it is opened; None if it is in clear."""
        ...


class NoEncryption:
    """No keys: whatever is sealed is not read, and nothing is said where it would have to be sealed."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def open(self) -> None:
        return None

    async def can_speak(self, room: str) -> bool:
        return not await self._rooms.is_encrypted(room)

    async def take_in(self, told: Json) -> None:
        return None

    async def read(self, room: str, events: Sequence[Json]) -> list[Json]:
        return list(events)

    async def late(self) -> Mapping[str, list[Json]]:
        return {}

    async def accepted(self) -> None:
        return None

    async def seal(self, room: str, kind: str, content: Json) -> tuple[str, Json]:
        await self._rooms.check_plain(room)
        return kind, content

    async def seal_file(self, room: str, data: bytes) -> tuple[bytes, Json | None]:
        await self._rooms.check_plain(room)
        return data, None
