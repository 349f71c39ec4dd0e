"""The stage's room in encrypted rooms: people's programs seal what they type, and the owner's opens what is said."""

from pathlib import Path
from typing import Any

from nio.crypto import decrypt_attachment

from tests.conversation.matrix_room import MatrixRoom
from tests.standins.sealed import Programs, Sealed
from tests.standins.synapse import Synapse

SEAL = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class SealedRoom(MatrixRoom):
    """Implements `RoomOnStage`. Everything said in it is sealed on its way and at the homeserver."""

    def __init__(self, server: Synapse, home: Path, version: str | None = None) -> None:
        self.programs = Programs(home / "programs")
        self.store = home / "keys"
        super().__init__(server, home, version)
        self.reader.catch_up()

    def make(self, name: str, *, private: bool, **options: Any) -> str:
        return super().make(name, private=private, initial_state=[SEAL], **options)

    @property
    def reader(self) -> Sealed:
        return self.programs.of(self.owner)

    def program(self, handle: str, room: str) -> Sealed:
        """That person's, in that room."""
        return self.programs.of(self.who(handle, room))

    def say(self, handle: str, room: str, said: str, thread: str | None) -> str:
        return self.program(handle, room).say(room, said, thread, **self._mentions(said))

    def fresh(self) -> list[Any]:
        self.reader.catch_up()
        return super().fresh()

    def opened(self, event: dict[str, Any], room: str) -> dict[str, Any]:
        return self.reader.read(event, room)

    def file(self, content: dict[str, Any]) -> bytes:
        how = content["file"]
        return bytes(
            decrypt_attachment(self.owner.download(how["url"]), how["key"]["k"], how["hashes"]["sha256"], how["iv"])
        )
