"""What procedures ask of a forge and a registry, asked of the sandbox through the real adapters."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.github import GitHubForge
from adapters.registry import OciRegistry
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.people import BOT, token_of
from adapters.sandbox.world import DEFAULT_CHECKS, SandboxWorld
from sops.kit.errors import FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown
from sops.kit.ports import Forge, ImageRegistry
from sops.kit.world import Check, CheckState, PullRequest

START = datetime(2026, 4, 1, 8, tzinfo=UTC)
LONG_AGO = START - timedelta(days=1)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld(tmp_path, VirtualClock(START), required_reviews=1, registry_asks_for_token=True)
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


def pass_time(world: SandboxWorld, span: timedelta) -> None:
    world.clock.move_to(world.clock.now() + span)
    world.tick()


async def a_release_pull_request(forge: Forge) -> PullRequest:
    return await forge.open_pull_request(head="develop", base="main", title="Release 1.4.0", body="<!-- run -->")


async def test_the_viewer_is_the_account_of_the_token(forge: Forge) -> None:
    assert await forge.viewer() == BOT


async def test_a_pull_request_is_opened_once_and_found_by_its_branches(forge: Forge) -> None:
    assert list(await forge.pull_requests("develop", "main")) == []
    opened = await a_release_pull_request(forge)
    assert (opened.author, opened.state, opened.merged, opened.body) == (BOT, "open", False, "<!-- run -->")
    found = await forge.pull_requests("develop", "main")
    assert [(pull.number, pull.head_sha, pull.merge_sha) for pull in found] == [(opened.number, opened.head_sha, None)]
    assert await forge.pull_request(opened.number) == opened
    with pytest.raises(FarEndRefused, match="already exists"):
        await a_release_pull_request(forge)
    with pytest.raises(FarEndRefused):
        await forge.open_pull_request(head="no-such-branch", base="main", title="t", body="b")
    with pytest.raises(FarEndRefused, match="not found"):
        await forge.pull_request(9999)


async def test_its_authors_are_those_of_its_commits(world: SandboxWorld, forge: Forge) -> None:
    world.push("develop", author="oncall1")
    opened = await a_release_pull_request(forge)
    authors = await forge.pull_request_authors(opened.number)
    assert {"maint", "oncall1", "guest"} <= authors
    assert BOT not in authors


async def test_checks_are_pending_then_green_and_rules_name_them(world: SandboxWorld, forge: Forge) -> None:
    opened = await a_release_pull_request(forge)
    assert [check.state for check in await forge.checks(opened.head_sha)] == [CheckState.PENDING] * 4
    pass_time(world, timedelta(hours=1))
    found = sorted(await forge.checks(opened.head_sha), key=lambda check: check.name)
    assert [(check.name, check.state) for check in found] == [(name, CheckState.GREEN) for name in DEFAULT_CHECKS]
    rules = await forge.rules("main")
    assert sorted(rules.required_checks) == sorted(DEFAULT_CHECKS)
    assert (rules.protected, rules.required_reviews) == (True, 1)
    assert not (await forge.rules("develop")).protected
    assert not rules.queued
    world.forge_command(("queue", "main"))
    assert (await forge.rules("main")).queued


async def test_a_red_check_is_red(world: SandboxWorld, forge: Forge) -> None:
    opened = await a_release_pull_request(forge)
    world.fail_check(DEFAULT_CHECKS[0])
    found: dict[str, Check] = {check.name: check for check in await forge.checks(opened.head_sha)}
    assert found[DEFAULT_CHECKS[0]].state is CheckState.RED


async def test_a_merge_needs_githubs_consent_and_the_approved_head(world: SandboxWorld, forge: Forge) -> None:
    opened = await a_release_pull_request(forge)
    pass_time(world, timedelta(hours=1))

    async def merge(head: str) -> str:
        return await forge.merge(opened.number, head_sha=head, title="Merge 1.4.0", message="text")

    with pytest.raises(FarEndRefused) as refused:
        await merge(opened.head_sha)
    assert not isinstance(refused.value, HeadMoved)
    world.review(opened.number, "rev1", "approve")
    (review,) = await forge.reviews(opened.number)
    assert (review.login, review.state, review.commit_sha) == ("rev1", "APPROVED", opened.head_sha)
    with pytest.raises(HeadMoved):
        await merge("f" * 40)
    merged_as = await merge(opened.head_sha)
    merged = await forge.pull_request(opened.number)
    assert (merged.state, merged.merge_sha) == ("closed", merged_as)
    assert merged.merged_at == world.clock.now()
    assert [pull.merged for pull in await forge.pull_requests("develop", "main")] == [True]


async def test_issues_are_opened_found_closed_and_reopened(world: SandboxWorld, forge: Forge) -> None:
    opened = await forge.open_issue(title="Incident", body="<!-- run -->", labels=("incident",), assignees=("rm",))
    blocker = world.issue("Broken", labels=["regression"])
    await a_release_pull_request(forge)
    assert {issue.number for issue in await forge.issues()} == {opened.number, blocker}
    assert [issue.number for issue in await forge.issues(labels=("regression",))] == [blocker]
    assert list(await forge.issues(since=START + timedelta(days=1))) == []
    assert list(await forge.own_issues(LONG_AGO)) == [opened]
    await forge.close_issue(opened.number, reason="not_planned")
    closed = await forge.issue(opened.number)
    assert closed is not None
    assert (closed.state, closed.state_reason, closed.closed_at) == ("closed", "not_planned", world.clock.now())
    assert [issue.number for issue in await forge.issues(state="closed", since=START)] == [opened.number]
    await forge.reopen_issue(opened.number)
    assert opened.number in {issue.number for issue in await forge.issues()}
    assert await forge.issue(9999) is None


async def test_comments_are_made_and_listed(forge: Forge) -> None:
    issue = await forge.open_issue(title="Incident", body="")
    made = await forge.comment(issue.number, "mitigated & verified – <!-- step -->")
    assert list(await forge.comments(issue.number)) == [made]
    assert (made.author, made.body) == (BOT, "mitigated & verified – <!-- step -->")


async def test_a_write_whose_answer_is_lost_is_found_by_looking(world: SandboxWorld, forge: Forge) -> None:
    world.faults.drop_after("POST", "/issues$")
    with pytest.raises(OutcomeUnknown):
        await forge.open_issue(title="Incident", body="<!-- run -->")
    assert [issue.title for issue in await forge.own_issues(LONG_AGO)] == ["Incident"]


async def test_discussions_are_opened_edited_and_listed(world: SandboxWorld, forge: Forge) -> None:
    assert "Announcements" in await forge.discussion_categories()
    made = await forge.open_discussion(category="announcements", title="1.4.0", body="out <!-- run -->")
    assert (made.author, made.category) == (BOT, "Announcements")
    await forge.edit_discussion(made.id, "withdrawn <!-- run -->")
    (found,) = await forge.own_discussions()
    assert (found.id, found.body) == (made.id, "withdrawn <!-- run -->")
    with pytest.raises(FarEndRefused, match="no discussion category"):
        await forge.open_discussion(category="Nonsense", title="t", body="b")
    with pytest.raises(FarEndRefused):
        await forge.edit_discussion("D_unknown", "text")


async def test_a_release_is_read_with_its_assets(forge: Forge) -> None:
    release = await forge.release_by_tag("v1.3.0")
    assert release is not None
    assert (release.tag, release.draft, release.prerelease) == ("v1.3.0", False, False)
    assert await forge.release_by_tag("v9.9.9") is None
    downloads = {asset.name: (asset, await forge.download_asset(asset.id)) for asset in release.assets}
    for asset, content in downloads.values():
        assert (asset.size, asset.digest) == (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    sums = downloads["SHA256SUMS"][1].decode()
    assert hashlib.sha256(downloads["skylark-1.3.0.tar.gz"][1]).hexdigest() in sums


async def test_a_retag_keeps_digest_and_bytes(registry: ImageRegistry) -> None:
    stable = await registry.manifest("1.3.0")
    assert stable is not None
    await registry.put("retagged", stable)
    assert await registry.manifest("retagged") == stable
    assert await registry.manifest(stable.digest) == stable
    assert await registry.manifest("no-such-tag") is None


async def test_only_an_account_that_may_push_can_retag(world: SandboxWorld) -> None:
    guest = OciRegistry(
        world.registry_url,
        world.repository,
        username="guest",
        password=SecretStr(token_of("guest")),
        waits=(),
    )
    stable = await guest.manifest("1.3.0")
    assert stable is not None
    with pytest.raises(FarEndRefused, match="may not push"):
        await guest.put("stolen", stable)
    assert await guest.manifest("stolen") is None
    await guest.close()


async def test_a_token_that_is_not_known_is_refused(world: SandboxWorld) -> None:
    stranger = GitHubForge(world.repository, token=SecretStr("wrong"), base_url=world.api_url)
    with pytest.raises(FarEndRefused, match="does not accept the token"):
        await stranger.viewer()
    await stranger.close()


async def test_a_forge_that_keeps_failing_is_worth_another_try_later(world: SandboxWorld, forge: Forge) -> None:
    world.faults.answer("GET", "/user$", 502, times=4)
    with pytest.raises(FarEndError):
        await forge.viewer()
    assert await forge.viewer() == BOT
