"""Files, commits and ancestry; the mirror fetches only what it does not have."""

from pathlib import Path

import pytest

from adapters.git import GitMirror
from sops.kit.errors import FarEndError, FarEndRefused
from tests.integration.git.world import BINARY, FILES, Remote, git


async def test_files_are_read_byte_for_byte(mirror: GitMirror, remote: Remote) -> None:
    assert {path: await mirror.read(remote.sha("main"), path) for path in FILES} == FILES


async def test_what_is_not_a_file_reads_as_none(mirror: GitMirror, remote: Remote) -> None:
    for path in ("missing", "src", "src/missing", "VERSION/below"):
        assert await mirror.read(remote.sha("main"), path) is None


async def test_a_commit_made_since_is_fetched(mirror: GitMirror, remote: Remote) -> None:
    assert await mirror.read(remote.sha("main"), "VERSION") == b"1.3.0\n"
    assert (await mirror.describe(remote.add_commit("main", "since"))).subject == "since"


async def test_what_the_mirror_has_is_read_without_the_remote(mirror: GitMirror, remote: Remote) -> None:
    sha = remote.sha("main")
    await mirror.describe(sha)
    remote.path.rename(remote.path.with_name("away"))
    assert await mirror.read(sha, "src/deep/er/table.bin") == BINARY
    assert await mirror.is_ancestor(sha, sha)
    with pytest.raises(FarEndError):
        await mirror.branch("main")


async def test_a_commit_no_branch_holds_any_more_is_fetched_by_its_sha(mirror: GitMirror, remote: Remote) -> None:
    orphan = remote.add_commit("develop", "abandoned")
    git(remote.path, "update-ref", "-d", "refs/heads/develop")
    assert (await mirror.describe(orphan)).subject == "abandoned"


async def test_a_commit_nobody_has_is_refused(mirror: GitMirror, remote: Remote) -> None:
    nobody = "0123456789" * 4
    for ask in (
        mirror.read(nobody, "VERSION"),
        mirror.describe(nobody),
        mirror.log(nobody, remote.sha("main")),
        mirror.is_ancestor(remote.sha("main"), nobody),
        mirror.commit("main", expected=nobody, files={"a": b""}, message="m"),
        mirror.push_signed_tag("v1", at=nobody, message="m"),
    ):
        with pytest.raises(FarEndRefused, match="no object"):
            await ask


async def test_a_description_is_whole(mirror: GitMirror, remote: Remote) -> None:
    first, second = remote.sha("main"), remote.add_commit("main", "Zweiter — größer")
    root, commit = await mirror.describe(first), await mirror.describe(second)
    assert (root.parents, root.subject, root.author_email) == ((), "The first of many", "ada@example.org")
    assert (commit.sha, commit.parents, commit.subject) == (second, (first,), "Zweiter — größer")
    assert commit.tree == remote.sha("main^{tree}")


async def test_an_author_with_odd_characters_does_not_shift_the_fields(mirror: GitMirror, remote: Remote) -> None:
    raw = git(remote.path, "cat-file", "commit", "main").replace(b"ada@example.org", b"a\x1f\xffb")
    sha = git(remote.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw).decode().strip()
    git(remote.path, "update-ref", "refs/heads/odd", sha)
    commit = await mirror.describe(sha)
    assert (commit.subject, commit.author_email) == ("The first of many", "a\x1f\ufffdb")


async def test_trees_and_tags_are_no_commits(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "tag", "-a", "-m", "note", "annotated", "main")
    for revision in (remote.sha("annotated"), remote.sha("main^{tree}"), remote.sha("main:VERSION")):
        with pytest.raises(FarEndRefused, match="not a commit"):
            await mirror.read(revision, "VERSION")
        with pytest.raises(FarEndRefused, match="not a commit"):
            await mirror.describe(revision)


async def test_a_log_is_newest_first_and_leaves_out_the_base(mirror: GitMirror, remote: Remote) -> None:
    base = remote.sha("main")
    made = [remote.add_commit("main", f"commit {number}") for number in range(3)]
    assert [commit.sha for commit in await mirror.log(base, made[-1])] == made[::-1]
    assert await mirror.log(made[-1], base) == []


async def test_ancestry_is_told_both_ways(mirror: GitMirror, remote: Remote) -> None:
    first, later = remote.sha("develop"), remote.add_commit("main", "later")
    assert await mirror.is_ancestor(first, later)
    assert not await mirror.is_ancestor(later, first)


async def test_a_replaced_object_is_not_believed(mirror: GitMirror, remote: Remote, tmp_path: Path) -> None:
    first, other = remote.sha("main"), remote.add_commit("develop", "impostor")
    await mirror.describe(other)
    git(tmp_path / "home" / "mirror.git", "replace", first, other)
    assert (await mirror.describe(first)).subject == "The first of many"


async def test_a_lightweight_and_an_annotated_tag_peel_to_their_commit(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "tag", "light", "main")
    git(remote.path, "tag", "-a", "-m", "note", "v1.3.0", "main")
    light, annotated = await mirror.tag("light"), await mirror.tag("v1.3.0")
    assert light is not None
    assert annotated is not None
    assert (light.sha, light.commit) == (remote.sha("main"), remote.sha("main"))
    assert (annotated.sha, annotated.commit) == (remote.sha("refs/tags/v1.3.0"), remote.sha("main"))
    assert await mirror.tag("v1.3") is None


async def test_nothing_happens_before_the_first_call(mirror: GitMirror, tmp_path: Path) -> None:
    assert not (tmp_path / "home").exists()
