"""Slack's failures as ours: what may work later, what was perhaps done, and what never will work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackObjectFormationError
from slack_sdk.webhook import WebhookResponse

from adapters.reach.headers import seconds_of
from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown

#: What Slack answers when it is in trouble itself (web API, common errors).
_LATER = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited"}
    | {"team_added_to_org", "ekm_access_denied"}
)
#: What an operator can mend: invite the bot, give it a scope or a token. Posts wait for that, a day long.
_MENDABLE = frozenset(
    {"not_in_channel", "channel_not_found", "is_archived", "missing_scope", "restricted_action", "account_inactive"}
    | {"invalid_auth", "not_authed", "token_revoked", "token_expired"}
)
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)


@asynccontextmanager
async def speaking(*, writes: bool, waits: bool = False) -> AsyncIterator[None]:
    """Around one call of the web API; a write whose answer was lost is an unknown outcome.

    With `waits` what an operator can mend is worth another try later.
    """
    try:
        yield
    except SlackApiError as problem:
        found = translated(problem, writes=writes)
        if waits and isinstance(found, FarEndRefused) and problem.response.get("error") in _MENDABLE:
            raise FarEndError(str(found)) from problem
        raise found from problem
    except SlackObjectFormationError as problem:
        raise FarEndRefused(f"Slack cannot show that: {problem}") from problem
    except _NOT_SENT as problem:
        raise FarEndError("Slack cannot be reached") from problem
    except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError, ValueError) as problem:
        if writes:
            raise OutcomeUnknown("Slack did not answer") from problem
        raise FarEndError("Slack did not answer") from problem


def translated(problem: SlackApiError, *, writes: bool) -> FarEndError | FarEndRefused:
    """By status and by Slack's own word for it; its texts and ours never quote a request."""
    response = problem.response
    status = getattr(response, "status_code", 0) or 0
    word = str(response.get("error", "")) if isinstance(getattr(response, "data", None), dict) else ""
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        return FarEndError("Slack asks to wait", retry_after=_seconds(response))
    if status >= 500 or not word:
        return OutcomeUnknown("Slack failed") if writes else FarEndError("Slack failed")
    if word in _LATER:
        return OutcomeUnknown(f"Slack failed: {word}") if writes else FarEndError(f"Slack failed: {word}")
    needed = response.get("needed")
    scope = f"; the app needs the scope {needed} (see `sopwith doctor slack`)" if needed else ""
    return FarEndRefused(f"Slack refused: {word}{scope}")


def taken(answer: WebhookResponse) -> bool:
    """Whether a response_url took what was sent there; False where it serves no more.

    Raises FarEndError for what may work later.
    """
    if answer.status_code == 429:
        raise FarEndError("Slack asks to wait", retry_after=_seconds(answer))
    if answer.status_code >= 500:
        raise FarEndError("Slack failed")
    return answer.status_code == 200 and '"ok":false' not in "".join(answer.body.split())


def _seconds(response: object) -> float:
    headers = getattr(response, "headers", None) or {}
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    seconds = seconds_of(found[0] if isinstance(found, list) and found else found)
    return 1.0 if seconds is None else seconds
