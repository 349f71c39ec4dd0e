"""What is refused before any git process starts."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from adapters.git import GitMirror, Signing
from sops.kit.errors import ConfigurationError, FarEndRefused
from tests.integration.git.world import IDENTITY, FixedClock

SHA = "a" * 40
NAMES = [
    "", "-d", "--upload-pack=touch pwned", "--output=x", "a..b", "a@{1}", "@", "@{-1}", "a b", "a\nb", "a\0b", "a\x7f",
    "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a/-d", "a.", "a.lock", "a.LOCK/b",
    "HEAD", "FETCH_HEAD", "refs/heads/main", SHA, SHA.upper(), "größe", "a" * 300, "a;b", "$(id)", "`id`", "a|b", "%x",
]  # fmt: skip
SHAS = ["", "main", "HEAD", "-d", "--output=x", "a" * 39, "A" * 40, SHA + "\n", "^" + "a" * 39, "a" * 41, "a..b"]
PATHS = [
    "", "/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "a/", ".", "..", ".git/config", ".GIT/hooks/post-commit",
    "sub/.git/config", ".git./x", ".git /x", ".g\u200cit/x", "GIT~1/x", ".git::$INDEX_ALLOCATION/x", "-d", "--stdin",
    "a\nb", "a\0b", 'a"b', "a\\..\\b", "\ud800",
]  # fmt: skip
URLS = [
    "", "ext::sh -c touch% pwned", "file::/x", "-oProxyCommand=x", "--upload-pack=x", "http://host/x", "git://host/x",
    "ssh://-oProxyCommand=x/y", "ftp://host/x", "https://me:secret@host/x", "https:///x", "relative/path", "-x@host:y",
    "git@-host:y", "https://ho\nst/x", "/x\ny", "https://[::1/x",
]  # fmt: skip

Named = Callable[[GitMirror, str], Awaitable[object]]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda mirror, name: mirror.branch(name), id="branch"),
        pytest.param(lambda mirror, name: mirror.tag(name), id="tag"),
        pytest.param(lambda mirror, name: mirror.create_branch(name, SHA), id="create_branch"),
        pytest.param(lambda mirror, name: mirror.delete_branch(name, expected=SHA), id="delete_branch"),
        pytest.param(lambda mirror, name: mirror.commit(name, expected=SHA, files={}, message="m"), id="commit"),
        pytest.param(lambda mirror, name: mirror.push_signed_tag(name, at=SHA, message="m"), id="push_signed_tag"),
        pytest.param(lambda mirror, name: mirror.verify_tag(name), id="verify_tag"),
    ],
)
async def test_a_name_that_is_more_than_a_name_never_reaches_git(mirror: GitMirror, tmp_path: Path, use: Named) -> None:
    for name in NAMES:
        with pytest.raises(FarEndRefused, match=r"not a usable (branch|tag) name"):
            await use(mirror, name)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda mirror, sha: mirror.create_branch("b", sha), id="create_branch"),
        pytest.param(lambda mirror, sha: mirror.delete_branch("b", expected=sha), id="delete_branch"),
        pytest.param(lambda mirror, sha: mirror.read(sha, "VERSION"), id="read"),
        pytest.param(lambda mirror, sha: mirror.commit("b", expected=sha, files={}, message="m"), id="commit"),
        pytest.param(lambda mirror, sha: mirror.describe(sha), id="describe"),
        pytest.param(lambda mirror, sha: mirror.log(sha, SHA), id="log from"),
        pytest.param(lambda mirror, sha: mirror.log(SHA, sha), id="log to"),
        pytest.param(lambda mirror, sha: mirror.is_ancestor(sha, SHA), id="ancestor"),
        pytest.param(lambda mirror, sha: mirror.is_ancestor(SHA, sha), id="descendant"),
        pytest.param(lambda mirror, sha: mirror.record("b", expected=sha, other=SHA, message="m"), id="record on"),
        pytest.param(lambda mirror, sha: mirror.record("b", expected=SHA, other=sha, message="m"), id="record"),
        pytest.param(lambda mirror, sha: mirror.push_signed_tag("t", at=sha, message="m"), id="push_signed_tag"),
    ],
)
async def test_a_revision_is_a_full_sha_or_nothing(mirror: GitMirror, tmp_path: Path, use: Named) -> None:
    for sha in SHAS:
        with pytest.raises(FarEndRefused, match="not a full commit SHA"):
            await use(mirror, sha)
    assert not (tmp_path / "home").exists()


async def test_a_path_outside_the_tree_is_refused(mirror: GitMirror, tmp_path: Path) -> None:
    for path in PATHS:
        with pytest.raises(FarEndRefused, match="not a usable path"):
            await mirror.read(SHA, path)
        with pytest.raises(FarEndRefused, match="not a usable path"):
            await mirror.commit("main", expected=SHA, files={"fine": b"", path: b""}, message="m")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "name", ["main", "release/v1.4.0-rc1", "dependabot/npm/@types/node-1.2", "_x", "a#1", "v1+b=2"]
)
async def test_ordinary_names_are_accepted(mirror: GitMirror, name: str) -> None:
    assert (await mirror.branch(name) is None) == (name != "main")
    assert await mirror.tag(name) is None


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_could_run_something_or_holds_a_secret_is_refused(tmp_path: Path, ssh: Signing, url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        GitMirror(tmp_path / "home", url, ssh, identity=IDENTITY, clock=FixedClock())
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["https://host/a/b.git", "ssh://git@host:22/a", "git@host.example:a/b.git", "/srv/x"])
def test_ordinary_urls_are_accepted(tmp_path: Path, ssh: Signing, url: str) -> None:
    GitMirror(tmp_path / "home", url, ssh, identity=IDENTITY, clock=FixedClock())


@pytest.mark.parametrize(
    "identity", [("", "a@b"), ("A", ""), ("A\nB", "a@b"), ("A <x>", "a@b"), ("A", "a b@c"), ("A", "ab")]
)
def test_an_identity_that_would_break_an_author_line_is_refused(
    tmp_path: Path, ssh: Signing, identity: tuple[str, str]
) -> None:
    with pytest.raises(ConfigurationError):
        GitMirror(tmp_path / "home", "/srv/x", ssh, identity=identity, clock=FixedClock())


async def test_a_refusal_shows_control_characters_escaped(mirror: GitMirror) -> None:
    with pytest.raises(FarEndRefused) as refusal:
        await mirror.branch("a\x1b[2J" + "b" * 500)
    assert re.fullmatch(r"[\x20-\x7e]{1,300}", str(refusal.value))
