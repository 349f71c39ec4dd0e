"""A chat that may not have been reached yet, so that one that is down at the start holds up nothing else."""

from collections.abc import Sequence
from datetime import datetime

from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError
from sops.kit.message import Card
from sops.kit.ports import Chat, Traits


class LateChat:
    """Implements `Chat`; until `found` was told which one it is, nothing arrives there and FarEndError is raised."""

    def __init__(self, platform: str, traits: Traits) -> None:
        self._platform = platform
        self._traits = traits
        self._chat: Chat | None = None

    def found(self, chat: Chat) -> None:
        self._chat = chat

    @property
    def platform(self) -> str:
        return self._platform

    @property
    def traits(self) -> Traits:
        return self._traits

    async def post(self, key: str, place: Place, card: Card) -> str:
        return await self._reached().post(key, place, card)

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        return await self._reached().find(key, place, since)

    def shown_at(self, ref: str) -> datetime | None:
        return self._reached().shown_at(ref)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        await self._reached().edit(key, place, ref, card)

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        await self._reached().whisper(key, place, to, card)

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        return await self._reached().called(name, among)

    async def is_private(self, place: Place) -> bool:
        return await self._reached().is_private(place)

    async def remove(self, place: Place, ref: str) -> bool:
        return await self._reached().remove(place, ref)

    def _reached(self) -> Chat:
        if self._chat is None:
            raise FarEndError(f"{self._platform} was not reached yet")
        return self._chat
