"""A real bare repository to act on, looked at by plain git and not through the adapter under test."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME, EMAIL = IDENTITY = ("Sopwith", "sopwith@example.org")
APRIL = datetime(2026, 4, 20, 9, 30, tzinfo=UTC)

CRLF = b"first\r\nsecond\r\n"
BOM = b"\xef\xbb\xbfname = widget\n"
BINARY = bytes(range(256)) * 3
FILES = {
    "VERSION": b"1.3.0\n",
    "src/main.c": b"int main(void) { return 0; }\n",
    "src/deep/er/table.bin": BINARY,
    "docs/windows.txt": CRLF,
    "docs/bom.ini": BOM,
}


@dataclass
class FixedClock:
    at: datetime = APRIL

    def now(self) -> datetime:
        return self.at


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Plain git, away from the configuration of whoever runs the tests; its standard output."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=stdin, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def run(*command: str) -> None:
    """Any other program, which must succeed."""
    subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True)


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _PERSON.items()}
    return {**clean, **who, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


_PERSON = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": "2026-04-01T08:00:00Z"}


@dataclass(frozen=True)
class Remote:
    """The repository at the far end."""

    path: Path

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def sha(self, revision: str) -> str:
        return git(self.path, "rev-parse", "--verify", revision).decode().strip()

    def refs(self) -> dict[str, str]:
        lines = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split(" ") for line in lines)

    def blob(self, revision: str, path: str) -> bytes:
        return git(self.path, "cat-file", "blob", f"{revision}:{path}")

    def tree(self, revision: str) -> dict[str, str]:
        """Path to "mode sha" of every file."""
        entries = git(self.path, "ls-tree", "-r", "-z", "--full-tree", revision).decode().split("\0")
        fields = [entry.split("\t") for entry in entries if entry]
        return {path: f"{what.split()[0]} {what.split()[2]}" for what, path in fields}

    def add_commit(self, branch: str, subject: str) -> str:
        """Somebody else's commit on `branch`, with the tree unchanged."""
        parent = self.sha(branch)
        made = git(self.path, "commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", subject).decode().strip()
        git(self.path, "update-ref", f"refs/heads/{branch}", made)
        return made

    def hook(self, name: str, script: str) -> None:
        file = self.path / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


def make_remote(folder: Path) -> Remote:
    """A bare repository with `main` and `develop` on one commit: the files above, a script, a link."""
    work, bare = folder / "work", folder / "remote.git"
    git(folder, "init", "-q", "-b", "main", str(work))
    for path, content in FILES.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    (work / "run.sh").write_bytes(b"#!/bin/sh\necho old\n")
    (work / "run.sh").chmod(0o755)
    (work / "latest").symlink_to("VERSION")
    git(work, "-c", "core.autocrlf=false", "add", "-A")
    git(work, "commit", "-q", "-m", "The first\nof many\n\nWith a body.")
    git(work, "branch", "develop")
    git(folder, "clone", "-q", "--bare", "--template=", str(work), str(bare))
    return Remote(bare)
