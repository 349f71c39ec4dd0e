"""More of what people and machines can be told to do: milestones, pull requests of strangers, and mishaps."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from adapters.sandbox import issues, project, releases, rest_advisories, workflows
from adapters.sandbox.core import Core
from adapters.sandbox.images import digest_of
from adapters.sandbox.refusal import Refusal
from adapters.sandbox.state import Asset, Milestone


class MoreDeeds(ABC):
    """The world's deeds that need nothing but its parts."""

    @abstractmethod
    def _acting(self) -> AbstractContextManager[Core]: ...
    @abstractmethod
    def contribute(self, login: str, branch: str) -> int: ...

    def pull_request(self, login: str, branch: str, first_time: bool = False) -> int:
        """`contribute`, by somebody who, with `first_time`, never contributed before; returns its number."""
        number = self.contribute(login, branch)
        if first_time:
            with self._acting() as core:
                issues.called(core, number).association = "FIRST_TIME_CONTRIBUTOR"
                core.ring()
        return number

    def write(self, branch: str, path: str, text: str, author: str = "maint") -> str:
        """Somebody pushes a commit with one more line in a file, which is made if it is not there."""
        with self._acting() as core:
            head = _tip(core, branch)
            old = _content(core, head, path)
            return _pushed(core, branch, head, path, old + text.encode() + b"\n", author)

    def rewrite(self, branch: str, path: str, text: str, author: str = "maint") -> str:
        """Somebody pushes a commit in which a file reads otherwise."""
        with self._acting() as core:
            return _pushed(core, branch, _tip(core, branch), path, text.encode(), author)

    def replace(self, branch: str, path: str, old: str, new: str, author: str = "maint") -> str:
        """Somebody pushes a commit in which the file says `new` wherever it said `old`."""
        with self._acting() as core:
            head = _tip(core, branch)
            before = _content(core, head, path)
            if old.encode() not in before:
                raise Refusal(404, f"{path} on {branch} does not say “{old}”")
            return _pushed(core, branch, head, path, before.replace(old.encode(), new.encode()), author)

    def publish_never(self) -> None:
        """From now on no workflow publishes a pushed tag; somebody's release still gets its image."""
        with self._acting() as core:
            core.rules = replace(core.rules, publishes=False)

    def latest_after(self, minutes: int | None) -> None:
        """From now on the workflow makes a stable release the latest so long after it, or never."""
        with self._acting() as core:
            after = None if minutes is None else timedelta(minutes=minutes)
            core.rules = replace(core.rules, latest_after=after)

    def entry(self, branch: str, text: str, author: str = "maint") -> str:
        """Somebody pushes a commit with one more item on top of `[Unreleased]` in the changelog."""
        with self._acting() as core:
            head = _tip(core, branch)
            old = _content(core, head, "CHANGELOG.md")
            top = b"## [Unreleased]\n"
            new = old.replace(top, top + b"\n### Added\n\n- " + text.encode() + b"\n", 1)
            return _pushed(core, branch, head, "CHANGELOG.md", new, author)

    def join(self, branch: str, other: str, author: str = "maint", resolving: bool = False) -> str:
        """Somebody merges `other` into `branch` by hand; where they conflict anywhere, nothing of `other` is taken, or,
        `resolving`, only the lines that conflict stay as `branch` has them.
        """
        with self._acting() as core:
            head, merged, by = _tip(core, branch), core.git.resolve(other), core.signature(author)
            if merged is None:
                raise Refusal(404, f"there is no “{other}” to merge")
            resolved = core.git.resolved_tree(head, merged) if resolving else core.git.merged_tree(head, merged)
            tree = resolved or core.git.commit(head).tree
            sha = core.git.objects.write_commit(
                tree=tree, parents=(head, merged), author=by, committer=by, message=f"Merge {other} into {branch}"
            )
            core.git.move_refs([(f"refs/heads/{branch}", sha, head)])
            return sha

    def protect(self, branch: str) -> None:
        """From now on a branch changes through pull requests only."""
        with self._acting() as core:
            core.rules = replace(core.rules, protected=(*core.rules.protected, branch))
            project.install_hook(core.git.path, core.rules.protected)

    def milestone(self, title: str) -> int:
        """Somebody makes a milestone; returns its number."""
        with self._acting() as core:
            if any(known.title == title for known in core.state.milestones.values()):
                raise Refusal(422, f"there is a milestone “{title}” already")
            return issues.new_milestone(core, title, by="maint").number

    def into_milestone(self, number: int, title: str) -> None:
        """Somebody puts an issue into a milestone, named with or without its v."""
        with self._acting() as core:
            issue = issues.called(core, number)
            issue.milestone, issue.updated_at = _milestone(core, title).number, core.now()
            core.ring()

    def yank(self, version: str) -> None:
        """Somebody yanks a version at the package index."""
        with self._acting() as core:
            core.state.yanked.add(version)
            core.ring()

    def fail_workflow(self, name: str) -> None:
        """The next run of this workflow to end will have failed."""
        with self._acting() as core:
            workflows.fail_next(core, name)

    def report(self, login: str, summary: str, description: str) -> str:
        """Somebody reports a vulnerability through the forge; returns the advisory's number."""
        with self._acting() as core:
            return rest_advisories.report(core, summary, description, login).ghsa

    def corrupt_asset(self, tag: str) -> None:
        """The archive of a release changes, its checksum file does not."""
        with self._acting() as core:
            archive = _archive(core, tag)
            archive.content = archive.content[:-1] + bytes([archive.content[-1] ^ 1])
            archive.digest = digest_of(archive.content)
            core.ring()

    def lose_asset(self, tag: str) -> None:
        """The archive of a release is gone."""
        with self._acting() as core:
            lost = _archive(core, tag)
            for release in core.state.releases:
                release.assets = [asset for asset in release.assets if asset is not lost]
            core.ring()

    def share_image(self, tag: str, other: str) -> None:
        """Somebody gives an image a second tag."""
        with self._acting() as core:
            core.images.tags[other] = image_of(core, tag)

    def lose_image(self, tag: str) -> None:
        """An image's tag is gone, and the image with it if that was its last."""
        with self._acting() as core:
            digest = image_of(core, tag)
            del core.images.tags[tag.removeprefix("v")]
            if digest not in core.images.tags.values():
                core.images.delete(digest)
            core.ring()


