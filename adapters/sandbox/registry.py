"""The container registry: an OCI distribution server for one image, to read from and to retag in.

Its strictness is the real registry's: without an Accept that names the stored media type the answer is 404.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping

from adapters.sandbox.api import Call, Json, Reply, Route
from adapters.sandbox.core import Core
from adapters.sandbox.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from adapters.sandbox.people import PEOPLE, by_token
from adapters.sandbox.project import FULL_NAME
from sops.kit.patterns import Pattern

_MANIFESTS = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
_TAG = Pattern(r"\w[\w.-]{0,127}")
_DIGEST = Pattern(r"sha256:[0-9a-f]{64}")
_BASIC = Pattern(r"Basic (\S+)")
#: They say openly what they allow; the rest of it nobody else knows.
_TOKEN_PREFIX = f"Bearer {secrets.token_hex(16)}."
REALM_PATH = "/registry/token"


def challenge(core: Core, call: Call) -> Reply | None:
    """None when the call carries a token for what it wants, else the 401 that says where to get one."""
    wanted = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(call.method, "push")
    given = call.headers.get("authorization", "")
    if given.startswith(_TOKEN_PREFIX) and wanted in given.removeprefix(_TOKEN_PREFIX).split("."):
        return None
    actions = "pull" if wanted == "pull" else f"pull,{wanted}"
    parameters = {
        "realm": f"{core.api_url}{REALM_PATH}",
        "service": "sandbox-registry",
        "scope": f"repository:{FULL_NAME}:{actions}",
    }
    header = "Bearer " + ",".join(f'{name}="{value}"' for name, value in parameters.items())
    return _error(401, "UNAUTHORIZED", "authentication required", {"www-authenticate": header})


def get_token(core: Core, call: Call) -> Reply:
    """Everyone may pull; to push or delete takes the name and token of somebody with write access."""
    login = _basic_login(call.headers.get("authorization", ""))
    if login == "":
        return _error(401, "UNAUTHORIZED", "wrong name or password")
    may_write = login is not None and PEOPLE[login].permission in ("write", "admin")
    asked = call.query.get("scope", "").rpartition(":")[2].split(",")
    granted = [action for action in asked if action == "pull" or (action in ("push", "delete") and may_write)]
    return Reply(200, {"token": _TOKEN_PREFIX.removeprefix("Bearer ") + ".".join(granted), "expires_in": 300})


def version_check(core: Core, call: Call) -> Reply:
    return Reply(200, {}, _VERSION)


def get_manifest(core: Core, call: Call) -> Reply:
    found = core.images.find(call.params["reference"]) if _ours(call) else None
    if found is None:
        return _unknown_manifest(call)
    digest, media_type, body = found
    accepted = {part.split(";")[0].strip() for part in call.headers.get("accept", "").split(",")}
    if media_type not in accepted:
        return _unknown_manifest(call)
    headers = {**_VERSION, "docker-content-digest": digest, "etag": f'"{digest}"'}
    return Reply(200, body, headers, media_type=media_type)


def put_manifest(core: Core, call: Call) -> Reply:
    reference, media_type = call.params["reference"], call.headers.get("content-type", "")
    if not _ours(call):
        return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
    if not (_TAG.fullmatch(reference) or _DIGEST.fullmatch(reference)):
        return _error(400, "TAG_INVALID", "manifest tag did not match URI")
    if _DIGEST.fullmatch(reference) and digest_of(call.content) != reference:
        return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    manifest = _manifest(call.content)
    if media_type not in _MANIFESTS or manifest is None:
        return _error(400, "MANIFEST_INVALID", "manifest invalid")
    missing = core.images.missing(manifest)
    if missing:
        return _error(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {missing[0]}")
    digest = core.images.put(reference, media_type, call.content)
    location = f"{core.api_url}/v2/{FULL_NAME}/manifests/{digest}"
    return Reply(201, b"", {**_VERSION, "location": location, "docker-content-digest": digest})


def delete_manifest(core: Core, call: Call) -> Reply:
    """By digest only, as most registries have it."""
    digest = call.params["reference"]
    if not _DIGEST.fullmatch(digest):
        return _error(400, "UNSUPPORTED", "manifests are deleted by digest")
    if not _ours(call) or not core.images.delete(digest):
        return _unknown_manifest(call)
    return Reply(202, b"", _VERSION)


def list_tags(core: Core, call: Call) -> Reply:
    if not _ours(call):
        return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
    return Reply(200, {"name": FULL_NAME, "tags": sorted(core.images.tags)}, _VERSION)


def get_blob(core: Core, call: Call) -> Reply:
    digest = call.params["digest"]
    content = core.images.blobs.get(digest) if _ours(call) else None
    if content is None:
        return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    headers = {**_VERSION, "docker-content-digest": digest}
    return Reply(200, content, headers, media_type="application/octet-stream")


def _ours(call: Call) -> bool:
    return call.params["name"] == FULL_NAME


def _manifest(content: bytes) -> Json | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("schemaVersion") == 2 else None


def _unknown_manifest(call: Call) -> Reply:
    return _error(404, "MANIFEST_UNKNOWN", f"manifest unknown: {call.params['reference']}")


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = {"errors": [{"code": code, "message": message, "detail": None}]}
    return Reply(status, body, {**_VERSION, **(headers or {})})


def _basic_login(header: str) -> str | None:
    """Whose name and token these are; None without any, "" when they do not belong together."""
    match = _BASIC.fullmatch(header)
    if match is None:
        return None
    try:
        name, _, password = base64.b64decode(match[1]).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    person = by_token(password)
    return name if person is not None and person.login == name else ""


_VERSION = {"docker-distribution-api-version": "registry/2.0"}
_NAME = frozenset({"name"})
_MANIFEST = "/v2/{name}/manifests/{reference}"
_BLOB = "/v2/{name}/blobs/{digest}"
TOKEN_ROUTE = Route("GET", REALM_PATH, get_token)
ROUTES = (
    Route("GET", "/v2/", version_check),
    Route("GET", _MANIFEST, get_manifest, _NAME),
    Route("HEAD", _MANIFEST, get_manifest, _NAME),
    Route("PUT", _MANIFEST, put_manifest, _NAME),
    Route("DELETE", _MANIFEST, delete_manifest, _NAME),
    Route("GET", "/v2/{name}/tags/list", list_tags, _NAME),
    Route("GET", _BLOB, get_blob, _NAME),
    Route("HEAD", _BLOB, get_blob, _NAME),
)
