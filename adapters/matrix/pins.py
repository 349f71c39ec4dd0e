"""The summaries of runs that go on, among a room's pinned messages, where the bot may pin."""

from adapters.matrix.homeserver import Homeserver
from sops.kit.errors import FarEndRefused

PINNED = "m.room.pinned_events"


class Pins:
    """Leaves what others pinned as it is. Remembers what it saw to, so that an edit does not ask again."""

    def __init__(self, homeserver: Homeserver) -> None:
        self._homeserver = homeserver
        self._settled: dict[str, bool] = {}

    async def settle(self, room: str, ref: str, pinned: bool | None) -> None:
        """Pin the message or take the pin away; None is a message that is nobody's root.

        A room that does not let the bot pin is left as it is. Raises FarEndError where the homeserver is in trouble.
        """
        if pinned is None or self._settled.get(ref) is pinned:
            return
        try:
            found = await self._homeserver.state(room, PINNED) or {}
            there = [str(each) for each in found.get("pinned") or ()]
            if (ref in there) is not pinned:
                wanted = [*there, ref] if pinned else [each for each in there if each != ref]
                await self._homeserver.put("rooms", room, "state", PINNED, "", body={**found, "pinned": wanted})
        except FarEndRefused:
            pass  # the doctor says so; no message waits for it
        self._settled[ref] = pinned
