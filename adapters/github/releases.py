"""Releases and their assets: blocking calls, made in a thread."""

from datetime import UTC, datetime
from urllib.parse import quote

import requests
from github import GithubException
from github.Repository import Repository
from requests.adapters import HTTPAdapter

from adapters.github import convert
from adapters.github.listing import rows
from adapters.github.retry import ReadsOnly
from sops.kit.errors import FarEndRefused
from sops.kit.world import Release

CHUNK = 65536
_NOT_YET = datetime.max.replace(tzinfo=UTC)


def by_tag(repo: Repository, tag: str) -> Release | None:
    """The published release of `tag`; GitHub does not show drafts by tag."""
    try:
        raw = repo.get_release(tag).raw_data
    except GithubException as error:
        if error.status == 404:
            return None
        raise
    return convert.release(raw, rows(repo, f"releases/{raw['id']}/assets"))


def create(repo: Repository, tag: str, title: str, body: str, *, prerelease: bool) -> Release:
    """GitHub would make a tag it does not find, on the default branch; that must not happen here.

    Which release is the latest is left to GitHub, by version: a patch of an older line is not.
    """
    if not _is_tag(repo, tag):
        raise FarEndRefused(f"there is no tag {tag} to release")
    made = repo.create_git_release(tag, name=title, message=body, prerelease=prerelease, make_latest="legacy")
    return convert.release(convert.whole(made.raw_data, "tag_name"), ())


def edit(repo: Repository, release_id: int, body: str) -> None:
    """GitHub keeps what is not sent. PyGithub always sends draft and prerelease, so it is not asked to do this."""
    _, raw = repo.requester.requestJsonAndCheck("PATCH", f"{repo.url}/releases/{release_id}", input={"body": body})
    convert.whole(raw, "tag_name")


def every(repo: Repository) -> list[Release]:
    """Newest first; drafts, which nobody has seen yet, are the newest."""
    found = [convert.release(raw, raw["assets"]) for raw in rows(repo, "releases")]
    return sorted(found, key=_published, reverse=True)


def download(repo: Repository, asset_id: int, *, timeout: int, largest: int) -> bytes:
    """The asset's bytes. Raises FarEndRefused beyond `largest` bytes.

    PyGithub's own download sets no time-out on the host GitHub redirects to. requests keeps the token from it.
    """
    requester = repo.requester
    headers = {"Accept": "application/octet-stream"}
    if requester.api_version:
        headers["X-GitHub-Api-Version"] = requester.api_version
    if requester.auth:
        requester.auth.authentication(headers)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=ReadsOnly.policy()))
        session.mount("http://", HTTPAdapter(max_retries=ReadsOnly.policy()))
        url = f"{requester.base_url}{repo.url}/releases/assets/{asset_id}"
        with session.get(url, headers=headers, timeout=timeout, stream=True) as response:
            if response.status_code != 200:
                raise GithubException(response.status_code, None, dict(response.headers), response.reason)
            return _body(response, largest)


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


def _body(response: requests.Response, largest: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > largest:
            raise FarEndRefused(f"the asset is larger than the {largest} bytes allowed here")
    return bytes(body)
