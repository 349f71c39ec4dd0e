"""A time to wait that a far end names, which may be anything: none of it raises, and none is longer than an hour."""

from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
import requests
from github import GithubException
from slack_sdk.errors import SlackApiError

from adapters.github.errors import Asked
from adapters.github.errors import translated as at_github
from adapters.github.limits import note_limits, note_words
from adapters.matrix.errors import translated as at_matrix
from adapters.reach.answered import note
from adapters.reach.breaker import Breaker
from adapters.registry.errors import answered
from adapters.slack.errors import translated as at_slack
from sops.kit.errors import FarEndError

URL = "https://forge.example/repos"
TABLE = [  # what is sent, what it means
    ("0", 0.0),
    ("30", 30.0),
    ("999999999", 3600.0),
    ("100000000000000", None),
    ("9" * 400, None),
    ("²", None),
    ("٣", None),
    ("-5", None),
    ("1e5", None),
    ("nan", None),
    ("", None),
    ("Wed, 21 Oct 2026 07:28:00 GMT", None),
]


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 4, 20, 8, 0, tzinfo=UTC)


def breaker() -> Breaker:
    return Breaker("forge", "GitHub", Clock())


def quiet(asked: Breaker) -> float | None:
    try:
        asked.admit("core")
    except FarEndError as away:
        return away.retry_after
    return None


def plain(status: int, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(("sent", "means"), TABLE)
@pytest.mark.parametrize(("status", "longest"), [(429, 3600.0), (503, 300.0)])
def test_everybody_is_left_alone_for_what_it_means(sent: str, means: float | None, status: int, longest: float) -> None:
    expected = min(means, longest) if means else None
    for_registry, for_github = breaker(), breaker()
    note(for_registry, httpx.Response(status, headers=[(b"Retry-After", sent.encode())]))
    note_limits(for_github, URL, plain(status, Retry_After=sent))
    assert (quiet(for_registry), quiet(for_github)) == (expected, expected)


@pytest.mark.parametrize(("sent", "means"), TABLE)
def test_each_adapter_says_for_how_long(sent: str, means: float | None) -> None:
    registry = answered(httpx.Response(429, headers=[(b"Retry-After", sent.encode())]), "reading", write=False)
    matrix = at_matrix(429, {}, {"Retry-After": sent}, writes=False)
    response = SimpleNamespace(status_code=429, headers={"Retry-After": [sent]}, data={}, get=lambda *_: "ratelimited")
    slack = at_slack(SlackApiError("no", response), writes=False)  # type: ignore[no-untyped-call]
    with pytest.raises(FarEndError) as github, at_github(Asked("reading", "contents")):
        raise GithubException(429, {}, {"Retry-After": sent})
    waits = [getattr(each, "retry_after", "none") for each in (registry, matrix, slack, github.value)]
    unnamed = [None, 1.0, 1.0, 60.0]
    assert waits == (unnamed if means is None else [means] * 4)


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), 10**400, -(10**400), True])
def test_a_homeserver_s_milliseconds_are_bounded_too(sent: float) -> None:
    found = at_matrix(429, {"retry_after_ms": sent}, {}, writes=False)
    assert isinstance(found, FarEndError)
    assert 0.0 <= (found.retry_after or 0.0) <= 3600.0


@pytest.mark.parametrize("reset", ["²", "9" * 400, "99999999999", "", "soon"])
def test_a_used_up_budget_without_an_end_is_a_minute_s_wait(reset: str) -> None:
    response, asked = plain(429, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset), breaker()
    note_limits(asked, URL, response)
    note_words(asked, response, b"")
    assert quiet(asked) == 60.0
    with pytest.raises(FarEndError) as raised, at_github(Asked("reading", "contents")):
        raise GithubException(429, {}, dict(response.headers))
    assert raised.value.retry_after == 60.0
