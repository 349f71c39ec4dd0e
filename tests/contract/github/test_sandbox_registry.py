"""The sandbox's registry reads and retags as the OCI distribution specification says."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.images import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from adapters.sandbox.people import BOT, token_of
from adapters.sandbox.world import SandboxWorld

IMAGE = "/v2/acme/skylark"
ACCEPT = {"Accept": f"{OCI_INDEX}, {OCI_MANIFEST}"}


@pytest.fixture
def images(world: SandboxWorld) -> httpx.Client:
    return httpx.Client(base_url=world.registry_url)


@pytest.fixture(autouse=True)
def _closed(images: httpx.Client) -> object:
    with images:
        yield


def test_a_manifest_is_served_under_its_tag_and_digest(images: httpx.Client) -> None:
    by_tag = images.get(f"{IMAGE}/manifests/1.3.0", headers=ACCEPT)
    digest = by_tag.headers["docker-content-digest"]
    assert digest == f"sha256:{hashlib.sha256(by_tag.content).hexdigest()}"
    assert by_tag.headers["content-type"] == OCI_INDEX
    assert images.get(f"{IMAGE}/manifests/{digest}", headers=ACCEPT).content == by_tag.content
    head = images.head(f"{IMAGE}/manifests/1.3.0", headers=ACCEPT)
    assert (head.content, head.headers["docker-content-digest"]) == (b"", digest)
    assert head.headers["content-length"] == str(len(by_tag.content))


@pytest.mark.parametrize("accept", ["*/*", DOCKER_MANIFEST, "application/json"])
def test_an_index_is_unknown_to_who_does_not_accept_one(images: httpx.Client, accept: str) -> None:
    answer = images.get(f"{IMAGE}/manifests/1.3.0", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"


def test_everything_a_manifest_names_can_be_fetched(images: httpx.Client) -> None:
    index = images.get(f"{IMAGE}/manifests/1.3.0", headers=ACCEPT).json()
    inner = images.get(f"{IMAGE}/manifests/{index['manifests'][0]['digest']}", headers=ACCEPT).json()
    for part in (inner["config"], *inner["layers"]):
        blob = images.get(f"{IMAGE}/blobs/{part['digest']}")
        assert f"sha256:{hashlib.sha256(blob.content).hexdigest()}" == part["digest"]
        assert len(blob.content) == part["size"]
        assert images.head(f"{IMAGE}/blobs/{part['digest']}").status_code == 200


def test_retagging_the_exact_bytes_keeps_the_digest(images: httpx.Client) -> None:
    old = images.get(f"{IMAGE}/manifests/1.3.0", headers=ACCEPT)
    headers = {"Content-Type": OCI_INDEX}
    put = images.put(f"{IMAGE}/manifests/stable", content=old.content, headers=headers)
    assert put.status_code == 201
    assert put.headers["docker-content-digest"] == old.headers["docker-content-digest"]
    assert images.get(f"{IMAGE}/tags/list").json() == {"name": "acme/skylark", "tags": ["1.3.0", "latest", "stable"]}
    again = images.put(f"{IMAGE}/manifests/other", content=json.dumps(old.json()), headers=headers)
    assert again.headers["docker-content-digest"] != old.headers["docker-content-digest"]


@pytest.mark.parametrize(
    ("reference", "content", "kind", "code"),
    [
        ("x", b"no json", OCI_INDEX, "MANIFEST_INVALID"),
        ("x", b'{"schemaVersion": 2}', "text/plain", "MANIFEST_INVALID"),
        ("x", b'{"schemaVersion": 2, "manifests": [{"digest": "sha256:0"}]}', OCI_INDEX, "MANIFEST_BLOB_UNKNOWN"),
        ("sha256:" + "0" * 64, b'{"schemaVersion": 2}', OCI_INDEX, "DIGEST_INVALID"),
        (".x", b'{"schemaVersion": 2}', OCI_INDEX, "TAG_INVALID"),
    ],
)
def test_what_is_no_manifest_is_not_stored(
    images: httpx.Client, reference: str, content: bytes, kind: str, code: str
) -> None:
    answer = images.put(f"{IMAGE}/manifests/{reference}", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert images.get(f"{IMAGE}/tags/list").json()["tags"] == ["1.3.0", "latest"]


def test_other_images_are_unknown(images: httpx.Client) -> None:
    assert images.get("/v2/acme/other/tags/list").status_code == 404
    assert images.get("/v2/acme/other/manifests/1.3.0", headers=ACCEPT).status_code == 404
    assert images.get(f"{IMAGE}/blobs/sha256:{'0' * 64}").status_code == 404


class TestAskingForAToken:
    @pytest.fixture
    async def world(self, tmp_path: Path, clock: VirtualClock) -> AsyncIterator[SandboxWorld]:
        world = SandboxWorld(tmp_path, clock, registry_asks_for_token=True)
        await world.start()
        yield world
        await world.stop()

    def token(self, images: httpx.Client, challenge: str, auth: tuple[str, str] | None) -> httpx.Response:
        named = dict(part.split("=", 1) for part in challenge.removeprefix("Bearer ").split('",'))
        asked = {"service": named["service"].strip('"'), "scope": named["scope"].strip('"')}
        return images.get(named["realm"].strip('"'), params=asked, auth=auth or httpx.USE_CLIENT_DEFAULT)

    def test_everyone_may_pull_with_a_token(self, images: httpx.Client) -> None:
        refused = images.get(f"{IMAGE}/manifests/1.3.0", headers=ACCEPT)
        assert refused.status_code == 401
        token = self.token(images, refused.headers["www-authenticate"], None).json()["token"]
        headers = {**ACCEPT, "Authorization": f"Bearer {token}"}
        assert images.get(f"{IMAGE}/manifests/1.3.0", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        ("auth", "status"), [((BOT, token_of(BOT)), 201), (("guest", token_of("guest")), 401), (None, 401)]
    )
    def test_only_who_may_write_pushes(self, images: httpx.Client, auth: tuple[str, str] | None, status: int) -> None:
        path, content = f"{IMAGE}/manifests/x", b'{"schemaVersion": 2}'
        refused = images.put(path, content=content, headers={"Content-Type": OCI_INDEX})
        token = self.token(images, refused.headers["www-authenticate"], auth).json()["token"]
        headers = {"Content-Type": OCI_INDEX, "Authorization": f"Bearer {token}"}
        assert images.put(path, content=content, headers=headers).status_code == status

    def test_a_wrong_password_gets_no_token(self, images: httpx.Client) -> None:
        challenge = images.get("/v2/").headers["www-authenticate"]
        assert self.token(images, challenge, (BOT, token_of("guest"))).status_code == 401
