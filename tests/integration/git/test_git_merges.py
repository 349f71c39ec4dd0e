"""Merging, reverting, repeating: what fits is pushed under the lease, what does not is named and left alone."""

import re
from collections.abc import Awaitable, Callable

import pytest

from adapters.git import GitMirror
from sops.kit.errors import FarEndRefused, HeadMoved, MergeConflict
from tests.integration.git.conftest import Mirrors
from tests.integration.git.history import TRICKY, facts, merged, put
from tests.integration.git.world import APRIL, EMAIL, NAME, Remote, git


async def test_a_merge_has_both_parents_both_changes_and_our_identity(mirror: GitMirror, remote: Remote) -> None:
    ours = put(remote, "main", {"ours.txt": b"ours\n"})
    theirs = put(remote, "develop", {TRICKY: b"theirs\n", "VERSION": b"1.4.0\n"})
    made = await mirror.merge("main", expected=ours, other=theirs, message="Merge: Übergang\n\nWith a body.")
    assert remote.sha("main") == made
    assert facts(remote, made, "%P") == f"{ours} {theirs}"
    assert facts(remote, made, "%B").rstrip() == "Merge: Übergang\n\nWith a body."
    who = f"{NAME} {EMAIL} {int(APRIL.timestamp())} +0000"
    assert facts(remote, made, "%an %ae %ad|%cn %ce %cd", "--date=raw") == f"{who}|{who}"
    assert {path: remote.blob(made, path) for path in ("ours.txt", "VERSION", TRICKY)} == {
        "ours.txt": b"ours\n",
        "VERSION": b"1.4.0\n",
        TRICKY: b"theirs\n",
    }


async def test_a_merge_commit_is_made_also_where_git_could_fast_forward(mirror: GitMirror, remote: Remote) -> None:
    ours, theirs = remote.sha("main"), put(remote, "develop", {"VERSION": b"1.4.0\n"})
    made = await merged(mirror, remote)
    assert facts(remote, made, "%P") == f"{ours} {theirs}"
    assert remote.tree(made) == remote.tree(theirs)


async def test_what_is_merged_already_is_refused(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "main", {"VERSION": b"1.4.0\n"})
    before = remote.refs()
    with pytest.raises(FarEndRefused, match="nothing to merge"):
        await merged(mirror, remote)
    assert remote.refs() == before


async def test_a_conflict_names_its_paths_and_pushes_nothing(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "main", {"VERSION": b"1.3.1\n", TRICKY: b"ours\n", "fine.txt": b"ours\n"})
    put(remote, "develop", {"VERSION": b"1.4.0\n", TRICKY: b"theirs\n"})
    before = remote.refs()
    with pytest.raises(MergeConflict, match="VERSION") as conflict:
        await merged(mirror, remote)
    assert conflict.value.paths == ("VERSION", TRICKY)
    assert remote.refs() == before


async def test_what_the_bot_committed_is_known_whoever_wrote_it(mirror: GitMirror, remote: Remote) -> None:
    theirs = put(remote, "develop", {"fix.txt": b"fix\n"})
    picked = await mirror.cherry_pick("main", expected=remote.sha("main"), commits=[theirs])
    assert (await mirror.describe(picked)).ours
    assert not (await mirror.describe(theirs)).ours


async def test_what_somebody_else_committed_in_the_bots_name_is_not_ours(mirror: GitMirror, remote: Remote) -> None:
    forged = put(remote, "main", {"fix.txt": b"fix\n"}, by=f"{NAME} <{EMAIL}>")
    told = await mirror.describe(forged)
    assert (told.author, told.author_email, told.ours) == (NAME, EMAIL, False)


async def test_another_process_knows_what_is_ours_and_a_lost_mirror_forgets(mirrors: Mirrors, remote: Remote) -> None:
    one, another = mirrors(), mirrors()
    await another.describe(remote.sha("main"))
    made = await one.commit("main", expected=remote.sha("main"), files={"VERSION": b"1\n"}, message="one")
    assert (await another.describe(made)).ours
    assert not (await mirrors("elsewhere").describe(made)).ours


async def test_conflicts_are_named_beforehand_and_nothing_is_pushed(mirror: GitMirror, remote: Remote) -> None:
    ours = put(remote, "main", {"VERSION": b"1.3.1\n", TRICKY: b"ours\n"})
    theirs = put(remote, "develop", {"VERSION": b"1.4.0\n", TRICKY: b"theirs\n", "more": b"more\n"})
    before = remote.refs()
    assert await mirror.conflicts(ours, theirs) == ("VERSION", TRICKY)
    assert await mirror.conflicts(ours, ours) == ()
    assert await mirror.merged_tree(ours, theirs) is None
    assert remote.refs() == before


