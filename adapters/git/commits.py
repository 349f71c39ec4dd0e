"""Making one commit in the mirror: the given files on top of a commit, and nothing else touched.

Through `git fast-import`: no index, no checkout, one process, and bytes go in as they are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.git.command import GitCommand
from adapters.git.refs import checked_path, parents_of
from adapters.git.store import Store
from sops.kit.errors import FarEndError, FarEndRefused

_PLAIN = "100644"
_FILE_MODES = (_PLAIN, "100755")
_SCRATCH = "refs/sopwith/commit"  # fast-import wants a ref; no reader uses it


@dataclass(frozen=True)
class _Entry:
    mode: str
    kind: str
    sha: str


def make_commit(git: GitCommand, store: Store, parent: str, files: Mapping[str, bytes], message: bytes) -> str | None:
    """The new commit's SHA, or None when `parent` already holds exactly these files."""
    modes = _changed(store, parent, files)
    if not modes:
        return None
    stream = _stream(git, parent, {path: (modes[path], files[path]) for path in modes}, message)
    with store.writing():
        answer = store.write("fast-import", "--quiet", "--force", "--done", stdin=stream)
    if not answer.ok:
        raise FarEndError(f"the commit could not be made: {answer.reason}")
    return answer.out.decode().strip()


def _changed(store: Store, parent: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """The paths whose content differs from `parent`, with the mode each keeps or gets."""
    asked = sorted({name for path in files for name in (checked_path(path), *parents_of(path))})
    if not asked:
        return {}
    answer = store.read("ls-tree", "-z", "--full-tree", parent, "--", *asked, need=[parent])
    entries = _entries(answer.out)
    for path in files:
        _require_room(path, entries, files)
    return {
        path: entries[path].mode if path in entries else _PLAIN
        for path, content in files.items()
        if path not in entries or entries[path].sha != _blob_sha(content)
    }


def _entries(listing: bytes) -> dict[str, _Entry]:
    entries = {}
    for record in filter(None, listing.split(b"\0")):
        fields, _, path = record.partition(b"\t")
        entries[path.decode(errors="surrogateescape")] = _Entry(*fields.decode().split(" "))
    return entries


def _require_room(path: str, entries: Mapping[str, _Entry], files: Mapping[str, bytes]) -> None:
    """A write must not turn a folder, a link or a submodule into a file, nor a file into a folder."""
    if path in entries and entries[path].mode not in _FILE_MODES:
        raise FarEndRefused(f"{path} is a folder, a link or a submodule, not a file")
    for parent in parents_of(path):
        if parent in files or (parent in entries and entries[parent].kind != "tree"):
            raise FarEndRefused(f"{path} cannot be written: {parent} is not a folder")


def _blob_sha(content: bytes) -> str:
    """Git's name of these bytes, as published in its documentation of objects; not a safeguard."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _stream(git: GitCommand, parent: str, files: Mapping[str, tuple[str, bytes]], message: bytes) -> bytes:
    name, email = git.identity
    person = f"{name} <{email}> {git.stamp()}"
    head = f"commit {_SCRATCH}\nmark :1\nauthor {person}\ncommitter {person}\n".encode()
    parts = [head, _data(message), f"from {parent}\n".encode()]
    for path, (mode, content) in files.items():
        parts += [f"M {mode} inline {path}\n".encode(), _data(content)]
    return b"".join([*parts, b"get-mark :1\n", b"done\n"])


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
