"""Finds the channel that `!mirror` names: by the settings' name of it, its id, or what its own chat calls it.

Only channels of the settings are ever found, and a private run only goes where the chat says that nobody else reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.chat import commands
from bot.chat.replies import mirrors, refusals
from sops.kit.conversation import Place
from sops.kit.message import Card
from sops.kit.patterns import Pattern
from sops.kit.ports import Chat
from sops.kit.run import Run

_NAMED = Pattern(r"(?s)([a-z]+):(.+)")
_MATRIX_OWN = Pattern(r"(?s)!.+|#[^:]+:.+")


class Mirroring:
    """`channels` maps, for each chat, a procedure's channel to the chat's name of it."""

    def __init__(self, chats: Mapping[str, Chat], channels: Mapping[str, Mapping[str, str]]) -> None:
        self._chats = chats
        self._channels = channels

    async def aim(self, run: Run, command: commands.Mirror) -> commands.Mirror | Card:
        """The command with the channel it means, or why it means none. May raise FarEndError and FarEndRefused."""
        prefix, wanted = self._read(command.where)
        if prefix and prefix not in self._chats:
            return refusals.refused(mirrors.no_chat(prefix, list(self._chats)))
        asked = [prefix] if prefix else self._likely(run, wanted)
        found = [place for platform in asked if (place := await self._find(platform, wanted)) is not None]
        if not found:
            there = [f"{platform}:#{name}" for platform in asked for name in self._channels.get(platform, {})]
            return refusals.refused(mirrors.no_channel(command.where, there))
        if len(found) > 1:
            return refusals.refused(mirrors.which(command.where, [self._name(place) for place in found]))
        if run.private and not await self._chats[found[0].platform].is_private(found[0]):
            return refusals.refused(mirrors.NOT_PRIVATE)
        return replace(command, place=found[0], name=self._name(found[0]), home=self._name(run.place))

    def _read(self, where: str) -> tuple[str, str]:
        """The chat that is named, if one is, and the channel."""
        found = _NAMED.fullmatch(where)
        return (found[1], found[2]) if found else ("", where)

    def _likely(self, run: Run, wanted: str) -> Sequence[str]:
        """Without a chat's name: the one whose channels are spelled so, else those the run is not told in yet."""
        if _MATRIX_OWN.fullmatch(wanted) and "matrix" in self._chats:
            return ["matrix"]
        told = {place.platform for place in run.places}
        return [platform for platform in self._chats if platform not in told] or list(self._chats)

    async def _find(self, platform: str, wanted: str) -> Place | None:
        ours = self._channels.get(platform, {})
        channel = ours.get(wanted.removeprefix("#").lower()) or (wanted if wanted in ours.values() else None)
        if channel is None:
            channel = await self._chats[platform].called(wanted, tuple(ours.values()))
        return Place(platform=platform, channel=channel) if channel is not None else None

    def _name(self, place: Place) -> str:
        """How people call that channel, wherever they are."""
        ours = self._channels.get(place.platform, {})
        name = next((f"#{name}" for name, channel in ours.items() if channel == place.channel), place.channel)
        return f"{place.platform}:{name}"
