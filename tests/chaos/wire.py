"""JSON lines between the stage and a bot in a process of its own. One side speaks at a time."""

import json
import socket
from typing import Any

SECONDS = 120.0  # of silence, after which the other side is held to hang

Message = dict[str, Any]


class Wire:
    """One end of a socket pair."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(SECONDS)
        self._end = end
        self._file = end.makefile("rwb")

    def send(self, message: Message) -> None:
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()

    def receive(self) -> Message:
        """Raises EOFError when the other side is gone."""
        line = self._file.readline()
        if not line:
            raise EOFError
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        self._file.close()
        self._end.close()
