"""Seals are signed, and their signatures verified, by OpenSSH itself (`ssh-keygen -Y`)."""

import asyncio
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from adapters.reach.children import inherited
from sops.kit.errors import ConfigurationError, SignatureInvalid
from sops.kit.sealed import NAMESPACE

_SECONDS = 20
_PROGRAM = "ssh-keygen"


class SshSealSigner:
    """See `sops.kit.ports.SealSigner`. `key` is a private key without passphrase, or a public one the agent has."""

    def __init__(self, key: Path) -> None:
        self._key = key

    async def sign(self, text: str) -> str:
        return await asyncio.to_thread(self._sign, text)

    def _sign(self, text: str) -> str:
        command = ["-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(self._key)]
        return _run(command, text)


def verified(text: str, signature: str, signers: Path, at: datetime) -> str:
    """Who signed that text: the name by which the allowed signers know a key that counted at that instant.

    Raises SignatureInvalid if no such key did. Blocks for a moment.
    """
    when = at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    with tempfile.TemporaryDirectory(prefix="sopwith-seal-") as scratch:
        file = Path(scratch, "signature")
        file.write_text(signature, encoding="utf-8", errors="replace")
        known = ["-s", str(file), "-f", str(signers), "-O", f"verify-time={when}"]
        who = _run(["-Y", "find-principals", *known], "").splitlines()
        if not who:
            raise SignatureInvalid("nobody who may sign made this signature")
        _run(["-Y", "verify", "-n", NAMESPACE, "-I", who[0], *known], text)
        return who[0]


def _run(arguments: list[str], given: str) -> str:
    """Raises SignatureInvalid with what the program says, ConfigurationError where it cannot be run."""
    try:
        done = subprocess.run(
            [_PROGRAM, *arguments],
            input=given.encode(),
            capture_output=True,
            env={**inherited(), "TZ": "UTC", "SSH_ASKPASS": "false", "SSH_ASKPASS_REQUIRE": "force"},
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ConfigurationError(f"{_PROGRAM} could not be run: {problem}") from problem
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise SignatureInvalid(said[-1] if said else f"{_PROGRAM} says no")
    return done.stdout.decode(errors="replace")