async def test_the_tree_of_a_merge_is_known_before_it_is_made(mirror: GitMirror, remote: Remote) -> None:
    ours, theirs = put(remote, "main", {"mine": b"mine\n"}), put(remote, "develop", {"yours": b"yours\n"})
    before = remote.refs()
    tree = await mirror.merged_tree(ours, theirs)
    assert remote.refs() == before
    assert tree is not None
    assert await mirror.changed_paths(theirs, tree) == ["mine"]
    made = await mirror.describe(await mirror.merge("main", expected=ours, other=theirs, message="m"))
    assert (made.tree, made.author) == (tree, "Sopwith")
    assert await mirror.merged_tree(made.sha, theirs) == tree  # nothing of it is new


async def test_what_is_read_alike_does_not_conflict_and_the_rest_of_the_file_is_merged(
    mirror: GitMirror, remote: Remote
) -> None:
    lines = [b"version = 1.3.0\n", *(b"line %d\n" % number for number in range(9))]
    for branch in ("main", "develop"):
        put(remote, branch, {"a.toml": b"".join(lines)})  # the same commit on both
    ours = put(remote, "main", {"a.toml": b"".join([b"version = 1.5-dev\n", b"ours\n", *lines[1:]])})
    theirs = put(remote, "develop", {"a.toml": b"".join([b"version = 1.4.0\n", *lines[1:4], b"theirs\n", *lines[4:]])})

    def alike(data: bytes) -> bytes:
        return re.sub(rb"version = .*", b"version = 1.5-dev", data)

    made = await mirror.merge("main", expected=ours, other=theirs, message="m", alike={"a.toml": alike})
    assert facts(remote, made, "%P") == f"{ours} {theirs}"
    assert remote.blob(made, "a.toml") == b"".join(
        [b"version = 1.5-dev\n", b"ours\n", *lines[1:4], b"theirs\n", *lines[4:]]
    )


async def test_given_files_settle_a_conflict_and_have_exactly_their_bytes(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "main", {"VERSION": b"1.3.1\n", "gone.txt": b"ours\n"})
    put(remote, "develop", {"VERSION": b"1.4.0\n", "clean.txt": b"theirs\n"})
    files = {"VERSION": b"1.4.0\r\n", "clean.txt": b"\x00\xff", "new/file": b"new\n"}
    made = await merged(mirror, remote, **files)
    assert {path: remote.blob("main", path) for path in files} == files
    assert remote.blob(made, "gone.txt") == b"ours\n"
    assert len(facts(remote, made, "%P").split()) == 2


async def test_given_files_settle_a_change_of_a_removed_file(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "main", {"VERSION": None})
    put(remote, "develop", {"VERSION": b"1.4.0\n"})
    with pytest.raises(MergeConflict):
        await merged(mirror, remote)
    made = await merged(mirror, remote, VERSION=b"2\n")
    assert remote.blob(made, "VERSION") == b"2\n"


async def test_a_conflict_outside_the_given_files_is_the_one_that_is_named(mirror: GitMirror, remote: Remote) -> None:
    for branch in ("main", "develop"):
        put(remote, branch, {"VERSION": branch.encode(), "src/main.c": branch.encode()})
    before = remote.refs()
    with pytest.raises(MergeConflict) as conflict:
        await merged(mirror, remote, VERSION=b"1.4.0\n")
    assert conflict.value.paths == ("src/main.c",)
    assert remote.refs() == before


async def test_a_conflict_of_a_renamed_folder_is_a_conflict(mirror: GitMirror, remote: Remote) -> None:
    text = b"".join(b"line %d\n" % number for number in range(20))
    start = put(remote, "main", {f"old/{name}": text + name.encode() for name in "abc"})
    git(remote.path, "update-ref", "refs/heads/develop", start)
    put(remote, "main", {f"old/{name}": None for name in "abc"} | {f"new/{n}": text + n.encode() for n in "abc"})
    put(remote, "develop", {"old/added": b"added\n"})
    before = remote.refs()
    with pytest.raises(MergeConflict) as conflict:
        await merged(mirror, remote)
    assert "new/added" in conflict.value.paths
    assert remote.refs() == before


async def test_a_file_where_a_folder_is_cannot_be_settled_by_its_name(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "main", {"thing": b"a file\n"})
    put(remote, "develop", {"thing/inside": b"a folder\n"})
    before = remote.refs()
    with pytest.raises(FarEndRefused):
        await merged(mirror, remote, thing=b"a file\n")
    assert remote.refs() == before


