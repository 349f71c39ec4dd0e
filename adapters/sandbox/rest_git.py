"""REST: the git database (refs, tags, commits) and the contents of files."""

import base64
import binascii

from adapters.sandbox import shapes_git as shape
from adapters.sandbox.api import Call, Reply, Route, flag, ok, optional_text, page, text
from adapters.sandbox.core import Core
from adapters.sandbox.git_objects import FULL_SHA, Signature
from adapters.sandbox.git_repository import ZERO
from adapters.sandbox.project import MAIN
from adapters.sandbox.refusal import Refusal, invalid, not_found
from sops.kit.errors import HeadMoved

_KIND = "Reference"


def get_ref(core: Core, call: Call) -> Reply:
    name = f"refs/{call.params['ref']}"
    return ok(shape.ref(core, name, _ref_sha(core, name, 404)))


def list_matching_refs(core: Core, call: Call) -> Reply:
    prefix = f"refs/{call.params['ref']}"
    found = sorted(item for item in core.git.refs().items() if item[0].startswith(prefix))
    return page(call, found, lambda item: shape.ref(core, *item))


def create_ref(core: Core, call: Call) -> Reply:
    name, sha = text(call.body, "ref", _KIND), text(call.body, "sha", _KIND)
    if not name.startswith(("refs/heads/", "refs/tags/")) or not core.git.is_ref_name(name):
        raise Refusal(422, f"{name} is not a valid ref name.")
    if core.git.objects.read(sha) is None:
        raise Refusal(422, "Object does not exist")
    if name in core.git.refs():
        raise Refusal(422, "Reference already exists")
    _move(core, name, sha, ZERO)
    return Reply(201, shape.ref(core, name, sha))


def edit_ref(core: Core, call: Call) -> Reply:
    """Fast forward, or anywhere with force; a protected branch never."""
    name, sha = f"refs/{call.params['ref']}", text(call.body, "sha", _KIND)
    old = _ref_sha(core, name, 422)
    _refuse_protected(core, name)
    if core.git.peel(sha) is None:
        raise Refusal(422, "Object does not exist")
    if not flag(call.body, "force") and not _fast_forward(core, old, sha):
        raise Refusal(422, "Update is not a fast forward")
    _move(core, name, sha, old)
    return ok(shape.ref(core, name, sha))


def delete_ref(core: Core, call: Call) -> Reply:
    name = f"refs/{call.params['ref']}"
    old = _ref_sha(core, name, 422)
    _refuse_protected(core, name)
    _move(core, name, ZERO, old)
    return Reply(204)


def get_tag(core: Core, call: Call) -> Reply:
    tag = core.git.objects.tag(call.params["tag_sha"])
    if tag is None:
        raise not_found()
    return ok(shape.tag(core, tag))


def get_git_commit(core: Core, call: Call) -> Reply:
    commit = core.git.objects.commit(call.params["commit_sha"])
    if commit is None:
        raise not_found()
    return ok(shape.git_commit(core, commit))


def list_tags(core: Core, call: Call) -> Reply:
    prefix = "refs/tags/"
    names = sorted((name for name in core.git.refs() if name.startswith(prefix)), reverse=True)
    pairs = [(name.removeprefix(prefix), core.git.resolve(name)) for name in names]
    return page(call, [pair for pair in pairs if pair[1]], lambda pair: shape.tag_summary(core, *pair))


def get_contents(core: Core, call: Call) -> Reply:
    """A file with its bytes, or the list of a directory."""
    revision = call.query.get("ref") or MAIN
    path = call.params["path"].strip("/")
    commit = core.git.resolve(revision)
    if commit is None:
        raise Refusal(404, f"No commit found for the ref {revision}")
    entry = core.git.entry(commit, path)
    if entry is None:
        raise not_found()
    if not entry.is_tree:
        return ok(shape.content(core, path, entry, revision))
    prefix = f"{path}/" if path else ""
    children = core.git.objects.tree(entry.sha)
    return ok([shape.content_summary(core, prefix + child.name, child, revision) for child in children])


def put_contents(core: Core, call: Call) -> Reply:
    """Write one file in one commit on a branch; an existing file needs its blob's SHA."""
    path, branch = call.params["path"].strip("/"), call.body.get("branch", MAIN)
    head = core.git.branches().get(str(branch))
    if head is None:
        raise Refusal(404, f"Branch {branch} not found")
    _refuse_protected(core, f"refs/heads/{branch}")
    message, content = text(call.body, "message", "Content"), _decoded(call)
    old = core.git.entry(head, path)
    given = optional_text(call.body, "sha", "Content")
    if old is not None and given is None:
        raise Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given is not None and (old is None or given != old.sha):
        raise Refusal(409, f"{path} does not match {given}")
    person = call.by
    by = Signature(person.name, person.email, core.now())
    sha = core.git.commit_file(head, path, content, by, message)
    _move(core, f"refs/heads/{branch}", sha, head)
    entry = core.git.entry(sha, path)
    if entry is None:  # pragma: no cover - just written
        raise not_found()
    answer = {
        "content": shape.content_summary(core, path, entry, str(branch)),
        "commit": shape.git_commit(core, core.git.commit(sha)),
    }
    return Reply(200 if old is not None else 201, answer)


def _ref_sha(core: Core, name: str, status: int) -> str:
    sha = core.git.refs().get(name)
    if sha is None:
        raise not_found() if status == 404 else Refusal(status, "Reference does not exist")
    return sha


def _refuse_protected(core: Core, name: str) -> None:
    if name.removeprefix("refs/heads/") in core.rules.protected:
        raise Refusal(409, f"Changes must be made through a pull request: {name} is protected.")


def _fast_forward(core: Core, old: str, new: str) -> bool:
    before, after = core.git.peel(old), core.git.peel(new)
    return before is not None and after is not None and core.git.is_ancestor(before, after)


def _move(core: Core, name: str, new: str, old: str) -> None:
    if not FULL_SHA.fullmatch(new):
        raise invalid(_KIND, "sha")
    try:
        core.git.move_refs([(name, new, old)])
    except HeadMoved as moved:
        raise Refusal(409, f"{name} was changed meanwhile") from moved


def _decoded(call: Call) -> bytes:
    content = call.body.get("content")
    if not isinstance(content, str):
        raise invalid("Content", "content", "missing_field")
    try:
        return base64.b64decode(content)
    except binascii.Error as wrong:
        raise Refusal(422, "content is not valid Base64") from wrong


_REPO = "/repos/{owner}/{repo}"
_REF = frozenset({"ref"})
_PATH = frozenset({"path"})
ROUTES = (
    Route("GET", f"{_REPO}/git/ref/{{ref}}", get_ref, _REF),
    Route("GET", f"{_REPO}/git/matching-refs/{{ref}}", list_matching_refs, _REF),
    Route("POST", f"{_REPO}/git/refs", create_ref),
    Route("PATCH", f"{_REPO}/git/refs/{{ref}}", edit_ref, _REF),
    Route("DELETE", f"{_REPO}/git/refs/{{ref}}", delete_ref, _REF),
    Route("GET", f"{_REPO}/git/tags/{{tag_sha}}", get_tag),
    Route("GET", f"{_REPO}/git/commits/{{commit_sha}}", get_git_commit),
    Route("GET", f"{_REPO}/tags", list_tags),
    Route("GET", f"{_REPO}/contents/{{path}}", get_contents, _PATH),
    Route("PUT", f"{_REPO}/contents/{{path}}", put_contents, _PATH),
)
