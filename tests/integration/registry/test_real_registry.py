"""The adapter against a real registry (Debian's docker-registry): tags, exact bytes, deletion by digest.

Without that program they are skipped, and fail where CI=true, which must install it.
"""

import asyncio
import hashlib
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.registry import OciRegistry
from sops.kit.world import Manifest

PROGRAM = shutil.which("docker-registry")
IMAGE = "acme/skylark"
OCI = "application/vnd.oci.image.manifest.v1+json"
CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""

MISSING = "docker-registry is not installed (apt-get install it)"


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """A registry of its own, with an empty disk."""
    if PROGRAM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.format(folder=tmp_path / "disk", port=port))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(PROGRAM, "serve", str(config), stdout=quiet, stderr=quiet)
    try:
        await _answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _answers(address: str, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(base_url=address) as http, asyncio.timeout(30):
        while True:
            assert process.returncode is None, "the registry ended at once"
            try:
                if (await http.get("/v2/")).status_code == 200:
                    return
            except httpx.RequestError:
                await asyncio.sleep(0.05)  # it is starting; the deadline above ends this


@pytest.fixture
async def registry(address: str) -> AsyncIterator[OciRegistry]:
    registry = OciRegistry(address, IMAGE, waits=())
    yield registry
    await registry.close()


async def pushed(address: str, words: str, indent: int) -> Manifest:
    """An image whose configuration is these words; its manifest as it would be pushed, not tagged yet."""
    async with httpx.AsyncClient(base_url=address) as http:
        descriptors = []
        for content in (json.dumps({"words": words}).encode(), words.encode()):
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            where = (await http.post(f"/v2/{IMAGE}/blobs/uploads/")).headers["Location"]
            done = await http.put(where, params={**httpx.URL(where).params, "digest": digest}, content=content)
            assert done.status_code == 201
            descriptors.append({"digest": digest, "size": len(content)})
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **descriptors[0]}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", **descriptors[1]}
    whole = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [layer]}
    body = json.dumps(whole, indent=indent).encode()
    return Manifest(f"sha256:{hashlib.sha256(body).hexdigest()}", OCI, body)


async def test_what_is_not_there_is_none(registry: OciRegistry) -> None:
    assert await registry.manifest("1.4.0") is None
    assert await registry.manifest(f"sha256:{'a' * 64}") is None
    assert list(await registry.tags()) == []


async def test_latest_goes_back_by_exact_bytes(registry: OciRegistry, address: str) -> None:
    good, bad = await pushed(address, "1.3.0", indent=3), await pushed(address, "1.4.0", indent=2)
    await registry.put("1.3.0", good)
    await registry.put("1.4.0", bad)
    await registry.put("latest", bad)
    kept = await registry.manifest("1.3.0")
    assert kept == good
    assert kept is not None
    await registry.put("latest", kept)
    assert await registry.manifest("latest") == good
    assert await registry.manifest(bad.digest) == bad
    assert list(await registry.tags()) == ["1.3.0", "1.4.0", "latest"]


async def test_deleting_by_digest_takes_every_tag_of_it(registry: OciRegistry, address: str) -> None:
    bad = await pushed(address, "1.4.0", indent=2)
    await registry.put("1.4.0", bad)
    await registry.put("stable", bad)
    await registry.delete(bad.digest)
    assert await registry.manifest("1.4.0") is None
    assert await registry.manifest("stable") is None
    await registry.delete(bad.digest)
