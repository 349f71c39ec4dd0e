"""How the forge writes down commits, refs, tags and files."""

import base64
from urllib.parse import quote

from adapters.sandbox.api import WEB, Json, repository_url, stamp
from adapters.sandbox.core import Core
from adapters.sandbox.git_objects import CommitObject, Signature, TagObject, TreeEntry
from adapters.sandbox.git_repository import FileChange
from adapters.sandbox.people import by_email
from adapters.sandbox.shapes_repository import user


def commit(core: Core, item: CommitObject) -> Json:
    """A commit as the repository shows it: with the accounts behind its addresses, where there are any."""
    url = f"{repository_url(core)}/commits/{item.sha}"
    return {
        "sha": item.sha,
        "node_id": f"C_{item.sha}",
        "url": url,
        "html_url": f"{WEB}/commit/{item.sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            "url": f"{repository_url(core)}/git/commits/{item.sha}",
            "author": _signature(item.author),
            "committer": _signature(item.committer),
            "message": item.message,
            "tree": _tree(core, item.tree),
            "comment_count": 0,
            "verification": _verification(item.signature),
        },
        "author": _account(core, item.author),
        "committer": _account(core, item.committer),
        "parents": _parents(core, item, "commits"),
    }


def git_commit(core: Core, item: CommitObject) -> Json:
    """A commit as the git database shows it."""
    return {
        "sha": item.sha,
        "node_id": f"C_{item.sha}",
        "url": f"{repository_url(core)}/git/commits/{item.sha}",
        "html_url": f"{WEB}/commit/{item.sha}",
        "author": _signature(item.author),
        "committer": _signature(item.committer),
        "message": item.message,
        "tree": _tree(core, item.tree),
        "parents": _parents(core, item, "git/commits"),
        "verification": _verification(item.signature),
    }


def ref(core: Core, name: str, sha: str) -> Json:
    """A ref by its full name, with the object it names (a tag object is not peeled)."""
    found = core.git.objects.read(sha)
    kind = found[0] if found is not None else "commit"
    return {
        "ref": name,
        "node_id": f"REF_{name}",
        "url": f"{repository_url(core)}/git/{quote(name)}",
        "object": _target(core, sha, kind),
    }


def tag(core: Core, item: TagObject) -> Json:
    return {
        "node_id": f"TA_{item.sha}",
        "tag": item.name,
        "sha": item.sha,
        "url": f"{repository_url(core)}/git/tags/{item.sha}",
        "message": item.message,
        "tagger": _signature(item.tagger),
        "object": _target(core, item.target, item.target_kind),
        "verification": _verification(item.signature),
    }


def tag_summary(core: Core, name: str, sha: str) -> Json:
    """A line of the list of tags: `sha` is the commit."""
    return {
        "name": name,
        "node_id": f"REF_refs/tags/{name}",
        "commit": {"sha": sha, "url": f"{repository_url(core)}/commits/{sha}"},
        "zipball_url": f"{repository_url(core)}/zipball/refs/tags/{quote(name)}",
        "tarball_url": f"{repository_url(core)}/tarball/refs/tags/{quote(name)}",
    }


def branch_summary(core: Core, name: str, sha: str) -> Json:
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{repository_url(core)}/commits/{sha}"},
        "protected": name in core.rules.protected,
    }


def change(core: Core, item: FileChange, head: str) -> Json:
    """A file of a diff; `head` is the commit after it."""
    path = quote(item.path)
    return {
        "sha": item.sha,
        "filename": item.path,
        "status": item.status,
        "additions": item.additions,
        "deletions": item.deletions,
        "changes": item.additions + item.deletions,
        "blob_url": f"{WEB}/blob/{head}/{path}",
        "raw_url": f"{WEB}/raw/{head}/{path}",
        "contents_url": f"{repository_url(core)}/contents/{path}?ref={head}",
    }


def content(core: Core, path: str, entry: TreeEntry, revision: str) -> Json:
    """A file with its bytes, or a directory entry without."""
    return {
        **content_summary(core, path, entry, revision),
        "content": base64.encodebytes(_bytes(core, entry)).decode(),
        "encoding": "base64",
    }


def content_summary(core: Core, path: str, entry: TreeEntry, revision: str) -> Json:
    """What a listing, or the answer to a change, says of one path."""
    kind, git_kind = ("dir", "trees") if entry.is_tree else ("file", "blobs")
    url = f"{repository_url(core)}/contents/{quote(path)}?ref={quote(revision)}"
    git_url = f"{repository_url(core)}/git/{git_kind}/{entry.sha}"
    page = f"{WEB}/{'tree' if entry.is_tree else 'blob'}/{quote(revision)}/{quote(path)}"
    return {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": 0 if entry.is_tree else len(_bytes(core, entry)),
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": None if entry.is_tree else f"{WEB}/raw/{quote(revision)}/{quote(path)}",
        "_links": {"self": url, "git": git_url, "html": page},
    }


def _bytes(core: Core, entry: TreeEntry) -> bytes:
    found = core.git.objects.read(entry.sha)
    return found[1] if found is not None else b""


def _signature(item: Signature) -> Json:
    return {"name": item.name, "email": item.email, "date": stamp(item.at)}


def _account(core: Core, item: Signature) -> Json | None:
    person = by_email(item.email)
    return None if person is None else user(core, person.login)


def _tree(core: Core, sha: str) -> Json:
    return {"sha": sha, "url": f"{repository_url(core)}/git/trees/{sha}"}


def _parents(core: Core, item: CommitObject, folder: str) -> list[Json]:
    return [
        {"sha": sha, "url": f"{repository_url(core)}/{folder}/{sha}", "html_url": f"{WEB}/commit/{sha}"}
        for sha in item.parents
    ]


def _target(core: Core, sha: str, kind: str) -> Json:
    return {"sha": sha, "type": kind, "url": f"{repository_url(core)}/git/{kind}s/{sha}"}


def _verification(signature: str | None) -> Json:
    # The sandbox knows nobody's keys: a signature is shown, and never called verified.
    reason = "unsigned" if signature is None else "no_user"
    return {
        "verified": False,
        "reason": reason,
        "signature": signature,
        "payload": None,
        "verified_at": None,
    }
