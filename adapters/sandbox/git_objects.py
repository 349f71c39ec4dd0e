"""Git's objects as values: read through one long-lived `git cat-file`, written as loose objects."""

import hashlib
import os
import subprocess
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sops.kit.errors import FarEndError
from sops.kit.patterns import Pattern

FULL_SHA = Pattern(r"[0-9a-f]{40}")
_PERSON = Pattern(r"(?P<name>.*) <(?P<email>[^>]*)> (?P<seconds>-?\d+) [+-]\d{4}")


@dataclass(frozen=True)
class Signature:
    """Who and when, as git records it."""

    name: str
    email: str
    at: datetime

    def line(self) -> str:
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} +0000"


@dataclass(frozen=True)
class CommitObject:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str
    signature: str | None


@dataclass(frozen=True)
class TagObject:
    """An annotated tag. `signature` is the armoured block at the message's end."""

    sha: str
    name: str
    target: str
    target_kind: str
    tagger: Signature
    message: str
    signature: str | None


@dataclass(frozen=True)
class TreeEntry:
    mode: str
    name: str
    sha: str

    @property
    def is_tree(self) -> bool:
        return self.mode == "40000"


class ObjectStore:
    """The objects of one repository. Not thread-safe: the world's lock guards it."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        self._objects = path / "objects"
        self._reader = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._commits: dict[str, CommitObject] = {}

    def close(self) -> None:
        self._reader.communicate()

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """The object's kind and bytes; None if there is no such object. `sha` is a full one."""
        if not FULL_SHA.fullmatch(sha):
            return None
        requests, answers = self._reader.stdin, self._reader.stdout
        if requests is None or answers is None:  # pragma: no cover - both were asked for as pipes
            raise RuntimeError("git cat-file has no pipes")
        try:
            requests.write(f"{sha}\n".encode())
            requests.flush()
        except BrokenPipeError as ended:
            raise FarEndError(f"git, which reads the sandbox's objects in {self._objects}, has ended") from ended
        header = answers.readline().decode().split()
        if len(header) != 3:
            return None
        content = answers.read(int(header[2]))
        answers.read(1)
        return header[1], content

    def write(self, kind: str, content: bytes) -> str:
        """Store an object as git would; returns its SHA."""
        data = f"{kind} {len(content)}\0".encode() + content
        sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        target = self._objects / sha[:2] / sha[2:]
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            draft = target.with_name(f"tmp_obj_{os.getpid()}_{sha[2:]}")
            draft.write_bytes(zlib.compress(data, 1))
            draft.replace(target)
        return sha

    def commit(self, sha: str) -> CommitObject | None:
        known = self._commits.get(sha)
        if known is not None:
            return known
        found = self.read(sha)
        if found is None or found[0] != "commit":
            return None
        return self._commits.setdefault(sha, _parse_commit(sha, found[1]))

    def tag(self, sha: str) -> TagObject | None:
        found = self.read(sha)
        return _parse_tag(sha, found[1]) if found is not None and found[0] == "tag" else None

    def tree(self, sha: str) -> tuple[TreeEntry, ...]:
        found = self.read(sha)
        return _parse_tree(found[1]) if found is not None and found[0] == "tree" else ()

    def write_commit(
        self, *, tree: str, parents: tuple[str, ...], author: Signature, committer: Signature, message: str
    ) -> str:
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author.line()}", f"committer {committer.line()}", "", message.rstrip("\n"), ""]
        return self.write("commit", "\n".join(lines).encode())

    def write_tree(self, entries: tuple[TreeEntry, ...]) -> str:
        ordered = sorted(entries, key=lambda entry: entry.name + ("/" if entry.is_tree else ""))
        content = b"".join(f"{e.mode} {e.name}\0".encode() + bytes.fromhex(e.sha) for e in ordered)
        return self.write("tree", content)


def _headers(content: bytes) -> tuple[list[tuple[str, str]], str]:
    """The header lines (continuations joined) and the message."""
    head, _, message = content.decode(errors="replace").partition("\n\n")
    headers: list[tuple[str, str]] = []
    for row in head.split("\n"):
        if row.startswith(" ") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]}\n{row[1:]}")
        else:
            key, _, value = row.partition(" ")
            headers.append((key, value))
    return headers, message


def _parse_person(text: str) -> Signature:
    match = _PERSON.fullmatch(text)
    if match is None:
        return Signature(text, "", datetime.fromtimestamp(0, UTC))
    at = datetime.fromtimestamp(int(match["seconds"]), UTC)
    return Signature(match["name"], match["email"], at)


def _parse_commit(sha: str, content: bytes) -> CommitObject:
    headers, message = _headers(content)
    single = dict(headers)
    return CommitObject(
        sha=sha,
        tree=single["tree"],
        parents=tuple(value for key, value in headers if key == "parent"),
        author=_parse_person(single["author"]),
        committer=_parse_person(single["committer"]),
        message=message.rstrip("\n"),
        signature=single.get("gpgsig"),
    )


def _parse_tag(sha: str, content: bytes) -> TagObject:
    headers, message = _headers(content)
    single = dict(headers)
    text, marker, rest = message.partition("-----BEGIN ")
    return TagObject(
        sha=sha,
        name=single["tag"],
        target=single["object"],
        target_kind=single["type"],
        tagger=_parse_person(single.get("tagger", "")),
        message=text.rstrip("\n"),
        signature=marker + rest if marker else None,
    )


def _parse_tree(content: bytes) -> tuple[TreeEntry, ...]:
    entries = []
    position = 0
    while position < len(content):
        end = content.index(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        entries.append(TreeEntry(mode.decode(), name.decode(errors="replace"), content[end + 1 : end + 21].hex()))
        position = end + 21
    return tuple(entries)
