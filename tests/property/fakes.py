"""The ports over the world in memory. Every call passes `Reach`, where it may go wrong; signed tags are always good.

The chat is the console's own room, which is memory already and shows a key once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from adapters.console import ConsoleChat
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndRefused
from sops.kit.message import Card
from sops.kit.ports import Traits
from sops.kit.version import Version
from sops.kit.world import (
    BranchRules,
    Check,
    Comment,
    Commit,
    Discussion,
    Issue,
    Manifest,
    PullRequest,
    Release,
    RemoteTag,
    Review,
)
from tests.property.quiet import QuietForge
from tests.property.reach import Reach
from tests.property.world import BOT, World


class FakeForge(QuietForge):
    """Implements `Forge`."""

    def __init__(self, world: World, reach: Reach) -> None:
        self._world = world
        self._reach = reach

    async def starts_workflows(self) -> bool:
        return True

    async def viewer(self) -> str:
        return await self._reach.read(lambda: BOT)

    async def pull_requests(self, head: str, base: str) -> Sequence[PullRequest]:
        pulls = self._world.pulls
        return await self._reach.read(
            lambda: [p for _, p in sorted(pulls.items(), reverse=True) if (p.head_ref, p.base_ref) == (head, base)]
        )

    async def pull_request(self, number: int) -> PullRequest:
        return await self._reach.read(lambda: self._world.pulls[number])

    async def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        return await self._reach.write(lambda: self._world.open_pull(head, base, title, body))

    async def open_pull_requests(self) -> Sequence[PullRequest]:
        return await self._reach.read(lambda: [p for p in self._world.pulls.values() if p.state == "open"])

    async def close_pull_request(self, number: int) -> None:
        await self._reach.write(lambda: self._world.close_pull(number))

    async def pull_request_authors(self, number: int) -> frozenset[str]:
        return await self._reach.read(lambda: self._world.authors(number))

    async def reviews(self, number: int) -> Sequence[Review]:
        return await self._reach.read(lambda: tuple(self._world.given.get(number, ())))

    async def merge(self, number: int, *, head_sha: str, title: str, message: str) -> str:
        return await self._reach.write(lambda: self._world.merge(number, head_sha, BOT))

    async def rules(self, branch: str) -> BranchRules:
        return await self._reach.read(lambda: self._world.rules(branch))

    async def checks(self, sha: str) -> Sequence[Check]:
        return await self._reach.read(lambda: self._world.check_list(sha))

    async def release_by_tag(self, tag: str) -> Release | None:
        return await self._reach.read(lambda: self._world.releases.get(tag))

    async def latest_release(self) -> Release | None:
        def highest() -> Release | None:
            known = [(found, tag) for tag in self._world.releases if (found := Version.of_tag(tag))]
            stable = [each for each in known if not each[0].is_candidate]
            return self._world.releases[max(stable)[1]] if stable else None

        return await self._reach.read(highest)

    async def download_asset(self, asset_id: int) -> bytes:
        raise FarEndRefused(f"there is no asset {asset_id}")

    async def asset_digest(self, asset_id: int) -> str:
        raise FarEndRefused(f"there is no asset {asset_id}")

    async def issues(
        self, *, labels: Sequence[str] = (), state: str = "open", since: datetime | None = None
    ) -> Sequence[Issue]:
        def wanted(issue: Issue) -> bool:
            fresh = since is None or issue.updated_at >= since
            return fresh and set(labels) <= set(issue.labels) and state in {issue.state, "all"}

        return await self._reach.read(lambda: [issue for issue in self._world.issues.values() if wanted(issue)])

    async def issue(self, number: int) -> Issue | None:
        return await self._reach.read(lambda: self._world.issues.get(number))

    async def open_issue(
        self, *, title: str, body: str, labels: Sequence[str] = (), assignees: Sequence[str] = ()
    ) -> Issue:
        return await self._reach.write(lambda: self._world.file_issue(title, labels, BOT, body))

    async def close_issue(self, number: int, *, reason: str = "completed") -> None:
        await self._reach.write(lambda: self._world.close_issue(number, reason))

    async def reopen_issue(self, number: int) -> None:
        await self._reach.write(
            lambda: self._world.change_issue(number, state="open", state_reason="reopened", closed_at=None)
        )

    async def own_issues(self, since: datetime) -> Sequence[Issue]:
        return await self._reach.read(
            lambda: [i for i in self._world.issues.values() if i.author == BOT and i.updated_at >= since]
        )

    async def comments(self, number: int) -> Sequence[Comment]:
        return await self._reach.read(lambda: ())

    async def comment(self, number: int, body: str) -> Comment:
        raise FarEndRefused(f"#{number} takes no comments")

    async def discussion_categories(self) -> Sequence[str]:
        return await self._reach.read(lambda: ("Announcements",))

    async def own_discussions(self) -> Sequence[Discussion]:
        return await self._reach.read(lambda: tuple(self._world.discussions))

    async def open_discussion(self, *, category: str, title: str, body: str) -> Discussion:
        return await self._reach.write(lambda: self._world.open_discussion(category, title, body))

    async def edit_discussion(self, discussion_id: str, body: str) -> None:
        await self._reach.write(lambda: self._world.edit_discussion(discussion_id, body))


class FakeGit:
    """Implements `GitRepository`."""

    def __init__(self, world: World, reach: Reach) -> None:
        self._world = world
        self._reach = reach

    async def branch(self, name: str) -> str | None:
        return await self._reach.read(lambda: self._world.branches.get(name))

    async def tag(self, name: str) -> RemoteTag | None:
        return await self._reach.read(lambda: self._world.tags.get(name))

    async def tags(self) -> Sequence[RemoteTag]:
        return await self._reach.read(lambda: tuple(self._world.tags.values()))

    async def create_branch(self, name: str, at: str) -> None:
        await self._reach.write(lambda: self._world.create_branch(name, at))

    async def delete_branch(self, name: str, *, expected: str) -> None:
        raise FarEndRefused(f"nothing here deletes {name}")

    async def read(self, revision: str, path: str) -> bytes | None:
        return await self._reach.read(lambda: self._world.commits[revision].files.get(path))

    async def link(self, revision: str, path: str) -> str | None:
        return await self._reach.read(lambda: None)

    async def push_branch(self, name: str, *, to: str, expected: str) -> None:
        raise FarEndRefused(f"nothing here moves {name}")

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
        raise FarEndRefused(f"nothing here merges into {branch}")

    async def record(self, branch: str, *, expected: str, other: str, message: str) -> str:
        raise FarEndRefused(f"nothing here merges into {branch}")

    async def conflicts(self, ours: str, theirs: str) -> Sequence[str]:
        return ()

    async def merged_tree(self, ours: str, theirs: str) -> str | None:
        return await self._reach.read(lambda: self._world.merged_tree(ours, theirs))

    async def revert(self, branch: str, *, expected: str, commits: Sequence[str], message: str) -> str:
        raise FarEndRefused(f"nothing here reverts on {branch}")

    async def cherry_pick(self, branch: str, *, expected: str, commits: Sequence[str]) -> str:
        raise FarEndRefused(f"nothing here picks onto {branch}")

    async def commit(
        self,
        branch: str,
        *,
        expected: str,
        files: Mapping[str, bytes],
        message: str,
        links: Mapping[str, str] | None = None,
    ) -> str:
        return await self._reach.write(lambda: self._world.commit(branch, expected, files, message))

    async def describe(self, sha: str) -> Commit:
        return await self._reach.read(lambda: self._world.describe(sha))

    async def log(self, base: str, head: str) -> Sequence[Commit]:
        return await self._reach.read(lambda: self._world.log(base, head))

    async def first_parents(self, base: str, head: str) -> Sequence[Commit]:
        return await self._reach.read(lambda: self._world.first_parents(base, head))

    async def changed_paths(self, old: str, new: str) -> Sequence[str]:
        return await self._reach.read(lambda: self._world.changed_paths(old, new))

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return await self._reach.read(lambda: ancestor in self._world.reachable(descendant))

    async def copied(self, commit: str, tip: str) -> bool:
        return await self._reach.read(lambda: False)

    async def push_signed_tag(self, name: str, *, at: str, message: str) -> RemoteTag:
        return await self._reach.write(lambda: self._world.tag(name, at))

    async def push_tag(self, name: str, *, sha: str) -> None:
        await self._reach.write(lambda: self._world.tag(name, sha))

    async def verify_tag(self, name: str) -> str:
        return await self._reach.read(lambda: f"{name} signed by Sopwith")


class FakeRegistry:
    """Implements `ImageRegistry`."""

    def __init__(self, world: World, reach: Reach) -> None:
        self._world = world
        self._reach = reach

    async def manifest(self, reference: str) -> Manifest | None:
        return await self._reach.read(lambda: self._world.images.get(reference))

    async def put(self, tag: str, manifest: Manifest) -> None:
        raise FarEndRefused(f"nothing here moves {tag}")


class FragileChat:
    """Implements `Chat`: the console, seen through `Reach`."""

    def __init__(self, chat: ConsoleChat, reach: Reach) -> None:
        self._chat = chat
        self._reach = reach

    @property
    def platform(self) -> str:
        return self._chat.platform

    async def post(self, key: str, place: Place, card: Card) -> str:
        return await self._reach.say(lambda: self._chat.post(key, place, card))

    @property
    def traits(self) -> Traits:
        return self._chat.traits

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        return await self._reach.say(lambda: self._chat.find(key, place, since))

    def shown_at(self, ref: str) -> datetime | None:
        return self._chat.shown_at(ref)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        await self._reach.say(lambda: self._chat.edit(key, place, ref, card))

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        return await self._reach.read(lambda: name if name in among else None)

    async def is_private(self, place: Place) -> bool:
        return await self._reach.read(lambda: place.channel == "#security")

    async def remove(self, _place: Place, _ref: str) -> bool:
        return False

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        await self._reach.say(lambda: self._chat.whisper(key, place, to, card))
