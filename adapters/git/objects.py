"""Reading commits, files and tags out of the mirror."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.git.command import GitCommand
from adapters.git.made import Made
from adapters.git.store import Store
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.world import Commit

_FORMAT = "--format=%H%n%P%n%T%n%ae%n%an%n%s"  # no field can hold a newline, and -z ends each record

_MOST_DIGITS = 12  # of an object's size; git refuses far smaller ones here


@dataclass(frozen=True)
class Found:
    """One object, whole."""

    sha: str
    kind: str  # "blob", "tree", "commit" or "tag"
    body: bytes


@dataclass(frozen=True)
class TagObject:
    """What a tag object says: the name it was signed for, and what it points at."""

    sha: str
    name: str
    target: str
    target_kind: str


def file_at(git: GitCommand, store: Store, commit: str, path: str) -> bytes | None:
    """The bytes of the file `path` in `commit`; None when there is none, or it is not a file."""
    names = (commit, f"{commit}:{path}")
    store.open()
    found = objects(git, names)
    if found[0] is None:
        store.have([commit])
        found = objects(git, names)
    _require_commit(commit, found[0])
    return found[1].body if found[1] is not None and found[1].kind == "blob" else None


def commits(store: Store, selection: Sequence[str], need: Sequence[str]) -> list[Commit]:
    answer = store.read("log", "-z", _FORMAT, *selection, need=need)
    records = answer.out.decode(errors="replace").split("\0")
    return [_commit(record, store.made) for record in records if record]


def changed_paths(store: Store, old: str, new: str) -> list[str]:
    """Paths whose content or mode differs between two commits, sorted; a rename is two paths."""
    names = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--end-of-options", old, new)
    answer = store.read(*names, "--", need=[old, new])
    return sorted(path.decode(errors="backslashreplace") for path in answer.out.split(b"\0") if path)


def fetched_tag(git: GitCommand, store: Store, sha: str) -> TagObject:
    """The tag object `sha`, fetched if the mirror does not have it."""
    store.have([sha])
    return tag_object(git, sha)


def tag_object(git: GitCommand, name: str) -> TagObject:
    """The mirror's tag object by SHA or full ref; raises FarEndRefused when the object is no tag."""
    found = objects(git, (name,))[0]
    if found is None or found.kind != "tag":
        raise FarEndRefused(f"{name} is not a tag object")
    lines = found.body.split(b"\n\n", 1)[0].decode(errors="replace").splitlines()
    fields = dict(line.split(" ", 1) for line in lines if " " in line)
    return TagObject(found.sha, fields.get("tag", ""), fields.get("object", ""), fields.get("type", ""))


def objects(git: GitCommand, names: Sequence[str]) -> list[Found | None]:
    """The named objects in order, None for each the mirror does not have."""
    asked = "".join(f"{name}\n" for name in names).encode()
    answer = git.run("cat-file", "--batch", stdin=asked)
    if not answer.ok:
        raise FarEndError(f"the git mirror cannot be read: {answer.reason}")
    return _parse_batch(answer.out, len(names))


def _parse_batch(out: bytes, count: int) -> list[Found | None]:
    found: list[Found | None] = []
    for _ in range(count):
        header, _, out = out.partition(b"\n")
        fields = header.rsplit(b" ", 2)
        if len(fields) != 3 or not fields[-1].isdigit() or len(fields[-1]) > _MOST_DIGITS:
            found.append(None)
            continue
        size = int(fields[2])
        found.append(Found(fields[0].decode(), fields[1].decode(), out[:size]))
        out = out[size + 1 :]
    return found


def _require_commit(sha: str, found: Found | None) -> None:
    if found is None or found.kind != "commit":
        raise FarEndRefused(f"{sha} is not a commit")


def _commit(record: str, made: Made) -> Commit:
    sha, parents, tree, email, author, subject = record.split("\n", 5)
    return Commit(sha, tuple(parents.split()), tree, email, subject.rstrip("\n"), ours=made.holds(sha), author=author)
