"""Milestones, releases, labels and lists of pull requests, asked of the sandbox through the real adapter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from sops.kit.errors import FarEndRefused
from sops.kit.ports import Forge

START = datetime(2026, 4, 1, 8, tzinfo=UTC)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(tmp_path, VirtualClock(START))
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def forge(world: SandboxWorld) -> AsyncIterator[Forge]:
    forge = GitHubForge(world.repository, token=SecretStr(world.token), base_url=world.api_url, pause_between_writes=0)
    yield forge
    await forge.close()


async def test_a_milestone_is_found_with_or_without_its_v_and_closed(forge: Forge) -> None:
    assert await forge.milestone("9.9.9") is None
    found = await forge.milestone("1.4.0")
    assert found is not None
    assert (found.title, found.state) == ("v1.4.0", "open")
    assert await forge.milestone("v1.4.0") == found
    assert list(await forge.milestone_issues(found.number)) == []
    await forge.close_milestone(found.number)
    closed = await forge.milestone("1.4.0")
    assert closed is not None
    assert (closed.title, closed.state) == ("v1.4.0", "closed")


async def test_a_label_nobody_made_yet_can_be_put_on_an_issue_and_a_pull_request(
    world: SandboxWorld, forge: Forge
) -> None:
    number = world.issue("crash on start")
    await forge.add_labels(number, ("expedited", "good first issue"))
    await forge.add_labels(number, ("expedited",))
    issue = await forge.issue(number)
    assert issue is not None
    assert sorted(issue.labels) == ["expedited", "good first issue"]
    pull = world.contribute("newcomer", "fix-typo")
    await forge.add_labels(pull, ("expedited",))
    assert (await forge.pull_request(pull)).labels == ("expedited",)


async def test_a_release_is_published_and_only_its_text_is_edited(forge: Forge, world: SandboxWorld) -> None:
    world.tag("v1.3.5-rc1", "develop")
    made = await forge.create_release(tag="v1.3.5-rc1", title="A candidate", body="first", prerelease=True)
    await forge.edit_release(made.id, body="second")
    found = await forge.release_by_tag("v1.3.5-rc1")
    assert found is not None
    assert (found.name, found.body, found.prerelease, found.draft) == ("A candidate", "second", True, False)
    with pytest.raises(FarEndRefused):
        await forge.create_release(tag="v1.3.5-rc1", title="again", body="", prerelease=True)


async def test_open_pull_requests_tell_who_came_for_the_first_time(world: SandboxWorld, forge: Forge) -> None:
    first, second = world.contribute("newcomer", "fix-typo"), world.contribute("rev1", "tidy-up")
    found = await forge.open_pull_requests()
    assert [(pull.number, pull.author, pull.association) for pull in found] == [
        (second, "rev1", "COLLABORATOR"),
        (first, "newcomer", "FIRST_TIME_CONTRIBUTOR"),
    ]
    assert all(pull.created_at == START for pull in found)
    await forge.close_pull_request(first)
    assert [pull.number for pull in await forge.open_pull_requests()] == [second]
    assert (await forge.pull_request(first)).merged is False


async def test_what_was_merged_into_a_branch_since_an_instant(world: SandboxWorld, forge: Forge) -> None:
    number = world.contribute("newcomer", "fix-typo")
    unmerged = world.contribute("rev1", "tidy-up")
    await forge.close_pull_request(unmerged)
    world.clock.move_to(START + timedelta(hours=1))
    world.tick()
    world.merge(number)
    assert [pull.number for pull in await forge.merged_pull_requests("develop", START)] == [number]
    assert list(await forge.merged_pull_requests("develop", START + timedelta(hours=2))) == []
    assert list(await forge.merged_pull_requests("main", START)) == []


async def test_reviewers_are_asked(world: SandboxWorld, forge: Forge) -> None:
    number = world.contribute("newcomer", "fix-typo")
    await forge.request_reviewers(number, ("rev1", "rev2"))
    issue = world.core.state.issues[number]
    assert issue.pull is not None
    assert sorted(issue.pull.requested) == ["rev1", "rev2"]
