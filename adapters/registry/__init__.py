"""A container registry by the OCI distribution API, over httpx: the `ImageRegistry` port."""

from adapters.registry.none import NoImages
from adapters.registry.oci import OciRegistry

__all__ = ["NoImages", "OciRegistry"]
