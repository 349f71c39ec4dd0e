"""What GitHub says of its limits, kept where everybody is turned away until they are over.

The hourly budget is told by each answer; of the limits on bursts (“secondary”) a refusal tells, with or without a time.
"""

from urllib.parse import urlsplit

import requests

from adapters.reach.breaker import Breaker
from adapters.reach.headers import FAILED, instant_of, wait_of

UNNAMED = 60.0  # seconds that GitHub asks for where it names none
_LIMITED = (403, 429)


def budget_of(url: str) -> str:
    """Which of GitHub's budgets a request to that address draws on."""
    return "graphql" if urlsplit(url).path.endswith("/graphql") else "core"


def note_limits(breaker: Breaker, url: str, response: requests.Response) -> None:
    """A budget that is used up is so for everybody, and so is a time to be left alone."""
    headers = response.headers
    wait, reset = (
        wait_of(response.status_code, headers.get("Retry-After")),
        instant_of(headers.get("X-RateLimit-Reset")),
    )
    if wait is not None and (response.status_code in _LIMITED or response.status_code >= FAILED):
        breaker.be_quiet(wait)
    if headers.get("X-RateLimit-Remaining") == "0" and reset is not None:
        breaker.be_quiet(breaker.until(reset), headers.get("X-RateLimit-Resource") or budget_of(url))


def note_words(breaker: Breaker, response: requests.Response, content: bytes) -> None:
    """A refusal for too many requests that names no time."""
    headers = response.headers
    used_up = headers.get("X-RateLimit-Remaining") == "0" and instant_of(headers.get("X-RateLimit-Reset")) is not None
    named = used_up or wait_of(response.status_code, headers.get("Retry-After")) is not None
    if (
        response.status_code in _LIMITED
        and not named
        and (response.status_code != 403 or b"rate limit" in content[:1000].lower())
    ):
        breaker.be_quiet(UNNAMED)
