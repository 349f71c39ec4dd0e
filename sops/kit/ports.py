"""The ports to the outside: what procedures and the engine ask of a chat, a forge, a git remote, a registry.

Every method that reaches out is a coroutine and raises from `sops.kit.errors`: `FarEndError` when another try
may help, `OutcomeUnknown` when a write was sent and no answer came, `FarEndRefused` when it never will.
Reads may be retried by the adapter; writes never are, because only the engine knows to probe in between.
The stores, which do not reach out, are in `sops.kit.stores`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sops.kit.conversation import Actor, Place
from sops.kit.forge import Forge
from sops.kit.message import Card
from sops.kit.run import Run
from sops.kit.stores import Seal
from sops.kit.unreadable import Unreadable
from sops.kit.world import Commit, Manifest, RemoteTag

__all__ = [
    "Alarm",
    "Chat",
    "Clock",
    "Forge",
    "GitRepository",
    "ImageRegistry",
    "Pace",
    "PackageIndex",
    "RunBook",
    "SealSigner",
    "SealsOutside",
    "Traits",
]


class Clock(Protocol):
    """All time comes from here. Aware, in UTC."""

    def now(self) -> datetime: ...


class Alarm(Protocol):
    """Wakes the engine. It holds no truth: `wake` only means "look at the deadline rows"."""

    async def start(self, wake: Callable[[], None]) -> None: ...
    def arm(self, at: datetime | None) -> None:
        """Wake at `at` by the injected clock, replacing the earlier instant; None disarms."""
        ...

    async def stop(self) -> None: ...


@dataclass(frozen=True)
class Pace:
    """How often a channel may be written to: `burst` messages at once, and one more each `every`."""

    every: timedelta
    burst: int


@dataclass(frozen=True)
class Traits:
    """In what chats differ.

    keyed: posting the same key twice shows one message; where it does not, an uncertain post is sought with `find`.
    overtaken: a reply may be heard before the reference of the post it answers is known.
    overheard: whoever reads a place reads what is whispered there.
    inline_files: a card's file is shown with it; elsewhere it follows as a message of its own.
    longest: bytes of UTF-8 a message's text may have, 0 if that does not matter; what is longer becomes a file.
    """

    keyed: bool = True
    overtaken: bool = False
    overheard: bool = False
    inline_files: bool = True
    longest: int = 0
    pace: Pace | None = None


class Chat(Protocol):
    """One chat platform. `key` is the outbox row's logical id, the same each time a message is tried."""

    @property
    def platform(self) -> str: ...
    @property
    def traits(self) -> Traits: ...

    async def post(self, key: str, place: Place, card: Card) -> str:
        """Show `card` at `place`; returns the platform's reference of the message."""
        ...

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        """The message that was posted under this key since then, if it is there."""
        ...

    def shown_at(self, ref: str) -> datetime | None:
        """When that message appeared by the platform's clock, where its reference tells."""
        ...

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        """Replace the message `ref`."""
        ...

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        """Which of these channels people call by that name there, asked of the platform; None if none of them."""
        ...

    async def is_private(self, place: Place) -> bool:
        """Only those who were let in can read the channel; asked of the platform, never guessed from a name."""
        ...

    async def remove(self, place: Place, ref: str) -> bool:
        """Take a person's message away; False where the bot may not."""
        ...

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        """Show `card` to one person, or as the quietest thing the platform has."""
        ...


class RunBook(Protocol):
    """What other runs know: what a release recorded, what is going on, what is still owed."""

    async def open(self) -> Sequence[Run]:
        """Every run that is not over, oldest first."""
        ...

    async def of_version(self, version: str) -> Sequence[Run]:
        """Every run about that version ("1.4.0"), open or over, oldest first."""
        ...

    async def owing(self) -> Sequence[Run]:
        """Every run with an open obligation, oldest first."""
        ...

    async def unreadable(
        self, *, sop: str = "", owing: bool = False, version: str = "", going: bool = False
    ) -> Sequence[Unreadable]:
        """The runs that other versions stored and nobody here can read: the open ones, all of them (`going`) or of a
        procedure, or who owe, or all about that version.
        """
        ...


