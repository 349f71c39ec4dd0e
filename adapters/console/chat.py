"""The console's side of the chat port."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.console.render import render
from adapters.console.room import Room
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndRefused
from sops.kit.message import Card
from sops.kit.ports import Traits

BOT = "sopwith"


class ConsoleChat:
    """Posts into a `Room`, times in the organisation's zone."""

    def __init__(self, room: Room, zone: str) -> None:
        self._room = room
        self._zone = ZoneInfo(zone)

    @property
    def platform(self) -> str:
        return "console"

    async def post(self, key: str, place: Place, card: Card) -> str:
        return self._room.show(key, BOT, place.channel, place.thread, render(card, self._zone))

    @property
    def traits(self) -> Traits:
        return Traits()

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        post = self._room.by_key(key)
        return post.ref if post else None

    def shown_at(self, ref: str) -> datetime | None:
        return None

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        if not self._room.edit(ref, render(card, self._zone)):
            raise FarEndRefused(f"there is no message {ref} in {place.channel}")

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        return name if name in among else None

    async def is_private(self, place: Place) -> bool:
        return place.channel in self._room.private

    async def remove(self, place: Place, ref: str) -> bool:
        return self._room.edit(ref, ["(removed)"])

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        self._room.show(key, BOT, place.channel, place.thread, render(card, self._zone), to=to.id)
