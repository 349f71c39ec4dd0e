"""What real git finds after stable releases: what shipped is what soaked, and develop lost nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from adapters.github import GitHubForge
from adapters.sandbox.people import BOT
from bot.demo.play import Failed
from bot.wiring.audit import exported
from sops.kit.changelog_entries import unreleased_entries
from sops.kit.policy import Policy, VersionFile
from tests.conversation.conftest import Conversation, Open, seldom

SCRIPTS = Path(__file__).parent / "scripts"


async def played(converse: Open, name: str, policy: Policy | None = None) -> Conversation:
    chat = await converse(policy)
    await chat.play((SCRIPTS / f"{name}.sop").read_text(encoding="utf-8"), name)
    return chat


async def test_the_release_is_the_candidate_with_another_version(converse: Open) -> None:
    chat = await played(converse, "stable-whole-path")
    changed = chat.git("diff", "--name-only", "v1.4.0-rc1", "v1.4.0").split()
    assert changed == ["CHANGELOG.md", "VERSION"]
    assert chat.git("show", "v1.4.0:VERSION") == "1.4.0\n"
    assert "VERSION 1.4.0" in chat.git("show", "v1.4.0:CMakeLists.txt")
    assert chat.git("rev-parse", "v1.4.0^{commit}") == chat.git("rev-parse", "main")
    assert chat.git("merge-base", "--is-ancestor", "main", "develop") == ""
    await an_export_tells_what_was_released(chat)


async def an_export_tells_what_was_released(chat: Conversation) -> None:
    """The image by its digest, each archive by its sum, and what the yes stood on."""
    run = await chat.run("STB-1")
    entries = [json.loads(line) for line in await exported(chat.sandbox.storage, markdown=False, only="STB-1")]
    found = [each for entry in entries if entry["kind"] == "evidence" for each in entry["payload"]["found"]]
    [released] = [each for each in found if each["gate"] == "Published"]
    assert released["digest"] == run.facts["digest"]
    assert released["artefacts"] == run.facts["artefacts"]
    checks = next(each for each in found if each["gate"] == "ChecksGreen")
    assert checks["commit"] == run.facts["head"]
    assert all(each["conclusion"] == "success" and each["name"] and each["app"] for each in checks["reported"])
    assert any(each["gate"] == "SignedOff" and each["by"] and each["text"] for each in found)


async def test_the_candidate_and_its_release_name_each_other(converse: Open) -> None:
    chat = await played(converse, "stable-whole-path")
    roots = {post.lines[0].split(" ")[0]: post.lines for post in chat.room.posts if " · DONE" in post.lines[0]}
    assert "Goes on as STB-1" in roots["REL-1"]
    assert "Offered by REL-1" in roots["STB-1"]


async def test_two_candidates_are_one_section_and_develop_keeps_its_new_entry(converse: Open) -> None:
    chat = await played(converse, "stable-second-candidate")
    released, develop = (chat.git("show", f"{at}:CHANGELOG.md") for at in ("v1.4.0", "develop"))
    assert "rc1" not in released
    assert "rc2" not in released
    section = released[released.index("## [1.4.0]") : released.index("## [1.3.0]")]
    assert "The start no longer crashes." in section
    assert "Write-ahead log" in section
    assert unreleased_entries(develop.encode()) == ["Something for 1.5."]
    assert section in develop
    assert chat.git("show", "develop:VERSION") == "1.4.0\n"
    # The fix of the second candidate came to develop with the back-merge.
    assert chat.git("show", "develop:src/patches.hpp") == chat.git("show", "v1.4.0:src/patches.hpp")


async def test_develop_keeps_a_version_we_cannot_read(converse: Open) -> None:
    chat = await played(converse, "stable-develop-goes-its-own-way")
    assert chat.git("show", "develop:VERSION") == "1.5.0-dev\n"
    assert chat.git("merge-base", "--is-ancestor", "main", "develop") == ""


async def test_a_file_that_holds_more_than_the_version_is_merged_beside_it(converse: Open) -> None:
    files = (
        VersionFile(path="VERSION", kind="plain"),
        VersionFile(path="vcpkg.json", kind="json", at="/version-string"),
    )
    chat = await converse(seldom(version_files=files))
    script = (SCRIPTS / "stable-develop-goes-its-own-way.sop").read_text(encoding="utf-8")
    ahead = (
        '%forge replace develop vcpkg.json "1.3.0" "1.5.0"\n%forge replace develop vcpkg.json skylark skylark-next\n'
    )
    at = script.index("@rm #releases: /release stable")
    await chat.play(
        script[:at] + ahead + script[at:].replace("1\\.5\\.0-dev\\)", "1\\.5\\.0-dev; vcpkg\\.json stays 1\\.5\\.0\\)")
    )
    assert '"version-string": "1.4.0"' in chat.git("show", "v1.4.0:vcpkg.json")
    develop = chat.git("show", "develop:vcpkg.json")
    assert '"version-string": "1.5.0"' in develop
    assert "skylark-next" in develop


async def test_a_conflict_leaves_develop_alone(converse: Open) -> None:
    chat = await played(converse, "stable-back-merge-conflict")
    merge, before = chat.git("log", "-2", "--first-parent", "--format=%an %s", "develop").splitlines()
    assert before.endswith("fix: a patch by oncall1")
    assert "Sopwith" not in merge, "only a person merged it, after the conflict"


async def test_lanes_follow_the_release(converse: Open) -> None:
    chat = await played(converse, "stable-whole-path", seldom(lanes={"Enterprise": "lane/enterprise"}))
    assert chat.git("rev-parse", "lane/enterprise") == chat.git("rev-parse", "main")
    assert "bring Enterprise (lane/enterprise) to v1.4.0" in chat.text


OWN = {"Enterprise": {"repository": "acme/enterprise", "branch": "main"}, "Hyperscaler": "lane/hyperscaler"}


def lane_of(chat: Conversation, *arguments: str) -> str:
    path = chat.world.repository_beside("enterprise")
    return subprocess.run(("git", "-C", str(path), *arguments), check=True, capture_output=True, text=True).stdout


async def test_a_lane_in_a_repository_of_its_own_is_given_branch_and_tag(converse: Open) -> None:
    chat = await played(converse, "stable-whole-path", seldom(lanes=OWN))
    assert lane_of(chat, "rev-parse", "main") == chat.git("rev-parse", "main")
    assert lane_of(chat, "rev-parse", "v1.4.0") == chat.git("rev-parse", "v1.4.0"), "the very tag, signature and all"
    assert lane_of(chat, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", "refs/tags/v1.4.0"]
    assert "bring Enterprise (acme/enterprise main), Hyperscaler (lane/hyperscaler) to v1.4.0" in chat.text


async def test_a_tag_of_that_name_in_a_lanes_repository_is_never_moved(converse: Open) -> None:
    chat = await converse(seldom(lanes=OWN))
    theirs = lane_of(chat, "commit-tree", "-m", "theirs", lane_of(chat, "mktree").strip()).strip()
    lane_of(chat, "update-ref", "refs/tags/v1.4.0", theirs)
    with pytest.raises(Failed):
        await chat.play((SCRIPTS / "stable-whole-path.sop").read_text(encoding="utf-8"), "lanes")
    assert "Enterprise: acme/enterprise has another tag v1.4.0; a public tag is never moved" in chat.text
    assert lane_of(chat, "for-each-ref", "--format=%(refname) %(objectname)").split() == ["refs/tags/v1.4.0", theirs]


async def test_a_lane_that_went_its_own_way_is_left_to_people(converse: Open) -> None:
    chat = await converse(seldom(lanes={"Enterprise": "lane/enterprise"}))
    chat.world.branch("lane/enterprise", "v1.3.0")
    chat.world.push("lane/enterprise", "maint")
    with pytest.raises(Failed):
        await chat.play((SCRIPTS / "stable-whole-path.sop").read_text(encoding="utf-8"), "lanes")
    assert "Enterprise: lane/enterprise has commits v1.4.0 lacks" in chat.text


def without_workflow(name: str) -> str:
    """What people do in that script, where no workflow publishes anything."""
    lines = (SCRIPTS / f"{name}.sop").read_text(encoding="utf-8").splitlines()
    return "\n".join(["%forge publish-never", *(each for each in lines if not each.startswith("%expect"))])


async def test_the_bot_publishes_where_the_settings_say_so(converse: Open) -> None:
    chat = await converse(seldom(publisher="bot", checksums=""))
    await chat.play(without_workflow("stable-whole-path"))
    assert "publish the release v1.4.0" in chat.text
    of_tag = {each.tag: each for each in chat.world.core.state.releases}
    assert (of_tag["v1.4.0"].author, of_tag["v1.4.0"].name, of_tag["v1.4.0"].prerelease) == (BOT, "1.4.0", False)
    assert of_tag["v1.4.0"].body.startswith("This line is about staying up: ")
    assert "[1.4.0]" not in of_tag["v1.4.0"].body
    said = [text for _, text in (await chat.run("STB-1")).requests[-1].subject["texts"]]
    assert of_tag["v1.4.0"].body in said  # whoever approved read it
    candidate = of_tag["v1.4.0-rc1"]
    assert candidate.body in [text for _, text in (await chat.run("REL-1")).requests[-1].subject["texts"]]
    assert (candidate.author, candidate.name, candidate.prerelease) == (BOT, "1.4.0-rc1", True)


async def test_the_bot_publishes_a_hotfix_too(converse: Open) -> None:
    chat = await converse(seldom(publisher="bot", checksums=""))
    await chat.play(without_workflow("hotfix-p0"))
    (found,) = [each for each in chat.world.core.state.releases if each.tag == "v1.3.1"]
    assert (found.author, found.prerelease) == (BOT, False)
    assert found.body == "### Fixed\n\n- A crash during a flush no longer loses the last segment."


def test_what_the_bot_publishes_has_no_checksums_unless_the_settings_name_them() -> None:
    assert Policy(publisher="bot").checksums == ""
    assert Policy(publisher="bot", checksums="SUMS").checksums == "SUMS"
    assert Policy.model_validate_json(Policy(publisher="bot").model_dump_json()).checksums == ""
    assert Policy().checksums == "SHA256SUMS"


async def test_a_plan_warns_where_pushes_start_no_workflow(chat: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no(_: GitHubForge) -> bool:
        return False

    monkeypatch.setattr(GitHubForge, "starts_workflows", no)
    for command in ("/release rc 1.4.0", "/hotfix 1.3.1 P0 wal-corruption"):
        assert "what it pushes starts no workflow" in await chat.say("rm", "#releases", command)
    await chat.play("@rm in REL-1: !start\n%state REL-1 branch done")
