"""What a breaker learns of an HTTP answer."""

import httpx

from adapters.reach.breaker import Breaker
from adapters.reach.headers import FAILED, wait_of

_TOO_MANY = 429


def note(breaker: Breaker, response: httpx.Response, *, probe: bool = False) -> None:
    """It failed, or it answered; and it may want to be left alone for a while. See Breaker for a `probe`."""
    if response.status_code >= FAILED:
        breaker.failed(f"status {response.status_code}", probe=probe)
    else:
        breaker.answered()
    wait = retry_after(response)
    if wait is not None and (response.status_code >= FAILED or response.status_code == _TOO_MANY):
        breaker.be_quiet(wait)


def retry_after(response: httpx.Response) -> float | None:
    """In seconds; None where it names none."""
    return wait_of(response.status_code, response.headers.get("Retry-After"))
