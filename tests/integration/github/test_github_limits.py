"""A GitHub that answers without end, without haste or too much: each call comes to its end, and holds little."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from adapters.reach.breaker import Breaker, Temper
from adapters.reach.deadline import Seconds
from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown
from tests.integration.github.conftest import TOKEN
from tests.integration.github.faults import Answer, Drop, Endless, FaultServer, Half, Hang, Script, Trickle
from tests.integration.github.shapes import REPO, a_pull

PULL, ISSUE, ASSET = f"{REPO}/pulls/7", f"{REPO}/issues/3", f"{REPO}/releases/assets/1"
MEGABYTE = 1024**2
Open = Callable[..., GitHubForge]


class Passing:
    def __init__(self) -> None:
        self.time = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def open_forge(github: FaultServer) -> AsyncIterator[Open]:
    """A forge with small limits; the test changes some."""
    opened: list[GitHubForge] = []

    def make(seconds: float = 0.3, seconds_of: Seconds | None = None, **more: Any) -> GitHubForge:
        limits: dict[str, Any] = {
            "pause_between_writes": 0,
            "largest_answer": MEGABYTE,
            "largest_asset": 4 * MEGABYTE,
            "seconds": seconds_of or (lambda: seconds),
            "asset_seconds": lambda: seconds,
            "waits": (0.0, 0.0, 0.0),
        }
        forge = GitHubForge("acme/widget", token=SecretStr(TOKEN), base_url=github.url, **{**limits, **more})
        opened.append(forge)
        return forge

    yield make
    for forge in opened:
        await forge.close()


@pytest.mark.parametrize("silence", [Trickle(), Trickle(head=True), Hang()])
async def test_an_answer_that_never_ends_is_ended_when_the_calls_time_is_over(
    github: FaultServer, open_forge: Open, silence: Script
) -> None:
    github.on("GET", PULL, silence)
    github.on("POST", f"{ISSUE}/comments", silence)
    forge = open_forge()
    with pytest.raises(FarEndError, match="reading pull request 7: GitHub did not answer in time") as read:
        await forge.pull_request(7)
    assert type(read.value) is FarEndError
    with pytest.raises(OutcomeUnknown, match="did not answer in time; it may or may not have happened"):
        await forge.comment(3, "noted")
    assert github.count("POST") == github.count("GET") == 1


async def test_what_is_ended_is_hung_up_on(github: FaultServer, open_forge: Open) -> None:
    github.on("GET", PULL, Trickle())
    with pytest.raises(FarEndError):
        await open_forge().pull_request(7)
    assert github.gone.wait(10)


@pytest.mark.parametrize("flood", [Endless(), Endless(packed=True), Endless(promised=600 * MEGABYTE)])
async def test_an_answer_without_measure_is_refused_and_not_held(
    github: FaultServer, open_forge: Open, flood: Script
) -> None:
    github.on("GET", PULL, flood)
    github.on("POST", f"{ISSUE}/comments", flood)
    forge = open_forge(seconds=30.0)
    tracemalloc.start()
    try:
        with pytest.raises(FarEndRefused, match="larger than the 1048576 bytes allowed here"):
            await forge.pull_request(7)
        with pytest.raises(OutcomeUnknown, match="larger than the 1048576 bytes"):
            await forge.comment(3, "noted")
        assert tracemalloc.get_traced_memory()[1] < 30 * MEGABYTE  # the server packs its zeros in this process, too
    finally:
        tracemalloc.stop()
    assert github.count("POST") == 1


async def test_an_asset_is_summed_up_as_it_comes_and_its_sum_is_no_answer_where_it_broke_off(
    github: FaultServer, open_forge: Open
) -> None:
    github.on("GET", ASSET, Answer(200, b"x" * 3 * MEGABYTE))
    forge = open_forge(seconds=30.0)
    assert await forge.asset_digest(1) == hashlib.sha256(b"x" * 3 * MEGABYTE).hexdigest()
    with pytest.raises(FarEndRefused, match="larger than"):
        await forge.download_asset(1)  # only small ones are held
    github.on("GET", ASSET, Half(Answer(200, b"half")))
    with pytest.raises(FarEndError, match="no complete answer"):
        await forge.asset_digest(1)
    github.on("GET", ASSET, Endless())
    with pytest.raises(FarEndRefused, match="larger than the 4194304 bytes"):
        await forge.asset_digest(1)


async def test_json_that_is_nothing_but_brackets_is_no_answer(github: FaultServer, open_forge: Open) -> None:
    github.on("GET", PULL, Answer(200, b"[" * 500_000))
    with pytest.raises(FarEndError, match="documented shape"):
        await open_forge(seconds=30.0).pull_request(7)


async def test_a_token_goes_nowhere_however_often_github_sends_us_on(github: FaultServer, open_forge: Open) -> None:
    github.on("GET", ASSET, Answer(302, headers={"Location": ASSET}))
    with pytest.raises(FarEndError):
        await open_forge(seconds=30.0).asset_digest(1)
    assert github.count("GET") < 10


async def test_a_calls_time_is_no_other_calls(github: FaultServer, open_forge: Open) -> None:
    """One that is stuck neither holds another back nor ends it."""
    github.on("GET", f"{REPO}/pulls/8", Hang())
    github.on("GET", PULL, Answer(200, a_pull()))
    forge = open_forge(seconds=1.0)
    stuck = [forge.pull_request(8) for _ in range(3)]

    async def fails(call: Awaitable[Any]) -> bool:
        with pytest.raises(FarEndError):
            await call
        return True

    async def answered() -> int:
        return (await forge.pull_request(7)).number

    results = await asyncio.gather(*map(fails, stuck), answered())
    assert results == [True, True, True, 7]


async def test_more_calls_than_threads_fail_with_nothing_sent_once_their_time_is_over(
    github: FaultServer, open_forge: Open
) -> None:
    github.on("POST", f"{ISSUE}/comments", Hang())
    github.on("GET", PULL, Hang())
    times = iter((1.0, 0.2))
    forge = open_forge(side_by_side=1, seconds_of=lambda: next(times))
    waiting = asyncio.gather(forge.pull_request(7), forge.comment(3, "noted"), return_exceptions=True)
    first, second = await waiting
    assert isinstance(first, FarEndError)
    assert type(second) is FarEndError
    assert "nothing was sent" in str(second)
    assert github.count("POST") == 0


async def test_what_github_wants_of_one_it_wants_of_all(github: FaultServer, open_forge: Open) -> None:
    github.on("GET", PULL, Answer(403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "90"}))
    forge = open_forge(seconds=30.0)
    with pytest.raises(FarEndError, match="try again in 90 s") as told:
        await forge.pull_request(7)
    assert told.value.retry_after == 90
    for call in (forge.comment(3, "noted"), forge.pull_request(7)):
        with pytest.raises(FarEndError, match="left alone") as away:
            await call
        assert 0 < (away.value.retry_after or 0) <= 90
        assert not isinstance(away.value, OutcomeUnknown)
    assert len(github.seen) == 1


async def test_a_limit_without_a_time_is_a_minute(github: FaultServer, open_forge: Open) -> None:
    github.on("POST", f"{ISSUE}/comments", Answer(403, {"message": "You have exceeded a secondary rate limit"}))
    forge = open_forge(seconds=30.0)
    with pytest.raises(FarEndError, match="in 60 s"):
        await forge.comment(3, "noted")
    with pytest.raises(FarEndError, match="left alone"):
        await forge.pull_request(7)


async def test_the_last_answer_of_the_hour_is_an_answer_and_then_its_budget_is_used_up(
    github: FaultServer, open_forge: Open
) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800", "X-RateLimit-Resource": "core"}
    github.on("GET", PULL, Answer(200, a_pull(), spent))
    github.on("POST", "/graphql", Answer(200, {"data": {"updateDiscussion": {"discussion": {"id": "D_1"}}}}))
    forge = open_forge(seconds=30.0)
    assert (await forge.pull_request(7)).number == 7
    with pytest.raises(FarEndError, match="left alone"):
        await forge.pull_request(7)
    await forge.edit_discussion("D_1", "text")  # GraphQL has a budget of its own
    assert (github.count("GET"), github.count("POST")) == (1, 1)


async def test_a_github_that_keeps_failing_is_asked_no_more(github: FaultServer, open_forge: Open) -> None:
    github.on("GET", PULL, Answer(502))
    github.on("POST", f"{ISSUE}/comments", Drop())
    forge = open_forge(seconds=30.0, waits=(), breaker=Breaker("forge", "GitHub", temper=Temper(failures=3)))
    for _ in range(2):
        with pytest.raises(FarEndError):
            await forge.pull_request(7)
    with pytest.raises(OutcomeUnknown):
        await forge.comment(3, "noted")
    with pytest.raises(FarEndError, match="keeps failing") as away:
        await forge.comment(3, "noted")
    assert not isinstance(away.value, OutcomeUnknown)
    assert github.count("POST") == 1


async def test_one_thing_that_github_always_fails_at_is_no_reason_to_ask_it_for_nothing_else(
    github: FaultServer, open_forge: Open
) -> None:
    github.on("GET", PULL, Answer(500))
    github.on("GET", REPO, Answer(200, {"id": 1}))
    github.on("POST", f"{ISSUE}/comments", Answer(500))
    breaker = Breaker("forge", "GitHub", temper=Temper(failures=3), probed=True)
    forge = open_forge(seconds=30.0, breaker=breaker)
    for _ in range(10):
        with pytest.raises(FarEndError, match=r"GitHub failed \(500\)"):
            await forge.pull_request(7)
        with pytest.raises(OutcomeUnknown, match=r"GitHub failed \(500\)"):
            await forge.comment(3, "noted")
    assert github.count("GET", PULL) == 40  # each try went out
    plain = [seen for seen in github.seen if seen.path == REPO]
    assert 10 <= len(plain) <= 17
    assert {seen.headers["authorization"] for seen in plain} == {f"token {TOKEN}"}


async def test_github_is_left_alone_once_it_fails_at_something_plain_as_well(
    github: FaultServer, open_forge: Open
) -> None:
    github.on("GET", PULL, Answer(500))
    github.on("GET", REPO, Drop(), Drop(), Answer(200, {"id": 1}))
    clock = Passing()
    breaker = Breaker("forge", "GitHub", clock, Temper(failures=3, first=timedelta(seconds=30)), probed=True)
    forge = open_forge(seconds=30.0, waits=(), breaker=breaker)
    for _ in range(3):
        with pytest.raises(FarEndError, match=r"GitHub failed \(500\)"):
            await forge.pull_request(7)
    for rest in (30, 60):
        for _ in range(2):
            with pytest.raises(FarEndError, match="keeps failing") as away:
                await forge.pull_request(7)
            assert away.value.retry_after == rest
        clock.time += timedelta(seconds=rest)
    with pytest.raises(FarEndError, match=r"GitHub failed \(500\)"):  # plain things work: this one is asked again
        await forge.pull_request(7)
    assert (github.count("GET", PULL), github.count("GET", REPO)) == (4, 3)
