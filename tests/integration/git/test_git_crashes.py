"""What a kill -9 leaves in the mirror, and what a mirror started from a git hook inherits."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.git import GitMirror, Signing
from sops.kit.errors import ConfigurationError, FarEndError
from tests.integration.git.conftest import Mirrors
from tests.integration.git.world import EMAIL, NAME, Remote, environment, git

ENDLESS_COMMITS = """
import asyncio, sys
from pathlib import Path
from adapters.git import GitMirror, Signing
from tests.integration.git.world import FixedClock, IDENTITY
home, url, key, signers, sha = sys.argv[1:]
signing = Signing.ssh(Path(key), Path(signers))
mirror = GitMirror(Path(home), url, signing, identity=IDENTITY, clock=FixedClock())
async def main():
    head = sha
    for number in range(100_000):
        head = await mirror.commit("main", expected=head, files={"n": b"%d" % number}, message="n")
        await mirror.push_signed_tag(f"v0.0.{number}", at=head, message="n")
        print(head, flush=True)
asyncio.run(main())
"""


async def works(mirror: GitMirror, remote: Remote) -> None:
    head = remote.sha("main")
    made = await mirror.commit("main", expected=head, files={"works": head.encode()}, message="still works")
    tag = await mirror.push_signed_tag("v-works", at=made, message="still works")
    assert await mirror.read(made, "works") == head.encode()
    assert remote.sha("main") == tag.commit == made


def _no_head(mirror: Path) -> None:
    mirror.mkdir(parents=True)
    (mirror / "objects").mkdir()


def _no_config(mirror: Path) -> None:
    git(mirror.parent, "init", "-q", "--bare", "mirror.git")
    (mirror / "config").write_bytes(b"")


def _garbage(mirror: Path) -> None:
    mirror.mkdir(parents=True)
    (mirror / "HEAD").write_bytes(b"\0\0\0")


def _a_file(mirror: Path) -> None:
    mirror.write_bytes(b"")


@pytest.mark.parametrize("half", [_no_head, _no_config, _garbage, _a_file])
async def test_half_a_mirror_is_rebuilt(mirror: GitMirror, remote: Remote, tmp_path: Path, half: object) -> None:
    home = tmp_path / "home"
    (home / "making-left" / "objects").mkdir(parents=True)
    assert callable(half)
    half(home / "mirror.git")
    await works(mirror, remote)
    assert sorted(path.name for path in home.iterdir()) == ["lock", "made", "mirror.git"]


async def test_locks_and_temporary_packs_of_a_killed_process_are_removed(
    mirrors: Mirrors, remote: Remote, tmp_path: Path
) -> None:
    await works(mirrors(), remote)
    mirror = tmp_path / "home" / "mirror.git"
    left = [
        "refs/sopwith/commit.lock", "refs/tags/v2.lock", "packed-refs.lock", "HEAD.lock", "config.lock",
        "refs/remotes/origin/main.lock", "objects/pack/tmp_pack_x", "fast_import_crash_17",
    ]  # fmt: skip
    for name in left:
        (mirror / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror / name).write_bytes(b"")
    remote.add_commit("main", "to be fetched")
    git(remote.path, "tag", "-d", "v-works")
    await works(mirrors(), remote)
    assert not any((mirror / name).exists() for name in left)


async def test_a_mirror_deleted_while_in_use_is_built_again(mirror: GitMirror, remote: Remote, tmp_path: Path) -> None:
    await mirror.describe(remote.sha("main"))
    (tmp_path / "home" / "mirror.git").rename(tmp_path / "gone")
    await works(mirror, remote)


def a_program(folder: Path, name: str, does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git finds first under that name."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


async def test_what_git_starts_is_told_no_secret_and_nothing_that_leads_elsewhere(
    mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "bin", "ssh", f"env > {tmp_path}/told; exit 255", monkeypatch)
    monkeypatch.setenv("SOPWITH_TOKEN", "ghp_secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of somebody else")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path}/ran; false")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    with pytest.raises(FarEndError):
        await mirrors(url="ssh://git@host/x").branch("main")
    names = {line.partition("=")[0] for line in (tmp_path / "told").read_text().splitlines()}
    assert {"PATH", "HOME", "SSH_AUTH_SOCK", "https_proxy"} <= names
    assert not names & {"SOPWITH_TOKEN", "AWS_SECRET_ACCESS_KEY", "GIT_SSH_COMMAND", "LD_PRELOAD"}
    assert not (tmp_path / "ran").exists()


async def test_a_process_that_ran_out_of_time_leaves_no_lock(
    mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "bin", "ssh", "exec sleep 60", monkeypatch)
    mirror = mirrors(url="ssh://git@host/x", timeout=0.3)
    with pytest.raises(FarEndError, match="did not answer in time"):
        await mirror.branch("main")
    lock = tmp_path / "home" / "mirror.git" / "packed-refs.lock"
    lock.write_bytes(b"")
    with pytest.raises(FarEndError, match="did not answer in time"):
        await mirror.describe("a" * 40)
    assert not lock.exists()


def _kill_with_children(pid: int) -> None:
    """The process first, so that it starts no other; git's processes lead groups of their own."""
    os.kill(pid, signal.SIGSTOP)
    listed = subprocess.run(("ps", "-A", "-o", "pid=", "-o", "ppid="), check=True, capture_output=True, text=True)
    rows = [tuple(map(int, row.split())) for row in listed.stdout.splitlines()]
    found = [pid]
    for each in found:
        found += [child for child, parent in rows if parent == each]
    for each in found:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


async def test_after_kill_9_the_next_process_goes_on(
    mirrors: Mirrors, remote: Remote, ssh: Signing, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "home"), remote.url, ssh.key, str(ssh.trust), remote.sha("main")]
    for _ in range(2):
        arguments[-1] = remote.sha("main")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ENDLESS_COMMITS, *arguments,
            env={**environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert child.stdout is not None
        assert await child.stdout.readline()
        _kill_with_children(child.pid)
        await child.communicate()
        for tag in git(remote.path, "tag", "-l").decode().split():
            git(remote.path, "tag", "-d", tag)
        for lock in remote.path.glob("refs/**/*.lock"):  # the far end died with the child; a real one does not
            lock.unlink()
        await works(mirrors(), remote)


async def test_variables_of_a_git_hook_do_not_lead_elsewhere(
    mirror: GitMirror, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    for name, value in {
        "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"), "GIT_COMMON_DIR": str(other / ".git"),
        "GIT_NAMESPACE": "elsewhere", "GIT_CONFIG_PARAMETERS": "'user.name'='Mallory'",
        "GIT_AUTHOR_NAME": "Mallory", "GIT_CONFIG_GLOBAL": str(other / "config"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    (other / "config").write_text('[core]\n\thooksPath = /nowhere\n[url "/nowhere"]\n\tinsteadOf = file://\n')
    await works(mirror, remote)
    assert git(remote.path, "show", "-s", "--format=%an <%ae>", "main").decode() == f"{NAME} <{EMAIL}>\n"
    assert git(other, "count-objects").startswith(b"0 objects")


async def test_no_hook_of_the_mirror_runs(mirror: GitMirror, remote: Remote, tmp_path: Path) -> None:
    await mirror.describe(remote.sha("main"))
    hooks = tmp_path / "home" / "mirror.git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-push", "reference-transaction", "pre-commit", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    await works(mirror, remote)
    assert not (tmp_path / "ran").exists()


async def test_a_home_that_cannot_be_made_is_a_matter_of_settings(mirrors: Mirrors, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        await mirrors("file/home").branch("main")
