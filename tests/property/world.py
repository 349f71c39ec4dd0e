"""The far end as plain memory: commits, branches, pull requests, issues, discussions, releases, images.

It outlives the bot, moves with the clock, and refuses what GitHub and git would refuse. `effects` lists what the
bot left in it, in order; `on_effect` hears of each public one just before it happens.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.sandbox.clock import VirtualClock
from sops.kit.errors import FarEndRefused, HeadMoved
from sops.kit.world import (
    BranchRules,
    Check,
    CheckState,
    Commit,
    Discussion,
    Issue,
    Manifest,
    PullRequest,
    Release,
    RemoteTag,
    Review,
)

BOT = "sopwith-bot"
CHECKS = ("build", "test")
CHECKS_TAKE = timedelta(minutes=10)
PUBLISHING_TAKES = timedelta(minutes=15)
FILES = {
    "VERSION": b"1.3.0\n",
    "CMakeLists.txt": b"cmake_minimum_required(VERSION 3.24)\nproject(Skylark VERSION 1.3.0 LANGUAGES CXX)\n",
    "CHANGELOG.md": b"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A log.\n\n## [1.3.0] - 2026-01-12\n",
}


@dataclass(frozen=True)
class Stored:
    """A commit with its whole tree."""

    sha: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes]
    author: str
    subject: str


@dataclass(frozen=True)
class Effect:
    """Something public the bot is about to do. `about` says what and to what."""

    kind: str  # merge, tag, discussion
    about: Mapping[str, str]


@dataclass
class World:
    """What people do is a method of its own name; what the bot does goes through the ports in `fakes`."""

    clock: VirtualClock
    deletes_branches: bool = False
    required_reviews: int = 0
    on_change: list[Callable[[], None]] = field(default_factory=list)
    on_effect: Callable[[Effect], None] = lambda effect: None
    commits: dict[str, Stored] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, RemoteTag] = field(default_factory=dict)
    trees: dict[str, Mapping[str, bytes]] = field(default_factory=dict)  # those a merge would make
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    given: dict[int, list[Review]] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    discussions: list[Discussion] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    images: dict[str, Manifest] = field(default_factory=dict)
    checks: dict[str, dict[str, CheckState]] = field(default_factory=dict)
    greened: set[str] = field(default_factory=set)  # commits whose checks all were green at some time
    checks_due: dict[str, datetime] = field(default_factory=dict)
    publishing: dict[str, datetime] = field(default_factory=dict)
    _numbers: int = 40

    def __post_init__(self) -> None:
        first = self._commit((), FILES, "maint", "Begin")
        second = self._commit((first,), {**FILES, "src/log.cpp": b"log\n"}, "guest", "A log")
        self.branches |= {"main": first, "develop": second}

    # What the stage drives

    def next_due(self) -> datetime | None:
        return min((*self.checks_due.values(), *self.publishing.values()), default=None)

    def tick(self) -> None:
        now = self.clock.now()
        for sha in [sha for sha, due in self.checks_due.items() if due <= now]:
            del self.checks_due[sha]
            self.settle_checks(sha, CheckState.GREEN)
        for tag in [tag for tag, due in self.publishing.items() if due <= now]:
            del self.publishing[tag]
            self._publish(tag)

    def observe(self) -> None:
        """Nothing moves here without its method being called."""

    def forge_command(self, words: list[str]) -> str:
        raise NotImplementedError(f"the rules call the world's methods, not {words}")

    # What people do

    def push(self, branch: str, author: str, subject: str) -> str:
        """A person's commit on a branch."""
        tip = self.branches[branch]
        files = {**self.commits[tip].files, f"src/{len(self.commits)}.cpp": b"fix\n"}
        self._move(branch, self._commit((tip,), files, author, subject))
        return self.branches[branch]

    def settle_checks(self, sha: str, state: CheckState) -> None:
        self.checks_due.pop(sha, None)
        self.checks[sha] = dict.fromkeys(CHECKS, state)
        if state is CheckState.GREEN:
            self.greened.add(sha)
        self._ring()

    def review(self, number: int, login: str, state: str) -> None:
        head = self.pulls[number].head_sha
        self.given.setdefault(number, []).append(Review(login, state, head, self.clock.now()))
        self._ring()

    def file_issue(self, title: str, labels: Iterable[str], author: str = "guest", body: str = "") -> Issue:
        number, now = self._next(), self.clock.now()
        issue = Issue(number, title, body, author, "open", None, tuple(labels), now, now, None, f"issue/{number}")
        self.issues[number] = issue
        self._ring()
        return issue

    def change_issue(self, number: int, **changes: object) -> None:
        self.issues[number] = replace(self.issues[number], updated_at=self.clock.now(), **changes)  # type: ignore[arg-type]  # names and values are the rules' own
        self._ring()

    def close_issue(self, number: int, reason: str) -> None:
        self.change_issue(number, state="closed", state_reason=reason, closed_at=self.clock.now())

    # What the bot does

    def create_branch(self, name: str, at: str) -> None:
        if name in self.branches:
            raise HeadMoved(f"{name} exists")
        if at not in self.commits:
            raise FarEndRefused(f"there is no commit {at}")
        self._move(name, at)

    def commit(self, branch: str, expected: str, files: Mapping[str, bytes], message: str) -> str:
        if self.branches.get(branch) != expected:
            raise HeadMoved(f"{branch} moved")
        whole = {**self.commits[expected].files, **files}
        self._move(branch, self._commit((expected,), whole, BOT, message.splitlines()[0]))
        return self.branches[branch]

    def tag(self, name: str, at: str) -> RemoteTag:
        if name in self.tags:
            raise HeadMoved(f"{name} exists")
        self.on_effect(Effect("tag", {"name": name, "at": at}))
        self.tags[name] = RemoteTag(name, _sha(f"tag {name} {at}"), at)
        self.publishing[name] = self.clock.now() + PUBLISHING_TAKES
        self._ring()
        return self.tags[name]

    def open_pull(self, head: str, base: str, title: str, body: str) -> PullRequest:
        if head not in self.branches or base not in self.branches:
            raise FarEndRefused("head or base does not exist")
        if any((p.head_ref, p.base_ref, p.state) == (head, base, "open") for p in self.pulls.values()):
            raise FarEndRefused(f"a pull request for {head} exists")
        number = self._next()
        sha = self.branches[head]
        self.pulls[number] = PullRequest(
            number, title, body, BOT, "open", head, sha, base, f"pull/{number}", mergeable=True
        )
        self._start_checks(sha)
        self._ring()
        return self.pulls[number]

    def close_pull(self, number: int) -> None:
        self.pulls[number] = replace(self.pulls[number], state="closed")
        self._ring()

    def merge(self, number: int, head_sha: str | None, by: str) -> str:
        """With a merge commit. The bot must name the head; people press the button on whatever is shown."""
        pull = self.pulls[number]
        if pull.state != "open":
            raise FarEndRefused(f"#{number} is not open")
        if head_sha is not None and pull.head_sha != head_sha:
            raise HeadMoved(f"#{number} moved to {pull.head_sha}")
        approvals = [r for r in self.given.get(number, []) if r.commit_sha == pull.head_sha and r.state == "APPROVED"]
        if pull.base_ref == "main" and len({r.login for r in approvals}) < self.required_reviews:
            raise FarEndRefused("a review is required")
        if by == BOT:
            self.on_effect(Effect("merge", {"number": str(number), "head": pull.head_sha, "base": pull.base_ref}))
        tip = self.branches[pull.base_ref]
        files = {**self.commits[tip].files, **self.commits[pull.head_sha].files}
        merged = self._commit((tip, pull.head_sha), files, by, f"Merge #{number}")
        self.pulls[number] = replace(pull, state="closed", merge_sha=merged, merged_at=self.clock.now())
        self._move(pull.base_ref, merged)
        if self.deletes_branches:
            del self.branches[pull.head_ref]
        return merged

    def open_discussion(self, category: str, title: str, body: str) -> Discussion:
        if category != "Announcements":
            raise FarEndRefused(f"there is no category {category}")
        self.on_effect(Effect("discussion", {"body": body}))
        number = self._next()
        found = Discussion(f"D_{number}", number, title, body, BOT, category, f"discussion/{number}")
        self.discussions.insert(0, found)
        return found

    def edit_discussion(self, discussion_id: str, body: str) -> None:
        if all(talk.id != discussion_id for talk in self.discussions):
            raise FarEndRefused(f"there is no discussion {discussion_id}")
        self.discussions = [replace(t, body=body) if t.id == discussion_id else t for t in self.discussions]

    # What can be seen

    def reachable(self, sha: str) -> list[str]:
        """The commit and everything before it, newest first."""
        found: dict[str, None] = {}
        todo = [sha]
        while todo:
            name = todo.pop(0)
            if name not in found:
                found[name] = None
                todo += self.commits[name].parents
        return list(found)

    def log(self, base: str, head: str) -> list[Commit]:
        known = set(self.reachable(base))
        return [self.describe(sha) for sha in self.reachable(head) if sha not in known]

    def first_parents(self, base: str, head: str) -> list[Commit]:
        known = set(self.reachable(base))
        chain: list[Commit] = []
        at = [head]
        while at and at[0] not in known:
            chain.append(self.describe(at[0]))
            at = list(chain[-1].parents[:1])
        return chain

    def changed_paths(self, old: str, new: str) -> list[str]:
        before, after = (self.trees.get(name) or self.commits[name].files for name in (old, new))
        return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))

    def describe(self, sha: str) -> Commit:
        stored = self.commits[sha]
        return Commit(
            sha, stored.parents, self.tree_of(stored.files), f"{stored.author}@skylark.example", stored.subject
        )

    def tree_of(self, files: Mapping[str, bytes]) -> str:
        return _sha(f"tree {sorted(files.items())}")

    def merged_tree(self, ours: str, theirs: str) -> str:
        files = {**self.commits[ours].files, **self.commits[theirs].files}
        self.trees[self.tree_of(files)] = files
        return self.tree_of(files)

    def authors(self, number: int) -> frozenset[str]:
        """Who wrote the commits a pull request shows: those its base did not have when it was opened or merged."""
        pull = self.pulls[number]
        base = self.commits[pull.merge_sha].parents[0] if pull.merge_sha else self.branches[pull.base_ref]
        return frozenset(self.commits[commit.sha].author for commit in self.log(base, pull.head_sha))

    def check_list(self, sha: str) -> list[Check]:
        return [Check(name, state) for name, state in self.checks.get(sha, {}).items()]

    def rules(self, branch: str) -> BranchRules:
        if branch != "main":
            return BranchRules()
        return BranchRules(required_checks=CHECKS, required_reviews=self.required_reviews, protected=True)

    def _commit(self, parents: tuple[str, ...], files: Mapping[str, bytes], author: str, subject: str) -> str:
        sha = _sha(f"commit {len(self.commits)} {author} {subject} {parents}")
        self.commits[sha] = Stored(sha, parents, files, author, subject)
        return sha

    def _move(self, branch: str, sha: str) -> None:
        self.branches[branch] = sha
        for number, pull in self.pulls.items():
            if pull.head_ref == branch and pull.state == "open":
                self.pulls[number] = replace(pull, head_sha=sha)
                self._start_checks(sha)
        self._ring()

    def _start_checks(self, sha: str) -> None:
        if sha not in self.checks:
            self.checks[sha] = dict.fromkeys(CHECKS, CheckState.PENDING)
            self.checks_due[sha] = self.clock.now() + CHECKS_TAKE

    def _publish(self, tag: str) -> None:
        now = self.clock.now()
        release = Release(self._next(), tag, tag, "", False, "-rc" in tag, now, (), f"release/{tag}")
        self.releases[tag] = release
        body = tag.encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.images[tag.removeprefix("v")] = Manifest(digest, "application/vnd.oci.image.manifest.v1+json", body)
        self._ring()

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _ring(self) -> None:
        for listener in self.on_change:
            listener()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
