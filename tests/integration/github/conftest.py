from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from tests.integration.github.faults import FaultServer

TOKEN = "token-that-must-not-show"


@pytest.fixture
def github() -> Iterator[FaultServer]:
    with FaultServer().running() as server:
        yield server


@pytest.fixture
async def forge(github: FaultServer) -> AsyncIterator[GitHubForge]:
    forge = GitHubForge("acme/widget", token=SecretStr(TOKEN), base_url=github.url, timeout=1, pause_between_writes=0)
    yield forge
    await forge.close()
