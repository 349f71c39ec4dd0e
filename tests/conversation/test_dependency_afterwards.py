"""What real git finds after an update: the pins, the line in the changelog, and nothing else."""

import subprocess
from pathlib import Path

from adapters.sandbox import checks
from adapters.sandbox.state import CheckRun
from bot.wiring.sandbox import sandbox_policy
from sops.kit.changelog_entries import unreleased_entries
from sops.kit.run import StepState
from tests.conversation.conftest import Conversation, Open, seldom

START = """
@maint #maintainers: /deps update rocksdb 9.7.3
@maint in DEP-1: !start
@maint in DEP-1: !set changelog RocksDB recovers behind an empty log file.
@maint in DEP-1: !done breaking-changes none
%state DEP-1 pull-request done
"""
WORKFLOWS = ("edition-community-ci.yml", "edition-enterprise-ci.yml")


async def test_only_the_pins_and_one_line_of_the_changelog_change(converse: Open) -> None:
    chat = await converse()
    await chat.play(START)
    branch = "deps/rocksdb-9-7-3"
    assert chat.git("diff", "--name-only", "develop", branch).split() == [
        "CHANGELOG.md",
        "CMakeLists.txt",
        "vcpkg.json",
    ]
    numbers = chat.git("diff", "--numstat", "develop", branch).split("\n")[:3]
    assert [line.split("\t")[:2] for line in numbers] == [["1", "0"], ["1", "1"], ["2", "2"]]
    entries = unreleased_entries(chat.git("show", f"{branch}:CHANGELOG.md").encode())
    assert "RocksDB recovers behind an empty log file." in entries


async def test_editions_are_built_by_workflows_where_the_settings_name_them(converse: Open) -> None:
    policy = sandbox_policy().model_copy(
        update={"dependency_workflows": WORKFLOWS, "performance_critical": ("rocksdb",)}
    )
    chat = await converse(policy)
    chat.world.fail_workflow(WORKFLOWS[1])
    await chat.play(START)
    await chat.play("%clock +20m\n%state DEP-1 built waiting\n%state DEP-1 benchmarks waiting")
    assert len(chat.world.core.state.workflow_runs) == len(WORKFLOWS)
    await chat.say("maint", "in DEP-1", "status")
    assert f"{WORKFLOWS[1]} ended with failure" in chat.text


async def test_a_fix_pushed_after_a_red_build_is_built_again_on_its_own_head(converse: Open) -> None:
    chat = await converse(seldom(dependency_workflows=WORKFLOWS))
    chat.world.fail_workflow(WORKFLOWS[1])
    await chat.play(
        f"""{START}
%clock +20m
%state DEP-1 built waiting
%forge push deps/rocksdb-9-7-3 maint
%expect "deps/rocksdb-9-7-3 moved to [0-9a-f]{{7}}: {WORKFLOWS[0]} and {WORKFLOWS[1]} start again on it"
%crash
%clock +40s
%state DEP-1 built waiting
%state DEP-1 results waiting
%reject "start again on it"
%clock +20m
%state DEP-1 built done
%state DEP-1 results done
"""
    )
    head = chat.git("rev-parse", "deps/rocksdb-9-7-3").strip()
    started = [(run.workflow, run.head_sha) for run in chat.world.core.state.workflow_runs]
    first = {sha for _, sha in started[:2]}
    assert first != {head}
    assert started[2:] == [(name, head) for name in WORKFLOWS]
    assert f"- {WORKFLOWS[1]}: success, " in body(chat)


async def test_a_submodule_is_moved_by_commit(converse: Open, tmp_path: Path) -> None:
    chat = await converse()
    work, old, new = tmp_path / "work", "1" * 40, "2" * 40
    git("clone", "-q", str(chat.world.git_path), str(work), at=tmp_path)
    git("switch", "-q", "develop", at=work)
    (work / ".gitmodules").write_text('[submodule "llama.cpp"]\n\tpath = third_party/llama.cpp\n\turl = ../llama\n')
    git("add", ".gitmodules", at=work)
    git("update-index", "--add", "--cacheinfo", f"160000,{old},third_party/llama.cpp", at=work)
    git("commit", "-q", "-m", "submodule", at=work)
    git("push", "-q", "origin", "develop", at=work)
    await chat.play(
        f"""
@maint #maintainers: /deps update llama.cpp {new}
@maint in DEP-1: !start
%expect "do not say where llama.cpp comes from"
@maint in DEP-1: !done breaking-changes none
%state DEP-1 pull-request done
"""
    )
    branch = f"deps/llama-cpp-{new}"
    assert f"160000 commit {new}\tthird_party/llama.cpp" in chat.git("ls-tree", "-r", branch)


