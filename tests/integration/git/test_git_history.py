"""What two commits differ in, tags, moving a branch forward, submodules."""

import pytest

from adapters.git import GitMirror
from sops.kit.errors import FarEndRefused, HeadMoved
from tests.integration.git.history import TRICKY, merged, put
from tests.integration.git.world import Remote, git

SUBMODULE = "0123456789" * 4


async def test_first_parents_leave_out_what_merges_brought_and_all_that_base_reaches(
    mirror: GitMirror, remote: Remote
) -> None:
    start = remote.sha("main")
    one = put(remote, "main", {"one": b"1"})
    put(remote, "develop", {"two": b"2"})
    merge = await merged(mirror, remote)
    git(remote.path, "update-ref", "refs/heads/release", merge)
    base = put(remote, "develop", {"three": b"3"}, second=one)
    assert [commit.sha for commit in await mirror.first_parents(start, merge)] == [merge, one]
    assert [commit.sha for commit in await mirror.first_parents(base, merge)] == [merge]


async def test_changed_paths_are_sorted_and_a_rename_is_two(mirror: GitMirror, remote: Remote) -> None:
    old = remote.sha("main")
    new = put(remote, "main", {"VERSION": None, "moved": b"1.3.0\n", TRICKY: b"x", "src/main.c": b"changed"})
    assert await mirror.changed_paths(old, new) == sorted(["VERSION", "moved", TRICKY, "src/main.c"])
    assert await mirror.changed_paths(new, new) == []


async def test_all_tags_are_listed_with_the_commits_they_name(mirror: GitMirror, remote: Remote) -> None:
    assert await mirror.tags() == []
    git(remote.path, "tag", "light", "main")
    git(remote.path, "tag", "-a", "-m", "v", "v1.3.0", "main")
    git(remote.path, "update-ref", "refs/heads/refs/tags/fake", remote.sha("main"))
    found = {tag.name: (tag.sha, tag.commit) for tag in await mirror.tags()}
    at = remote.sha("main")
    assert found == {"light": (at, at), "v1.3.0": (remote.sha("refs/tags/v1.3.0"), at)}


async def test_a_branch_is_pushed_forward_and_never_sideways(mirror: GitMirror, remote: Remote) -> None:
    start, ahead = remote.sha("main"), put(remote, "develop", {"VERSION": b"1.4.0\n"})
    await mirror.push_branch("main", to=ahead, expected=start)
    assert remote.sha("main") == ahead
    with pytest.raises(FarEndRefused, match="does not descend"):
        await mirror.push_branch("main", to=start, expected=ahead)
    with pytest.raises(HeadMoved):
        await mirror.push_branch("main", to=ahead, expected=start)
    with pytest.raises(HeadMoved):
        await mirror.push_branch("nowhere", to=ahead, expected=start)
    assert remote.sha("main") == ahead
    assert "refs/heads/nowhere" not in remote.refs()


async def test_a_submodule_is_put_at_a_commit_together_with_files(mirror: GitMirror, remote: Remote) -> None:
    tip, path = remote.sha("main"), "libs/für alle"
    assert await mirror.link(tip, path) is None
    files = {".gitmodules": b'[submodule "lib"]\n'}
    made = await mirror.commit("main", expected=tip, files=files, links={path: SUBMODULE}, message="Add lib")
    assert await mirror.link(made, path) == SUBMODULE
    assert remote.tree(made)[path] == f"160000 {SUBMODULE}"
    assert remote.blob(made, ".gitmodules") == files[".gitmodules"]
    assert await mirror.commit("main", expected=made, files={}, links={path: SUBMODULE}, message="Again") == made
    moved = await mirror.commit("main", expected=made, files={}, links={path: "a" * 40}, message="Move lib")
    assert await mirror.link(moved, path) == "a" * 40
    assert await mirror.link(moved, "VERSION") is None


@pytest.mark.parametrize("path", ["VERSION", "src", "latest", "VERSION/lib"])
async def test_a_submodule_takes_no_other_things_place(mirror: GitMirror, remote: Remote, path: str) -> None:
    tip = remote.sha("main")
    with pytest.raises(FarEndRefused):
        await mirror.commit("main", expected=tip, files={}, links={path: SUBMODULE}, message="m")
    assert remote.sha("main") == tip


async def test_a_copy_says_where_it_is_from_or_has_the_same_patch(mirror: GitMirror, remote: Remote) -> None:
    start = remote.sha("main")
    fix = put(remote, "main", {"src/main.c": b"mended"})
    put(remote, "develop", {"other": b"1"})
    assert not await mirror.copied(fix, remote.sha("develop"))
    same = put(remote, "develop", {"src/main.c": b"mended"}, "the same, typed again")
    assert await mirror.copied(fix, same)
    git(remote.path, "update-ref", "refs/heads/said", start)
    said = put(remote, "said", {"src/main.c": b"otherwise"}, f"adapted\n\n(cherry picked from commit {fix})")
    assert await mirror.copied(fix, said)
    assert not await mirror.copied(same, said)


async def test_a_merge_has_no_patch_of_its_own(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "update-ref", "refs/heads/elsewhere", remote.sha("main"))
    put(remote, "develop", {"two": b"2"})
    merge = await merged(mirror, remote)
    there = put(remote, "elsewhere", {"two": b"2"})
    assert not await mirror.copied(merge, there)
