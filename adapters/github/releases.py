"""Releases and their assets: blocking calls, made in a thread."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import requests
from github import GithubException
from github.Repository import Repository

from adapters.github import convert
from adapters.github.fields import Json, each, number
from adapters.github.listing import rows
from adapters.github.wire import TooMuch, Wire
from sops.kit.errors import FarEndRefused
from sops.kit.world import Release

_NOT_YET = datetime.max.replace(tzinfo=UTC)


def by_tag(repo: Repository, tag: str) -> Release | None:
    """The published release of `tag`; GitHub does not show drafts by tag."""
    try:
        raw = repo.get_release(tag).raw_data
    except GithubException as error:
        if error.status == 404:
            return None
        raise
    return convert.release(raw, rows(repo, f"releases/{number(raw, 'id')}/assets"))


def latest(repo: Repository) -> Release | None:
    """The one with the badge."""
    try:
        return _with_assets(repo.get_latest_release().raw_data)
    except GithubException as error:
        if error.status == 404:
            return None
        raise


def mark_latest(repo: Repository, release_id: int) -> None:
    """Give it the badge, and change nothing else."""
    _, raw = repo.requester.requestJsonAndCheck(
        "PATCH", f"{repo.url}/releases/{release_id}", input={"make_latest": "true"}
    )
    convert.whole(raw, "tag_name")


def create(repo: Repository, tag: str, title: str, body: str, *, prerelease: bool, latest: bool) -> Release:
    """GitHub would make a tag it does not find, on the default branch; that must not happen here.

    Whether it is the latest is always said: GitHub's own choice goes by date as well, and its default is yes.
    """
    if not _is_tag(repo, tag):
        raise FarEndRefused(f"there is no tag {tag} to release")
    wanted = "true" if latest else "false"
    made = repo.create_git_release(tag, name=title, message=body, prerelease=prerelease, make_latest=wanted)
    return convert.release(convert.whole(made.raw_data, "tag_name"), ())


def edit(repo: Repository, release_id: int, body: str) -> None:
    """GitHub keeps what is not sent. PyGithub always sends draft and prerelease, so it is not asked to do this."""
    _, raw = repo.requester.requestJsonAndCheck("PATCH", f"{repo.url}/releases/{release_id}", input={"body": body})
    convert.whole(raw, "tag_name")


def every(repo: Repository) -> list[Release]:
    """Newest first; drafts, which nobody has seen yet, are the newest."""
    found = each(rows(repo, "releases"), _with_assets, "a release")
    return sorted(found, key=_published, reverse=True)


def download(repo: Repository, wire: Wire, asset_id: int, *, largest: int) -> bytes:
    """The asset's bytes. Raises TooMuch beyond `largest` bytes."""
    held = bytearray()

    def hold(chunk: bytes) -> None:
        held.extend(chunk)
        if len(held) > largest:
            raise TooMuch(largest)

    _passed_on(repo, wire, asset_id, hold)
    return bytes(held)


def digest(repo: Repository, wire: Wire, asset_id: int, *, largest: int) -> str:
    """The SHA-256 of the asset's bytes, in hex; they are read once and not kept. Raises TooMuch beyond `largest`."""
    counted, sums = 0, hashlib.sha256()

    def add(chunk: bytes) -> None:
        nonlocal counted
        counted += len(chunk)
        if counted > largest:
            raise TooMuch(largest)
        sums.update(chunk)

    _passed_on(repo, wire, asset_id, add)
    return sums.hexdigest()


def _passed_on(repo: Repository, wire: Wire, asset_id: int, to: Callable[[bytes], None]) -> None:
    """Each piece of the asset, as it comes."""
    requester = repo.requester
    headers = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}
    if requester.api_version:
        headers["X-GitHub-Api-Version"] = requester.api_version
    if requester.auth:
        requester.auth.authentication(headers)

    def take(response: requests.Response, body: Iterator[bytes]) -> None:
        if response.status_code != 200:
            raise GithubException(response.status_code, None, dict(response.headers), response.reason)
        for chunk in body:
            to(chunk)

    wire.read(f"{requester.base_url}{repo.url}/releases/assets/{asset_id}", headers, take)


def _with_assets(raw: Json) -> Release:
    assets = raw.get("assets")
    return convert.release(raw, assets if isinstance(assets, list) else ())


def _published(release: Release) -> datetime:
    return release.published_at or _NOT_YET


def _is_tag(repo: Repository, tag: str) -> bool:
    try:
        repo.requester.requestJsonAndCheck("GET", f"{repo.url}/git/ref/tags/{quote(tag)}")
    except GithubException as error:
        if error.status == 404:
            return False
        raise
    return True
