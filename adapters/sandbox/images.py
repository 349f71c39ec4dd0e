"""Container images: bytes under digests, and tags that point at them."""

import hashlib
import json
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class ImageStore:
    """One image repository. Changed only under the world's lock."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}

    def publish(self, version: str, commit: str, *, latest: bool) -> str:
        """A new image for `version`, tagged with it and, if asked, `latest`; returns the index digest."""
        layer = self._add_blob(f"skylark {version} built from {commit}\n".encode())
        config = self._add_blob(
            _encode(
                {
                    "architecture": "amd64",
                    "os": "linux",
                    "config": {"Labels": {"org.opencontainers.image.revision": commit}},
                    "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
                }
            )
        )
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, **config},
            "layers": [{"mediaType": OCI_LAYER, **layer}],
        }
        inner = self._add_manifest(OCI_MANIFEST, _encode(manifest))
        index = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{"mediaType": OCI_MANIFEST, **inner, "platform": {"architecture": "amd64", "os": "linux"}}],
            "annotations": {"org.opencontainers.image.version": version},
        }
        digest = str(self._add_manifest(OCI_INDEX, _encode(index))["digest"])
        self.tags[version] = digest
        if latest:
            self.tags["latest"] = digest
        return digest

    def put(self, reference: str, media_type: str, body: bytes) -> str:
        """Store exactly these bytes; a reference that is not a digest becomes a tag of them."""
        digest = str(self._add_manifest(media_type, body)["digest"])
        if not reference.startswith("sha256:"):
            self.tags[reference] = digest
        return digest

    def delete(self, digest: str) -> bool:
        """Forget a manifest and every tag on it; False if there is none."""
        self.tags = {tag: on for tag, on in self.tags.items() if on != digest}
        return self.manifests.pop(digest, None) is not None

    def find(self, reference: str) -> tuple[str, str, bytes] | None:
        """(digest, media type, bytes) by tag or digest."""
        digest = self.tags.get(reference, reference)
        found = self.manifests.get(digest)
        return (digest, *found) if found is not None else None

    def missing(self, manifest: dict[str, Any]) -> list[str]:
        """Digests a manifest names that the repository does not hold."""
        named = [*manifest.get("layers", ()), *manifest.get("manifests", ())]
        if "config" in manifest:
            named.append(manifest["config"])
        digests = [str(item.get("digest")) for item in named]
        return [digest for digest in digests if digest not in self.blobs and digest not in self.manifests]

    def _add_blob(self, content: bytes) -> dict[str, str | int]:
        digest = digest_of(content)
        self.blobs[digest] = content
        return {"digest": digest, "size": len(content)}

    def _add_manifest(self, media_type: str, body: bytes) -> dict[str, str | int]:
        digest = digest_of(body)
        self.manifests[digest] = (media_type, body)
        return {"digest": digest, "size": len(body)}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _encode(value: object) -> bytes:
    # Indented, so that re-serialising a manifest shows as a changed digest.
    return json.dumps(value, indent=3).encode()
