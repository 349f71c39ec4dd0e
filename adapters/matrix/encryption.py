"""What a room's encryption asks of a bot: to read what was sealed, and to write nothing in clear where others seal.

`NoEncryption` is the bot without keys; `adapters.matrix.crypto` has them, where `sopwith[e2e]` is installed.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from adapters.matrix.homeserver import Json
from adapters.matrix.rooms import Rooms

UNSEALED: Final = "org.sopwith.unsealed"  # the key that marks what came in clear where others seal
#: What people say; all else of a room is in clear by nature, and says nothing for anybody.
_SAID = frozenset({"m.room.message", "m.reaction"})


async def marked(rooms: Rooms, room: str, events: Sequence[Json]) -> list[Json]:
    """The same events as they came; in an encrypted room, what people said in clear is marked so.

    Whoever runs the server may have written it. Emoji travel in clear in every client.
    """
    if not any(event.get("type") in _SAID for event in events) or not await rooms.is_encrypted(room):
        return list(events)
    return [{**event, UNSEALED: True} if event.get("type") in _SAID else event for event in events]


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
        """The events as they can be read; without those that cannot be yet, which are kept.

        In an encrypted room what came in clear is marked `UNSEALED`.
        """
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
        return await marked(self._rooms, room, events)

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
