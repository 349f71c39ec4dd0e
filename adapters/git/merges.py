"""Merging, reverting and repeating commits in the mirror: no index, no checkout, nothing pushed.

Every combination is `git merge-tree --write-tree` of two commits. To combine trees on a base of our choosing
(`--merge-base` needs git 2.40) they are wrapped into commits of their own that nothing refers to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.git.command import Answer, GitCommand
from adapters.git.commits import make_commit
from adapters.git.objects import file_at, objects
from adapters.git.store import Store
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, MergeConflict
from sops.kit.patterns import Pattern

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_USAGE = 129  # git's exit code for an option it does not know
_MOST_DIGITS = 9  # of how many paths a message is about
_TRAILER = Pattern(rb"[A-Za-z0-9-]+: .*|\(cherry picked from commit [0-9a-f]{40}\)")


@dataclass(frozen=True)
class _Whole:
    """One commit as it is stored."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: bytes
    encoding: bytes | None
    message: bytes


def make_merge(
    git: GitCommand,
    store: Store,
    ours: str,
    theirs: str,
    message: bytes,
    files: Mapping[str, bytes],
    alike: Mapping[str, Callable[[bytes], bytes]],
) -> str:
    """A merge commit of `ours` and `theirs` in which `files` have exactly these bytes.

    Of a path in `alike` what its function makes of it is merged, on both sides and of what they come from.

    Raises MergeConflict for conflicts outside `files`, FarEndRefused when `ours` holds `theirs` already.
    """
    _new(git, store, ours, theirs)
    if alike:
        tree = _merged_alike(git, store, ours, theirs, files, alike)
    else:
        tree = _merged(store, ours, theirs, settled=files)
    if files:
        tree = _with_files(git, store, tree, files)
    return _make(git, store, tree, (ours, theirs), message)


def make_record(git: GitCommand, store: Store, ours: str, theirs: str, message: bytes) -> str:
    """A merge commit of both with the tree of `ours`. Raises FarEndRefused when `ours` holds `theirs` already."""
    _new(git, store, ours, theirs)
    return _make(git, store, _whole(git, store, ours).tree, (ours, theirs), message)


def _new(git: GitCommand, store: Store, ours: str, theirs: str) -> None:
    """Both are commits, and `theirs` is not in `ours` yet; raises FarEndRefused otherwise."""
    for sha in (ours, theirs):
        _whole(git, store, sha)
    if store.read("merge-base", "--is-ancestor", theirs, ours, need=[theirs, ours], codes=(0, 1)).ok:
        raise FarEndRefused(f"{ours} holds {theirs} already; there is nothing to merge")


def conflicts(git: GitCommand, store: Store, ours: str, theirs: str) -> tuple[str, ...]:
    """The paths in which the two would conflict, sorted. Raises FarEndRefused when they have no history in common."""
    for sha in (ours, theirs):
        _whole(git, store, sha)
    try:
        _merged(store, ours, theirs, settled={})
    except MergeConflict as conflict:
        return conflict.paths
    return ()


def merged_tree(git: GitCommand, store: Store, ours: str, theirs: str) -> str | None:
    """The tree that merging the two makes; None where they conflict. Raises FarEndRefused as `conflicts` does."""
    for sha in (ours, theirs):
        _whole(git, store, sha)
    try:
        return _merged(store, ours, theirs, settled={})
    except MergeConflict:
        return None


def _merged_alike(
    git: GitCommand,
    store: Store,
    ours: str,
    theirs: str,
    files: Mapping[str, bytes],
    alike: Mapping[str, Callable[[bytes], bytes]],
) -> str:
    """The merged tree, with all three sides as `alike` makes them; without a base of its own, with two."""
    bases = store.read("merge-base", "--all", ours, theirs, need=[ours, theirs], codes=(0, 1)).out.decode().split()
    if len(bases) != 1:
        return _merged(store, *(_as_if(git, store, side, alike) for side in (ours, theirs)), settled=files)
    trees = [_whole(git, store, _as_if(git, store, side, alike)).tree for side in (*bases, ours, theirs)]
    return _combined(git, store, base=trees[0], ours=trees[1], theirs=trees[2], settled=files)


def _as_if(git: GitCommand, store: Store, commit: str, alike: Mapping[str, Callable[[bytes], bytes]]) -> str:
    """A commit on top of it in which those paths read so; itself, if they do already."""
    found = {path: file_at(git, store, commit, path) for path in alike}
    files = {path: alike[path](data) for path, data in found.items() if data is not None}
    return make_commit(git, store, commit, files, b"side\n") or commit


def make_revert(git: GitCommand, store: Store, tip: str, commits: Sequence[str], message: bytes) -> str | None:
    """One commit on `tip` that undoes `commits` in this order; None when that changes nothing."""
    start = tree = _whole(git, store, tip).tree
    for sha in commits:
        commit = _whole(git, store, sha)
        tree = _combined(git, store, base=commit.tree, ours=tree, theirs=_tree_before(git, store, commit))
    return None if tree == start else _make(git, store, tree, (tip,), message)


def make_picks(git: GitCommand, store: Store, tip: str, commits: Sequence[str]) -> str | None:
    """The last of the commits on `tip` that repeat `commits`, oldest first; None when none changes anything."""
    start, tree = tip, _whole(git, store, tip).tree
    for sha in commits:
        commit = _whole(git, store, sha)
        picked = _combined(git, store, base=_tree_before(git, store, commit), ours=tree, theirs=commit.tree)
        if picked != tree:
            tip = _make(git, store, picked, (tip,), _picked_message(commit), like=commit)
            tree = picked
    return None if tip == start else tip


