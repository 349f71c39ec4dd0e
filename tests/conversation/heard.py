"""What a player heard where nobody hands messages to it: it looks into the chat's rooms."""

from collections.abc import Sequence
from typing import Protocol

from bot.demo.play import Heard
from bot.demo.transcript import PostOnStage, Transcript


class Said(PostOnStage, Protocol):
    """One message, and whether it was shown before and reads differently now."""

    @property
    def edited(self) -> bool: ...


class Rooms(Protocol):
    """Where people of a test write to each other."""

    def fresh(self) -> Sequence[Said]:
        """What is new or reads differently since the last look."""


class RoomHeard(Heard):
    """What was said, read from the rooms whenever somebody asks."""

    def __init__(self, rooms: Rooms, transcript: Transcript) -> None:
        super().__init__()
        self._rooms = rooms
        self._transcript = transcript

    def catch_up(self) -> None:
        for said in self._rooms.fresh():
            self.show(self._transcript.show(said, said.edited))

    def forget(self) -> None:
        self.catch_up()
        super().forget()
