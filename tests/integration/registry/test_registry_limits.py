"""A registry that answers without end or without haste: each call comes to its end and holds little meanwhile."""

import tracemalloc

import pytest

from adapters.reach.breaker import Breaker, Temper
from adapters.registry import OciRegistry
from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.world import Manifest
from tests.integration.github.faults import Answer, Drop, Endless, FaultServer, Hang, Script, Trickle
from tests.integration.registry.conftest import OpenRegistry
from tests.integration.registry.test_registry_manifests import LATEST, MANIFEST

MEGABYTE = 1024**2


def short(open_registry: OpenRegistry, seconds: float = 0.3) -> OciRegistry:
    return open_registry(seconds=lambda: seconds, largest=MEGABYTE)


@pytest.mark.parametrize("silence", [Trickle(), Trickle(head=True), Hang()])
async def test_an_answer_that_never_ends_is_ended_when_the_calls_time_is_over(
    server: FaultServer, open_registry: OpenRegistry, silence: Script
) -> None:
    server.on("GET", LATEST, silence)
    server.on("PUT", LATEST, silence)
    with pytest.raises(FarEndError, match="did not answer in time") as read:
        await short(open_registry).manifest("latest")
    assert type(read.value) is FarEndError
    with pytest.raises(OutcomeUnknown, match="did not answer in time; it may or may not have happened"):
        await short(open_registry).put("latest", MANIFEST)
    assert server.count("PUT") == 1


@pytest.mark.parametrize("flood", [Endless(), Endless(packed=True), Endless(promised=600 * MEGABYTE)])
@pytest.mark.parametrize("asked", ["manifest", "token"])
async def test_an_answer_without_measure_is_refused_and_not_held(
    server: FaultServer, open_registry: OpenRegistry, flood: Script, asked: str
) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="{server.url}/token",service="r"'}
    server.on("GET", LATEST, flood if asked == "manifest" else Answer(401, headers=challenge))
    server.on("GET", "/token", flood)
    tracemalloc.start()
    try:
        with pytest.raises(FarEndRefused, match="larger than allowed here"):
            await short(open_registry, 30.0).manifest("latest")
        assert tracemalloc.get_traced_memory()[1] < 30 * MEGABYTE  # the server packs its zeros in this process, too
    finally:
        tracemalloc.stop()
    assert server.count("GET", LATEST) == 1


async def test_a_registry_that_keeps_failing_or_wants_to_be_left_alone_is_asked_no_more(
    server: FaultServer, open_registry: OpenRegistry
) -> None:
    server.on("GET", LATEST, Answer(502))
    failing = open_registry(breaker=Breaker("registry", "the image registry", temper=Temper(failures=3)))
    with pytest.raises(FarEndError, match="the registry failed"):
        await failing.manifest("latest")
    asked = server.count("GET")
    with pytest.raises(FarEndError, match="keeps failing"):
        await failing.put("latest", MANIFEST)
    server.on("GET", LATEST, Answer(429, headers={"Retry-After": "90"}))
    limited = open_registry()
    with pytest.raises(FarEndError) as told:
        await limited.manifest("latest")
    assert told.value.retry_after == 90
    with pytest.raises(FarEndError, match="left alone"):
        await limited.put("latest", Manifest(MANIFEST.digest, MANIFEST.media_type, MANIFEST.body))
    assert (server.count("GET"), server.count("PUT")) == (asked + 1, 0)


async def test_one_tag_that_the_registry_always_fails_at_is_no_reason_to_ask_it_for_no_other(
    server: FaultServer, open_registry: OpenRegistry
) -> None:
    server.on("GET", LATEST, Answer(500))
    server.on("GET", "/v2/", Answer(200, {}))
    failing = open_registry(breaker=Breaker("registry", "the image registry", temper=Temper(failures=3), probed=True))
    for _ in range(5):
        with pytest.raises(FarEndError, match="the registry failed"):
            await failing.manifest("latest")
    server.on("GET", "/v2/", Drop())
    with pytest.raises(FarEndError, match="keeps failing"):
        await failing.manifest("latest")
