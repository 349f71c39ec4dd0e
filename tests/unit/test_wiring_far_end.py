"""Which registry and which index the settings lead to, and what each is told of us."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr, ValidationError

from adapters.registry import NoImages
from bot.settings import Settings
from bot.wiring.far_end import packages_of, registry_of
from sops.kit.errors import ConfigurationError, FarEndRefused
from sops.kit.policy import Policy
from tests.integration.github.faults import Answer, FaultServer, Seen

IMAGE = "acme/widget"
LATEST = f"/v2/{IMAGE}/manifests/latest"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A registry that takes a token of a realm on another host name, which tells whom it was asked by."""
    with FaultServer().running() as server:
        challenge = f'Bearer realm="http://localhost:{server.port}/token",service="registry"'

        def manifest(seen: Seen) -> Answer:
            if "authorization" not in seen.headers:
                return Answer(401, {"errors": []}, {"WWW-Authenticate": challenge})
            return Answer(404, {"errors": []})

        server.on("GET", LATEST, manifest)
        server.on("GET", "/token", lambda seen: Answer(200, {"token": "ours"}))
        yield server


def settings(server: FaultServer, **more: object) -> Settings:
    known = {"registry_url": f"http://127.0.0.1:{server.port}", "image": IMAGE, "token": SecretStr("forge-token")}
    return Settings(**{**known, **more})


async def asked(found: Settings, server: FaultServer) -> str | None:
    """What the realm heard of us."""
    registry = registry_of(found)
    try:
        assert await registry.manifest("latest") is None
    finally:
        await registry.close()
    return next(seen.headers.get("authorization") for seen in server.seen if seen.path == "/token")


async def test_user_and_password_of_the_registry_go_to_the_realm_that_is_allowed(server: FaultServer) -> None:
    found = settings(
        server,
        registry_user="robot",
        registry_password=SecretStr("pass-word"),
        registry_realms=(f"localhost:{server.port}",),
    )
    assert await asked(found, server) == "Basic cm9ib3Q6cGFzcy13b3Jk"


async def test_a_realm_that_is_not_allowed_is_told_nothing(server: FaultServer) -> None:
    with pytest.raises(FarEndRefused, match=r"'localhost:\d+', which is not an allowed realm host"):
        await asked(settings(server, registry_user="robot", registry_password=SecretStr("pass-word")), server)
    assert not [seen for seen in server.seen if seen.path == "/token"]


async def test_the_forges_token_goes_to_no_strangers_registry(server: FaultServer) -> None:
    assert await asked(settings(server, registry_realms=(f"localhost:{server.port}",)), server) is None


async def test_the_forges_own_registry_takes_the_forges_token(server: FaultServer) -> None:
    found = settings(server, registry_realms=(f"localhost:{server.port}",), api_url=f"http://127.0.0.1:{server.port}")
    assert await asked(found, server) == "Basic c29wd2l0aDpmb3JnZS10b2tlbg=="


def test_a_user_without_a_password_is_refused() -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(registry_user="robot")


async def test_a_project_without_an_image_needs_no_registry() -> None:
    registry = registry_of(Settings(policy=Policy(artefacts=("archive",))))
    assert isinstance(registry, NoImages)
    with pytest.raises(FarEndRefused, match="has no image"):
        await registry.manifest("latest")


def test_a_project_with_an_image_needs_one() -> None:
    with pytest.raises(ConfigurationError, match="address"):
        registry_of(Settings())


def test_a_package_that_is_waited_for_needs_its_page() -> None:
    found = Settings(policy=Policy(artefacts=("pypi",), package="skylark"))
    with pytest.raises(ConfigurationError, match="package_page"):
        packages_of(found)