def git(*arguments: str, at: Path) -> None:
    who = ("-c", "user.name=maint", "-c", "user.email=maint@skylark.example")
    subprocess.run(("git", *who, *arguments), cwd=at, check=True, capture_output=True)


MEASURED = {"dependency_workflows": WORKFLOWS[:1], "performance_critical": ("rocksdb",)}


def body(chat: Conversation) -> str:
    """The text of the newest pull request."""
    text = chat.world.core.state.pulls()[0].body
    assert text is not None
    return text


async def test_the_pull_request_tells_notes_sign_off_and_then_how_everything_ended(converse: Open) -> None:
    chat = await converse(seldom(**MEASURED))
    await chat.play(START.replace("breaking-changes none", "breaking-changes max_open_files is *ours* to set"))
    first = body(chat)
    assert "**Upstream v9.7.2:** " in first
    assert "> " in first.partition("**Upstream v9.7.3:** ")[2]
    assert r"max\_open\_files is \*ours\* to set (maint)" in first
    assert "success" not in first
    assert "benchmarks: to be compared" in first
    chat.world.core.state.pulls()[0].body = first + "\n\nA word of the reviewers."
    await chat.play(
        "%clock +20m\n%state DEP-1 results waiting\n"
        "@maint in DEP-1: !done benchmarks 3 percent faster\n%clock +5m\n%state DEP-1 results done"
    )
    last = body(chat)
    assert "- edition-community-ci.yml: success, " in last
    assert "- checks: 4/4 green" in last
    assert "- benchmarks: 3 percent faster (maint)" in last
    assert "at work" not in last
    assert last.endswith("A word of the reviewers.")
    assert (await chat.run("DEP-1")).record("pull-request").state is StepState.DONE


async def test_a_check_that_compares_speed_is_waited_for(converse: Open) -> None:
    chat = await converse(seldom(**MEASURED, benchmark_check="bench"))
    await chat.play(f"{START}\n%clock +20m\n%state DEP-1 benchmarks skipped\n%state DEP-1 benchmark-check waiting")
    assert "bench is not reported yet" in await chat.say("maint", "in DEP-1", "status")
    head = chat.git("rev-parse", "deps/rocksdb-9-7-3").strip()
    status(chat, head, "failure")
    await chat.play('%clock +15m\n%expect "bench"\n%state DEP-1 benchmark-check waiting')
    status(chat, head, "success")
    await chat.play("%clock +15m\n%state DEP-1 benchmark-check done\n%state DEP-1 results done")
    assert f"- benchmarks: bench is green on {head[:7]}" in body(chat)


async def test_what_was_left_out_is_said_so(converse: Open) -> None:
    chat = await converse(seldom(**MEASURED))
    await chat.play(f"{START}\n%clock +20m\n@maint in DEP-1: !skip benchmarks a patch release\n%clock +5m")
    assert "- benchmarks: left out by maint: a patch release" in body(chat)


def status(chat: Conversation, sha: str, conclusion: str) -> None:
    """Somebody's benchmark service reports on a commit."""
    core = chat.world.core
    check = CheckRun(core.state.next_id(), "bench", sha, core.now(), None)
    core.state.checks.append(check)
    checks.finish(core, check, conclusion, core.now())


async def test_a_held_update_goes_on_where_it_was(converse: Open) -> None:
    chat = await converse()
    await chat.play(
        "@maint #maintainers: /deps update rocksdb 9.7.3\n@maint in DEP-1: !start\n"
        "@maint in DEP-1: !hold somebody else looks first\n@maint in DEP-1: !done breaking-changes none\n%clock +1h\n"
        "%state DEP-1 branch pending\n@maint in DEP-1: !resume\n%state DEP-1 pull-request done"
    )
    assert len([issue for issue in chat.world.core.state.pulls() if issue.pull]) == 1


async def test_a_cancelled_update_leaves_what_it_made_and_says_so(converse: Open) -> None:
    chat = await converse()
    await chat.play(f"{START}\n@maint in DEP-1: !cancel upstream first\n%state DEP-1 run cancelled\n%clock +1d")
    assert "deps/rocksdb-9-7-3" in chat.text.partition("!cancel upstream first")[2]
    assert "refs/heads/deps/rocksdb-9-7-3" in chat.refs()