async def test_histories_with_nothing_in_common_are_refused(mirror: GitMirror, remote: Remote) -> None:
    alone = git(remote.path, "commit-tree", remote.sha("main^{tree}"), "-m", "alone").decode().strip()
    git(remote.path, "update-ref", "refs/heads/develop", alone)
    with pytest.raises(FarEndRefused, match="no history in common"):
        await merged(mirror, remote)


Change = Callable[[GitMirror, str, str], Awaitable[object]]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m, at, x: m.merge("main", expected=at, other=x, message="m"), id="merge"),
        pytest.param(lambda m, at, x: m.revert("main", expected=at, commits=[at], message="m"), id="revert"),
        pytest.param(lambda m, at, x: m.revert("main", expected=at, commits=[], message="m"), id="revert nothing"),
        pytest.param(lambda m, at, x: m.cherry_pick("main", expected=at, commits=[x]), id="cherry_pick"),
        pytest.param(lambda m, at, x: m.cherry_pick("main", expected=at, commits=[]), id="cherry_pick nothing"),
        pytest.param(lambda m, at, x: m.push_branch("main", to=at, expected=at), id="push_branch nothing"),
    ],
)
async def test_a_stale_lease_pushes_nothing(mirror: GitMirror, remote: Remote, change: Change) -> None:
    seen = put(remote, "main", {"VERSION": b"1.3.1\n"})
    other = put(remote, "develop", {"feature.c": b"feature\n"})
    remote.add_commit("main", "theirs, meanwhile")
    before = remote.refs()
    with pytest.raises(HeadMoved):
        await change(mirror, seen, other)
    assert remote.refs() == before


async def test_a_reverted_merge_leaves_the_tree_of_its_first_parent(mirror: GitMirror, remote: Remote) -> None:
    ours = put(remote, "main", {"hotfix.c": b"fix\n"})
    put(remote, "develop", {"VERSION": b"1.4.0\n", TRICKY: b"new\n"})
    merge = await merged(mirror, remote)
    made = await mirror.revert("main", expected=merge, commits=[merge], message="Revert 1.4.0")
    assert remote.sha("main") == made
    assert facts(remote, made, "%P|%s") == f"{merge}|Revert 1.4.0"
    assert remote.tree(made) == remote.tree(ours)


async def test_a_merge_of_a_reverted_branch_brings_only_what_is_new(mirror: GitMirror, remote: Remote) -> None:
    put(remote, "develop", {"feature.c": b"feature\n"})
    merge = await merged(mirror, remote)
    undone = await mirror.revert("main", expected=merge, commits=[merge], message="Revert")
    with pytest.raises(FarEndRefused, match="nothing to merge"):
        await merged(mirror, remote)
    put(remote, "develop", {"later.c": b"later\n"})
    again = await merged(mirror, remote)
    assert "later.c" in remote.tree(again)
    assert "feature.c" not in remote.tree(again)
    back = await mirror.revert("main", expected=again, commits=[undone], message="Revert the revert")
    assert remote.blob(back, "feature.c") == b"feature\n"


async def test_several_commits_are_reverted_in_one_commit_in_the_order_given(mirror: GitMirror, remote: Remote) -> None:
    start = remote.sha("main")
    first, second = (put(remote, "main", {"VERSION": version}) for version in (b"1.3.1\n", b"1.3.2\n"))
    with pytest.raises(MergeConflict) as conflict:
        await mirror.revert("main", expected=second, commits=[first, second], message="the wrong way round")
    assert conflict.value.paths == ("VERSION",)
    assert remote.sha("main") == second
    made = await mirror.revert("main", expected=second, commits=[second, first], message="Revert both")
    assert facts(remote, made, "%P") == second
    assert remote.tree(made) == remote.tree(start)


async def test_a_revert_keeps_what_came_after(mirror: GitMirror, remote: Remote) -> None:
    bad = put(remote, "main", {"bad.c": b"bad\n", "src/main.c": b"broken\n"})
    tip = put(remote, "main", {"later.c": b"later\n"})
    made = await mirror.revert("main", expected=tip, commits=[bad], message="Revert bad")
    assert remote.tree(made) == {**remote.tree(f"{bad}^"), "later.c": remote.tree(tip)["later.c"]}


async def test_what_is_reverted_already_makes_no_commit(mirror: GitMirror, remote: Remote) -> None:
    bad = put(remote, "main", {"VERSION": b"bad\n"})
    tip = put(remote, "main", {"VERSION": b"1.3.0\n"})
    assert await mirror.revert("main", expected=tip, commits=[bad], message="Revert") == tip == remote.sha("main")


