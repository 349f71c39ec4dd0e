"""A rehearsal: the real chat before a far end of paper. Every message says so."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.replies.phrases import REHEARSAL
from sops.kit.conversation import Actor, Place
from sops.kit.message import Card, bold, line
from sops.kit.ports import Chat, Traits


class Rehearsed:
    """A chat whose every card begins with the word, so that nobody takes it for the real thing."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    @property
    def platform(self) -> str:
        return self._chat.platform

    async def post(self, key: str, place: Place, card: Card) -> str:
        return await self._chat.post(key, place, _marked(card))

    @property
    def traits(self) -> Traits:
        return self._chat.traits

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        return await self._chat.find(key, place, since)

    def shown_at(self, ref: str) -> datetime | None:
        return self._chat.shown_at(ref)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        await self._chat.edit(key, place, ref, _marked(card))

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        await self._chat.whisper(key, place, to, _marked(card))

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        return await self._chat.called(name, among)

    async def is_private(self, place: Place) -> bool:
        return await self._chat.is_private(place)

    async def remove(self, place: Place, ref: str) -> bool:
        return await self._chat.remove(place, ref)


def _marked(card: Card) -> Card:
    first, *rest = card.lines or (line(),)
    return card.model_copy(update={"lines": (line(bold(f"{REHEARSAL} "), *first), *rest)})
