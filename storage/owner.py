"""One process to a SQLite file: the second is refused, and told of the first.

The system lets go of the lock when its process ends, however it ends; what the file beside the database says is only
for people.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sops.kit.errors import ConfigurationError
from storage.engine import parse

_LONGEST = 500


@contextmanager
def owned(url: str) -> Iterator[None]:
    """This process alone has the database at `url`; PostgreSQL has room for several.

    Raises ConfigurationError where another process has it, it cannot be locked, or `url` names no database we know.
    """
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite":
        yield
        return
    lock = _locked(Path(f"{parsed.database}.lock"))
    try:
        yield
    finally:
        os.close(lock)  # the file stays: somebody else may hold it already


def _locked(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise ConfigurationError(f"storage.url: {path} cannot be written: {problem.strerror}") from problem
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
    except BlockingIOError as taken:
        first = os.pread(file, _LONGEST, 0).decode(errors="replace").strip() or "another process"
        os.close(file)
        raise ConfigurationError(
            f"storage.url: {path.with_suffix('')} is in use by {first}; one SQLite file serves one bot. End that one "
            "first, or use PostgreSQL, which serves several."
        ) from taken
    except OSError as problem:
        os.close(file)
        raise ConfigurationError(f"storage.url: {path} cannot be locked: {problem.strerror}") from problem
    return file
