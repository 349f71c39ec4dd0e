from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from adapters.registry import OciRegistry
from tests.integration.github.faults import FaultServer

OpenRegistry = Callable[..., OciRegistry]


async def no_wait(seconds: float) -> None:
    """Stands in for sleeping between two tries."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer().running() as server:
        yield server


@pytest.fixture
async def open_registry(server: FaultServer) -> AsyncIterator[OpenRegistry]:
    """Makes an OciRegistry for the image acme/widget and closes it in the end."""
    opened: list[OciRegistry] = []

    def make(base_url: str = "", **settings: Any) -> OciRegistry:
        sleep: Callable[[float], Awaitable[None]] = settings.pop("sleep", no_wait)
        opened.append(OciRegistry(base_url or server.url, "acme/widget", sleep=sleep, **settings))
        return opened[-1]

    yield make
    for registry in opened:
        await registry.close()
