"""The one place where PyGithub's and requests' errors become ours.

The question for each is what may have happened: nothing, for certain (a refusal, a rate limit, a connection that was
never made), or perhaps everything (a write that was sent and not, or not understandably, answered).
Messages hold what GitHub says and what was asked, never a header we sent.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from github import (
    BadAttributeException,
    GithubException,
    RateLimitExceededException,
)
from urllib3.exceptions import MaxRetryError, NewConnectionError

from adapters.github.limits import UNNAMED
from adapters.github.wire import TooMuch
from adapters.reach.headers import LONGEST, instant_of, seconds_of
from adapters.reach.threads import NotBegun, OutOfTime
from sops.kit.errors import AlreadyThere, FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown, SopwithError

LONGEST_MESSAGE = 400
_GRAPHQL_STATUS = {"RATE_LIMITED": 429, "FORBIDDEN": 403, "INSUFFICIENT_SCOPES": 403, "NOT_FOUND": 404}


@dataclass(frozen=True)
class Asked:
    """What was asked of GitHub: `what` begins the error's sentence, `needs` is the token's permission."""

    what: str
    needs: str
    write: bool = False
    conflict: type[FarEndRefused] = FarEndRefused  # what a 409 means here


@contextmanager
def translated(asked: Asked) -> Iterator[None]:
    """Lets only errors of `sops.kit.errors` out."""
    try:
        yield
    except GithubException as error:
        raise _answered(error, asked) from error
    except requests.RequestException as error:
        raise _unanswered(error, asked) from error
    except NotBegun as error:
        raise FarEndError(f"{asked.what}: GitHub is busy with other calls; nothing was sent") from error
    except OutOfTime as error:
        raise _uncertain(asked, "GitHub did not answer in time", "no answer in time") from error
    except TooMuch as error:
        raise _too_much(error, asked) from error
    except (
        AssertionError,
        AttributeError,
        BadAttributeException,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        reason = "GitHub's answer does not have the documented shape"
        raise _uncertain(asked, reason, "an answer nobody can read") from error


def merging(number: int) -> Asked:
    """A merge: here a 409 says that the head is no longer the approved one."""
    return Asked(f"merging pull request {number}", "Contents: write", write=True, conflict=HeadMoved)


def is_rate_limit(error: GithubException) -> bool:
    """GitHub says “slow down” with 429, with 403, and inside a GraphQL answer."""
    if isinstance(error, RateLimitExceededException) or _status(error) == 429:
        return True
    headers = _headers(error)
    return error.status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def _answered(error: GithubException, asked: Asked) -> SopwithError:
    if is_rate_limit(error):
        when = f"{asked.what}: GitHub's rate limit; nothing happened, try again {_when(error)}"
        return FarEndError(when, retry_after=_wait(error), said="its rate limit")
    status = _status(error)
    if status >= 500 or status == 408:
        return _uncertain(asked, f"GitHub failed ({status})", str(status))
    return _refused(status, error, asked)


def _refused(status: int, error: GithubException, asked: Asked) -> SopwithError:
    said = _message(error)
    if status == 401:
        return FarEndRefused(f"{asked.what}: GitHub does not accept the token; is it expired or revoked? ({said})")
    if status == 403:
        needs = _headers(error).get("x-accepted-github-permissions") or asked.needs
        return FarEndRefused(f"{asked.what}: GitHub forbids it; the token probably lacks “{needs}” ({said})")
    if status == 404:
        return FarEndRefused(f"{asked.what}: not found, or hidden from a token without “{asked.needs}” ({said})")
    if status == 405 and said.startswith("Base branch was modified"):
        return FarEndError(f"{asked.what}: {said}")  # GitHub's own race: nothing happened, the next try settles it
    if status == 422 and "already" in said.lower():  # in words, or as the code of a field: already_exists
        return AlreadyThere(f"{asked.what}: {said}")
    refusal = asked.conflict if status == 409 else FarEndRefused
    return refusal(f"{asked.what}: {said}")


def _unanswered(error: requests.RequestException, asked: Asked) -> SopwithError:
    if _never_sent(error):
        return FarEndError(f"{asked.what}: GitHub cannot be reached; nothing was sent", said="it cannot be reached")
    if isinstance(error, requests.exceptions.RetryError):
        return _uncertain(asked, "GitHub keeps failing", "it keeps failing")
    return _uncertain(asked, f"no complete answer from GitHub ({type(error).__name__})", "no complete answer")


def _uncertain(asked: Asked, reason: str, said: str) -> SopwithError:
    if asked.write:
        return OutcomeUnknown(f"{asked.what}: {reason}; it may or may not have happened", said=said)
    return FarEndError(f"{asked.what}: {reason}", said=said)


def _too_much(error: TooMuch, asked: Asked) -> SopwithError:
    reason = f"GitHub's answer is larger than the {error.largest} bytes allowed here"
    return _uncertain(asked, reason, "too large an answer") if asked.write else FarEndRefused(f"{asked.what}: {reason}")


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _status(error: GithubException) -> int:
    """The status that says what happened; GraphQL reports its failures inside a 200, which PyGithub calls 400."""
    if error.status != 400 or not _graphql_errors(error):
        return error.status
    kinds = [_GRAPHQL_STATUS[kind] for kind in _graphql_kinds(error) if kind in _GRAPHQL_STATUS]
    if kinds:
        return kinds[0]
    # GraphQL's internal error and its time-out carry no type, only this sentence.
    return 500 if "Something went wrong while executing your query" in _message(error) else 422


def _graphql_errors(error: GithubException) -> list[Mapping[str, Any]]:
    errors = error.data.get("errors") if isinstance(error.data, dict) else None
    return [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []


def _graphql_kinds(error: GithubException) -> list[str]:
    return [str(entry.get("type")) for entry in _graphql_errors(error)]


def _message(error: GithubException) -> str:
    data = error.data if isinstance(error.data, dict) else {}
    parts = [data.get("message") or error.message]
    errors = data.get("errors")
    for entry in errors if isinstance(errors, list) else []:
        parts.append(entry.get("message") or _field(entry) if isinstance(entry, dict) else entry)
    words = "; ".join(" ".join(str(part).split()) for part in parts if part)
    return (words or f"status {error.status}")[:LONGEST_MESSAGE]


def _field(entry: Mapping[str, Any]) -> str:
    return " ".join(str(entry[key]) for key in ("resource", "field", "code") if entry.get(key))


def _headers(error: GithubException) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (error.headers or {}).items()}


def _when(error: GithubException) -> str:
    headers = _headers(error)
    wait, reset = seconds_of(headers.get("retry-after")), instant_of(headers.get("x-ratelimit-reset"))
    if wait is not None:
        return f"in {wait:.0f} s"
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return f"after {reset:%H:%M:%S} UTC"
    return f"in {UNNAMED:.0f} s"


def _wait(error: GithubException) -> float:
    """Seconds, at most an hour: for so long GitHub wants to be left alone."""
    headers = _headers(error)
    wait, reset = seconds_of(headers.get("retry-after")), instant_of(headers.get("x-ratelimit-reset"))
    if wait is not None:
        return wait
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return min(max((reset - datetime.now(UTC)).total_seconds(), UNNAMED), LONGEST)
    return UNNAMED
