"""Making one commit in the mirror: the given files on top of a commit, and nothing else touched.

Through `git fast-import`: no index, no checkout, one process, and bytes go in as they are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from adapters.git.command import GitCommand
from adapters.git.refs import checked_path, parents_of
from adapters.git.store import Store
from sops.kit.errors import FarEndError, FarEndRefused

_PLAIN = "100644"
_LINK = "160000"
_FILE_MODES = (_PLAIN, "100755")
_SCRATCH = "refs/sopwith/commit"  # fast-import wants a ref; no reader uses it


@dataclass(frozen=True)
class _Entry:
    mode: str
    kind: str
    sha: str


def make_commit(
    git: GitCommand,
    store: Store,
    parent: str,
    files: Mapping[str, bytes],
    message: bytes,
    links: Mapping[str, str] | None = None,
) -> str | None:
    """The new commit's SHA, or None when `parent` already holds exactly these files and submodule links."""
    links = links or {}
    modes = _changed(store, parent, files, links)
    if not modes:
        return None
    changed = {path: (mode, files[path]) for path, mode in modes.items() if path in files}
    moved = {path: links[path] for path in modes if path in links}
    stream = _stream(git, parent, changed, moved, message)
    with store.writing():
        answer = store.write("fast-import", "--quiet", "--force", "--done", stdin=stream)
    if not answer.ok:
        raise FarEndError(f"the commit could not be made: {answer.reason}")
    made = answer.out.decode().strip()
    store.made.note(made)
    return made


def link_at(store: Store, revision: str, path: str) -> str | None:
    """The commit the submodule at `path` is at; None when there is no submodule."""
    answer = store.read("ls-tree", "-z", "--full-tree", revision, "--", path, need=[revision])
    entry = _entries(answer.out).get(path)
    return entry.sha if entry is not None and entry.mode == _LINK else None


def _changed(store: Store, parent: str, files: Mapping[str, bytes], links: Mapping[str, str]) -> dict[str, str]:
    """The paths whose content differs from `parent`, with the mode each keeps or gets."""
    wanted = {path: _blob_sha(content) for path, content in files.items()} | dict(links)
    asked = sorted({name for path in wanted for name in (checked_path(path), *parents_of(path))})
    if not asked:
        return {}
    answer = store.read("ls-tree", "-z", "--full-tree", parent, "--", *asked, need=[parent])
    entries = _entries(answer.out)
    for path in wanted:
        _require_room(path, entries, wanted)
    _require_links(entries, files, links)
    return {
        path: entries[path].mode if path in entries else _LINK if path in links else _PLAIN
        for path, sha in wanted.items()
        if path not in entries or entries[path].sha != sha
    }


def _entries(listing: bytes) -> dict[str, _Entry]:
    entries = {}
    for record in filter(None, listing.split(b"\0")):
        head, _, path = record.partition(b"\t")
        told = head.decode(errors="replace").split(" ")
        if len(told) != len(fields(_Entry)):
            raise FarEndError("git lists files in a way nobody can read")
        entries[path.decode(errors="surrogateescape")] = _Entry(*told)
    return entries


def _require_links(entries: Mapping[str, _Entry], files: Mapping[str, bytes], links: Mapping[str, str]) -> None:
    """A file stays a file and a submodule a submodule."""
    for path in files:
        if path in entries and entries[path].mode not in _FILE_MODES:
            raise FarEndRefused(f"{path} is a folder, a link or a submodule, not a file")
    for path, sha in links.items():
        if path in files or (path in entries and entries[path].mode != _LINK):
            raise FarEndRefused(f"{path} is not a submodule")
        if not sha.strip("0"):
            raise FarEndRefused(f"{path} cannot be put at no commit")


def _require_room(path: str, entries: Mapping[str, _Entry], wanted: Mapping[str, str]) -> None:
    """A write must not turn a file, a link or a submodule into a folder."""
    for parent in parents_of(path):
        if parent in wanted or (parent in entries and entries[parent].kind != "tree"):
            raise FarEndRefused(f"{path} cannot be written: {parent} is not a folder")


def _blob_sha(content: bytes) -> str:
    """Git's name of these bytes, as published in its documentation of objects; not a safeguard."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _stream(
    git: GitCommand,
    parent: str,
    files: Mapping[str, tuple[str, bytes]],
    links: Mapping[str, str],
    message: bytes,
) -> bytes:
    name, email = git.identity
    person = f"{name} <{email}> {git.stamp()}"
    head = f"commit {_SCRATCH}\nmark :1\nauthor {person}\ncommitter {person}\n".encode()
    parts = [head, _data(message), f"from {parent}\n".encode()]
    for path, (mode, content) in files.items():
        parts += [f"M {mode} inline {path}\n".encode(), _data(content)]
    parts += [f"M {_LINK} {sha} {path}\n".encode() for path, sha in links.items()]
    return b"".join([*parts, b"get-mark :1\n", b"done\n"])


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
