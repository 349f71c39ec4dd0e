"""Who signs the tags, and whose signatures count.

`gpg`: every key in the key ring of `home` counts, so that folder holds the release keys and no others.
`ssh`: every line of the allowed-signers file counts. The other format's program is disabled in each mode, so
that a tag signed in it never verifies against keys of the machine's user.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adapters.git.refs import checked_identity
from adapters.reach.children import inherited
from sops.kit.errors import ConfigurationError
from sops.kit.patterns import Pattern
from sops.kit.sealed import NAMESPACE

_KEY_ID = Pattern(r"[0-9A-Fa-f]{16,40}")
_SETUP_SECONDS = 60
_MAKING = "making-"
_REFUSES = "false"  # the POSIX program: whoever calls it is told no


@dataclass(frozen=True)
class Signing:
    """How tags are signed and verified. Use `Signing.gpg` or `Signing.ssh`.

    `key` is a GPG key id (16 digits or the fingerprint), or the path of an SSH private key without passphrase.
    `trust` is the GPG home, or the allowed-signers file.
    """

    mode: Literal["gpg", "ssh"]
    key: str
    trust: Path

    @classmethod
    def gpg(cls, home: Path, key: str) -> "Signing":
        if not _KEY_ID.fullmatch(key):
            raise ConfigurationError("the GPG key must be given by its fingerprint or 16-digit id")
        return cls("gpg", key, home.absolute())

    @classmethod
    def ssh(cls, key: Path, allowed_signers: Path) -> "Signing":
        return cls("ssh", str(key.absolute()), allowed_signers.absolute())

    def config(self) -> Sequence[tuple[str, str]]:
        """The git settings of this mode."""
        shared = [("user.signingkey", self.key), ("gpg.x509.program", _REFUSES)]
        if self.mode == "gpg":
            return [*shared, ("gpg.format", "openpgp"), ("gpg.ssh.program", _REFUSES)]
        return [
            *shared,
            ("gpg.format", "ssh"),
            ("gpg.program", _REFUSES),
            ("gpg.ssh.allowedSignersFile", str(self.trust)),
        ]

    def environment(self) -> Mapping[str, str]:
        """No signer may ask a person: a question nobody sees would only run into the time limit."""
        if self.mode == "gpg":
            return {"GNUPGHOME": str(self.trust)}
        return {"SSH_ASKPASS": _REFUSES, "SSH_ASKPASS_REQUIRE": "force"}

    def check(self) -> None:
        """Raises ConfigurationError when a program or file this mode needs is not there."""
        program = {"gpg": "gpg", "ssh": "ssh-keygen"}[self.mode]
        if shutil.which(program) is None:
            raise ConfigurationError(f"{program} is needed for signed tags; {_ADVICE[program]}")
        if not self.trust.exists():
            raise ConfigurationError(f"signatures cannot be checked: {self.trust} does not exist")

    def check_key(self) -> None:
        """`check`, and the key to sign with is there (GPG itself says so for its keys)."""
        self.check()
        if self.mode == "ssh" and not Path(self.key).is_file():
            raise ConfigurationError(f"tags cannot be signed: the SSH key {self.key} does not exist")


_ADVICE = {
    "gpg": "install it, e.g. apt-get install gnupg",
    "ssh-keygen": "install it, e.g. apt-get install openssh-client",
}


def make_demo_signer(home: Path, identity: tuple[str, str]) -> Signing:
    """A throw-away key in `home`, made once and found again later. Blocks for a moment.

    An SSH key, or a GPG key where ssh-keygen is missing; raises ConfigurationError when both are.
    """
    checked_identity(identity)
    home.mkdir(parents=True, exist_ok=True)
    for half in home.glob(f"{_MAKING}*"):
        shutil.rmtree(half, ignore_errors=True)
    if (home / "ssh" / "allowed_signers").is_file() and shutil.which("ssh-keygen"):
        return _demo_ssh(home / "ssh")
    if shutil.which("ssh-keygen"):
        return _make_demo_ssh(home / "ssh", identity)
    if shutil.which("gpg"):
        return _make_demo_gpg(home / "gnupg", identity)
    raise ConfigurationError(
        "tags must be signed and there is no signer; install one, e.g. apt-get install openssh-client"
    )


def stop_gpg_agent(home: Path) -> None:
    """End the agent gpg leaves running for the key ring in `home`."""
    _run(["gpgconf", "--homedir", str(home), "--kill", "all"])


def _demo_ssh(folder: Path) -> Signing:
    return Signing.ssh(folder / "key", folder / "allowed_signers")


def _make_demo_ssh(folder: Path, identity: tuple[str, str]) -> Signing:
    email = identity[1]
    with tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder.parent) as scratch:
        made = Path(scratch, "ssh")
        made.mkdir(mode=0o700)
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", email, "-f", str(made / "key")])
        public = " ".join((made / "key.pub").read_text().split()[:2])
        (made / "allowed_signers").write_text(f'"{email}" namespaces="git,{NAMESPACE}" {public}\n')
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return _demo_ssh(folder)


def _make_demo_gpg(folder: Path, identity: tuple[str, str]) -> Signing:
    name, email = identity
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        keys = _secret_fingerprints(folder)
        if not keys:
            who = f"{name} <{email}>"
            _run([*_gpg(folder), "--passphrase", "", "--quick-gen-key", who, "ed25519", "sign", "1y"])
            keys = _secret_fingerprints(folder)
    finally:
        stop_gpg_agent(folder)
    return Signing.gpg(folder, keys[0])


def _secret_fingerprints(folder: Path) -> list[str]:
    listing = _run([*_gpg(folder), "--with-colons", "--list-secret-keys"])
    return [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")]


def _gpg(folder: Path) -> list[str]:
    return ["gpg", "--homedir", str(folder), "--batch", "--no-tty", "--pinentry-mode", "loopback"]


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=inherited(),
            timeout=_SETUP_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"{command[0]} could not be run: {error}") from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip()
        raise ConfigurationError(f"{command[0]} failed: {reason}")
    return done.stdout.decode(errors="replace")