class GitRepository(Protocol):
    """The git remote behind the forge, through a local mirror. Refs and paths are checked before git sees them."""

    async def branch(self, name: str) -> str | None:
        """The remote branch's SHA now (ls-remote), None if there is none."""
        ...

    async def tag(self, name: str) -> RemoteTag | None: ...
    async def tags(self) -> Sequence[RemoteTag]:
        """Every tag of the remote now (ls-remote), each with the commit it names."""
        ...

    async def create_branch(self, name: str, at: str) -> None:
        """Push a new branch at commit `at`; raises HeadMoved if the branch exists."""
        ...

    async def delete_branch(self, name: str, *, expected: str) -> None:
        """Delete the remote branch if it still is at `expected`; raises HeadMoved otherwise."""
        ...

    async def read(self, revision: str, path: str) -> bytes | None:
        """The file's bytes at a commit SHA, None if it is not there."""
        ...

    async def link(self, revision: str, path: str) -> str | None:
        """The commit a submodule is at: the SHA of the gitlink at `path`, None if there is no gitlink."""
        ...

    async def commit(
        self,
        branch: str,
        *,
        expected: str,
        files: Mapping[str, bytes],
        message: str,
        links: Mapping[str, str] | None = None,
    ) -> str:
        """Commit `files` on top of `expected` and push with that lease; returns the new SHA.

        `links` puts submodules at commits (path to SHA) in the same commit.
        Raises HeadMoved when the branch is no longer at `expected`; nothing is then pushed.
        """
        ...

    async def push_branch(self, name: str, *, to: str, expected: str) -> None:
        """Move the remote branch forward from `expected` to its descendant `to`; nothing to do if they are equal.

        Raises FarEndRefused when `to` does not descend from `expected`, HeadMoved when the branch is not there.
        """
        ...

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
        """Merge commit `other` into `branch`, always with a merge commit, pushed with the lease `expected`.

        Its first parent is `expected`, its second `other`. Every path in `files` has exactly these bytes in it,
        also where the two conflict. Of a path in `alike` what its function makes of it is merged, on both sides and of
        what they come from.
        Returns the new SHA.
        Raises MergeConflict for conflicts outside `files`, HeadMoved when the branch is not at `expected`, and
        FarEndRefused when `expected` holds `other` already; nothing is then pushed.
        """
        ...

    async def record(self, branch: str, *, expected: str, other: str, message: str) -> str:
        """Merge commit `other` into `branch` without taking anything of it: the tree stays that of `expected`.

        Its first parent is `expected`, its second `other`; pushed with the lease `expected`. Returns the new SHA.
        Raises HeadMoved when the branch is not at `expected`, FarEndRefused when `expected` holds `other` already;
        nothing is then pushed.
        """
        ...

    async def conflicts(self, ours: str, theirs: str) -> Sequence[str]:
        """The paths in which merging the two commits would conflict, sorted; nothing is made or pushed."""
        ...

    async def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree that merging the two commits makes, None where they conflict; nothing is pushed."""
        ...

    async def revert(self, branch: str, *, expected: str, commits: Sequence[str], message: str) -> str:
        """Undo `commits` in the order given, in one commit on top of `expected`, pushed with that lease.

        Of a merge it undoes what the merge brought to its first parent. Returns the new SHA, or `expected` when
        nothing is left to undo: then there is no commit. Raises MergeConflict and HeadMoved; nothing is then pushed.
        """
        ...

    async def cherry_pick(self, branch: str, *, expected: str, commits: Sequence[str]) -> str:
        """Repeat `commits` (oldest first) one by one on top of `expected`, pushed together with that lease.

        Each keeps its author and says "(cherry picked from commit …)"; of a merge it is what the merge brought to
        its first parent. What changes nothing is left out. Returns the new tip, `expected` when all were left out.
        Raises MergeConflict and HeadMoved; nothing is then pushed.
        """
        ...

    async def describe(self, sha: str) -> Commit: ...
    async def log(self, base: str, head: str) -> Sequence[Commit]:
        """Commits reachable from `head` and not from `base`, newest first."""
        ...

    async def first_parents(self, base: str, head: str) -> Sequence[Commit]:
        """Commits on `head`'s first-parent chain that `base` does not reach, newest first."""
        ...

    async def changed_paths(self, old: str, new: str) -> Sequence[str]:
        """Paths whose content differs between two commits, or trees, sorted; a rename is two paths."""
        ...

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool: ...
    async def copied(self, commit: str, tip: str) -> bool:
        """A commit that `tip` reaches is a copy of `commit`: it says it was picked from it, or has the same patch."""
        ...

    async def push_signed_tag(self, name: str, *, at: str, message: str) -> RemoteTag:
        """Make a signed tag on `at`, verify it, and push it if no tag of that name exists.

        Raises SignatureInvalid before anything is pushed, HeadMoved when the remote has the name already.
        """
        ...

    async def push_tag(self, name: str, *, sha: str) -> None:
        """Push the tag object `sha`, made and verified elsewhere, if no tag of that name exists.

        Raises HeadMoved when the remote has the name already.
        """
        ...

    async def verify_tag(self, name: str) -> str:
        """Fetch the remote tag and verify it by exit code; returns what git says of the signer.

        Raises SignatureInvalid when the tag is unsigned or its key is unknown.
        """
        ...


class PackageIndex(Protocol):
    """An index of language packages, for one project."""

    async def yanked(self, version: str) -> bool | None:
        """The version can still be had but is no longer chosen; None when the index does not have it."""
        ...


class ImageRegistry(Protocol):
    """A container registry, for one image repository."""

    async def manifest(self, reference: str) -> Manifest | None:
        """By tag or digest; None when the registry has neither."""
        ...

    async def put(self, tag: str, manifest: Manifest) -> None:
        """Point `tag` at exactly these bytes."""
        ...

    async def tags(self) -> Sequence[str]:
        """Every tag of the image, sorted; empty where the registry does not know the image."""
        ...

    async def delete(self, digest: str) -> None:
        """Delete the manifest, and with it every tag on it; nothing to do where it is gone.

        Raises FarEndRefused when the registry does not allow deletion.
        """
        ...


class SealSigner(Protocol):
    """Signs seals of the record with a key that is not in the database."""

    async def sign(self, text: str) -> str:
        """The signature of that text (see `sops.kit.sealed`). Raises SignatureInvalid where the key does not sign."""
        ...


class SealsOutside(Protocol):
    """Where seals are kept outside the database, in order."""

    async def last(self) -> Seal | None:
        """The last one that is kept. Raises FarEndError where that cannot be seen."""
        ...

    async def keep(self, seals: Sequence[tuple[Seal, str]]) -> None:
        """Add these, each with its signature; kept twice is no harm. Raises FarEndError where that cannot be done."""
        ...
