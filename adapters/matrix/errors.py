"""Matrix's failures as ours: what may work later, what was perhaps done, and what never will work."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from adapters.reach.headers import LONGEST, seconds_of
from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown

#: What a homeserver says of a token that is nobody's (any more).
_NOBODYS = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"})


class TokenUnknown(FarEndError):
    """The homeserver does not know the bot's access token (any more)."""


class NotThere(FarEndRefused):
    """The homeserver has no such thing, or does not show it to the bot."""


@asynccontextmanager
async def speaking(*, writes: bool) -> AsyncIterator[None]:
    """Around one request; a write whose answer was lost is an unknown outcome."""
    try:
        yield
    except aiohttp.ClientConnectorError as problem:
        raise FarEndError("the Matrix homeserver cannot be reached") from problem
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as problem:
        if writes:
            raise OutcomeUnknown("the Matrix homeserver did not answer") from problem
        raise FarEndError("the Matrix homeserver did not answer") from problem


def translated(status: int, body: object, headers: Mapping[str, str], *, writes: bool) -> FarEndError | FarEndRefused:
    """By status and by Matrix's own word for it; texts of a homeserver are not quoted, since they repeat requests."""
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    word = str(told.get("errcode", ""))
    if status == 429 or word == "M_LIMIT_EXCEEDED":
        return FarEndError("the Matrix homeserver asks to wait", retry_after=_seconds(told, headers))
    if word in _NOBODYS:
        return TokenUnknown(f"{TokenUnknown.__doc__} ({word})")
    if status >= 500 or not word:
        what = f"the Matrix homeserver failed ({status})"
        return OutcomeUnknown(what) if writes else FarEndError(what)
    if word == "M_NOT_FOUND":
        return NotThere(f"Matrix refused: {word}")
    return FarEndRefused(f"Matrix refused: {word}")


def _seconds(body: Mapping[str, Any], headers: Mapping[str, str]) -> float:
    told = body.get("retry_after_ms")
    if isinstance(told, int | float):
        return min(max(0, told), LONGEST * 1000) / 1000  # in this order: NaN is 0, and no number is too long
    found = seconds_of(headers.get("Retry-After"))
    return 1.0 if found is None else found
