"""The bare repository that stands in for the forge's: its refs, its history, and the changes made on the web.

Everyone else pushes to it with git. What the web does (a merge, an edited file) is plumbing: objects are written
directly and refs move by `git update-ref` with the old value as precondition, so a concurrent push is never lost.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.git_objects import FULL_SHA, CommitObject, ObjectStore, Signature, TreeEntry
from sops.kit.errors import ConfigurationError, FarEndError, HeadMoved

ZERO = "0" * 40
_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}


@dataclass(frozen=True)
class FileChange:
    """One file that differs between two commits. `sha` is the blob after the change, or before a removal."""

    path: str
    status: str
    sha: str
    additions: int
    deletions: int


class GitRepository:
    """Opened on an existing bare repository; `close` ends its reader. The world's lock guards it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = git_environment(path)
        self.objects = ObjectStore(path, self._environment)
        self._changes: dict[tuple[str, str], list[FileChange]] = {}
        self._merges: dict[tuple[str, str], str | None] = {}

    def close(self) -> None:
        self.objects.close()

    def refs(self) -> dict[str, str]:
        """Every branch and tag by full name. Read from the files, so that looking costs no process."""
        found = dict(self._packed_refs())
        found.update(_loose_refs(self.path / "refs", "refs"))
        return found

    def branches(self) -> dict[str, str]:
        prefix = "refs/heads/"
        return {name[len(prefix) :]: sha for name, sha in self.refs().items() if name.startswith(prefix)}

    def resolve(self, revision: str) -> str | None:
        """The commit a branch, tag, full ref name or full SHA stands for."""
        if FULL_SHA.fullmatch(revision):
            return self.peel(revision)
        refs = self.refs()
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}", revision):
            if name in refs:
                return self.peel(refs[name])
        return None

    def peel(self, sha: str) -> str | None:
        """The commit behind a tag object, or the commit itself."""
        tag = self.objects.tag(sha)
        if tag is not None:
            return self.peel(tag.target)
        return sha if self.objects.commit(sha) is not None else None

    def commit(self, sha: str) -> CommitObject:
        found = self.objects.commit(sha)
        if found is None:
            raise FarEndError(f"the repository has no commit {sha}")
        return found

    def ancestors(self, sha: str) -> Iterator[str]:
        """`sha` and everything it descends from, nearest first."""
        seen = {sha}
        queue = [sha]
        for current in queue:
            yield current
            for parent in self.commit(current).parents:
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return any(sha == ancestor for sha in self.ancestors(descendant))

    def log(self, base: str | None, head: str) -> list[CommitObject]:
        """Commits reachable from `head` and not from `base`, newest first."""
        known = set(self.ancestors(base)) if base is not None else set()
        found = [self.commit(sha) for sha in self.ancestors(head) if sha not in known]
        return sorted(found, key=lambda commit: commit.committer.at, reverse=True)

    def merge_base(self, one: str, other: str) -> str | None:
        known = set(self.ancestors(one))
        return next((sha for sha in self.ancestors(other) if sha in known), None)

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """What is at `path` in a commit."""
        current = TreeEntry("40000", "", self.commit(commit).tree)
        for part in filter(None, path.split("/")):
            children = self.objects.tree(current.sha) if current.is_tree else ()
            match = next((child for child in children if child.name == part), None)
            if match is None:
                return None
            current = match
        return current

    def tree_with(self, tree: str | None, path: str, content: bytes) -> str:
        """The tree that results from writing one file into `tree`."""
        name, _, rest = path.partition("/")
        entries = {entry.name: entry for entry in (self.objects.tree(tree) if tree else ())}
        old = entries.get(name)
        if rest:
            sha = self.tree_with(old.sha if old is not None and old.is_tree else None, rest, content)
            entries[name] = TreeEntry("40000", name, sha)
        else:
            mode = old.mode if old is not None and not old.is_tree else "100644"
            entries[name] = TreeEntry(mode, name, self.objects.write("blob", content))
        return self.objects.write_tree(tuple(entries.values()))

    def commit_file(self, parent: str, path: str, content: bytes, by: Signature, message: str) -> str:
        """A commit on `parent` that writes one file. Moves no ref."""
        tree = self.tree_with(self.commit(parent).tree, path, content)
        return self.objects.write_commit(tree=tree, parents=(parent,), author=by, committer=by, message=message)

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of merging `head` into `base`; None where they conflict."""
        key = (base, head)
        if key not in self._merges:
            done = self._git("merge-tree", "--write-tree", "--name-only", base, head, accept=(0, 1))
            tree = done.stdout.decode().split("\n", 1)[0]
            self._merges[key] = tree if done.returncode == 0 else None
        return self._merges[key]

    def resolved_tree(self, base: str, head: str) -> str:
        """The same, with the files of `base` that conflict as they are there."""
        done = self._git("merge-tree", "--write-tree", "--name-only", "--no-messages", base, head, accept=(0, 1))
        tree, *paths = done.stdout.decode().splitlines()
        for path in paths:
            entry = self.entry(base, path)
            found = self.objects.read(entry.sha) if entry is not None else None
            tree = self.tree_with(tree, path, found[1]) if found is not None else tree
        return tree

    def changes(self, base: str, head: str) -> list[FileChange]:
        """Files that differ from `base` to `head`."""
        key = (base, head)
        if key not in self._changes:
            raw = self._git("diff-tree", "-r", "--no-renames", "--raw", "--numstat", "-z", base, head).stdout
            self._changes[key] = list(_file_changes(raw.decode(errors="replace").split("\0")))
        return self._changes[key]

    def archive(self, commit: str, prefix: str) -> bytes:
        """A source archive (tar.gz) of one commit, the same bytes each time."""
        return self._git("archive", "--format=tar.gz", f"--prefix={prefix}/", commit).stdout

    def move_refs(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """Set each (full name, new, old) in one transaction; ZERO creates (as old) or deletes (as new).

        Raises HeadMoved, with nothing changed, when one of them is not at its old value.
        """
        lines = "".join(f"update {name}\0{new}\0{old}\0" for name, new, old in moves)
        done = self._git("update-ref", "-z", "--stdin", stdin=lines.encode(), accept=(0, 128))
        if done.returncode:
            raise HeadMoved(done.stderr.decode(errors="replace").strip())

    def is_ref_name(self, name: str) -> bool:
        return self._git("check-ref-format", name, accept=(0, 1)).returncode == 0

    def _packed_refs(self) -> Iterator[tuple[str, str]]:
        packed = self.path / "packed-refs"
        if packed.exists():
            for row in packed.read_text().splitlines():
                if not row.startswith(("#", "^")):
                    sha, _, name = row.partition(" ")
                    yield name, sha

    def _git(
        self, *arguments: str, stdin: bytes = b"", accept: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[bytes]:
        return run_git(arguments, self._environment, stdin, accept)


def git_environment(path: Path) -> dict[str, str]:
    """What git sees: this repository and nobody's configuration."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_DIR": str(path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
    }


