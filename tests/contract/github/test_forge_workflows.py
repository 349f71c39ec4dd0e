"""Workflows started by hand, and mishaps told by script, as the real adapters see them in the sandbox."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from adapters.registry import OciRegistry
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.people import BOT
from adapters.sandbox.world import SandboxWorld
from sops.kit.errors import FarEndRefused
from sops.kit.ports import Forge, ImageRegistry

START = datetime(2026, 4, 1, 8, tzinfo=UTC)
PUBLISH = "dockerhub-publish-on-release.yml"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(tmp_path, VirtualClock(START), registry_asks_for_token=True)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def forge(world: SandboxWorld) -> AsyncIterator[Forge]:
    forge = GitHubForge(world.repository, token=SecretStr(world.token), base_url=world.api_url, pause_between_writes=0)
    yield forge
    await forge.close()


@pytest.fixture
async def registry(world: SandboxWorld) -> AsyncIterator[ImageRegistry]:
    password = SecretStr(world.token)
    registry = OciRegistry(world.registry_url, world.repository, username=BOT, password=password, waits=())
    yield registry
    await registry.close()


def pass_time(world: SandboxWorld, minutes: int) -> None:
    world.clock.move_to(world.clock.now() + timedelta(minutes=minutes))
    world.tick()


async def test_a_run_is_queued_then_at_work_then_over(world: SandboxWorld, forge: Forge) -> None:
    number = await forge.dispatch(PUBLISH, ref="main", inputs={"tag": "v1.3.0"})
    assert number is not None
    seen = []
    for _ in range(4):
        run = await forge.workflow_run(number)
        assert run is not None
        seen.append((run.status, run.conclusion))
        pass_time(world, 1)
    working = ("in_progress", None)
    assert seen == [("queued", None), working, working, ("completed", "success")]
    assert (run.workflow, run.head_sha, run.created_at) == (PUBLISH, world.core.git.branches()["main"], START)
    assert await forge.workflow_run(1) is None


async def test_runs_are_listed_newest_first_since_an_instant(world: SandboxWorld, forge: Forge) -> None:
    first = await forge.dispatch(PUBLISH, ref="main", inputs={"tag": "v1.3.0"})
    pass_time(world, 5)
    second = await forge.dispatch(PUBLISH, ref="v1.3.0", inputs={})
    await forge.dispatch("edition-community-ci.yml", ref="develop", inputs={})
    assert [run.id for run in await forge.workflow_runs(PUBLISH, since=START)] == [second, first]
    later = START + timedelta(minutes=5, microseconds=900)
    assert [run.id for run in await forge.workflow_runs(PUBLISH, since=later)] == [second]


async def test_what_is_no_workflow_or_ref_is_refused(forge: Forge) -> None:
    for workflow, ref in (("none.yml", "main"), ("../../issues", "main"), (PUBLISH, "no-such-branch")):
        with pytest.raises(FarEndRefused):
            await forge.dispatch(workflow, ref=ref, inputs={})


async def test_the_publishing_workflow_brings_an_image_back(
    world: SandboxWorld, forge: Forge, registry: ImageRegistry
) -> None:
    before = await registry.manifest("1.3.0")
    assert before is not None
    await registry.delete(before.digest)
    assert list(await registry.tags()) == []
    await forge.dispatch(PUBLISH, ref="main", inputs={"tag": "v1.3.0"})
    pass_time(world, 3)
    assert await registry.manifest("1.3.0") == before
    assert await registry.manifest("latest") == before


async def test_a_workflow_fails_once_when_told_to(world: SandboxWorld, forge: Forge) -> None:
    world.forge_command(("fail-workflow", PUBLISH))
    ends = []
    for _ in range(2):
        number = await forge.dispatch(PUBLISH, ref="v1.3.0", inputs={})
        pass_time(world, 3)
        run = await forge.workflow_run(number or 0)
        assert run is not None
        ends.append(run.conclusion)
    assert ends == ["failure", "success"]


async def test_latest_follows_a_stable_release_and_no_candidate(world: SandboxWorld, registry: ImageRegistry) -> None:
    old = await registry.manifest("latest")
    world.tag("v1.4.0-rc1", "develop")
    pass_time(world, 5)
    assert await registry.manifest("1.4.0-rc1") is not None
    assert await registry.manifest("latest") == old
    world.tag("v1.4.0", "develop")
    pass_time(world, 5)
    assert await registry.manifest("latest") == await registry.manifest("1.4.0") != old
    assert list(await registry.tags()) == ["1.3.0", "1.4.0", "1.4.0-rc1", "latest"]


async def test_assets_and_images_go_wrong_when_told_to(
    world: SandboxWorld, forge: Forge, registry: ImageRegistry
) -> None:
    good = await forge.releases()
    content = await forge.download_asset(good[0].assets[0].id)
    world.forge_command(("asset", "corrupt", "v1.3.0"))
    assert await forge.download_asset(good[0].assets[0].id) != content
    world.forge_command(("asset", "missing", "v1.3.0"))
    assert [asset.name for asset in (await forge.releases())[0].assets] == ["SHA256SUMS"]
    world.forge_command(("image", "missing", "v1.3.0"))
    assert await registry.manifest("1.3.0") is None
    assert await registry.manifest("latest") is not None
    for words in (("asset", "missing", "v1.3.0"), ("asset", "lost", "v1.3.0"), ("image", "missing", "9.9.9")):
        with pytest.raises(FarEndRefused):
            world.forge_command(words)
