"""A connection that is open, answers pings and brings nothing is opened anew.

Slack's own client notices a lost connection and missing pongs; a connection that only lost its events it does not
(slackapi/bolt-python#417). Nothing tells that from a quiet workspace, so after a while without a word there is a new
connection, which costs nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient

EVERY = 60.0  # seconds between two looks
SILENT = 900.0  # seconds without a word
_log = logging.getLogger(__name__)


class Watchdog:
    """Watches one connection. `elapsed` counts seconds, from whenever."""

    def __init__(self, client: SocketModeClient, elapsed: Callable[[], float]) -> None:
        self._client = client
        self._elapsed = elapsed
        self._heard = elapsed()
        self._watching: asyncio.Task[None] | None = None
        client.on_message_listeners.append(self._hear)

    def start(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def look(self) -> bool:
        """Open the connection anew if nothing was heard for too long; whether it did."""
        quiet = self._elapsed() - self._heard
        if quiet < SILENT:
            return False
        _log.warning("Slack was silent for %d s; connecting anew", quiet)
        self._heard = self._elapsed()
        await self._client.connect_to_new_endpoint(force=True)
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            with suppress(SlackClientError, OSError, TimeoutError):
                await self.look()

    async def _hear(self, *_: object) -> None:
        self._heard = self._elapsed()
