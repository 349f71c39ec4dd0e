import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.git import GitMirror, Limits, Signing, make_demo_signer, stop_gpg_agent
from adapters.reach.breaker import Breaker
from tests.integration.git.world import IDENTITY, FixedClock, Remote, make_remote

Mirrors = Callable[..., GitMirror]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return make_remote(tmp_path_factory.mktemp("template"))


@pytest.fixture
def remote(template: Remote, tmp_path: Path) -> Remote:
    shutil.copytree(template.path, tmp_path / "remote.git")
    return Remote(tmp_path / "remote.git")


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return make_demo_signer(tmp_path_factory.mktemp("ssh-signer"), IDENTITY)


@pytest.fixture(scope="session")
def gpg() -> Iterator[Signing]:
    yield from gpg_signer()


@pytest.fixture
def other_gpg() -> Iterator[Signing]:
    yield from gpg_signer()


def gpg_signer() -> Iterator[Signing]:
    # Its own short folder: the agent's socket must fit into 108 bytes.
    with tempfile.TemporaryDirectory(prefix="sw") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.which", lambda program: None if program == "ssh-keygen" else program)
        signer = make_demo_signer(Path(folder), IDENTITY)
        patch.undo()
        yield signer
        stop_gpg_agent(signer.trust)


@pytest.fixture(params=["ssh", "gpg"])
def signer(request: pytest.FixtureRequest) -> Signing:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Signing)
    return made


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def limited(seconds: float) -> Limits:
    """The same for everything."""
    return Limits(local=seconds, asking=lambda: seconds, fetching=lambda: seconds)


@pytest.fixture
def mirrors(remote: Remote, ssh: Signing, clock: FixedClock, tmp_path: Path) -> Mirrors:
    """Makes mirrors of `remote`; what is not given is the same for all."""

    def make(
        home: str = "home",
        *,
        url: str | None = None,
        signing: Signing = ssh,
        timeout: float = 30.0,
        largest: int = 2**24,
        breaker: Breaker | None = None,
    ) -> GitMirror:
        url = remote.url if url is None else url
        return GitMirror(
            tmp_path / home,
            url,
            signing,
            identity=IDENTITY,
            clock=clock,
            limits=replace(limited(timeout), largest=largest),
            breaker=breaker,
        )

    return make


@pytest.fixture
def mirror(mirrors: Mirrors) -> GitMirror:
    return mirrors()
