"""What a breaker learns of an HTTP answer."""

import httpx

from adapters.reach.breaker import Breaker

_FAILED, _TOO_MANY = 500, 429


def note(breaker: Breaker, response: httpx.Response) -> None:
    """It failed, or it answered; and it may want to be left alone for a while."""
    if response.status_code >= _FAILED:
        breaker.failed(f"status {response.status_code}")
    else:
        breaker.answered()
    wait = retry_after(response)
    if wait is not None and (response.status_code >= _FAILED or response.status_code == _TOO_MANY):
        breaker.be_quiet(wait)


def retry_after(response: httpx.Response) -> float | None:
    """In seconds; None where it names none."""
    named = response.headers.get("Retry-After", "")
    return float(named) if named.isdigit() and len(named) < 10 else None  # more is no time to wait for