def _whole(git: GitCommand, store: Store, sha: str) -> _Whole:
    store.open()
    found = objects(git, (sha,))[0]
    if found is None:
        store.have([sha])
        found = objects(git, (sha,))[0]
    if found is None or found.kind != "commit":
        raise FarEndRefused(f"{sha} is not a commit")
    head, _, message = found.body.partition(b"\n\n")
    fields = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    first = dict(reversed(fields))
    parents = tuple(value.decode() for name, value in fields if name == b"parent")
    return _Whole(sha, first[b"tree"].decode(), parents, first[b"author"], first.get(b"encoding"), message)


def _tree_before(git: GitCommand, store: Store, commit: _Whole) -> str:
    """What the commit changed: its first parent's tree, also for a merge (`-m 1`)."""
    return _whole(git, store, commit.parents[0]).tree if commit.parents else _EMPTY_TREE


def _combined(
    git: GitCommand, store: Store, *, base: str, ours: str, theirs: str, settled: Mapping[str, bytes] | None = None
) -> str:
    """The tree that makes the step from `base` to `theirs` on `ours`; conflicts in `settled` do not matter."""
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    root = _write_commit(git, store, base, (), b"base\n")
    sides = [_write_commit(git, store, tree, (root,), b"side\n") for tree in (ours, theirs)]
    return _merged(store, *sides, settled=settled or {})


def _merged(store: Store, ours: str, theirs: str, *, settled: Mapping[str, bytes]) -> str:
    answer = _write(store, "merge-tree", "--write-tree", "-z", "--name-only", ours, theirs)
    if answer.code == _USAGE:
        raise ConfigurationError("this git cannot merge without a checkout; install git 2.38 or newer")
    if answer.code not in (0, 1):
        if "unrelated histories" in answer.err:
            raise FarEndRefused(f"{ours} and {theirs} have no history in common")
        raise FarEndError(f"git merge-tree failed: {answer.reason}")
    tree, _, told = answer.out.partition(b"\0")
    if answer.code == 1:
        paths = _conflicts(told)
        if not paths or paths - settled.keys():
            raise MergeConflict(paths - settled.keys())
    return tree.decode()


def _conflicts(told: bytes) -> set[str]:
    """The paths in conflict, out of "path, …, empty, messages".

    Git warns that a conflict (of a renamed folder) may be in the messages alone: then its paths count too.
    """
    fields = told.split(b"\0")
    end = fields.index(b"") if b"" in fields else len(fields)
    paths = {_path(field) for field in fields[:end]}
    at = end + 1
    while at + 2 < len(fields) and fields[at].isdigit() and len(fields[at]) <= _MOST_DIGITS:
        kind_at = at + int(fields[at]) + 1
        about = {_path(field) for field in fields[at + 1 : kind_at]}
        if kind_at < len(fields) and fields[kind_at].startswith(b"CONFLICT") and not about & paths:
            paths |= about
        at = kind_at + 2
    return paths


def _path(field: bytes) -> str:
    # The backslashes of what is not UTF-8 keep it apart from every path we write.
    return field.decode(errors="backslashreplace")


def _with_files(git: GitCommand, store: Store, tree: str, files: Mapping[str, bytes]) -> str:
    merged = _write_commit(git, store, tree, (), b"merged\n")
    made = make_commit(git, store, merged, files, b"with files\n")
    return tree if made is None else _whole(git, store, made).tree


def _picked_message(commit: _Whole) -> bytes:
    """The message with git's own note of where it came from, as one more trailer if it has some."""
    note = f"(cherry picked from commit {commit.sha})\n".encode()
    text = commit.message.strip(b"\n")
    if not text:
        return note
    _, *paragraphs = text.split(b"\n\n")
    trailers = bool(paragraphs) and all(_TRAILER.fullmatch(line) for line in paragraphs[-1].split(b"\n"))
    return text + (b"\n" if trailers else b"\n\n") + note


def _make(
    git: GitCommand, store: Store, tree: str, parents: Sequence[str], message: bytes, *, like: _Whole | None = None
) -> str:
    """A commit that is meant to be pushed, known as ours from here on."""
    made = _write_commit(git, store, tree, parents, message, like=like)
    store.made.note(made)
    return made


def _write_commit(
    git: GitCommand,
    store: Store,
    tree: str,
    parents: Sequence[str],
    message: bytes,
    *,
    like: _Whole | None = None,
) -> str:
    """A commit object by our identity at the clock's time; the author and encoding are those of `like`."""
    name, email = git.identity
    person = f"{name} <{email}> {git.stamp()}".encode()
    head = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
    head += [b"author " + (like.author if like else person), b"committer " + person]
    if like and like.encoding:
        head.append(b"encoding " + like.encoding)
    body = b"\n".join(head) + b"\n\n" + message
    answer = _write(store, "hash-object", "-t", "commit", "-w", "--stdin", stdin=body)
    if not answer.ok:
        raise FarEndError(f"the commit could not be made: {answer.reason}")
    return answer.out.decode().strip()


def _write(store: Store, *arguments: str, stdin: bytes | None = None) -> Answer:
    with store.writing():
        return store.write(*arguments, stdin=stdin)
