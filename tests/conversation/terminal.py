"""A terminal of its own, into which a test types as a person does, and reads what is shown."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120.0  # seconds; more means that what is waited for does not come
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")


class Terminal:
    """`shown` is everything shown so far, without what moves the cursor."""

    def __init__(self, pid: int, screen: int) -> None:
        self._pid = pid
        self._screen = screen
        self._raw = ""
        self._read = 0

    @property
    def shown(self) -> str:
        return _CONTROL.sub("", self._raw)

    def type(self, line: str, until: str) -> None:
        """Type a line, and wait for what it leads to: an expression found in what is shown from then on."""
        self._read = len(self.shown)
        os.write(self._screen, f"{line}\r".encode())
        self.wait_for(until)

    def wait_for(self, pattern: str) -> None:
        give_up = time.monotonic() + PATIENCE
        while not re.search(pattern, self.shown[self._read :]):
            assert time.monotonic() < give_up, f"{pattern!r} is not shown:\n{self.shown[self._read :]}"
            assert self._more(1.0), f"it ended before {pattern!r} was shown:\n{self.shown[self._read :]}"

    def leave(self) -> int:
        """Press Ctrl-D until the program ends, since it hears that only while it asks for a line; the exit code."""
        give_up = time.monotonic() + PATIENCE
        while self._pressed(b"\x04") and self._more(1.0):
            assert time.monotonic() < give_up, f"it does not end:\n{self.shown[self._read :]}"
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._screen)

    def _pressed(self, key: bytes) -> bool:
        """False if nobody is there any more to hear it."""
        try:
            return os.write(self._screen, key) > 0
        except OSError:
            return False

    def _more(self, seconds: float) -> bool:
        """Take in what is shown, if anything is within that time; False once nothing will be any more."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return True
        try:
            found = os.read(self._screen, 65536)
        except OSError:  # how Linux tells that nobody has the other end open
            return False
        self._raw += found.decode("utf-8", "replace")
        return bool(found)


@contextmanager
def terminal(command: Path, *arguments: str) -> Iterator[Terminal]:
    """A wide one, so that no line is broken."""
    pid, screen = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
        os.execv(command, [command.name, *arguments])  # noqa: S606  # the very program, without a shell between
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 1000, 0, 0))
    opened = Terminal(pid, screen)
    try:
        yield opened
    finally:
        opened.close()
