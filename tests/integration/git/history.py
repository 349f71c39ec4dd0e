"""Histories somebody else makes at the remote, by plain git, and what plain git tells of them."""

from collections.abc import Mapping

from adapters.git import GitMirror
from tests.integration.git.world import Remote, git

TRICKY = "docs/für alle/a b\t'$(x)'*.txt"


def put(
    remote: Remote,
    branch: str,
    files: Mapping[str, bytes | None],
    subject: str = "theirs",
    *,
    second: str = "",
    by: str = "Bob <bob@example.org>",
) -> str:
    """Somebody's commit of `files` (None: removed) on `branch`, made by plain git; a merge if `second` is given."""
    parent = remote.sha(branch)
    lines = [b"commit refs/heads/%b\nauthor %b 1774000000 +0200\n" % (branch.encode(), by.encode())]
    lines += [b"committer %b 1775000000 +0000\n" % by.encode()]
    lines += [b"data %d\n%b\nfrom %b\n" % (len(subject.encode()), subject.encode(), parent.encode())]
    if second:
        lines += [b"merge %b\n" % second.encode()]
    for path, content in files.items():
        if content is None:
            lines += [b"D %b\n" % path.encode()]
        else:
            lines += [b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(content), content)]
    git(remote.path, "fast-import", "--quiet", "--done", stdin=b"".join([*lines, b"done\n"]))
    return remote.sha(branch)


def facts(remote: Remote, sha: str, form: str, *options: str) -> str:
    """What plain git tells of the commit."""
    return git(remote.path, "log", "-1", *options, f"--format={form}", sha).decode().rstrip("\n")


async def merged(mirror: GitMirror, remote: Remote, **files: bytes) -> str:
    """`develop` merged into `main`."""
    ends = remote.sha("main"), remote.sha("develop")
    return await mirror.merge("main", expected=ends[0], other=ends[1], message="Merge develop", files=files)
