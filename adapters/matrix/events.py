"""Matrix's events as ours: who, where, what, and the event's own id as the key that a second delivery has too.

Notices are bots speaking and no events, nor is what the bot itself said. What an edit or a redaction is about is looked
up among what was journaled, since the homeserver empties what was redacted: what is not there never acted.

Each event is translated for itself: one that cannot be is passed over and counted, and what it refers to counts as
nothing where that cannot be used. Only a homeserver in trouble stops the reading, to be asked again.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.matrix.chat import PLATFORM
from adapters.matrix.encryption import UNSEALED
from adapters.matrix.errors import TokenUnknown
from adapters.matrix.homeserver import Json
from adapters.matrix.text import emoji, read
from adapters.matrix.told import a_dict
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.outside import needed_id, readable, usable_id

#: What the bot is told of at all; the rest of a room's life is none of its business.
KINDS = (
    "m.room.message",
    "m.room.encrypted",
    "m.reaction",
    "m.room.redaction",
    "m.room.member",
    "m.room.encryption",
)

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
_TRIES = 3  # to look up what a message answers; a homeserver that fails at that alone must not make the bot deaf
_REMEMBERED = 200  # references that could not be looked up
_LONGEST_KEY = 100  # characters of a reaction
_log = logging.getLogger(__name__)


@dataclass
class Heard:
    """What was said, in its order, and how many events could not be read."""

    events: list[Event] = field(default_factory=list)
    odd: int = 0


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
        self._failures: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def events(self, room: str, timeline: Sequence[Json]) -> Heard:
        """What was said in a room, from the moment the bot was let in if that is among it.

        Raises FarEndError where the homeserver is in trouble.
        """
        came = [number for number, each in enumerate(timeline) if self.is_our_coming(each)]
        found: dict[str, Event] = {}
        odd: Counter[str] = Counter()
        for told in timeline[came[-1] if came else 0 :]:
            try:
                event = await self._event(room, told, found)
            except _MALFORMED as problem:  # anybody may send anything; it must not stop what others say
                odd[type(problem).__name__] += 1
                continue
            if event is not None:
                found[event.dedupe_key] = event
        if odd:
            _log.warning("Matrix: %d events in %s cannot be read: %s", odd.total(), room, ", ".join(odd))
        return Heard(list(found.values()), odd.total())

    async def _event(self, room: str, told: Json, batch: Mapping[str, Event]) -> Event | None:
        content = _characters(a_dict(told.get("content")))
        if told.get("sender") in (None, self._user):
            return None

        async def earlier(about: object) -> Event | None:
            ref = usable_id(about)
            key = _key(room, ref) if ref else ""
            return (batch.get(key) or await self._known(key)) if key else None

        relation = a_dict(content.get("m.relates_to"))
        match told.get("type"):
            case "m.reaction" if relation.get("rel_type") == "m.annotation" and usable_id(relation.get("event_id")):
                text, about = emoji(readable(relation.get("key"), _LONGEST_KEY)), needed_id(relation["event_id"])
                return self._made(room, told, kind="reaction", text=text, about=about)
            case "m.room.redaction":
                return self._taken_away(room, told, await earlier(told.get("redacts") or content.get("redacts")))
            case "m.room.message" if relation.get("rel_type") == "m.replace":
                new = _characters(a_dict(content.get("m.new_content")))
                return self._edited(room, told, new, await earlier(relation.get("event_id")))
            case "m.room.message" if content.get("msgtype") == "m.text":
                text, addressed = read(content, self._user, self._handle)
                thread = await self._thread(room, relation, earlier)
                ref = needed_id(told.get("event_id"))
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

    async def _thread(
        self, room: str, relation: Json, earlier: Callable[[object], Awaitable[Event | None]]
    ) -> str | None:
        """The root of the thread. A plain reply stands where what it answers stands, if it answers the bot."""
        if relation.get("rel_type") == "m.thread":
            return usable_id(relation.get("event_id"))
        answered = usable_id(a_dict(relation.get("m.in_reply_to")).get("event_id"))
        if answered is None:
            return None
        before = await earlier(answered)
        if before is not None:
            return before.place.thread
        told = await self._looked_up(room, answered)
        of = a_dict(a_dict(told.get("content")).get("m.relates_to"))
        if of.get("rel_type") == "m.thread":
            return usable_id(of.get("event_id"))
        return answered if told.get("sender") == self._user else None

    async def _looked_up(self, room: str, ref: str) -> Json:
        """An event of the room, empty where it cannot be had. Raises FarEndError where it is worth another try."""
        try:
            return await self._lookup(room, ref) or {}
        except FarEndRefused:
            return {}
        except FarEndError as problem:
            if isinstance(problem, TokenUnknown) or problem.retry_after is not None or self._failed(room, ref) < _TRIES:
                raise
            _log.warning("Matrix: what a message in %s answers cannot be looked up: %s", room, problem)
            return {}

    def _failed(self, room: str, ref: str) -> int:
        """How often looking that up failed so far."""
        self._failures[room, ref] = self._failures.get((room, ref), 0) + 1
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return self._failures[room, ref]

    def _made(self, room: str, told: Json, *, kind: Any, text: str, thread: str | None = None, **more: Any) -> Event:
        return Event(
            dedupe_key=_key(room, needed_id(told.get("event_id"))),
            kind=kind,
            place=Place(platform=PLATFORM, channel=room, thread=thread),
            actor=Actor(platform=PLATFORM, id=needed_id(told.get("sender"))),
            text=readable(text),
            at=self._told_at(told),
            unsealed=UNSEALED in told,
            **more,
        )

    def is_our_coming(self, told: Json) -> bool:
        """The bot was let into the room, or came back."""
        told = a_dict(told)
        before = a_dict(a_dict(told.get("unsigned")).get("prev_content")).get("membership")
        joined = a_dict(told.get("content")).get("membership") == "join" and before != "join"
        return told.get("type") == "m.room.member" and told.get("state_key") == self._user and joined


def _key(room: str, event: str) -> str:
    return f"{PLATFORM}/{room}/{event}"


def _characters(content: Json) -> Json:
    """The same with texts that hold only characters, and not too many."""
    return {**content, **{name: readable(content[name]) for name in ("body", "formatted_body") if name in content}}
