"""The world goes on by itself, and people act in it; whoever listens hears of it."""

import hashlib
import io
import os
import signal
import subprocess
import tarfile
from datetime import timedelta

import pytest
import requests
from github import GithubException
from github.Repository import Repository

from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from sops.kit.errors import FarEndRefused, SopwithError
from tests.contract.github.conftest import START


def tag(world: SandboxWorld, name: str, at: str = "develop") -> None:
    """A tag as `git push` leaves it: nobody tells the world."""
    subprocess.run(["git", "-C", world.git_url, "update-ref", f"refs/tags/{name}", at], check=True)


def advance(world: SandboxWorld, span: timedelta) -> None:
    world.clock.move_to(world.clock.now() + span)
    world.tick()


def asset_bytes(repository: Repository, release_tag: str) -> dict[str, bytes]:
    found = {}
    for asset in repository.get_release(release_tag).get_assets():
        headers = {"Accept": "application/octet-stream"}
        answer = repository.requester.requestBlob("GET", asset.url, {}, headers)
        found[asset.name] = answer if isinstance(answer, bytes) else answer[2].encode("latin-1")
    return found


def test_the_clock_never_runs_backwards() -> None:
    clock = VirtualClock(START)
    clock.move_to(START + timedelta(hours=1))
    clock.move_to(START)
    assert clock.now() == START + timedelta(hours=1)
    with pytest.raises(ValueError, match="UTC"):
        clock.move_to(START.replace(tzinfo=None))


def test_a_flowing_clock_goes_on_from_where_it_was_put() -> None:
    clock = VirtualClock(START, flowing=True)
    clock.move_to(START + timedelta(days=7))
    first, second = clock.now(), clock.now()
    assert START + timedelta(days=7) <= first <= second < START + timedelta(days=8)


def test_a_seeded_world_has_a_released_version_and_a_branch_ahead_of_it(repository: Repository) -> None:
    assert repository.compare("main", "develop").ahead_by == 4
    assert repository.get_latest_release().tag_name == "v1.3.0"
    assert [asset.name for asset in repository.get_latest_release().get_assets()] == [
        "skylark-1.3.0.tar.gz",
        "SHA256SUMS",
    ]


def test_a_candidates_tag_leads_to_a_prerelease_and_an_image_after_a_while(
    world: SandboxWorld, repository: Repository
) -> None:
    latest = world.core.images.tags["latest"]
    tag(world, "v1.4.0-rc1")
    assert world.next_due() == START + timedelta(minutes=4)
    advance(world, timedelta(minutes=3, seconds=59))
    assert [release.tag_name for release in repository.get_releases()] == ["v1.3.0"]
    advance(world, timedelta(seconds=1))
    release = repository.get_release("v1.4.0-rc1")
    assert (release.prerelease, release.published_at) == (True, START + timedelta(minutes=4))
    assert "1.4.0-rc1" in world.core.images.tags
    assert world.core.images.tags["latest"] == latest
    assert world.next_due() is None


def test_a_stable_tag_moves_latest(world: SandboxWorld, repository: Repository) -> None:
    tag(world, "v1.4.0")
    world.observe()
    advance(world, timedelta(hours=1))
    assert not repository.get_release("v1.4.0").prerelease
    assert world.core.images.tags["latest"] == world.core.images.tags["1.4.0"]


def test_the_checksum_is_the_archives_and_the_archive_holds_the_tagged_sources(world: SandboxWorld) -> None:
    tag(world, "v1.4.0")
    world.observe()
    advance(world, timedelta(hours=1))
    archive, checksums = world.core.state.releases[-1].assets
    assert checksums.content.decode() == f"{hashlib.sha256(archive.content).hexdigest()}  {archive.name}\n"
    with tarfile.open(fileobj=io.BytesIO(archive.content)) as opened:
        assert "skylark-1.4.0/src/wal.cpp" in opened.getnames()


def test_a_damaged_archive_does_not_match_its_checksum(world: SandboxWorld) -> None:
    world.damage_archives()
    tag(world, "v1.4.0")
    world.observe()
    advance(world, timedelta(hours=1))
    archive, checksums = world.core.state.releases[-1].assets
    assert hashlib.sha256(archive.content).hexdigest() not in checksums.content.decode()


def test_a_tag_deleted_before_its_publication_publishes_nothing(world: SandboxWorld, repository: Repository) -> None:
    tag(world, "v1.4.0")
    world.observe()
    repository.get_git_ref("tags/v1.4.0").delete()
    advance(world, timedelta(hours=1))
    assert [release.tag_name for release in repository.get_releases()] == ["v1.3.0"]


def test_other_tags_lead_to_nothing(world: SandboxWorld) -> None:
    tag(world, "nightly")
    assert world.next_due() is None


def test_listeners_hear_of_people_and_machines_and_may_look_at_the_world(
    world: SandboxWorld, repository: Repository
) -> None:
    heard: list[object] = []
    world.on_change.append(lambda: heard.append(world.next_due()))
    number = world.issue("crash on start", ["rc-blocker"])
    world.label(number, "bug")
    world.unlabel(number, "bug")
    world.close(number)
    assert len(heard) == 4
    repository.create_issue("the bot's own")
    assert len(heard) == 4
    pull = repository.create_pull("main", "develop", title="t", body="")
    world.review(pull.number, "rev1", "comment")
    world.pass_check("edition-community-ci")
    world.push("develop")
    assert len(heard) == 7
    advance(world, timedelta(minutes=6))
    assert len(heard) == 8
    world.merge(pull.number)
    assert len(heard) == 9


def test_nothing_heard_when_nothing_happened(world: SandboxWorld, repository: Repository) -> None:
    heard: list[None] = []
    world.on_change.append(lambda: heard.append(None))
    assert list(repository.get_issues()) == []
    world.observe()
    world.tick()
    assert heard == []