def image_of(core: Core, tag: str) -> str:
    """The digest of the image's tag, written with or without its v."""
    digest = core.images.tags.get(tag.removeprefix("v"))
    if digest is None:
        known = ", ".join(sorted(core.images.tags)) or "none"
        raise Refusal(404, f"there is no image “{tag}”; there are: {known}")
    return digest


def _tip(core: Core, branch: str) -> str:
    branches = core.git.branches()
    if branch not in branches:
        raise Refusal(404, f"there is no branch “{branch}”; there are: {', '.join(sorted(branches))}")
    return branches[branch]


def content_at(core: Core, commit: str, path: str) -> bytes | None:
    """The file's bytes; None if there is no file."""
    entry = core.git.entry(commit, path)
    found = core.git.objects.read(entry.sha) if entry is not None and not entry.is_tree else None
    return found[1] if found is not None else None


def _content(core: Core, head: str, path: str) -> bytes:
    return content_at(core, head, path) or b""


def _pushed(core: Core, branch: str, head: str, path: str, content: bytes, author: str) -> str:
    by = core.signature(author)
    sha = core.git.commit_file(head, path, content, by, f"docs: {path} by {author}")
    core.git.move_refs([(f"refs/heads/{branch}", sha, head)])
    return sha


def _milestone(core: Core, title: str) -> Milestone:
    wanted = {title, f"v{title}", title.removeprefix("v")}
    known = core.state.milestones.values()
    found = next((milestone for milestone in known if milestone.title in wanted), None)
    if found is None:
        names = ", ".join(milestone.title for milestone in known)
        raise Refusal(404, f"there is no milestone “{title}”; there are: {names}")
    return found


def _archive(core: Core, tag: str) -> Asset:
    release = releases.find(core, tag)
    if release is None:
        known = ", ".join(release.tag for release in core.state.releases)
        raise Refusal(404, f"there is no release “{tag}”; there are: {known}")
    found = next((asset for asset in release.assets if asset.name != releases.CHECKSUMS), None)
    if found is None:
        raise Refusal(404, f"the release {tag} has no archive")
    return found
