"""Releases and their assets: blocking calls, made in a thread."""

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
    made = repo.create_git_release(tag, name=title, message=body, prerelease=prerelease)
    return convert.release(convert.whole(made.raw_data, "tag_name"), ())


def edit(repo: Repository, release_id: int, body: str) -> None:
    """PyGithub takes what is not given for False, so what should stay is sent as it is."""
    now = repo.get_release(release_id)
    now.update_release(now.name or now.tag_name, body, draft=now.draft, prerelease=now.prerelease)


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


def _body(response: requests.Response, largest: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > largest:
            raise FarEndRefused(f"the asset is larger than the {largest} bytes allowed here")
    return bytes(body)