def test_the_scripts_lines_act_and_say_what_happened(world: SandboxWorld, repository: Repository) -> None:
    say = world.forge_command
    assert say(["issue", "crash on start", "rc-blocker"]) == "issue #41 opened: crash on start (rc-blocker)"
    assert say(["label", "41", "regression"]) == "#41 now carries regression"
    assert say(["unlabel", "#41", "rc-blocker"]) == "#41 no longer carries rc-blocker"
    assert say(["close", "41", "not_planned"]) == "#41 closed as not planned"
    assert repository.get_issue(41).state_reason == "not_planned"
    assert say(["push", "develop", "oncall1"]).startswith("oncall1 pushed ")
    repository.create_pull("main", "develop", title="Release", body="")
    assert say(["fail", "pr-path-gate-main"]) == "pr-path-gate-main is red on pull request #42"
    assert say(["pass", "pr-path-gate-main"]) == "pr-path-gate-main is green on pull request #42"
    assert say(["review", "42", "rev1", "approve"]) == "rev1 reviewed pull request #42: approve"
    advance(world, timedelta(hours=1))
    assert say(["merge", "42"]).startswith("pull request #42 merged as ")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("", "issue, label"),
        ("explode", "issue, label"),
        ("issue", "TITLE"),
        ("label 41", "NUMBER LABEL"),
        ("label 99 bug", "#41"),
        ("label -1 bug", "such as 41"),
        ("label ٤١ bug", "such as 41"),
        ("unlabel 41 bug", "carries: none"),
        ("close 41 done", "not_planned"),
        ("pass edition-community-ci", "no pull request is open"),
        ("push nowhere", "develop, main"),
        ("push develop stranger", "maint"),
        ("merge 41", "is an issue"),
        ("merge 12345678901", "such as 41"),
        ("review 41 rev1 lgtm", "request_changes"),
        ("fault GET /pulls 502", "METHOD PATH STATUS TIMES"),
        ("fault GRAB /pulls 502 1", "GET, HEAD"),
        ("fault GET /pulls( 502 1", "not a regular expression"),
        ("fault GET /pulls 200 1", "from 400 to 599"),
        ("hang everything", "forge, registry, packages, git"),
        ("show nowhere VERSION", "develop, main"),
        ("digest 9.9.9", "no image"),
    ],
)
def test_a_line_that_cannot_be_done_is_refused_with_advice(world: SandboxWorld, line: str, advice: str) -> None:
    world.issue("something")
    with pytest.raises(FarEndRefused, match=advice):
        world.forge_command(line.split())


def test_the_forge_errs_as_often_as_it_is_told_to(world: SandboxWorld, repository: Repository) -> None:
    line = "fault GET /branches/main$ 403 2 Retry-After=30 You have exceeded a secondary rate limit."
    world.forge_command(line.split())
    for _ in range(2):
        with pytest.raises(GithubException) as raised:
            repository.get_branch("main")
        assert raised.value.status == 403
        assert raised.value.data["message"] == "You have exceeded a secondary rate limit."
        assert (raised.value.headers or {})["retry-after"] == "30"
    assert repository.get_branch("main").name == "main"
    world.forge_command(["fault", "*", ".", "502", "9"])
    world.forge_command(["fault", "clear"])
    assert repository.get_branch("develop").name == "develop"


def test_what_the_world_holds_is_shown(world: SandboxWorld, repository: Repository) -> None:
    say = world.forge_command
    assert say(["show", "main", "VERSION"]) == "1.3.0\n"
    assert say(["show", "v1.3.0", "VERSION"]) == "1.3.0\n"
    assert say(["show", "main", "nothing.txt"]) == "there is no file nothing.txt on main"
    assert say(["digest", "latest"]) == say(["digest", "v1.3.0"])
    assert say(["digest", "latest"]).startswith("sha256:")


def test_a_far_end_that_hangs_is_silent_until_it_answers_again(world: SandboxWorld) -> None:
    page, image = world.package_page, f"{world.registry_url}/v2/"
    for name, url in (("forge", f"{world.api_url}/user"), ("registry", image), ("packages", page)):
        world.forge_command(["hang", name])
        with pytest.raises(requests.ReadTimeout):
            requests.get(url, timeout=0.1)
        world.forge_command(["hang", "clear"])
        assert requests.get(url, timeout=5).status_code in (200, 401, 404)
    reading = ["git", "ls-remote", "--", world.git_url]
    world.forge_command(["hang", "git"])
    process = subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert world.forge_command(["show", "main", "VERSION"]) == "1.3.0\n"
    world.forge_command(["hang", "clear"])
    assert b"refs/heads/main" in subprocess.run(reading, check=True, capture_output=True).stdout


def test_an_unknown_check_is_refused_with_the_known_ones(world: SandboxWorld, repository: Repository) -> None:
    repository.create_pull("main", "develop", title="Release", body="")
    with pytest.raises(SopwithError, match="edition-community-ci"):
        world.pass_check("no-such-check")


def test_a_merge_that_the_rules_forbid_is_refused_to_people_too(world: SandboxWorld, repository: Repository) -> None:
    pull = repository.create_pull("main", "develop", title="Release", body="")
    with pytest.raises(FarEndRefused, match="is expected"):
        world.merge(pull.number)


def test_two_worlds_are_seeded_alike(world: SandboxWorld) -> None:
    assert world.core.git.refs() == {
        "refs/heads/main": "28710ada8753e3950caf357e070c3d95c3e233c8",
        "refs/heads/develop": "1243fb98749ecb9e849d6afadee8f5982e25bd57",
        "refs/tags/v1.3.0": "806bcf998ad08f2522c852fe33ceec810899ab6e",
    }
