"""Who we are is told to the registry and to realms we know, and to nobody else."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.world import Manifest
from tests.integration.github.faults import Answer, Drop, FaultServer, Script, Seen
from tests.integration.registry.conftest import OpenRegistry

BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = Manifest(DIGEST, INDEX, BODY)
LATEST = "/v2/acme/widget/manifests/latest"
BASIC = f"Basic {b64encode(b'bot:pass-word').decode()}"
ACCOUNT = {"username": "bot", "password": SecretStr("pass-word")}


@pytest.fixture
def realm() -> Iterator[FaultServer]:
    """The token server; on another host name than the registry."""
    with FaultServer().running() as server:
        server.on("GET", "/token", lambda seen: Answer(200, {"token": f"for {seen.query['scope']}"}))
        yield server


def realm_url(realm: FaultServer) -> str:
    return f"http://localhost:{realm.port}/token"


def challenging(server: FaultServer, challenge: str, *, accepts: str | None = None) -> None:
    """Both methods answer 401 until the request is authorized, by `accepts` or by anything."""

    def answer(seen: Seen) -> Answer:
        given = seen.headers.get("authorization")
        if given is None or accepts not in (None, given):
            return Answer(401, {"errors": [{"code": "UNAUTHORIZED"}]}, {"WWW-Authenticate": challenge})
        return Answer(200 if seen.method == "GET" else 201, BODY, {"Content-Type": INDEX})

    server.on("GET", LATEST, answer)
    server.on("PUT", LATEST, answer)


def bearer(realm: str) -> str:
    return f'Bearer realm="{realm}",service="registry.example",scope="repository:somebody/else:pull,push,delete"'


async def test_a_token_is_fetched_once_for_each_scope_and_only_for_our_image(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenging(server, bearer(realm_url(realm)))
    registry = open_registry(realm_hosts=frozenset({f"localhost:{realm.port}"}), **ACCOUNT)
    for _ in range(2):
        assert await registry.manifest("latest") == MANIFEST
        await registry.put("latest", MANIFEST)
    asked = [(seen.query["scope"], seen.query["service"], seen.headers["authorization"]) for seen in realm.seen]
    scopes = ["repository:acme/widget:pull", "repository:acme/widget:pull,push"]
    assert asked == [(scope, "registry.example", BASIC) for scope in scopes]
    assert server.last("PUT").headers["authorization"] == f"Bearer for {scopes[1]}"
    assert all(seen.headers.get("authorization") != BASIC for seen in server.seen)


async def test_without_an_account_the_token_is_asked_for_anonymously(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenging(server, bearer(realm_url(realm)))
    await open_registry(realm_hosts=frozenset({f"localhost:{realm.port}"})).manifest("latest")
    assert "authorization" not in realm.last("GET").headers


async def test_a_token_that_is_no_longer_taken_is_replaced(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenging(server, bearer(realm_url(realm)), accepts="Bearer first")
    realm.on("GET", "/token", Answer(200, {"access_token": "first"}), Answer(200, {"access_token": "second"}))
    registry = open_registry(realm_hosts=frozenset({f"localhost:{realm.port}"}), **ACCOUNT)
    await registry.manifest("latest")
    challenging(server, bearer(realm_url(realm)), accepts="Bearer second")
    assert await registry.manifest("latest") == MANIFEST
    assert realm.count("GET") == 2


@pytest.mark.parametrize(
    "where",
    [
        "http://localhost:{port}/token",
        "http://127.0.0.1:{port}/token",  # the registry's own host, and somebody else's port
        "http://127.0.0.1@localhost:{port}/token",
        "//[",
        "",
    ],
)
async def test_a_foreign_realm_is_told_nothing(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry, where: str
) -> None:
    challenging(server, bearer(where.format(port=realm.port)))
    with pytest.raises(FarEndRefused, match="realm"):
        await open_registry(**ACCOUNT).manifest("latest")
    assert realm.seen == []
    assert server.count("GET") == 1


async def test_a_realm_host_is_allowed_at_the_port_it_was_named_with(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenging(server, bearer(realm_url(realm)))
    for named in ("localhost", f"localhost:{realm.port + 1}"):
        with pytest.raises(FarEndRefused, match=f"localhost:{realm.port}.*registry_realms"):
            await open_registry(realm_hosts=frozenset({named}), **ACCOUNT).manifest("latest")
    assert realm.seen == []


@pytest.mark.parametrize("named", ["https://auth.example", "auth.example/token", "x@auth.example", "auth:port", ""])
def test_a_realm_in_the_settings_is_a_host_and_nothing_else(open_registry: OpenRegistry, named: str) -> None:
    with pytest.raises(ConfigurationError, match="registry_realms"):
        open_registry(realm_hosts=frozenset({named}), **ACCOUNT)


async def test_a_realm_with_a_name_and_password_in_it_is_refused(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenging(server, bearer(f"http://x:y@127.0.0.1:{realm.port}/token"))
    named = frozenset({f"127.0.0.1:{realm.port}"})
    with pytest.raises(FarEndRefused, match="https"):
        await open_registry(realm_hosts=named, **ACCOUNT).manifest("latest")
    assert realm.seen == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401), FarEndRefused),
        (Answer(503), FarEndError),
        (Answer(429), FarEndError),
        (Drop(), FarEndError),
        (Answer(200, b"<html>"), FarEndError),
        (Answer(200, {"token": "a\r\nX: y"}), FarEndError),
        (Answer(200, {}), FarEndError),
    ],
)
async def test_a_write_that_never_got_its_token_certainly_did_not_happen(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry, answer: Script, error: type[Exception]
) -> None:
    challenging(server, bearer(realm_url(realm)))
    realm.on("GET", "/token", answer)
    with pytest.raises(error) as raised:
        await open_registry(realm_hosts=frozenset({f"localhost:{realm.port}"}), **ACCOUNT).put("latest", MANIFEST)
    assert type(raised.value) is error
    assert "pass-word" not in str(raised.value)


async def test_a_write_dropped_after_its_token_has_an_unknown_outcome(
    server: FaultServer, realm: FaultServer, open_registry: OpenRegistry
) -> None:
    challenge = Answer(401, headers={"WWW-Authenticate": bearer(realm_url(realm))})
    server.on("PUT", LATEST, challenge, Drop())
    with pytest.raises(OutcomeUnknown):
        await open_registry(realm_hosts=frozenset({f"localhost:{realm.port}"}), **ACCOUNT).put("latest", MANIFEST)
    assert server.count("PUT") == 2


async def test_a_basic_challenge_is_answered_with_the_account(server: FaultServer, open_registry: OpenRegistry) -> None:
    challenging(server, 'Basic realm="registry"', accepts=BASIC)
    await open_registry(**ACCOUNT).put("latest", MANIFEST)
    assert server.count("PUT") == 2


@pytest.mark.parametrize("account", [{}, ACCOUNT])
async def test_a_challenge_that_cannot_be_met_is_a_refusal(
    server: FaultServer, open_registry: OpenRegistry, account: dict[str, str]
) -> None:
    challenging(server, 'Basic realm="registry"', accepts="nothing")
    with pytest.raises(FarEndRefused, match="may not push") as raised:
        await open_registry(**account).put("latest", MANIFEST)
    assert "pass-word" not in str(raised.value)
