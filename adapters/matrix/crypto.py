"""End-to-end encryption (the extra `sopwith[e2e]`): Matrix's Olm and Megolm, as nio's machine speaks them.

The machine keeps its keys in a database of its own; every request is ours (see `adapters.matrix.homeserver`). What a
key opens counts as said by somebody only if the key is that of one of their devices, by the homeserver's list of
them. Everybody's devices in a room are written to, whether or not somebody verified them; docs/matrix.md says more.

https://spec.matrix.org/v1.11/client-server-api/#end-to-end-encryption
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vodozemac
from nio.crypto import Olm, encrypt_attachment
from nio.event_builders import ToDeviceMessage
from nio.events import Event, MegolmEvent, ToDeviceEvent
from nio.exceptions import EncryptionError, LocalProtocolError
from nio.responses import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse, ToDeviceResponse
from nio.store import SqliteStore
from peewee import PeeweeException

from adapters.matrix.encryption import marked
from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.rooms import Rooms
from adapters.matrix.told import a_dict, sane
from adapters.matrix.unread import Unread
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused
from sops.kit.outside import is_flat, usable_id

SEALED = "m.room.encrypted"
#: What the machine raises at something that is not what it says it is; such a thing is left aside.
_GARBAGE = (
    EncryptionError,
    LocalProtocolError,
    vodozemac.DecodeException,
    vodozemac.KeyException,
    vodozemac.OlmDecryptionException,
    vodozemac.MegolmDecryptionException,
    vodozemac.SessionCreationException,
    vodozemac.SessionKeyDecodeException,
    AssertionError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
_log = logging.getLogger(__name__)


class Crypto:
    """Implements `Encryption` for one device. `folder` keeps its keys, under the passphrase `key`."""

    def __init__(self, homeserver: Homeserver, rooms: Rooms, device: str, folder: Path, key: str) -> None:
        self._homeserver = homeserver
        self._rooms = rooms
        self._device = device
        self._folder = folder
        self._key = key
        self._unread = Unread(folder / "unread.json")
        self._late: dict[str, list[Json]] = {}
        self._news = True  # keys came since what is unread was last tried
        self._shared: dict[str, frozenset[tuple[str, str]]] = {}
        self._opened: Olm | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def fingerprint(self) -> str:
        """By which people verify the bot's device; it stands in a file beside the keys."""
        return str(self._olm.account.identity_keys["ed25519"])

    @property
    def _olm(self) -> Any:
        if self._opened is None:
            raise ConfigurationError("Matrix: the keys are not open.")
        return self._opened

    async def open(self) -> None:
        """Raises ConfigurationError where the keys cannot be read, or are not those of this device."""
        if self._opened is not None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store = SqliteStore(self._homeserver.user, self._device, str(self._folder), pickle_key=self._key)
            self._opened = Olm(self._homeserver.user, self._device, store)
            self._unread.load()
            (self._folder / "fingerprint").write_text(f"{self.fingerprint}\n", encoding="utf-8")
        except (OSError, ValueError, PeeweeException, vodozemac.PickleException) as problem:
            raise ConfigurationError(
                f"matrix.store: the keys in {self._folder} cannot be read ({type(problem).__name__}): it wants the "
                "SOPWITH_MATRIX__STORE_KEY it was made with, and a directory of the bot's own."
            ) from problem
        async with self._one_at_a_time:
            await self._check_device()
            await self._upload_keys()

    async def can_speak(self, room: str) -> bool:
        return True

    async def take_in(self, told: Json) -> None:
        async with self._one_at_a_time:
            left = a_dict(told.get("device_one_time_keys_count")).get("signed_curve25519", 0)
            if "device_one_time_keys_count" in told and isinstance(left, int):
                self._olm.uploaded_key_count = left
            for event in _listed(a_dict(told.get("to_device")).get("events")):
                self._take(event)
            changed = _listed(a_dict(told.get("device_lists")).get("changed"))
            self._olm.add_changed_users({user for each in changed if (user := usable_id(each))})
            try:
                await self._upload_keys()
                await self._mend()
            except (FarEndError, FarEndRefused) as problem:  # what was said must be heard all the same
                _log.warning("Matrix: keys could not be told; the next sync tries again: %s", problem)

    def _take(self, event: object) -> None:
        """A message from one device to this one: most often a key. One told twice fails the second time, unharmed."""
        self._news = True
        if not isinstance(event, dict) or not is_flat(event):
            return
        try:
            parsed = ToDeviceEvent.parse_event(event)
            if parsed is not None:
                self._olm.handle_to_device_event(parsed)
        except _GARBAGE as problem:
            _log.warning(
                "Matrix: a key from %s could not be read: %s", usable_id(event.get("sender")), type(problem).__name__
            )

    async def read(self, room: str, events: Sequence[Json]) -> list[Json]:
        readable, sealed = [], []
        for event in await marked(self._rooms, room, events):
            foreign = event.get("type") == SEALED and event.get("sender") != self._homeserver.user
            opened = await self._read(room, event) if foreign else event
            if opened is not None:
                readable.append(opened)
            else:
                sealed.append(event)
        if sealed:
            first = sealed[0]
            _log.warning(
                "Matrix: %d events in %s cannot be read yet; the first is %s of %s",
                *(len(sealed), room, first["event_id"], first["sender"]),
            )
            self._unread.keep(room, sealed)
        return readable

    async def late(self) -> Mapping[str, list[Json]]:
        if self._news:
            self._late, self._news = {}, False
            for room, event in self._unread.events:
                opened = await self._read(room, event)
                if opened is not None:
                    self._late.setdefault(room, []).append(opened)
        return self._late

    async def accepted(self) -> None:
        self._unread.forget(self._late)
        self._late = {}

    async def _read(self, room: str, event: Json) -> Json | None:
        """The event in clear; None if its key is not here (yet), or is not one of its sender's."""
        async with self._one_at_a_time:
            try:
                parsed = Event.parse_event(event)
                if not isinstance(parsed, MegolmEvent):
                    return None
                opened = self._olm.decrypt_megolm_event(parsed, room)
            except _GARBAGE:
                return None
            if not await self._is_senders(room, parsed):
                return None
        readable, _ = sane([{**opened.source, "unsigned": event.get("unsigned") or {}}])
        return readable[0] if readable else None

    async def _is_senders(self, room: str, event: Any) -> bool:
        if self._device_of(event) is None:
            self._olm.add_changed_users({event.sender})
            try:
                await self._query()
            except (FarEndError, FarEndRefused):  # it stays unread until the list can be had
                self._news = True
        device = self._device_of(event)
        session = self._olm.inbound_group_store.get(room, event.sender_key, event.session_id)
        return device is not None and (device.curve25519, device.ed25519) == (event.sender_key, session.ed25519)

    def _device_of(self, event: Any) -> Any:
        devices = self._olm.device_store.active_user_devices(event.sender)
        return next((device for device in devices if device.id == event.device_id), None)

    async def seal(self, room: str, kind: str, content: Json) -> tuple[str, Json]:
        """What it is about stays in clear, as the protocol wants it."""
        if not await self._rooms.is_encrypted(room):
            return kind, content
        async with self._one_at_a_time:
            await self._share(room)
            sealed: Json = self._olm.group_encrypt(room, {"type": kind, "content": content})
        about = {"m.relates_to": content["m.relates_to"]} if "m.relates_to" in content else {}
        return SEALED, {**sealed, **about}

    async def seal_file(self, room: str, data: bytes) -> tuple[bytes, Json | None]:
        if not await self._rooms.is_encrypted(room):
            return data, None
        sealed, how = encrypt_attachment(data)
        return sealed, how

    async def _share(self, room: str) -> None:
        """Every device in the room has the key, and nobody who left: else there is a new one."""
        members = sorted((await self._homeserver.get("rooms", room, "joined_members"))["joined"])
        self._olm.add_changed_users(set(members) - self._olm.tracked_users)
        await self._query()
        there = frozenset(
            (user, device.id) for user in members for device in self._olm.device_store.active_user_devices(user)
        )
        if self._shared.get(room) != there:
            self._olm.outbound_group_sessions.pop(room, None)
        if not self._olm.should_share_group_session(room):
            return
        missing = self._olm.get_missing_sessions(members)
        if missing:
            await self._claim(missing)
        for receivers, messages in self._olm.share_group_session_parallel(
            room, members, ignore_unverified_devices=True
        ):
            await self._tell_devices(SEALED, messages)
            self._olm.outbound_group_sessions[room].users_shared_with.update(receivers)
        self._olm.outbound_group_sessions[room].mark_as_shared()
        self._shared[room] = there

    async def _check_device(self) -> None:
        asked = {"device_keys": {self._homeserver.user: [self._device]}}
        answer = await self._homeserver.post("keys", "query", body=asked)
        known = answer.get("device_keys", {}).get(self._homeserver.user, {}).get(self._device)
        theirs = (known or {}).get("keys", {}).get(f"ed25519:{self._device}")
        if theirs is not None and theirs != self.fingerprint:
            raise ConfigurationError(
                f"matrix.store: the homeserver knows other keys for the device {self._device} than {self._folder} "
                "holds: that directory was lost or is another's. Bring it back, or log in as a new device."
            )

    async def _upload_keys(self) -> None:
        """Stored before they are published: a key that others have is never one we do not have."""
        if self._olm.should_upload_keys:
            content = self._olm.share_keys()
            self._olm.save_account()
            answer = await self._homeserver.post("keys", "upload", body=content)
            self._olm.handle_response(_understood(KeysUploadResponse, answer))

    async def _query(self) -> None:
        users = sorted(self._olm.users_for_key_query)
        if users:
            asked: Json = {"device_keys": {user: [] for user in users}}
            answer = await self._homeserver.post("keys", "query", body=asked)
            self._olm.handle_response(_understood(KeysQueryResponse, answer))
            self._olm.users_for_key_query.clear()  # whose server is down is asked for at the next message

    async def _claim(self, missing: Mapping[str, Sequence[str]]) -> None:
        wanted = {user: dict.fromkeys(devices, "signed_curve25519") for user, devices in missing.items()}
        answer = await self._homeserver.post("keys", "claim", body={"one_time_keys": wanted})
        self._olm.handle_response(_understood(KeysClaimResponse, answer))

    async def _mend(self) -> None:
        """Begin anew with devices whose messages cannot be read, and ask for keys that were missed."""
        if self._olm.wedged_devices:
            await self._claim(self._olm.get_users_for_key_claiming())
        for message in list[ToDeviceMessage](self._olm.outgoing_to_device_messages):
            await self._tell_devices(message.type, message.as_dict())
            self._olm.handle_response(ToDeviceResponse(message))

    async def _tell_devices(self, kind: str, messages: Json) -> None:
        await self._homeserver.put("sendToDevice", kind, uuid.uuid4().hex, body=messages)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _understood(kind: Any, answer: Json) -> Any:
    """Raises FarEndError for an answer that is not of that kind."""
    response = kind.from_dict(answer)
    if not isinstance(response, kind):
        raise FarEndError("the homeserver's answer about keys cannot be understood")
    return response
