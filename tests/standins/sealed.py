"""A person's program that encrypts: matrix-nio's own client, as people's bots and clients use it."""

import asyncio
import threading
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from nio import AsyncClient, AsyncClientConfig, Event, MegolmEvent, RoomSendResponse
from nio.exceptions import EncryptionError

from tests.standins.synapse import Client

T = TypeVar("T")


class Programs:
    """Where such programs run, beside the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._of: dict[str, Sealed] = {}

    def of(self, client: Client) -> "Sealed":
        """That account's program, on the account's device."""
        if client.user not in self._of:
            folder = self._folder / client.device
            folder.mkdir(parents=True)
            self._of[client.user] = Sealed(client, folder, self)
        return self._of[client.user]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def close(self) -> None:
        for program in self._of.values():
            program.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Sealed:
    """One program. It hears of keys and devices when it catches up."""

    def __init__(self, client: Client, folder: Path, programs: Programs) -> None:
        self._account = client
        self._programs = programs
        self._program = programs.run(_program(client, folder))
        self.catch_up()

    def catch_up(self) -> None:
        self._programs.run(self._catch_up())

    def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        """Send an event, sealed where the room is; returns its id."""
        return self._programs.run(self._send(room, content, kind))

    def say(self, room: str, text: str, thread: str | None = None, **more: Any) -> str:
        content: dict[str, Any] = {"msgtype": "m.text", "body": text, **more}
        if thread is not None:
            falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": thread}}
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread, **falling_back}
        return self.send(room, content)

    def reply(self, room: str, to: str, text: str) -> str:
        """As a client without threads does."""
        return self.say(room, text, **{"m.relates_to": {"m.in_reply_to": {"event_id": to}}})

    def read(self, event: dict[str, Any], room: str) -> dict[str, Any]:
        """The event in clear, with the keys this program has; as it is if it has none."""
        parsed = Event.parse_event(event)
        if not isinstance(parsed, MegolmEvent):
            return event
        parsed.room_id = room
        try:
            opened = self._program.decrypt_event(parsed)
        except EncryptionError:
            return event
        return {**event, **opened.source}

    def withheld(self, room: str, text: str) -> tuple[str, dict[str, Any]]:
        """Sealed, and sent; the key is told to nobody. Returns the event's id and what tells the key."""
        return self._programs.run(self._withheld(room, text))

    def tell_key(self, messages: dict[str, Any]) -> None:
        self._account.ask("PUT", f"sendToDevice/m.room.encrypted/{uuid.uuid4().hex}", messages)

    def close(self) -> None:
        self._programs.run(self._program.close())

    async def _catch_up(self) -> None:
        await self._program.sync(timeout=0, full_state=True)
        if self._program.should_upload_keys:
            await self._program.keys_upload()
        if self._program.should_query_keys:
            await self._program.keys_query()

    async def _send(self, room: str, content: dict[str, Any], kind: str) -> str:
        await self._catch_up()
        sent = await self._program.room_send(room, kind, content, ignore_unverified_devices=True)
        assert isinstance(sent, RoomSendResponse), sent
        return str(sent.event_id)

    async def _withheld(self, room: str, text: str) -> tuple[str, dict[str, Any]]:
        await self._catch_up()
        machine, members = self._program.olm, list(self._program.rooms[room].users)
        missing = machine.get_missing_sessions(members)
        if missing:
            await self._program.keys_claim(missing)
        machine.create_outbound_group_session(room)
        ((_, messages),) = machine.share_group_session_parallel(room, members, ignore_unverified_devices=True)
        machine.outbound_group_sessions[room].mark_as_shared()
        said = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": text}}
        return self._account.send(room, machine.group_encrypt(room, said), "m.room.encrypted"), messages


async def _program(client: Client, folder: Path) -> Any:
    config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
    program = AsyncClient(client.url, client.user, client.device, store_path=str(folder), config=config)
    program.restore_login(client.user, client.device, client.token)
    return program
