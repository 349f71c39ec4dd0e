"""Which commits the bot made: kept beside the mirror when they are made.

A commit's addresses say nothing: anybody writes what they like there. A commit the bot no longer knows, since its
mirror was lost, counts as somebody else's, and people are asked.
"""

import os
from pathlib import Path

from sops.kit.errors import FarEndError

_FILE = "made"


class Made:
    """Of the mirror in `home`; several processes may add to it."""

    def __init__(self, home: Path) -> None:
        self._file = home / _FILE
        self._size = -1
        self._known: frozenset[str] = frozenset()

    def note(self, sha: str) -> None:
        """From now on it is known as ours. Raises FarEndError when that cannot be kept."""
        try:
            with self._file.open("ab") as kept:
                kept.write(f"{sha}\n".encode())
                kept.flush()
                os.fsync(kept.fileno())
        except OSError as error:
            raise FarEndError(f"the git mirror cannot be written: {error}") from error

    def holds(self, sha: str) -> bool:
        """Whether the bot made it. Raises FarEndError when nobody can say."""
        try:
            size = self._file.stat().st_size if self._file.exists() else 0
            if size != self._size:
                whole = self._file.read_bytes() if size else b""
                self._known, self._size = frozenset(whole.decode(errors="replace").split()), size
        except OSError as error:
            raise FarEndError(f"the git mirror cannot be read: {error}") from error
        return sha in self._known
