"""Manifests keep their bytes; reads are repeated, writes never."""

import hashlib
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.registry import OciRegistry
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.world import Manifest
from tests.integration.github.faults import Answer, Drop, FaultServer, Half, Hang, Script, a_closed_port
from tests.integration.registry.conftest import OpenRegistry

BODY = b'{ "schemaVersion": 2,\n  "odd":   "spacing" }\n'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"
INDEX = "application/vnd.oci.image.index.v1+json"
LATEST = "/v2/acme/widget/manifests/latest"
STORED = Answer(200, BODY, {"Content-Type": INDEX, "Docker-Content-Digest": DIGEST})
MANIFEST = Manifest(DIGEST, INDEX, BODY)


async def test_a_manifest_keeps_its_bytes_and_its_type(server: FaultServer, open_registry: OpenRegistry) -> None:
    server.on("GET", LATEST, STORED)
    assert await open_registry().manifest("latest") == MANIFEST
    accepted = server.last("GET").headers["accept"].split(", ")
    assert INDEX in accepted
    assert "application/vnd.oci.image.manifest.v1+json" in accepted
    assert len(accepted) == 4


async def test_retagging_sends_exactly_what_was_read(server: FaultServer, open_registry: OpenRegistry) -> None:
    server.on("PUT", LATEST, Answer(201, headers={"Docker-Content-Digest": DIGEST}))
    await open_registry().put("latest", MANIFEST)
    sent = server.last("PUT")
    assert (sent.body, sent.headers["content-type"]) == (BODY, INDEX)


async def test_an_unknown_reference_is_none(server: FaultServer, open_registry: OpenRegistry) -> None:
    server.on("GET", LATEST, Answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]}))
    assert await open_registry().manifest("latest") is None


@pytest.mark.parametrize(("reference", "claimed"), [("latest", OTHER), (OTHER, DIGEST), (OTHER, None)])
async def test_bytes_without_their_digest_are_not_believed(
    server: FaultServer, open_registry: OpenRegistry, reference: str, claimed: str | None
) -> None:
    headers = {"Content-Type": INDEX} | ({"Docker-Content-Digest": claimed} if claimed else {})
    server.on("GET", f"/v2/acme/widget/manifests/{reference}", Answer(200, BODY, headers))
    with pytest.raises(FarEndError, match="digest"):
        await open_registry().manifest(reference)


async def test_a_manifest_that_does_not_match_its_digest_is_not_sent(
    server: FaultServer, open_registry: OpenRegistry
) -> None:
    with pytest.raises(FarEndRefused, match="digest"):
        await open_registry().put("latest", Manifest(DIGEST, INDEX, BODY + b" "))
    assert server.seen == []


async def test_a_registry_that_stores_something_else_is_noticed(
    server: FaultServer, open_registry: OpenRegistry
) -> None:
    server.on("PUT", LATEST, Answer(201, headers={"Docker-Content-Digest": OTHER}))
    with pytest.raises(OutcomeUnknown, match=OTHER):
        await open_registry().put("latest", MANIFEST)


@pytest.mark.parametrize("fault", [Answer(502), Drop(), Half(STORED)])
async def test_a_read_that_fails_is_tried_again_after_a_wait(
    server: FaultServer, open_registry: OpenRegistry, fault: Script
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    server.on("GET", LATEST, fault, fault, STORED)
    assert await open_registry(sleep=sleep).manifest("latest") == MANIFEST
    assert waits == [0.5, 2.0]


@pytest.mark.parametrize("fault", [Answer(502), Drop()])
async def test_a_read_that_keeps_failing_ends_with_the_third_try(
    server: FaultServer, open_registry: OpenRegistry, fault: Script
) -> None:
    server.on("GET", LATEST, fault)
    with pytest.raises(FarEndError) as raised:
        await open_registry().manifest("latest")
    assert type(raised.value) is FarEndError
    assert server.count("GET") == 3


@pytest.mark.parametrize("fault", [Answer(502), Drop(), Hang(), Half(Answer(201))])
async def test_a_write_without_an_answer_was_sent_once_and_its_outcome_is_unknown(
    server: FaultServer, open_registry: OpenRegistry, fault: Script
) -> None:
    server.on("PUT", LATEST, fault)
    with pytest.raises(OutcomeUnknown):
        await open_registry(timeout=0.2).put("latest", MANIFEST)
    assert server.count("PUT") == 1


async def test_a_write_to_a_registry_that_is_down_certainly_did_not_happen(open_registry: OpenRegistry) -> None:
    with pytest.raises(FarEndError, match="nothing was sent") as raised:
        await open_registry(f"http://127.0.0.1:{a_closed_port()}").put("latest", MANIFEST)
    assert type(raised.value) is FarEndError


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (Answer(429, headers={"Retry-After": "30"}), FarEndError, "nothing happened, try again in 30 s"),
        (Answer(403, {"errors": [{"code": "DENIED", "message": "no"}]}), FarEndRefused, r"may not push \(DENIED no\)"),
        (Answer(400, {"errors": [{"code": "MANIFEST_INVALID"}]}), FarEndRefused, "MANIFEST_INVALID"),
        (Answer(404), FarEndRefused, "status 404"),
        (Answer(307, headers={"Location": "https://elsewhere.example/"}), FarEndRefused, "status 307"),
    ],
)
async def test_a_write_that_is_declined_did_not_happen(
    server: FaultServer, open_registry: OpenRegistry, answer: Answer, error: type[Exception], reason: str
) -> None:
    server.on("PUT", LATEST, answer)
    with pytest.raises(error, match=reason) as raised:
        await open_registry().put("latest", MANIFEST)
    assert type(raised.value) is error
    assert server.count("PUT") == 1


async def test_a_rate_limited_read_is_not_repeated_at_once(server: FaultServer, open_registry: OpenRegistry) -> None:
    server.on("GET", LATEST, Answer(429, headers={"Retry-After": "30"}))
    with pytest.raises(FarEndError, match="in 30 s"):
        await open_registry().manifest("latest")
    assert server.count("GET") == 1


@pytest.mark.parametrize("reference", ["", "../other", "a/b", "a?x=1", "sha256:12", f"sha512:{'0' * 128}", "-x"])
async def test_a_reference_is_a_tag_or_a_digest(
    server: FaultServer, open_registry: OpenRegistry, reference: str
) -> None:
    with pytest.raises(FarEndRefused):
        await open_registry().manifest(reference)
    with pytest.raises(FarEndRefused):
        await open_registry().put(reference, MANIFEST)
    assert server.seen == []


async def test_a_digest_is_no_tag(server: FaultServer, open_registry: OpenRegistry) -> None:
    with pytest.raises(FarEndRefused, match="not a tag"):
        await open_registry().put(DIGEST, MANIFEST)


@pytest.mark.parametrize(
    ("base_url", "image"),
    [("https://u:p@r.example", "a"), ("ftp://r.example", "a"), ("r.example", "a"), ("https://r.example", "A/../b")],
)
def test_settings_that_cannot_be_right_are_refused(base_url: str, image: str) -> None:
    settings: dict[str, Any] = {"username": "u", "password": SecretStr("p")}
    with pytest.raises(ConfigurationError):
        OciRegistry(base_url, image, **settings)
