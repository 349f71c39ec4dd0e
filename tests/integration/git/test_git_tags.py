"""Signed tags, with SSH and with GPG: only a signature git accepts by exit code counts."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.git import GitMirror, Signing, make_demo_signer, stop_gpg_agent
from sops.kit.errors import ConfigurationError, FarEndRefused, HeadMoved, SignatureInvalid
from tests.integration.git.conftest import Mirrors
from tests.integration.git.world import APRIL, EMAIL, IDENTITY, NAME, FixedClock, Remote, environment, git, run

MESSAGE = "Release v1.4.0\n\n# Highlights\n- größer"


async def test_a_release_from_branch_to_verified_tag(mirrors: Mirrors, remote: Remote, signer: Signing) -> None:
    mirror = mirrors(signing=signer)
    start = remote.sha("develop")
    await mirror.create_branch("release/v1.4.0", start)
    head = await mirror.commit("release/v1.4.0", expected=start, files={"VERSION": b"1.4.0\n"}, message="bump")
    tag = await mirror.push_signed_tag("v1.4.0", at=head, message=MESSAGE)

    assert tag == await mirrors("elsewhere", signing=signer).tag("v1.4.0")
    assert (tag.sha, tag.commit) == (remote.sha("refs/tags/v1.4.0"), head)
    body = git(remote.path, "cat-file", "tag", tag.sha).decode()
    assert f"\ntag v1.4.0\ntagger {NAME} <{EMAIL}> {int(APRIL.timestamp())} +0000\n\n{MESSAGE}\n-----BEGIN " in body
    assert EMAIL in await mirrors("elsewhere", signing=signer).verify_tag("v1.4.0")


@pytest.mark.parametrize("at", [APRIL, datetime(2030, 1, 1, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC)])
async def test_a_tag_verifies_whatever_the_clock_says(
    mirrors: Mirrors, remote: Remote, signer: Signing, clock: FixedClock, at: datetime
) -> None:
    clock.at = at
    mirror = mirrors(signing=signer)
    await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    assert "good" in (await mirror.verify_tag("v1.4.0")).lower()
    tagged = git(remote.path, "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/v1.4.0").decode().strip()
    assert tagged == str(int(at.timestamp()))


async def test_an_unknown_ssh_signer_is_refused_although_git_prints_good(
    mirrors: Mirrors, remote: Remote, ssh: Signing, tmp_path: Path
) -> None:
    stranger = make_demo_signer(tmp_path / "stranger", ("Mallory", "mallory@example.org"))
    await mirrors("theirs", signing=stranger).push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    with pytest.raises(SignatureInvalid, match='Good "git" signature') as refusal:
        await mirrors(signing=ssh).verify_tag("v1.4.0")
    assert "Check that the key is listed in" in str(refusal.value)


async def test_an_unknown_gpg_signer_is_refused(
    mirrors: Mirrors, remote: Remote, gpg: Signing, other_gpg: Signing
) -> None:
    await mirrors("theirs", signing=other_gpg).push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    with pytest.raises(SignatureInvalid, match="Check that the key is in the key ring"):
        await mirrors(signing=gpg).verify_tag("v1.4.0")


async def test_a_signature_of_the_other_kind_never_counts_even_if_the_machines_user_knows_its_key(
    mirrors: Mirrors, remote: Remote, ssh: Signing, gpg: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mirrors("one", signing=gpg).push_signed_tag("by-gpg", at=remote.sha("main"), message=MESSAGE)
    await mirrors("two", signing=ssh).push_signed_tag("by-ssh", at=remote.sha("main"), message=MESSAGE)
    monkeypatch.setenv("GNUPGHOME", str(gpg.trust))
    with pytest.raises(SignatureInvalid):
        await mirrors("two", signing=ssh).verify_tag("by-gpg")
    with pytest.raises(SignatureInvalid):
        await mirrors("one", signing=gpg).verify_tag("by-ssh")


async def test_a_key_that_has_expired_counts_no_more(mirrors: Mirrors, remote: Remote, other_gpg: Signing) -> None:
    home = other_gpg.trust
    gpg_in_2020 = ["gpg", "--homedir", str(home), "--batch", "--faked-system-time", "20200101T000000!"]
    generate = ["--passphrase", "", "--pinentry-mode", "loopback", "--quick-gen-key", "old@example.org", "ed25519"]
    run(*gpg_in_2020, *generate, "sign", "1y")
    wrapper = home / "gpg-in-2020"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(gpg_in_2020)} "$@"\n')
    wrapper.chmod(0o755)
    sign = ["-c", f"gpg.program={wrapper}", "tag", "-s", "-u", "old@example.org", "-m", "old", "v1.0.0", "main"]
    git(remote.path, *sign)
    with pytest.raises(SignatureInvalid, match="expired"):
        await mirrors(signing=other_gpg).verify_tag("v1.0.0")


async def test_an_unsigned_tag_is_refused(mirrors: Mirrors, remote: Remote, signer: Signing) -> None:
    git(remote.path, "tag", "light", "main")
    git(remote.path, "tag", "-a", "-m", "note", "annotated", "main")
    for name in ("light", "annotated"):
        with pytest.raises(SignatureInvalid):
            await mirrors(signing=signer).verify_tag(name)


async def test_a_tag_that_is_not_there_cannot_be_verified(mirror: GitMirror) -> None:
    with pytest.raises(FarEndRefused, match=r"no tag v9\.9\.9"):
        await mirror.verify_tag("v9.9.9")


async def test_a_tag_changed_after_signing_is_refused(mirrors: Mirrors, remote: Remote, signer: Signing) -> None:
    mirror = mirrors(signing=signer)
    later = remote.add_commit("main", "unreviewed")
    tag = await mirror.push_signed_tag("v1.4.0", at=remote.sha("develop"), message=MESSAGE)
    forged = git(remote.path, "cat-file", "tag", tag.sha).replace(tag.commit.encode(), later.encode())
    sha = git(remote.path, "hash-object", "-t", "tag", "-w", "--stdin", stdin=forged).decode().strip()
    git(remote.path, "update-ref", "refs/tags/v1.4.0", sha)
    with pytest.raises(SignatureInvalid):
        await mirror.verify_tag("v1.4.0")


async def test_a_good_signature_of_an_old_tag_does_not_vouch_for_another_name(
    mirrors: Mirrors, remote: Remote, signer: Signing
) -> None:
    mirror = mirrors(signing=signer)
    old = await mirror.push_signed_tag("v1.3.0", at=remote.sha("main"), message=MESSAGE)
    git(remote.path, "update-ref", "refs/tags/v1.4.0", old.sha)
    with pytest.raises(SignatureInvalid, match=r"was signed as 'v1\.3\.0'"):
        await mirror.verify_tag("v1.4.0")


@pytest.mark.parametrize("kind", ["light", "annotated", "our own"])
async def test_an_existing_tag_is_refused_and_not_moved(mirror: GitMirror, remote: Remote, kind: str) -> None:
    if kind == "our own":
        await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    else:
        git(remote.path, "tag", *(["-a", "-m", "theirs"] if kind == "annotated" else []), "v1.4.0", "develop")
    before = remote.refs()
    with pytest.raises(HeadMoved):
        await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    assert remote.refs() == before


async def test_only_a_commit_is_tagged(mirror: GitMirror, remote: Remote) -> None:
    git(remote.path, "tag", "-a", "-m", "note", "annotated", "main")
    for sha in (remote.sha("annotated"), remote.sha("main^{tree}")):
        with pytest.raises(FarEndRefused, match="not a commit"):
            await mirror.push_signed_tag("v1.4.0", at=sha, message=MESSAGE)


async def test_a_tag_left_in_the_mirror_by_a_crash_is_made_again(
    mirror: GitMirror, remote: Remote, tmp_path: Path
) -> None:
    old, new = remote.sha("main"), remote.add_commit("main", "newer")
    await mirror.describe(new)
    git(tmp_path / "home" / "mirror.git", "tag", "-a", "-m", "half", "v1.4.0", old)
    tag = await mirror.push_signed_tag("v1.4.0", at=new, message=MESSAGE)
    assert tag.commit == new
    assert remote.sha("v1.4.0^{}") == new
    assert git(tmp_path / "home" / "mirror.git", "tag", "-l") == b""


async def nothing_is_pushed(mirror: GitMirror, remote: Remote, error: type[Exception], words: str) -> None:
    before = remote.refs()
    with pytest.raises(error, match=words):
        await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)
    assert remote.refs() == before


async def test_a_key_its_own_signers_file_does_not_list_pushes_nothing(
    mirrors: Mirrors, remote: Remote, ssh: Signing, tmp_path: Path
) -> None:
    stranger = make_demo_signer(tmp_path / "stranger", IDENTITY)
    mixed = Signing.ssh(Path(stranger.key), ssh.trust)
    await nothing_is_pushed(mirrors(signing=mixed), remote, SignatureInvalid, "Check that the key is listed")


async def test_a_key_with_a_passphrase_is_an_answer_and_not_a_wait(
    mirrors: Mirrors, remote: Remote, ssh: Signing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dialog").write_text("#!/bin/sh\necho secret\n")
    (tmp_path / "dialog").chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(tmp_path / "dialog"))
    monkeypatch.setenv("DISPLAY", ":0")
    shutil.copy(ssh.key, tmp_path / "locked")
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", str(tmp_path / "locked"))
    locked = Signing.ssh(tmp_path / "locked", ssh.trust)
    await nothing_is_pushed(mirrors(signing=locked), remote, SignatureInvalid, "passphrase")


async def test_a_gpg_key_nobody_has_pushes_nothing(mirrors: Mirrors, remote: Remote, gpg: Signing) -> None:
    absent = Signing.gpg(gpg.trust, "0123456789ABCDEF")
    await nothing_is_pushed(mirrors(signing=absent), remote, SignatureInvalid, "could not be signed")


async def test_a_missing_key_file_is_a_matter_of_settings(mirrors: Mirrors, remote: Remote, ssh: Signing) -> None:
    for broken in (Signing.ssh(Path("/nowhere/key"), ssh.trust), Signing.ssh(Path(ssh.key), Path("/nowhere/list"))):
        await nothing_is_pushed(mirrors(signing=broken), remote, ConfigurationError, "/nowhere")


async def test_without_the_signing_program_nothing_is_signed(
    mirrors: Mirrors, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    await nothing_is_pushed(mirrors(), remote, ConfigurationError, "apt-get install openssh-client")


@pytest.mark.parametrize("message", ["", " \n", "a\0b", "a\x1b[2Jb", "-----BEGIN SSH SIGNATURE-----\nx", "\ud800"])
async def test_a_message_git_could_misread_is_refused(mirror: GitMirror, remote: Remote, message: str) -> None:
    with pytest.raises(FarEndRefused, match="message"):
        await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=message)
    with pytest.raises(FarEndRefused, match="message"):
        await mirror.commit("main", expected=remote.sha("main"), files={"a": b""}, message=message)


def test_a_demo_signer_is_made_once_and_found_again(tmp_path: Path) -> None:
    first = make_demo_signer(tmp_path, IDENTITY)
    key = Path(first.key).read_bytes()
    assert make_demo_signer(tmp_path, IDENTITY) == first
    assert Path(first.key).read_bytes() == key
    assert Path(first.key).stat().st_mode & 0o077 == 0


def test_a_half_made_demo_signer_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    (tmp_path / "ssh" / "key").write_text("half")
    (tmp_path / "making-left").mkdir()
    signer = make_demo_signer(tmp_path, IDENTITY)
    assert "PRIVATE KEY" in Path(signer.key).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["ssh"]


def test_a_gpg_demo_signer_is_found_again_and_leaves_no_agent(
    other_gpg: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = other_gpg.trust
    monkeypatch.setattr("shutil.which", lambda program: None if program == "ssh-keygen" else program)
    assert make_demo_signer(home.parent, IDENTITY) == other_gpg
    asked = subprocess.run(
        ["gpg-connect-agent", "--no-autostart", "--homedir", str(home), "/bye"],
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert b"no gpg-agent running" in asked.stderr
    stop_gpg_agent(home)


def test_without_any_signer_the_advice_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(ConfigurationError, match="apt-get install openssh-client") as refusal:
        make_demo_signer(tmp_path, IDENTITY)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("key", ["", "--output=x", "sopwith@example.org", "0123", "0x0123456789ABCDEF"])
def test_a_gpg_key_is_named_by_its_digits(key: str) -> None:
    with pytest.raises(ConfigurationError):
        Signing.gpg(Path("home"), key)


async def test_a_tag_made_for_one_remote_is_given_to_another(mirrors: Mirrors, remote: Remote, tmp_path: Path) -> None:
    run("git", "init", "-q", "--bare", str(tmp_path / "lane.git"))
    mirror = mirrors()
    lane = mirror.beside(str(tmp_path / "lane.git"), "lane-1a2b")
    tag = await mirror.push_signed_tag("v1.4.0", at=remote.sha("main"), message=MESSAGE)

    assert (await lane.tag("v1.4.0"), await lane.branch("main")) == (None, None)
    await lane.push_tag("v1.4.0", sha=tag.sha)
    assert await lane.tag("v1.4.0") == tag
    assert "good" in (await lane.verify_tag("v1.4.0")).lower()
    with pytest.raises(HeadMoved):
        await lane.push_tag("v1.4.0", sha=tag.sha)
    assert await mirror.branch("main") == remote.sha("main"), "what is read of the first remote is still its own"


async def test_a_tag_nobody_has_cannot_be_given_on(mirrors: Mirrors, tmp_path: Path) -> None:
    run("git", "init", "-q", "--bare", str(tmp_path / "lane.git"))
    lane = mirrors().beside(str(tmp_path / "lane.git"), "lane-1a2b")
    with pytest.raises(FarEndRefused, match="no object"):
        await lane.push_tag("v1.4.0", sha="1" * 40)
    assert await lane.tags() == []
