"""The one place where a registry's statuses and httpx's errors become ours."""

import httpx

from adapters.reach.answered import retry_after
from adapters.reach.bounded import TooLarge
from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown, SopwithError

LONGEST_MESSAGE = 400


def is_temporary(response: httpx.Response) -> bool:
    """Worth another try at once. A 429 is not: it asks us to go away for a while."""
    return response.status_code >= 500


def unanswered(error: httpx.RequestError, what: str, *, write: bool) -> SopwithError:
    """`write` is whether the write itself was on its way; fetching a token for it is not."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return FarEndError(f"{what}: the registry cannot be reached; nothing was sent", said="it cannot be reached")
    if isinstance(error, TooLarge) and not (write and _was_the_write(error)):
        return FarEndRefused(f"{what}: the registry's answer is larger than allowed here, or packed")
    reason = f"no complete answer from the registry ({type(error).__name__})"
    if write and _was_the_write(error):
        return OutcomeUnknown(f"{what}: {reason}; it may or may not have happened", said="no complete answer")
    return FarEndError(f"{what}: {reason}", said="no complete answer")


def late(what: str, *, write: bool) -> SopwithError:
    """The call's total time is over."""
    reason = f"{what}: the registry did not answer in time"
    kind, rest = (OutcomeUnknown, "; it may or may not have happened") if write else (FarEndError, "")
    return kind(f"{reason}{rest}", said="no answer in time")


def answered(response: httpx.Response, what: str, *, write: bool) -> SopwithError:
    """For any status other than the expected ones."""
    status, said = response.status_code, _message(response)
    if status == 429:
        wait = retry_after(response)
        when = "later" if wait is None else f"in {wait:.0f} s"
        limit = f"{what}: the registry's rate limit; nothing happened, try again {when}"
        return FarEndError(limit, retry_after=wait, said="its rate limit")
    if status >= 500:
        failed = f"{what}: the registry failed ({status})"
        kind, rest = (OutcomeUnknown, "; it may or may not have happened") if write else (FarEndError, "")
        return kind(f"{failed}{rest}", said=str(status))
    if status in (401, 403):
        right = "push" if write else "pull"
        return FarEndRefused(f"{what}: the registry forbids it; the account probably may not {right} ({said})")
    return FarEndRefused(f"{what}: {said}")


def _was_the_write(error: httpx.RequestError) -> bool:
    try:
        return error.request.method not in ("GET", "HEAD")
    except RuntimeError:  # httpx's word for “no request attached”: then we cannot tell
        return True


def _message(response: httpx.Response) -> str:
    try:
        errors = response.json()["errors"]
        words = "; ".join(f"{entry.get('code', '')} {entry.get('message', '')}".strip() for entry in errors)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        words = ""
    return " ".join((words or f"status {response.status_code}").split())[:LONGEST_MESSAGE]
