"""REST: releases and their assets. Assets are served here itself, with no redirect to another host."""

from urllib.parse import quote

from adapters.sandbox import releases, upstream
from adapters.sandbox.api import (
    HOST,
    WEB,
    Call,
    Json,
    Reply,
    Route,
    flag,
    ok,
    optional_text,
    page,
    repository_url,
    stamp,
    stamp_or_none,
    text,
)
from adapters.sandbox.core import Core
from adapters.sandbox.git_repository import ZERO
from adapters.sandbox.project import FULL_NAME, MAIN
from adapters.sandbox.refusal import Refusal, invalid, not_found
from adapters.sandbox.shapes_repository import user
from adapters.sandbox.state import Asset, Release

_KIND = "Release"


def list_releases(core: Core, call: Call) -> Reply:
    if f"{call.params['owner']}/{call.params['repo']}" == upstream.FULL_NAME:
        return page(call, upstream.releases(), lambda release: _release(core, release, upstream.FULL_NAME))
    newest = sorted(core.state.releases, key=lambda release: release.created_at, reverse=True)
    return page(call, newest, lambda release: _release(core, release))


def create_release(core: Core, call: Call) -> Reply:
    """A release on an existing tag, or with a new (lightweight) tag on `target_commitish`."""
    tag = text(call.body, "tag_name", _KIND)
    if releases.find(core, tag) is not None:
        raise invalid(_KIND, "tag_name", "already_exists")
    target = optional_text(call.body, "target_commitish", _KIND) or MAIN
    if not flag(call.body, "draft"):
        _ensure_tag(core, tag, target)
    release = releases.create(
        core,
        tag=tag,
        name=optional_text(call.body, "name", _KIND) or tag,
        body=optional_text(call.body, "body", _KIND) or "",
        author=call.by.login,
        target=target,
        prerelease=flag(call.body, "prerelease"),
        draft=flag(call.body, "draft"),
        at=core.now(),
    )
    _mark(core, release, call, default="true")
    if not core.rules.publishes and not release.draft:
        releases.publish_image(core, tag)  # the image's workflow starts from the release
    return Reply(201, _release(core, release))


def get_release(core: Core, call: Call) -> Reply:
    return ok(_release(core, _found(core, call)))


def get_by_tag(core: Core, call: Call) -> Reply:
    """Drafts are not found by their tag."""
    release = releases.find(core, call.params["tag"])
    if release is None or release.draft:
        raise not_found()
    return ok(_release(core, release))


def get_latest(core: Core, call: Call) -> Reply:
    release = releases.latest(core)
    if release is None:
        raise not_found()
    return ok(_release(core, release))


def edit_release(core: Core, call: Call) -> Reply:
    release = _found(core, call)
    if "name" in call.body:
        release.name = optional_text(call.body, "name", _KIND) or ""
    if "body" in call.body:
        release.body = optional_text(call.body, "body", _KIND) or ""
    release.prerelease = flag(call.body, "prerelease", release.prerelease)
    release.draft = flag(call.body, "draft", release.draft)
    if not release.draft and release.published_at is None:
        _ensure_tag(core, release.tag, release.target)
        release.published_at = core.now()
        _mark(core, release, call, default="true")
    else:
        _mark(core, release, call, default="")
    return ok(_release(core, release))


def _mark(core: Core, release: Release, call: Call, *, default: str) -> None:
    """`make_latest`: "true" unless somebody says otherwise; "legacy" goes by date. Drafts and candidates cannot be."""
    wanted = optional_text(call.body, "make_latest", _KIND) or default
    if wanted not in {"", "true", "false", "legacy"}:
        raise invalid(_KIND, "make_latest")
    if "make_latest" in call.body and wanted == "true" and (release.draft or release.prerelease):
        raise Refusal(422, "Validation Failed: Latest release cannot be draft or prerelease")
    if wanted == "true" and not (release.draft or release.prerelease):
        core.state.badge = release.id
    elif wanted == "legacy" or (wanted == "false" and core.state.badge == release.id):
        core.state.badge = None


def list_assets(core: Core, call: Call) -> Reply:
    return page(call, _found(core, call).assets, lambda asset: _asset(core, asset))


def get_asset(core: Core, call: Call) -> Reply:
    """What it is, or with Accept: application/octet-stream its bytes."""
    number = call.number("asset_id")
    assets = (asset for release in core.state.releases for asset in release.assets)
    asset = next((asset for asset in assets if asset.id == number), None)
    if asset is None:
        raise not_found()
    if "application/octet-stream" in call.headers.get("accept", ""):
        return Reply(200, asset.content, media_type="application/octet-stream")
    return ok(_asset(core, asset))


def _found(core: Core, call: Call) -> Release:
    number = call.number("release_id")
    release = next((release for release in core.state.releases if release.id == number), None)
    if release is None:
        raise not_found()
    return release


def _ensure_tag(core: Core, tag: str, target: str) -> None:
    name = f"refs/tags/{tag}"
    if name in core.git.refs():
        return
    commit = core.git.resolve(target)
    if commit is None:
        raise invalid(_KIND, "target_commitish")
    if not core.git.is_ref_name(name):
        raise Refusal(422, f"{tag} is not a valid tag name.")
    core.git.move_refs([(name, commit, ZERO)])


def _release(core: Core, release: Release, repository: str = FULL_NAME) -> Json:
    base = f"{core.api_url}/repos/{repository}"
    url = f"{base}/releases/{release.id}"
    tag = quote(release.tag)
    return {
        "id": release.id,
        "node_id": f"RE_{release.id}",
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "html_url": f"{HOST}/{repository}/releases/tag/{tag}",
        "tarball_url": f"{base}/tarball/{tag}",
        "zipball_url": f"{base}/zipball/{tag}",
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": False,
        "created_at": stamp(release.created_at),
        "published_at": stamp_or_none(release.published_at),
        "author": user(core, release.author),
        "assets": [_asset(core, asset) for asset in release.assets],
    }


def _asset(core: Core, asset: Asset) -> Json:
    url = f"{repository_url(core)}/releases/assets/{asset.id}"
    return {
        "id": asset.id,
        "node_id": f"RA_{asset.id}",
        "url": url,
        "browser_download_url": f"{WEB}/releases/assets/{asset.id}/{quote(asset.name)}",
        "name": asset.name,
        "label": "",
        "state": "uploaded",
        "content_type": asset.content_type,
        "size": len(asset.content),
        "digest": asset.digest,
        "download_count": 0,
        "uploader": user(core, asset.uploader),
        "created_at": stamp(asset.created_at),
        "updated_at": stamp(asset.created_at),
    }


_ALL = "/repos/{owner}/{repo}/releases"
_ONE = f"{_ALL}/{{release_id}}"
ROUTES = (
    Route("GET", _ALL, list_releases),
    Route("POST", _ALL, create_release),
    Route("GET", f"{_ALL}/assets/{{asset_id}}", get_asset),
    Route("GET", f"{_ALL}/latest", get_latest),
    Route("GET", f"{_ALL}/tags/{{tag}}", get_by_tag, frozenset({"tag"})),
    Route("GET", _ONE, get_release),
    Route("PATCH", _ONE, edit_release),
    Route("GET", f"{_ONE}/assets", list_assets),
)
