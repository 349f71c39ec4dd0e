"""A file that only ever grows, a line for each seal."""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from sops.kit.errors import ConfigurationError, FarEndError
from sops.kit.sealed import read_line, seal_line
from sops.kit.stores import Seal

_NEWEST = 100  # lines among which the last whole one is


class SealFile:
    """See `sops.kit.ports.SealsOutside`. The file is made where it is missing, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def last(self) -> Seal | None:
        return await asyncio.to_thread(self._last)

    async def keep(self, seals: Sequence[tuple[Seal, str]]) -> None:
        await asyncio.to_thread(self._append, "".join(f"{seal_line(*each)}\n" for each in seals))

    def check(self) -> None:
        """Raises ConfigurationError where nothing can be added to the file."""
        try:
            self._append("")
        except FarEndError as problem:
            raise ConfigurationError(f"record.seals: {problem}") from problem

    def _append(self, text: str) -> None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                if text and _torn(file):
                    text = f"\n{text}"
                _write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as problem:
            raise FarEndError(f"{self._path} cannot be written: {problem.strerror}") from problem

    def _last(self) -> Seal | None:
        """The last line that is a seal; one that a crash left half written is stepped over."""
        try:
            with self._path.open(encoding="utf-8", errors="replace") as file:
                lines = deque(file, _NEWEST)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise FarEndError(f"{self._path} cannot be read: {problem.strerror}") from problem
        return next((found[0] for line in reversed(lines) if (found := read_line(line)) is not None), None)


def _torn(file: int) -> bool:
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
