"""What a sync told, without what is no event: each room by itself, so that an odd one takes nothing from others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.matrix.homeserver import Json
from sops.kit.errors import FarEndError
from sops.kit.outside import is_flat, usable_id


@dataclass(frozen=True)
class Timeline:
    """What happened in a room, oldest first. `limited`: there was more before. `odd` counts what is no event."""

    events: Sequence[Json]
    limited: bool = False
    odd: int = 0


@dataclass(frozen=True)
class Told:
    """One sync: up to where it told, and by room its timeline, or who invites the bot into it ("" if nobody says)."""

    upto: str
    timelines: Mapping[str, Timeline]
    invitations: Mapping[str, str]


def understood(answer: Json, user: str, served: Collection[str]) -> Told:
    """Raises FarEndError for an answer that does not say how far it goes."""
    upto = answer.get("next_batch")
    if not isinstance(upto, str) or not upto:
        raise FarEndError("the Matrix homeserver's answer cannot be understood")
    rooms = a_dict(answer.get("rooms"))
    timelines = {room: _timeline(a_dict(news)) for room, news in a_dict(rooms.get("join")).items() if room in served}
    invitations = {
        str(room): _inviter(a_dict(invitation), user) for room, invitation in a_dict(rooms.get("invite")).items()
    }
    return Told(upto, timelines, invitations)


def sane(events: object) -> tuple[list[Json], int]:
    """Those that can be events at all, and how many cannot: no id, no sender, nested without end."""
    listed = events if isinstance(events, list) else []
    found = [each for each in listed if _is_event(each)]
    return found, len(listed) - len(found)


def a_dict(value: object) -> dict[str, Any]:
    """The value if it is one, else an empty one."""
    return value if isinstance(value, dict) else {}


def _timeline(news: Json) -> Timeline:
    told = a_dict(news.get("timeline"))
    events, odd = sane(told.get("events"))
    return Timeline(events, bool(told.get("limited")), odd)


def _is_event(each: object) -> bool:
    if not isinstance(each, dict) or not isinstance(each.get("type"), str):
        return False
    return bool(usable_id(each.get("event_id")) and usable_id(each.get("sender")) and is_flat(each))


def _inviter(invitation: Json, user: str) -> str:
    told = a_dict(invitation.get("invite_state")).get("events")
    events = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    ours = (each for each in events if each.get("type") == "m.room.member" and each.get("state_key") == user)
    return next((found for each in ours if (found := usable_id(each.get("sender")))), "")
