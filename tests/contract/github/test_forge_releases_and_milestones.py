"""Milestones, releases, labels and lists of pull requests, asked of the sandbox through the real adapter."""

from collections.abc import AsyncIterator
from dataclasses import replace
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
    assert (found.open_issues, list(await forge.milestone_issues(found.number))) == (0, [])
    done = await forge.issue(28)
    assert done is not None
    assert done.state == "closed"
    await forge.close_milestone(found.number)
    closed = await forge.milestone("1.4.0")
    assert closed is not None
    assert (closed.title, closed.state) == ("v1.4.0", "closed")


async def test_a_milestone_knows_the_open_issues_somebody_put_into_it(world: SandboxWorld, forge: Forge) -> None:
    number = world.issue("crash on start")
    world.forge_command(("into-milestone", str(number), "1.4.0"))
    found = await forge.milestone("1.4.0")
    assert found is not None
    assert found.open_issues == 1
    assert [issue.number for issue in await forge.milestone_issues(found.number)] == [number]
    world.forge_command(("milestone", "1.5.0"))
    assert await forge.milestone("v1.5.0") == await forge.milestone("1.5.0")
    assert await forge.milestone("1.5.0") is not None


async def test_a_label_comes_off_once_and_a_missing_issue_is_an_error(world: SandboxWorld, forge: Forge) -> None:
    number = world.issue("crash on start", ["bug", "good first issue"])
    for _ in range(2):
        await forge.remove_label(number, "good first issue")
    issue = await forge.issue(number)
    assert issue is not None
    assert issue.labels == ("bug",)
    with pytest.raises(FarEndRefused):
        await forge.remove_label(9999, "bug")


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
    made = await forge.create_release(
        tag="v1.3.5-rc1", title="A candidate", body="first", prerelease=True, latest=False
    )
    await forge.edit_release(made.id, body="second")
    found = await forge.release_by_tag("v1.3.5-rc1")
    assert found is not None
    assert (found.name, found.body, found.prerelease, found.draft) == ("A candidate", "second", True, False)
    with pytest.raises(FarEndRefused):
        await forge.create_release(tag="v1.3.5-rc1", title="again", body="", prerelease=True, latest=False)


async def test_a_release_never_makes_its_tag(forge: Forge, world: SandboxWorld) -> None:
    with pytest.raises(FarEndRefused, match="no tag v9"):
        await forge.create_release(tag="v9.0.0", title="early", body="", prerelease=False, latest=False)
    assert "refs/tags/v9.0.0" not in world.core.git.refs()


async def test_the_badge_is_where_it_is_put_and_a_release_says_whether_it_takes_it(
    forge: Forge, world: SandboxWorld
) -> None:
    async def badge() -> str:
        found = await forge.latest_release()
        return found.tag if found else ""

    world.publish_never()
    world.tag("v1.4.0", "develop")
    world.tag("v1.3.1", "main")
    world.tag("v1.5.0-rc1", "develop")
    assert await badge() == "v1.3.0"
    newer = await forge.create_release(tag="v1.4.0", title="1.4.0", body="", prerelease=False, latest=True)
    older = await forge.create_release(tag="v1.3.1", title="1.3.1", body="", prerelease=False, latest=False)
    candidate = await forge.create_release(tag="v1.5.0-rc1", title="rc", body="", prerelease=True, latest=False)
    assert await badge() == "v1.4.0"
    await forge.mark_latest(older.id)
    assert await badge() == "v1.3.1"
    await forge.edit_release(newer.id, body="again")  # what is not said stays
    assert await badge() == "v1.3.1"
    with pytest.raises(FarEndRefused):
        await forge.mark_latest(candidate.id)
    await forge.mark_latest(newer.id)
    found = await forge.release_by_tag("v1.4.0")
    assert await badge() == "v1.4.0"
    assert found is not None
    assert (found.body, found.draft, found.prerelease) == ("again", False, False)


async def test_releases_are_listed_newest_first_with_their_assets(forge: Forge, world: SandboxWorld) -> None:
    world.tag("v1.3.5-rc1", "develop")
    await forge.create_release(tag="v1.3.5-rc1", title="A candidate", body="first", prerelease=True, latest=False)
    found = await forge.releases()
    assert [release.tag for release in found] == ["v1.3.5-rc1", "v1.3.0"]
    assert [asset.name for asset in found[1].assets] == ["skylark-1.3.0.tar.gz", "SHA256SUMS"]


async def test_the_releases_of_another_repository(forge: Forge) -> None:
    found = await forge.upstream_releases("acme/rocksdb")
    assert [release.tag for release in found] == ["v9.7.3", "v9.7.2", "v9.6.1"]
    assert "log file of length zero" in found[0].body
    for wrong in ("acme/none", "acme", "acme/../x", "acme/x?y"):
        with pytest.raises(FarEndRefused):
            await forge.upstream_releases(wrong)


async def test_somebody_who_came_for_the_first_time_by_script(world: SandboxWorld, forge: Forge) -> None:
    world.forge_command(("pr", "guest", "fix-typo", "first-time"))
    (found,) = await forge.open_pull_requests()
    assert (found.author, found.association, found.draft) == ("guest", "FIRST_TIME_CONTRIBUTOR", False)


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


async def test_the_text_of_a_pull_request_is_changed_and_nothing_else(world: SandboxWorld, forge: Forge) -> None:
    number = world.contribute("newcomer", "fix-typo")
    before = await forge.pull_request(number)
    await forge.edit_pull_request(number, body="the results: all green")
    after = await forge.pull_request(number)
    assert after == replace(before, body="the results: all green")


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
