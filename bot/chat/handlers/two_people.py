"""What needs two people: one asks, another agrees within a day and about the same thing; then it is used up."""

from datetime import datetime, timedelta
from typing import Any

from bot.chat.handlers.base import Speaker
from bot.chat.permissions import leaders
from bot.engine.desk import Desk

LASTS = timedelta(days=1)


def asked_by(desk: Desk, what: str, about: Any = None) -> str:
    """Who asked for it within the last day, seeing the same `about`; empty if nobody did."""
    who, at, *seen = desk.run.facts.get(what) or ("", "")
    fresh = bool(at) and desk.now - datetime.fromisoformat(at) <= LASTS
    return str(who) if fresh and (seen[0] if seen else None) == about else ""


def why(desk: Desk, what: str) -> str:
    """The reason whoever asked gave."""
    asked = list(desk.run.facts.get(what) or ())
    return str(asked[3]) if len(asked) > 3 else ""


def ask(desk: Desk, me: Speaker, what: str, about: Any = None, reason: str = "") -> None:
    """The first of the two; an older question about the same is replaced."""
    desk.run = desk.run.with_facts({what: [me.handle, desk.now.isoformat(), about, reason]})


def agreed(desk: Desk, what: str) -> None:
    """Both said it; whoever wants it again needs another to agree again."""
    desk.run = desk.run.with_facts({what: None})


def may_agree(desk: Desk, me: Speaker) -> bool:
    """They are among those who may be the second."""
    return desk.people.has(me.handle, leaders(desk.run))


def others(desk: Desk, me: Speaker) -> list[str]:
    """Who may be the second to agree."""
    return [person.handle for person in desk.people.holding(*leaders(desk.run)) if person.handle != me.handle]
