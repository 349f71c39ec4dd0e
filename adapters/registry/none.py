"""`NoImages`: the registry of a project that has no image."""

from collections.abc import Sequence

from sops.kit.errors import FarEndRefused
from sops.kit.world import Manifest


class NoImages:
    """Implements `sops.kit.ports.ImageRegistry` by refusing: who asks for an image was set up for another project."""

    async def close(self) -> None: ...

    async def manifest(self, reference: str) -> Manifest | None:
        raise _none()

    async def put(self, tag: str, manifest: Manifest) -> None:
        raise _none()

    async def tags(self) -> Sequence[str]:
        raise _none()

    async def delete(self, digest: str) -> None:
        raise _none()


def _none() -> FarEndRefused:
    return FarEndRefused("this project has no image: the settings' `artefacts` name none")