async def test_picked_commits_keep_author_and_message_and_say_where_they_are_from(
    mirror: GitMirror, remote: Remote
) -> None:
    tip = put(remote, "main", {"ours.txt": b"ours\n"})
    one = put(remote, "develop", {TRICKY: b"one\n"}, "fix: Überlauf\n\nBecause.")
    two = put(remote, "develop", {"VERSION": b"1.3.1\n"}, "fix: two\n\nSigned-off-by: Bob <bob@example.org>")
    made = await mirror.cherry_pick("main", expected=tip, commits=[one, two])
    assert remote.sha("main") == made
    assert facts(remote, made, "%B") == (
        f"fix: two\n\nSigned-off-by: Bob <bob@example.org>\n(cherry picked from commit {two})"
    )
    assert facts(remote, f"{made}^", "%B") == f"fix: Überlauf\n\nBecause.\n\n(cherry picked from commit {one})"
    assert facts(remote, made, "%an %ae %ad|%cn %ce") == f"{facts(remote, two, '%an %ae %ad')}|{NAME} {EMAIL}"
    assert remote.sha(f"{made}~2") == tip
    assert remote.blob(made, TRICKY) == b"one\n"


async def test_a_picked_merge_is_what_it_brought_to_its_first_parent(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "update-ref", "refs/heads/topic", remote.sha("main"))
    topic = put(remote, "topic", {"topic.c": b"topic\n"})
    put(remote, "develop", {"unwanted.c": b"unwanted\n"})
    merge = put(remote, "develop", {"topic.c": b"topic\n"}, "Merge topic", second=topic)
    made = await mirror.cherry_pick("main", expected=remote.sha("main"), commits=[merge])
    assert "topic.c" in remote.tree(made)
    assert "unwanted.c" not in remote.tree(made)
    assert len(facts(remote, made, "%P").split()) == 1


async def test_picks_that_change_nothing_are_left_out(mirror: GitMirror, remote: Remote) -> None:
    tip = put(remote, "main", {"VERSION": b"1.3.1\n"})
    same = put(remote, "develop", {"VERSION": b"1.3.1\n"})
    empty = remote.add_commit("develop", "empty")
    new = put(remote, "develop", {"new.c": b"new\n"})
    assert await mirror.cherry_pick("main", expected=tip, commits=[same, empty]) == tip == remote.sha("main")
    made = await mirror.cherry_pick("main", expected=tip, commits=[same, empty, new])
    assert facts(remote, made, "%P") == tip


async def test_a_pick_that_conflicts_pushes_none_of_them(mirror: GitMirror, remote: Remote) -> None:
    tip = put(remote, "main", {"VERSION": b"1.3.1\n"})
    fine = put(remote, "develop", {"fine.c": b"fine\n"})
    clash = put(remote, "develop", {"VERSION": b"1.4.0\n"})
    with pytest.raises(MergeConflict) as conflict:
        await mirror.cherry_pick("main", expected=tip, commits=[fine, clash])
    assert conflict.value.paths == ("VERSION",)
    assert remote.sha("main") == tip


async def test_names_revisions_and_paths_are_checked_before_git_runs(mirror: GitMirror, remote: Remote) -> None:
    at = remote.sha("main")
    for refused in (
        mirror.merge("--all", expected=at, other=at, message="m"),
        mirror.merge("main", expected=at, other="develop", message="m"),
        mirror.merge("main", expected=at, other=at, message="m", files={"../x": b""}),
        mirror.revert("main", expected=at, commits=["HEAD"], message="m"),
        mirror.cherry_pick("main", expected=at, commits=["--exec=x"]),
        mirror.first_parents("--all", at),
        mirror.changed_paths(at, "--output=x"),
        mirror.push_branch("main", to="main", expected=at),
        mirror.link(at, "--name-only"),
        mirror.commit("main", expected=at, files={}, links={"lib": "HEAD"}, message="m"),
    ):
        with pytest.raises(FarEndRefused, match="not a"):
            await refused


async def test_a_merge_can_be_recorded_without_taking_anything(mirror: GitMirror, remote: Remote) -> None:
    ours, theirs = put(remote, "main", {"VERSION": b"1.3.1\n"}), put(remote, "develop", {"VERSION": b"1.4.0\n"})
    made = await mirror.record("main", expected=ours, other=theirs, message="Record: nothing is taken.")
    assert remote.sha("main") == made
    assert facts(remote, made, "%P") == f"{ours} {theirs}"
    assert remote.tree(made) == remote.tree(ours)
    with pytest.raises(FarEndRefused, match="nothing to merge"):
        await mirror.record("main", expected=made, other=theirs, message="Again")
    with pytest.raises(HeadMoved):
        await mirror.record("develop", expected=ours, other=remote.add_commit("main", "x"), message="Late")
