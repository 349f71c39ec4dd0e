"""Releases: what a pushed tag leads to, and what is made on the web."""

import hashlib
from datetime import datetime, timedelta

from adapters.sandbox.core import Core
from adapters.sandbox.images import digest_of
from adapters.sandbox.people import WORKFLOW
from adapters.sandbox.project import NAME, SEEDED_AT, SEEDED_VERSION
from adapters.sandbox.state import Asset, Release
from sops.kit.patterns import Pattern

_RELEASE_TAG = Pattern(r"v(?P<version>\d+\.\d+\.\d+(?P<candidate>-rc\d+)?)")
CHECKSUMS = "SHA256SUMS"


def seed(core: Core) -> None:
    """The earlier release, as if its tag had been pushed long ago."""
    publish(core, f"v{SEEDED_VERSION}", SEEDED_AT)


def follow_tag(core: Core, tag: str) -> None:
    """Schedule the publication of a newly pushed release tag; other tags lead to nothing."""
    if _RELEASE_TAG.fullmatch(tag) and core.rules.publishes:
        core.state.publications[tag] = core.now() + core.rules.publish_delay


def publish(core: Core, tag: str, at: datetime) -> None:
    """What the project's release workflow does: release, archive and checksums, image."""
    match = _RELEASE_TAG.fullmatch(tag)
    commit = core.git.resolve(f"refs/tags/{tag}")
    if match is None or commit is None:
        return  # the tag was deleted before the workflow came to it
    version = match["version"]
    release = find(core, tag)
    if release is None:
        release = create(
            core,
            tag=tag,
            name=f"Skylark {version}",
            body=f"Skylark {version}, built from {commit}. Check downloads against `{CHECKSUMS}`.",
            author=WORKFLOW,
            target=commit,
            prerelease=match["candidate"] is not None,
            at=at,
        )
    _attach_archive(core, release, version, commit, at)
    publish_image(core, tag)
    if match["candidate"] is None and core.rules.latest_after == timedelta(0):
        core.state.badge = release.id  # the forge's default
    elif match["candidate"] is None and core.rules.latest_after is not None:
        core.state.late_latest[tag] = at + core.rules.latest_after
    core.ring()


def publish_image(core: Core, tag: str) -> bool:
    """Build the image of a tag again and, for a stable one, point `latest` at it, whatever else is out, unless the
    workflow does that later or never; False if there is no such tag.
    """
    match, commit = _RELEASE_TAG.fullmatch(tag), core.git.resolve(f"refs/tags/{tag}")
    if match is None or commit is None:
        return False
    stable = match["candidate"] is None
    core.images.publish(match["version"], commit, latest=stable and core.rules.latest_after == timedelta(0))
    return True


def make_latest(core: Core, tag: str) -> None:
    """What a late workflow does: the image's tag, and the badge."""
    version, release = tag.removeprefix("v"), find(core, tag)
    if version in core.images.tags:
        core.images.tags["latest"] = core.images.tags[version]
    core.state.badge = release.id if release else core.state.badge
    core.ring()


def find(core: Core, tag: str) -> Release | None:
    return next((release for release in core.state.releases if release.tag == tag), None)


def create(
    core: Core,
    *,
    tag: str,
    name: str,
    body: str,
    author: str,
    target: str,
    prerelease: bool,
    at: datetime,
    draft: bool = False,
) -> Release:
    release = Release(
        id=core.state.next_id(),
        tag=tag,
        name=name,
        body=body,
        author=author,
        target=target,
        draft=draft,
        prerelease=prerelease,
        created_at=at,
        published_at=None if draft else at,
    )
    core.state.releases.append(release)
    return release


def latest(core: Core) -> Release | None:
    """The one that was made it, if it may be; else the newest that is neither a draft nor a candidate."""
    stable = [r for r in core.state.releases if not r.draft and not r.prerelease]
    named = next((release for release in stable if release.id == core.state.badge), None)
    return named or max(reversed(stable), key=lambda release: release.created_at, default=None)


def _attach_archive(core: Core, release: Release, version: str, commit: str, at: datetime) -> None:
    stem = f"{NAME}-{version}"
    archive = core.git.archive(commit, stem)
    checksums = f"{hashlib.sha256(archive).hexdigest()}  {stem}.tar.gz\n".encode()
    if core.damage_archives:
        archive = archive[:-1] + bytes([archive[-1] ^ 1])
    _attach(core, release, f"{stem}.tar.gz", "application/gzip", archive, at)
    _attach(core, release, CHECKSUMS, "text/plain", checksums, at)


def _attach(core: Core, release: Release, name: str, kind: str, content: bytes, at: datetime) -> None:
    if any(asset.name == name for asset in release.assets):
        return  # the forge refuses a second asset of one name
    digest = digest_of(content)
    release.assets.append(Asset(core.state.next_id(), name, kind, content, digest, WORKFLOW, at))
