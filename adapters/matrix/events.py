"""Matrix's events as ours: who, where, what, and the event's own id as the key that a second delivery has too.

Notices are bots speaking and no events, nor is what the bot itself said. What an edit or a redaction is about is looked
up among what was journaled, since the homeserver empties what was redacted: what is not there never acted.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from adapters.matrix.chat import PLATFORM
from adapters.matrix.homeserver import Json
from adapters.matrix.text import emoji, read
from sops.kit.conversation import Actor, Event, Place

#: What the bot is told of at all; the rest of a room's life is none of its business.
KINDS = (
    "m.room.message",
    "m.room.encrypted",
    "m.reaction",
    "m.room.redaction",
    "m.room.member",
    "m.room.encryption",
)

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
_log = logging.getLogger(__name__)


class Translator:
    """For one account. `known` finds an event that was journaled, `lookup` asks the homeserver for one."""

    def __init__(
        self,
        user: str,
        handle: Callable[[str], str],
        told_at: Callable[[Json], datetime],
        known: Callable[[str], Awaitable[Event | None]],
        lookup: Callable[[str, str], Awaitable[Json | None]],
    ) -> None:
        self._user = user
        self._handle = handle
        self._told_at = told_at
        self._known = known
        self._lookup = lookup

    async def events(self, room: str, timeline: Sequence[Json]) -> list[Event]:
        """What was said in a room, in its order, from the moment the bot was let in if that is among it."""
        came = [number for number, each in enumerate(timeline) if self._is_our_coming(each)]
        found: dict[str, Event] = {}
        for told in timeline[came[-1] if came else 0 :]:
            try:
                event = await self._event(room, told, found)
            except _MALFORMED as problem:  # anybody may send anything; it must not stop what others say
                _log.warning("Matrix: an event in %s cannot be read: %s", room, type(problem).__name__)
                continue
            if event is not None:
                found[event.dedupe_key] = event
        return list(found.values())

    async def _event(self, room: str, told: Json, batch: dict[str, Event]) -> Event | None:
        content = told.get("content") or {}
        if told.get("sender") in {None, self._user} or not isinstance(content, dict):
            return None

        async def earlier(about: object) -> Event | None:
            key = _key(room, str(about))
            return batch.get(key) or await self._known(key)

        relation = _dict(content.get("m.relates_to"))
        match told.get("type"):
            case "m.reaction" if relation.get("rel_type") == "m.annotation" and relation.get("event_id"):
                text, about = emoji(str(relation.get("key", ""))), str(relation["event_id"])
                return self._made(room, told, kind="reaction", text=text, about=about)
            case "m.room.redaction":
                return self._taken_away(room, told, await earlier(told.get("redacts") or content.get("redacts")))
            case "m.room.message" if relation.get("rel_type") == "m.replace":
                return self._edited(
                    room, told, _dict(content.get("m.new_content")), await earlier(relation["event_id"])
                )
            case "m.room.message" if content.get("msgtype") == "m.text":
                text, addressed = read(content, self._user, self._handle)
                thread = await self._thread(room, relation)
                ref = str(told["event_id"])
                return self._made(
                    room, told, kind="message", text=text, addressed=addressed, thread=thread, message_ref=ref
                )
            case _:
                return None

    def _edited(self, room: str, told: Json, new: Json, before: Event | None) -> Event | None:
        """The author's own edit; clients show no other."""
        if before is None or before.kind != "message" or before.actor.id != told["sender"]:
            return None
        text, addressed = read(new, self._user, self._handle)
        where, original = before.place.thread, before.dedupe_key
        return self._made(room, told, kind="edit", text=text, addressed=addressed, thread=where, original=original)

    def _taken_away(self, room: str, told: Json, before: Event | None) -> Event | None:
        """A reaction taken back by who gave it, or a message that somebody removed."""
        if before is None:
            return None
        if before.kind == "reaction" and before.actor.id == told["sender"]:
            return self._made(room, told, kind="unreaction", text=before.text, about=before.about)
        if before.kind == "message":
            return self._made(
                room, told, kind="deletion", text="", thread=before.place.thread, original=before.dedupe_key
            )
        return None

    async def _thread(self, room: str, relation: Json) -> str | None:
        """The root of the thread. A plain reply stands where what it answers stands, if it answers the bot."""
        if relation.get("rel_type") == "m.thread":
            return str(relation.get("event_id"))
        answered = _dict(relation.get("m.in_reply_to")).get("event_id")
        if answered is None:
            return None
        told = await self._lookup(room, str(answered))
        if told is None:
            return None
        of = _dict((told.get("content") or {}).get("m.relates_to"))
        if of.get("rel_type") == "m.thread":
            return str(of.get("event_id"))
        return str(answered) if told.get("sender") == self._user else None

    def _made(self, room: str, told: Json, *, kind: Any, text: str, thread: str | None = None, **more: Any) -> Event:
        return Event(
            dedupe_key=_key(room, str(told["event_id"])),
            kind=kind,
            place=Place(platform=PLATFORM, channel=room, thread=thread),
            actor=Actor(platform=PLATFORM, id=str(told["sender"])),
            text=text,
            at=self._told_at(told),
            **more,
        )

    def _is_our_coming(self, told: Json) -> bool:
        before = _dict(_dict(told.get("unsigned")).get("prev_content")).get("membership")
        joined = _dict(told.get("content")).get("membership") == "join" and before != "join"
        return told.get("type") == "m.room.member" and told.get("state_key") == self._user and joined


def _key(room: str, event: str) -> str:
    return f"{PLATFORM}/{room}/{event}"


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}
