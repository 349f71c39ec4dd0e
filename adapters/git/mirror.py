"""The git remote behind the forge, through a local mirror: `GitRepository` with GitPython.

A little longer than other modules: one method for each of the port's.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from adapters.git.command import GitCommand, Limits, Token
from adapters.git.commits import link_at, make_commit
from adapters.git.copies import copied
from adapters.git.merges import conflicts, make_merge, make_picks, make_record, make_revert, merged_tree
from adapters.git.objects import changed_paths, commits, fetched_tag, file_at
from adapters.git.push import push, remote_refs, remote_tags
from adapters.git.refs import branch_ref, checked_message, checked_path, checked_sha, tag_ref
from adapters.git.remembered import Remembered
from adapters.git.signing import Signing
from adapters.git.store import Store
from adapters.git.tags import make_signed_tag, verify
from adapters.reach.breaker import Breaker
from adapters.reach.deadline import Deadline
from adapters.reach.threads import NotBegun, OutOfTime, Threads
from sops.kit.errors import FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown, SignatureInvalid
from sops.kit.ports import Clock
from sops.kit.world import Commit, RemoteTag

SIDE_BY_SIDE = 8
T = TypeVar("T")
P = ParamSpec("P")


class GitMirror:
    """Implements `sops.kit.ports.GitRepository`.

    `home` keeps the mirror and is made on first use. `identity` is the author and tagger (name, mail address).
    `token` is sent over https only; a function is asked for it each time. Refs are always read from the remote; only
    objects, which cannot change, come from the mirror. Every call runs in one of git's own threads and returns plain
    values. A cancelled call goes on in its thread until it ends, or its time (`limits`) is over.
    """

    def __init__(
        self,
        home: Path,
        url: str,
        signing: Signing,
        *,
        identity: tuple[str, str],
        clock: Clock,
        token: Token | None = None,
        limits: Limits | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        home, limits = home.absolute(), limits or Limits()
        self._call = limits.call
        self._home = home
        self._signing = signing
        self._threads = Threads("git", SIDE_BY_SIDE)
        self.breaker = breaker or Breaker("git", "the git remote", clock)
        self._git = GitCommand(
            Store.git_dir(home),
            url,
            signing,
            identity=identity,
            clock=clock,
            token=token,
            limits=limits,
            breaker=self.breaker,
        )
        self._store = Store(home, self._git)
        self._known = Remembered()

    def beside(self, url: str, name: str) -> "GitMirror":
        """Another remote that shares this one's objects, so that what is here can be pushed there.

        `name` keeps its refs apart in the mirror: letters, digits and dashes.
        """
        other = copy.copy(self)
        other._git = self._git.to(url)
        other._store = Store(self._home, other._git, name)
        other._known = Remembered()
        return other

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self._threads.close()

    async def branch(self, name: str) -> str | None:
        return await self._do(self._ref, branch_ref(name))

    async def tag(self, name: str) -> RemoteTag | None:
        return await self._do(self._tag, name, tag_ref(name))

    async def tags(self) -> Sequence[RemoteTag]:
        return await self._do(self._tags)

    async def create_branch(self, name: str, at: str) -> None:
        await self._do(self._create_branch, branch_ref(name), checked_sha(at))

    async def delete_branch(self, name: str, *, expected: str) -> None:
        await self._do(self._delete_branch, branch_ref(name), checked_sha(expected))

    async def read(self, revision: str, path: str) -> bytes | None:
        commit, path = checked_sha(revision), checked_path(path)
        return await self._known.once(
            ("read", commit, path), lambda: self._do(file_at, self._git, self._store, commit, path)
        )

    async def link(self, revision: str, path: str) -> str | None:
        return await self._do(self._link, checked_sha(revision), checked_path(path))

    async def commit(
        self,
        branch: str,
        *,
        expected: str,
        files: Mapping[str, bytes],
        message: str,
        links: Mapping[str, str] | None = None,
    ) -> str:
        """As the port says. When `expected` already holds exactly `files`, no empty commit is made: the
        answer is `expected`, provided the branch still is there.
        """
        ref, parent, text = branch_ref(branch), checked_sha(expected), checked_message(message)
        put = {path: checked_sha(sha) for path, sha in (links or {}).items()}
        return await self._do(self._commit, ref, parent, dict(files), put, text)

    async def push_branch(self, name: str, *, to: str, expected: str) -> None:
        await self._do(self._push_branch, branch_ref(name), checked_sha(to), checked_sha(expected))

    async def merge(
        self,
        branch: str,
        *,
        expected: str,
        other: str,
        message: str,
        files: Mapping[str, bytes] | None = None,
        alike: Mapping[str, Callable[[bytes], bytes]] | None = None,
    ) -> str:
        ref, sides, text = branch_ref(branch), (checked_sha(expected), checked_sha(other)), checked_message(message)
        settled = {checked_path(path): content for path, content in (files or {}).items()}
        read = {checked_path(path): as_if for path, as_if in (alike or {}).items()}
        return await self._do(self._merge, ref, sides, text, settled, read)

    async def conflicts(self, ours: str, theirs: str) -> Sequence[str]:
        sides = (checked_sha(ours), checked_sha(theirs))
        return await self._known.once(
            ("conflicts", *sides), lambda: self._do(conflicts, self._git, self._store, *sides)
        )

    async def merged_tree(self, ours: str, theirs: str) -> str | None:
        sides = (checked_sha(ours), checked_sha(theirs))
        return await self._known.once(("tree", *sides), lambda: self._do(merged_tree, self._git, self._store, *sides))

    async def record(self, branch: str, *, expected: str, other: str, message: str) -> str:
        ref, sides, text = branch_ref(branch), (checked_sha(expected), checked_sha(other)), checked_message(message)
        return await self._do(self._record, ref, sides, text)

    async def revert(self, branch: str, *, expected: str, commits: Sequence[str], message: str) -> str:
        ref, tip, text = branch_ref(branch), checked_sha(expected), checked_message(message)
        return await self._do(self._revert, ref, tip, [checked_sha(sha) for sha in commits], text)

    async def cherry_pick(self, branch: str, *, expected: str, commits: Sequence[str]) -> str:
        ref, tip = branch_ref(branch), checked_sha(expected)
        return await self._do(self._cherry_pick, ref, tip, [checked_sha(sha) for sha in commits])

    async def describe(self, sha: str) -> Commit:
        commit = checked_sha(sha)
        return await self._known.once(("describe", commit), lambda: self._do(self._describe, commit))

    async def log(self, base: str, head: str) -> Sequence[Commit]:
        ends = (checked_sha(head), checked_sha(base))
        return await self._commits(("--end-of-options", ends[0], f"^{ends[1]}"), ends)

    async def first_parents(self, base: str, head: str) -> Sequence[Commit]:
        ends = (checked_sha(head), checked_sha(base))
        return await self._commits(("--first-parent", "--end-of-options", ends[0], f"^{ends[1]}"), ends)

    async def _commits(self, selection: tuple[str, ...], ends: tuple[str, str]) -> Sequence[Commit]:
        return await self._known.once(("log", *selection), lambda: self._do(commits, self._store, selection, ends))

    async def changed_paths(self, old: str, new: str) -> Sequence[str]:
        ends = (checked_sha(old), checked_sha(new))
        return await self._known.once(("changed", *ends), lambda: self._do(changed_paths, self._store, *ends))

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        ends = (checked_sha(ancestor), checked_sha(descendant))
        return await self._known.once(("ancestor", *ends), lambda: self._do(self._is_ancestor, *ends))

    async def copied(self, commit: str, tip: str) -> bool:
        ends = (checked_sha(commit), checked_sha(tip))
        return await self._known.once(("copied", *ends), lambda: self._do(copied, self._store, *ends))

    async def push_signed_tag(self, name: str, *, at: str, message: str) -> RemoteTag:
        ref, commit, text = tag_ref(name), checked_sha(at), checked_message(message)
        return await self._do(self._push_signed_tag, name, ref, commit, text)

    async def push_tag(self, name: str, *, sha: str) -> None:
        await self._do(self._push_tag, tag_ref(name), checked_sha(sha))

    async def verify_tag(self, name: str) -> str:
        return await self._do(self._verify_tag, name, tag_ref(name))

    def _ref(self, ref: str) -> str | None:
        self._store.open()
        return remote_refs(self._git, ref).get(ref)

    def _tag(self, name: str, ref: str) -> RemoteTag | None:
        self._store.open()
        refs = remote_refs(self._git, ref, f"{ref}^{{}}")
        return RemoteTag(name, refs[ref], refs.get(f"{ref}^{{}}", refs[ref])) if ref in refs else None

    def _tags(self) -> list[RemoteTag]:
        self._store.open()
        return [RemoteTag(name, *ends) for name, ends in sorted(remote_tags(self._git).items())]

    async def _do(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        with self.breaker.named():
            try:
                return await self._threads.run(partial(call, *arguments, **named), Deadline(self._call))
            except NotBegun as error:
                raise FarEndError("git is busy with other calls; nothing was asked of the remote") from error
            except OutOfTime as error:
                late = "git did not come to an end in time; nobody knows how far it came"
                raise OutcomeUnknown(late, said="no answer in time") from error
            finally:
                await self.breaker.tell()

    def _create_branch(self, ref: str, at: str) -> None:
        self._describe(at)
        push(self._git, ref, to=at, expected=None)

    def _delete_branch(self, ref: str, expected: str) -> None:
        # Git tells of a branch that is not there only in words; so it is looked up first.
        if self._ref(ref) != expected:
            raise HeadMoved(f"{ref} is no longer at {expected}")
        push(self._git, ref, to=None, expected=expected)

    def _link(self, revision: str, path: str) -> str | None:
        self._describe(revision)
        return link_at(self._store, revision, path)

    def _commit(
        self, ref: str, expected: str, files: Mapping[str, bytes], links: Mapping[str, str], message: bytes
    ) -> str:
        return self._pushed(ref, expected, make_commit(self._git, self._store, expected, files, message, links))

    def _push_branch(self, ref: str, to: str, expected: str) -> None:
        for sha in (expected, to):
            self._describe(sha)
        if not self._is_ancestor(expected, to):
            raise FarEndRefused(f"{ref} is only moved forward, and {to} does not descend from {expected}")
        self._pushed(ref, expected, to if to != expected else None)

    def _merge(
        self,
        ref: str,
        sides: tuple[str, str],
        message: bytes,
        files: Mapping[str, bytes],
        alike: Mapping[str, Callable[[bytes], bytes]],
    ) -> str:
        return self._pushed(ref, sides[0], make_merge(self._git, self._store, *sides, message, files, alike))

    def _record(self, ref: str, sides: tuple[str, str], message: bytes) -> str:
        return self._pushed(ref, sides[0], make_record(self._git, self._store, *sides, message))

    def _revert(self, ref: str, expected: str, undone: Sequence[str], message: bytes) -> str:
        return self._pushed(ref, expected, make_revert(self._git, self._store, expected, undone, message))

    def _cherry_pick(self, ref: str, expected: str, picked: Sequence[str]) -> str:
        return self._pushed(ref, expected, make_picks(self._git, self._store, expected, picked))

    def _pushed(self, ref: str, expected: str, made: str | None) -> str:
        """Where `ref` is after moving from `expected` to `made`; with nothing made it must still be there."""
        if made is not None:
            push(self._git, ref, to=made, expected=expected)
            return made
        if self._ref(ref) != expected:
            raise HeadMoved(f"{ref} is no longer at {expected}")
        return expected

    def _describe(self, sha: str) -> Commit:
        found = commits(self._store, ("--no-walk", "--end-of-options", sha), [sha])
        if not found or found[0].sha != sha:
            raise FarEndRefused(f"{sha} is not a commit")
        return found[0]

    def _is_ancestor(self, ancestor: str, descendant: str) -> bool:
        ends = (ancestor, descendant)
        return self._store.read("merge-base", "--is-ancestor", *ends, need=ends, codes=(0, 1)).ok

    def _push_signed_tag(self, name: str, ref: str, at: str, message: bytes) -> RemoteTag:
        self._describe(at)
        tag = make_signed_tag(self._git, self._store, self._signing, name, at=at, message=message)
        push(self._git, ref, to=tag.sha, expected=None)
        return RemoteTag(name, tag.sha, tag.target)

    def _push_tag(self, ref: str, sha: str) -> None:
        self._store.have([sha])
        push(self._git, ref, to=sha, expected=None)

    def _verify_tag(self, name: str, ref: str) -> str:
        remote = self._tag(name, ref)
        if remote is None:
            raise FarEndRefused(f"the git remote has no tag {name}")
        if remote.sha == remote.commit:
            raise SignatureInvalid(f"the tag {name} is not signed: it is only a name of a commit")
        return verify(self._git, self._signing, fetched_tag(self._git, self._store, remote.sha), name)
