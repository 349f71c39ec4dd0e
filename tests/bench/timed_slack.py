"""A bot in Slack that notes how long its acks take: `python -m tests.bench.timed_slack DESCRIPTOR`."""

import json
import os
import socket
import time
from pathlib import Path

from slack_sdk.socket_mode.aiohttp import SocketModeClient

from tests.chaos.bot_process import bear
from tests.chaos.slack_process import serve

#: The variable that names the file for the seconds from each command read to its ack written.
ACKS = "ACKS_OF_THE_BENCH"


class Watch:
    """Stands beside Slack's own client, and looks at the clock when an envelope comes and when its ack has gone."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self._read: dict[str, float] = {}
        self._enqueue, self._send = SocketModeClient.enqueue_message, SocketModeClient.send_message

    def attach(self) -> None:
        async def enqueue(client: SocketModeClient, message: str) -> None:
            read = json.loads(message)
            if "!note" in message and "bot_id" not in message:
                self._read[read["envelope_id"]] = time.perf_counter()
            await self._enqueue(client, message)

        async def send(client: SocketModeClient, message: str) -> None:
            await self._send(client, message)
            begun = self._read.pop(json.loads(message).get("envelope_id", ""), None)
            if begun is not None:
                self.took.append(time.perf_counter() - begun)

        SocketModeClient.enqueue_message, SocketModeClient.send_message = enqueue, send


async def _serve(end: socket.socket) -> None:
    watch = Watch()
    watch.attach()
    await serve(end)
    Path(os.environ[ACKS]).write_text(json.dumps(watch.took))  # noqa: ASYNC240  # nobody waits any more


if __name__ == "__main__":
    bear(_serve)