def run_git(
    arguments: Iterable[str], environment: dict[str, str], stdin: bytes = b"", accept: tuple[int, ...] = (0,)
) -> subprocess.CompletedProcess[bytes]:
    """One git process. Raises FarEndError when it fails, ConfigurationError when there is no usable git."""
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, check=False)
    except FileNotFoundError as missing:
        raise ConfigurationError("git is not on PATH; the sandbox needs git 2.38 or newer") from missing
    if done.returncode not in accept:
        reason = done.stderr.decode(errors="replace").strip()
        if command[1] == "merge-tree":
            reason += " (the sandbox needs git 2.38 or newer)"
        raise FarEndError(f"git {command[1]} failed: {reason}")
    return done


def _loose_refs(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in _listing(folder):
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            yield from _loose_refs(Path(entry.path), name)
        elif not entry.name.endswith(".lock"):
            sha = _ref_file(entry.path)
            if sha is not None:
                yield name, sha


def _listing(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:  # a branch deleted meanwhile took its empty folder along
        return []


def _ref_file(path: str) -> str | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - read at every request; Path.open costs twice as much
            sha = file.read(41).decode(errors="replace").strip()
    except FileNotFoundError:
        return None
    return sha if FULL_SHA.fullmatch(sha) else None


def _file_changes(fields: list[str]) -> Iterator[FileChange]:
    """From `--raw --numstat -z`: first every raw pair (meta, path), then every numstat row."""
    raw: dict[str, tuple[str, str]] = {}
    rows = iter(field for field in fields if field)
    for field in rows:
        if field.startswith(":"):
            _, _, before, after, letter = field.split(" ")
            raw[next(rows)] = (_STATUS.get(letter[0], "changed"), before if letter == "D" else after)
        else:
            added, deleted, path = field.split("\t", 2)
            status, sha = raw[path]
            yield FileChange(path, status, sha, _count(added), _count(deleted))


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 0  # "-" for a binary file
