from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from github import Auth, Github
from github.Repository import Repository

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def world(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(tmp_path, clock)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
def repository(world: SandboxWorld) -> Iterator[Repository]:
    """The repository as PyGithub sees it with the bot's token."""
    with connect(world) as github:
        yield github.get_repo(world.repository)


@pytest.fixture
def http(world: SandboxWorld) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {world.token}"}
    with httpx.Client(base_url=world.api_url, headers=headers) as client:
        yield client


def connect(world: SandboxWorld, token: str | None = None) -> Github:
    """PyGithub without retries and without pauses, so that a test sees every answer at once."""
    return Github(
        base_url=world.api_url,
        auth=Auth.Token(token or world.token),
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
