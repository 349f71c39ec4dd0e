"""Branches and commits: leases hold, bytes stay, nothing else in the tree moves."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.git import GitMirror
from sops.kit.errors import FarEndRefused, HeadMoved
from tests.integration.git.conftest import Mirrors
from tests.integration.git.world import APRIL, BINARY, BOM, CRLF, EMAIL, NAME, FixedClock, Remote, git

VERSION = {"VERSION": b"1.4.0\n"}


async def test_a_branch_that_is_not_there_is_none(mirror: GitMirror) -> None:
    assert await mirror.branch("release/v9") is None


async def test_a_branch_is_asked_for_at_the_remote_every_time(mirror: GitMirror, remote: Remote) -> None:
    before = await mirror.branch("main")
    theirs = remote.add_commit("main", "theirs")
    assert await mirror.branch("main") == theirs != before


async def test_a_branch_of_the_same_ending_is_not_mistaken_for_it(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "update-ref", "refs/heads/x/refs/heads/hotfix", remote.sha("main"))
    assert await mirror.branch("hotfix") is None


async def test_a_new_branch_starts_where_it_is_told(mirror: GitMirror, remote: Remote) -> None:
    first = remote.sha("main")
    remote.add_commit("main", "later")
    await mirror.create_branch("release/v1.4.0", first)
    assert remote.sha("release/v1.4.0") == first


async def test_an_existing_branch_is_not_created_again(mirror: GitMirror, remote: Remote) -> None:
    remote.add_commit("main", "later")
    before = remote.refs()
    for at in (remote.sha("develop"), remote.sha("main")):
        with pytest.raises(HeadMoved):
            await mirror.create_branch("main", at)
    assert remote.refs() == before


async def test_a_branch_cannot_start_at_a_commit_nobody_has(mirror: GitMirror, remote: Remote) -> None:
    with pytest.raises(FarEndRefused, match="no object"):
        await mirror.create_branch("hotfix", "0123456789" * 4)
    assert "refs/heads/hotfix" not in remote.refs()


async def test_a_branch_cannot_start_at_a_tree(mirror: GitMirror, remote: Remote) -> None:
    with pytest.raises(FarEndRefused):
        await mirror.create_branch("hotfix", remote.sha("main^{tree}"))


async def test_a_branch_in_the_way_of_a_folder_of_branches_is_refused_for_good(
    mirror: GitMirror, remote: Remote
) -> None:
    with pytest.raises(FarEndRefused, match="main/"):
        await mirror.create_branch("main/sub", remote.sha("main"))


async def test_a_deleted_branch_is_gone(mirror: GitMirror, remote: Remote) -> None:
    await mirror.delete_branch("develop", expected=remote.sha("develop"))
    assert "refs/heads/develop" not in remote.refs()


async def test_a_moved_branch_is_not_deleted(mirror: GitMirror, remote: Remote) -> None:
    seen = remote.sha("develop")
    theirs = remote.add_commit("develop", "theirs")
    with pytest.raises(HeadMoved):
        await mirror.delete_branch("develop", expected=seen)
    assert remote.sha("develop") == theirs


async def test_a_branch_already_gone_counts_as_moved(mirror: GitMirror, remote: Remote) -> None:
    with pytest.raises(HeadMoved):
        await mirror.delete_branch("nowhere", expected=remote.sha("main"))


async def test_a_commit_changes_its_files_and_nothing_else(mirror: GitMirror, remote: Remote) -> None:
    parent, before = remote.sha("main"), remote.tree("main")
    files = {**VERSION, "run.sh": b"#!/bin/sh\necho new\n", "new/folder/file.txt": b"hello\n"}
    made = await mirror.commit("main", expected=parent, files=files, message="chore: bump to 1.4.0")
    after = remote.tree("main")
    assert remote.sha("main") == made
    assert {path for path in after if before.get(path) != after[path]} == set(files)
    assert after["run.sh"].startswith("100755 ")
    assert after["VERSION"].startswith("100644 ")
    assert after["new/folder/file.txt"].startswith("100644 ")
    assert {path: remote.blob("main", path) for path in files} == files


async def test_a_commit_has_one_parent_the_message_the_identity_and_the_clocks_time(
    mirror: GitMirror, remote: Remote
) -> None:
    parent = remote.sha("main")
    message = "chore: Übergang\n\n# not a comment\n\nBody — with a dash."
    made = await mirror.commit("main", expected=parent, files=VERSION, message=message)
    raw = git(remote.path, "cat-file", "commit", made).decode()
    when = f"{NAME} <{EMAIL}> {int(APRIL.timestamp())} +0000"
    assert f"parent {parent}\nauthor {when}\ncommitter {when}\n\n{message}\n" in raw


@pytest.mark.parametrize("year", [1999, 2030])
async def test_a_clock_far_from_now_is_believed(
    mirror: GitMirror, remote: Remote, clock: FixedClock, year: int
) -> None:
    clock.at = datetime(year, 6, 1, tzinfo=UTC)
    made = await mirror.commit("main", expected=remote.sha("main"), files=VERSION, message="bump")
    assert git(remote.path, "show", "-s", "--format=%at", made).decode().strip() == str(int(clock.at.timestamp()))


async def test_bytes_go_in_and_come_out_as_they_are(mirror: GitMirror, remote: Remote) -> None:
    contents = [CRLF, BOM, BINARY, b"", b"no newline", b"data 3\nabc\ndone\n", b"\0\n\0", b"\r", b"a" * 300_000]
    files = {f"docs/any file {number}.txt": content for number, content in enumerate(contents)}
    git(remote.path, "config", "core.autocrlf", "true")
    attributes = {".gitattributes": b"* text=auto eol=crlf\n"}
    made = await mirror.commit("main", expected=remote.sha("main"), files=files | attributes, message="bytes")
    assert {path: remote.blob(made, path) for path in files} == files
    assert {path: await mirror.read(made, path) for path in files} == files


async def test_unusual_file_names_are_only_names(mirror: GitMirror, remote: Remote) -> None:
    names = ["with blank.txt", "größe/naïve.md", "a;b|c$(d).txt", "a:b", "*", "[x]", "quote'", "_-", "src/*"]
    files = {name: name.encode() for name in names}
    made = await mirror.commit("main", expected=remote.sha("main"), files=files, message="names")
    assert {name: await mirror.read(made, name) for name in names} == files
    changed = git(remote.path, "diff-tree", "-r", "-z", "--name-only", "--no-commit-id", made).decode()
    assert set(changed.split("\0")) - {""} == set(names)


async def test_a_file_never_replaces_a_folder_or_a_link_nor_sits_below_a_file(
    mirror: GitMirror, remote: Remote
) -> None:
    before = remote.refs()
    for path in ("src", "latest", "VERSION/inside", "latest/inside"):
        with pytest.raises(FarEndRefused, match="folder"):
            await mirror.commit("main", expected=remote.sha("main"), files={path: b"x"}, message="no")
    assert remote.refs() == before


async def test_two_files_of_one_commit_cannot_be_inside_each_other(mirror: GitMirror, remote: Remote) -> None:
    with pytest.raises(FarEndRefused):
        await mirror.commit("main", expected=remote.sha("main"), files={"n": b"1", "n/m": b"2"}, message="no")


async def test_files_already_so_make_no_empty_commit(mirror: GitMirror, remote: Remote) -> None:
    parent = remote.sha("main")
    files = {"VERSION": b"1.3.0\n", "docs/windows.txt": CRLF}
    assert await mirror.commit("main", expected=parent, files=files, message="nothing") == parent
    assert remote.sha("main") == parent


async def test_files_already_so_on_a_moved_branch_still_say_that_it_moved(mirror: GitMirror, remote: Remote) -> None:
    parent = remote.sha("main")
    remote.add_commit("main", "theirs")
    with pytest.raises(HeadMoved):
        await mirror.commit("main", expected=parent, files={"VERSION": b"1.3.0\n"}, message="nothing")


async def test_a_moved_branch_is_not_overwritten(mirror: GitMirror, remote: Remote) -> None:
    seen = remote.sha("main")
    theirs = remote.add_commit("main", "theirs")
    with pytest.raises(HeadMoved):
        await mirror.commit("main", expected=seen, files=VERSION, message="ours")
    assert remote.sha("main") == theirs


async def test_a_vanished_branch_is_not_resurrected(mirror: GitMirror, remote: Remote) -> None:
    seen = remote.sha("develop")
    git(remote.path, "update-ref", "-d", "refs/heads/develop")
    with pytest.raises(HeadMoved):
        await mirror.commit("develop", expected=seen, files=VERSION, message="ours")
    assert "refs/heads/develop" not in remote.refs()


async def test_repeating_a_commit_that_already_arrived_says_that_the_branch_moved(
    mirror: GitMirror, remote: Remote
) -> None:
    seen = remote.sha("main")
    made = await mirror.commit("main", expected=seen, files=VERSION, message="bump")
    with pytest.raises(HeadMoved):  # the clock stands still, so git makes the very same commit
        await mirror.commit("main", expected=seen, files=VERSION, message="bump")
    assert remote.sha("main") == made


@pytest.mark.parametrize("homes", [["one", "one"], ["one", "two"]])
async def test_of_two_writers_at_once_one_wins_and_one_is_told(
    mirrors: Mirrors, remote: Remote, homes: list[str]
) -> None:
    seen = remote.sha("main")
    writers = [mirrors(home) for home in homes]
    results = await asyncio.gather(
        *(
            writer.commit("main", expected=seen, files={f"{index}.txt": b"x"}, message=f"writer {index}")
            for index, writer in enumerate(writers)
        ),
        return_exceptions=True,
    )
    won = [result for result in results if isinstance(result, str)]
    assert [type(result) for result in results if not isinstance(result, str)] == [HeadMoved]
    assert won == [remote.sha("main")]


async def test_many_commits_at_once_on_their_own_branches_all_arrive(mirror: GitMirror, remote: Remote) -> None:
    seen = remote.sha("main")

    async def one(number: int) -> str:
        await mirror.create_branch(f"topic/{number}", seen)
        return await mirror.commit(f"topic/{number}", expected=seen, files={"n": b"%d" % number}, message="n")

    made = await asyncio.gather(*(one(number) for number in range(8)))
    assert [remote.sha(f"topic/{number}") for number in range(8)] == made
    assert [remote.blob(sha, "n") for sha in made] == [b"%d" % number for number in range(8)]
