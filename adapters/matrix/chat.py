"""Matrix's side of the chat port: posts, edits, whispers and files, by the client API.

A post's key is its transaction id, so that sending it twice shows one message. Nothing goes in clear into a room that
is encrypted.
"""

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from adapters.matrix.encryption import Encryption
from adapters.matrix.homeserver import Homeserver, Json
from adapters.matrix.pins import Pins
from adapters.matrix.render import LONGEST, Renderer
from adapters.matrix.rooms import Rooms
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.message import Card, line
from sops.kit.ports import Traits

PLATFORM = "matrix"
_KEPT = 200  # times of messages that are asked for at once or never
TRAITS = Traits(keyed=True, overtaken=True, overheard=True, inline_files=False, longest=LONGEST)


class MatrixChat:
    """One account. `handle` names an account as the settings do; `told_at` is the time of an event."""

    def __init__(
        self,
        homeserver: Homeserver,
        renderer: Renderer,
        rooms: Rooms,
        encryption: Encryption,
        handle: Callable[[str], str],
        told_at: Callable[[Json], datetime],
    ) -> None:
        self._homeserver = homeserver
        self._renderer = renderer
        self._rooms = rooms
        self._encryption = encryption
        self._pins = Pins(homeserver)
        self._handle = handle
        self._told_at = told_at
        self._times: OrderedDict[str, datetime] = OrderedDict()

    @property
    def platform(self) -> str:
        return PLATFORM

    @property
    def traits(self) -> Traits:
        return TRAITS

    async def post(self, key: str, place: Place, card: Card) -> str:
        if card.file is not None and not card.lines:
            return await self._upload(key, place, *card.file)
        ref = await self._send(place, self._renderer.content(card), transaction(key))
        if card.buttons:
            await self._note_time(place.channel, ref)
        with suppress(FarEndError):  # it is there; the next edit sees to the pin
            await self._pins.settle(place.channel, ref, card.pinned)
        return ref

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        """Nobody asks: a post is repeated under its key."""
        return None

    def shown_at(self, ref: str) -> datetime | None:
        """By the homeserver's clock, for what can be answered; a yes is told by the same one."""
        return self._times.get(ref)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        """Twice the same edit is one, so each try is a transaction of its own; an edit calls nobody again.

        A client that knows no edits shows the first line as a message of its own.
        """
        await self._pins.settle(place.channel, ref, card.pinned)
        new = self._renderer.content(card)
        first, _, _ = str(new["body"]).partition("\n")
        shown = {"msgtype": new["msgtype"], "body": f"* {first}", "m.mentions": {}}
        relation = {"rel_type": "m.replace", "event_id": ref}
        content = {**shown, "m.new_content": new, "m.relates_to": relation}
        await self._say(place.channel, content, f"sopwith-{uuid.uuid4().hex}")

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        """Matrix has no message for one person alone: a notice that names whom it answers, and calls nobody."""
        first, *rest = card.lines or (line(),)
        named = card.model_copy(update={"lines": (line(f"{self._handle(to.id)}: ", *first), *rest)})
        await self._send(
            place, self._renderer.content(named, pings=False), transaction(key, place.channel, named.plain())
        )

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        """By the directory of aliases; one without a server is of the bot's own."""
        local = name.removeprefix("#")
        alias = f"#{local}" if ":" in local else f"#{local}:{self._homeserver.user.partition(':')[2]}"
        try:
            room = str((await self._homeserver.get("directory", "room", alias))["room_id"])
        except FarEndRefused:  # nothing is called so
            return None
        return room if room in among else None

    async def is_private(self, place: Place) -> bool:
        """An invite-only room whose history is not for everybody; and one that may be written to."""
        try:
            private = await self._rooms.is_private(place.channel)
            return private and await self._encryption.can_speak(place.channel)
        except FarEndRefused:  # the bot is not in it
            return False

    async def remove(self, place: Place, ref: str) -> bool:
        try:
            if not (await self._rooms.powers(place.channel)).may_redact(self._homeserver.user):
                return False
            where = ("rooms", place.channel, "redact", ref, transaction(ref, "redact"))
            await self._homeserver.put(*where, body={})
        except FarEndRefused:
            return False
        return True

    async def _send(self, place: Place, content: dict[str, Any], transaction_id: str) -> str:
        return await self._say(place.channel, {**content, **_in_thread(place)}, transaction_id)

    async def _say(self, room: str, content: Json, transaction_id: str) -> str:
        kind, sealed = await self._encryption.seal(room, "m.room.message", content)
        answer = await self._homeserver.put("rooms", room, "send", kind, transaction_id, body=sealed)
        return str(answer["event_id"])

    async def _upload(self, key: str, place: Place, name: str, text: str) -> str:
        """A file whose message may have been lost is kept twice and shown once."""
        content = text.encode()
        sealed, how = await self._encryption.seal_file(place.channel, content)
        if how is None:
            where: Json = {"url": await self._homeserver.upload(name, sealed, "text/plain; charset=utf-8")}
        else:
            where = {"file": {**how, "url": await self._homeserver.upload("", sealed, "application/octet-stream")}}
        info = {"mimetype": "text/plain", "size": len(content)}
        shown = {"msgtype": "m.file", "body": name, "filename": name, "info": info, "m.mentions": {}, **where}
        return await self._send(place, shown, transaction(key))

    async def _note_time(self, room: str, ref: str) -> None:
        try:
            event = await self._homeserver.event(room, ref)
        except (FarEndError, FarEndRefused):  # then it is as late as our own clock says
            return
        if event is not None:
            self._times[ref] = self._told_at(event)
        while len(self._times) > _KEPT:
            self._times.popitem(last=False)


def transaction(*key: str) -> str:
    """The transaction id of a key, which may hold anything."""
    return "sopwith-" + hashlib.sha256("\0".join(key).encode()).hexdigest()[:40]


def _in_thread(place: Place) -> dict[str, Any]:
    if place.thread is None:
        return {}
    falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": place.thread}}
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": place.thread, **falling_back}}
