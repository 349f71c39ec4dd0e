"""Waiting for one git process: not longer, and for not more, than it is allowed."""

import os
import selectors
import signal
from contextlib import suppress
from dataclasses import dataclass
from subprocess import Popen, TimeoutExpired

from adapters.reach.deadline import Deadline, current
from sops.kit.errors import FarEndRefused

_CHUNK = 65536


@dataclass(frozen=True)
class Ended:
    """What a process left; a negative code is the signal that ended it."""

    code: int
    out: bytes
    err: bytes


def ended(process: "Popen[bytes]", seconds: float, most: int) -> Ended:
    """The process's answer. After `seconds`, or when the call's own time is over, its whole group is killed.

    It must lead a group of its own, and have both its outputs as pipes. Raises FarEndRefused for more than `most`
    bytes.
    """
    deadline = Deadline(min(seconds, current().remaining))

    def kill() -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)

    out, err = bytearray(), bytearray()
    try:
        with current().holding(kill):
            _read(process, deadline, most, out, err)
            with suppress(TimeoutExpired):
                process.wait(deadline.remaining)
    finally:
        if process.poll() is None:
            kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return Ended(process.returncode, bytes(out), bytes(err))


def _read(process: "Popen[bytes]", deadline: Deadline, most: int, out: bytearray, err: bytearray) -> None:
    """Both outputs, until both have ended or the time is over."""
    with selectors.DefaultSelector() as waiting:
        for stream, into in ((process.stdout, out), (process.stderr, err)):
            if stream is not None:
                waiting.register(stream, selectors.EVENT_READ, into)
        while waiting.get_map() and not deadline.over:
            for key, _ in waiting.select(deadline.remaining):
                read = os.read(key.fd, _CHUNK)
                key.data.extend(read)
                if not read:
                    waiting.unregister(key.fileobj)
            if len(out) + len(err) > most:
                raise FarEndRefused(f"git's answer is larger than the {most} bytes allowed here")
