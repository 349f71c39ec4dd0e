"""What is said of `!override`: who breaks the glass, what they are to the thing itself, and what is owed for it."""

from collections.abc import Sequence

from bot.chat.replies.parts import card
from sops.kit.approvals import Request
from sops.kit.escaping import printable
from sops.kit.message import Card, Span, line, person, time
from sops.kit.run import Run

NEEDS_P0 = "!override is for an open P0 alone; there is none."
_IS = {
    "ordered": "who ordered this run",
    "starter": "who started this run",
    "owner": "who owns this run",
    "author": "who wrote commits in it",
}


def why_not(asked: Request) -> str:
    """What the person who overrides is to the thing itself, so that a yes of theirs could never count; or nothing."""
    return _IS.get(asked.excluded.get(asked.override_by, ""), "")


def by(asked: Request) -> str:
    """overridden by oncall1, who wrote commits in it"""
    why = why_not(asked)
    return f"overridden by {asked.override_by}" + (f", {why}" if why else "")


def no_role(who: str) -> str:
    return f"{who} has no role any more that may override."


def unacknowledged(run: Run) -> str:
    return f"!override is for a P0 that somebody has: {_named(run)} is not acknowledged yet. Say ack there first."


def nobody_else(run: Run) -> str:
    return (
        "!override wants two people who see the emergency: somebody on call other than you must have declared "
        f"{_named(run)} or have it. Hand it over there with !handoff @name, then say it again."
    )


def _named(run: Run) -> str:
    """Of what is private not even the name is told elsewhere."""
    return "the P0" if run.private else run.name


def own(who: str, why: str) -> str:
    return f"!override is not for what is one's own: {who} is one {_IS[why]}. Somebody else says it."


def nothing(step: str) -> str:
    return f"{step} asks for no approval now, so there is nothing to override."


def again(asked: Request) -> str:
    return f"{asked.override_by} overrides {asked.code} already."


def overriding(asked: Request, able: Sequence[str]) -> Card:
    """To everybody who could say yes: they have a few minutes."""
    to: list[Span | str] = []
    for number, handle in enumerate(able):
        to += ([" or " if number == len(able) - 1 else ", "] if number else []) + [person(handle)]
    why = why_not(asked)
    alone = f"{asked.override_by} is one {why}; nobody else has said yes to it." if why and not asked.people else ""
    some = f"{asked.override_by} is one {why}." if why and asked.people else ""
    return card(
        line(*(to or ["nobody"]), f": {asked.override_by} overrides request {asked.code} of {asked.step}."),
        f"Reason: {printable(asked.override_reason)}",
        *([alone or some] if why else []),
        line(
            "It goes through at ", time(asked.override_at or asked.made_at), " unless somebody says !stop or !reject."
        ),
        hint=f"!stop · !reject {asked.code} reason · approve {asked.code}",
    )


def lapsed(asked: Request, why: str) -> Card:
    """What it rests on did not last as long as the wait."""
    return card(
        f"{asked.override_by}'s override of {asked.code} lapses. Nothing was done. {why}",
        "The request still waits for the yeses it asks for.",
        hint=f"approve {asked.code}",
    )


def owed(asked: Request) -> str:
    """What somebody else looks at afterwards."""
    why = why_not(asked)
    who = f"{asked.override_by} ({why})" if why else asked.override_by
    return f"look at what {who} did by !override of {asked.step}: {printable(asked.override_reason)}"
