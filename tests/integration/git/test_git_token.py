"""The token: sent over https to the configured host, and seen nowhere else."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.git import GitMirror, Signing
from sops.kit.errors import ConfigurationError, FarEndRefused
from tests.integration.git.conftest import limited
from tests.integration.git.smart_http import GitServer, make_certificate, serving
from tests.integration.git.world import IDENTITY, FixedClock, Remote

TOKEN = "ghs_token-that-must-not-show"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture
def server(remote: Remote, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(GitServer(remote.path.parent, f"Basic {BASIC}", certificate)) as running:
        yield running


def mirror_of(home: Path, url: str, signing: Signing, token: str = TOKEN) -> GitMirror:
    return GitMirror(
        home, url, signing, identity=IDENTITY, clock=FixedClock(), token=SecretStr(token), limits=limited(20.0)
    )


async def test_everything_works_over_https_with_a_token(
    server: GitServer, remote: Remote, ssh: Signing, tmp_path: Path
) -> None:
    mirror = mirror_of(tmp_path / "home", server.url, ssh)
    head = remote.sha("main")
    await mirror.create_branch("release/v1.4.0", head)
    made = await mirror.commit("release/v1.4.0", expected=head, files={"VERSION": b"1.4.0\n"}, message="bump")
    tag = await mirror.push_signed_tag("v1.4.0", at=made, message="Release v1.4.0")
    await mirror.verify_tag("v1.4.0")
    assert remote.sha("refs/tags/v1.4.0") == tag.sha
    assert set(server.seen) == {f"Basic {BASIC}"}


async def test_the_token_is_in_no_argument_list_no_log_and_no_file(
    server: GitServer, remote: Remote, ssh: Signing, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await mirror_of(tmp_path / "home", server.url, ssh).describe(remote.sha("main"))
    assert "'fetch'" in caplog.text
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    for secret in (TOKEN, BASIC):
        assert secret not in caplog.text
        assert secret.encode() not in kept


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_token_is_a_refusal_that_does_not_show_it(
    server: GitServer, remote: Remote, ssh: Signing, tmp_path: Path, status: int
) -> None:
    server.status = status
    mirror = mirror_of(tmp_path / "home", server.url, ssh, "wrong-token")
    for ask in (mirror.branch("main"), mirror.describe(remote.sha("main"))):
        with pytest.raises(FarEndRefused, match="denies access") as refusal:
            await ask
        assert "wrong-token" not in str(refusal.value)


async def test_a_token_withdrawn_before_the_push_is_a_refusal_and_not_an_unknown_outcome(
    server: GitServer, remote: Remote, ssh: Signing, tmp_path: Path
) -> None:
    mirror = mirror_of(tmp_path / "home", server.url, ssh)
    await mirror.describe(remote.sha("main"))
    server.allowed, server.status = "nobody", 403
    with pytest.raises(FarEndRefused, match="denies access"):
        await mirror.create_branch("hotfix", remote.sha("main"))


async def test_a_redirect_does_not_carry_the_token_away(
    server: GitServer, certificate: Path, ssh: Signing, tmp_path: Path
) -> None:
    with serving(GitServer(tmp_path, f"Basic {BASIC}", certificate)) as elsewhere:
        server.redirect = elsewhere.url
        with pytest.raises(Exception, match="302"):
            await mirror_of(tmp_path / "home", server.url, ssh).branch("main")
        assert server.seen == [f"Basic {BASIC}"]
        assert elsewhere.seen == []


async def test_a_token_that_changes_is_asked_for_each_time(server: GitServer, ssh: Signing, tmp_path: Path) -> None:
    tokens = [TOKEN, "old"]
    mirror = GitMirror(
        tmp_path / "home", server.url, ssh,
        identity=IDENTITY, clock=FixedClock(), token=lambda: SecretStr(tokens[-1]), limits=limited(20.0),
    )  # fmt: skip
    with pytest.raises(FarEndRefused):
        await mirror.branch("main")
    tokens.pop()
    assert await mirror.branch("main") is not None


@pytest.mark.parametrize("url", ["file:///srv/x", "ssh://git@host/x", "git@host:x", "/srv/x"])
def test_a_token_is_for_https_only(tmp_path: Path, ssh: Signing, url: str) -> None:
    with pytest.raises(ConfigurationError, match="only sent over https"):
        mirror_of(tmp_path / "home", url, ssh)
