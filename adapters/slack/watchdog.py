"""A connection that is open, answers pings and brings nothing is opened anew; so is one that cannot be opened.

Slack's own client notices a lost connection and missing pongs; a connection that only lost its events it does not
(slackapi/bolt-python#417). Nothing tells that from a quiet workspace, so after a while without a word there is a new
connection, which costs nothing. And where a first try to connect fails, that client repeats it at the same address for
ever, though an address of Slack's serves once and for half a minute: it is made to ask for another.
"""

import asyncio
import logging
from collections.abc import Callable

from slack_sdk.socket_mode.aiohttp import SocketModeClient

EVERY = 2.0  # seconds between two looks
SILENT = 900.0  # seconds without a word
_log = logging.getLogger(__name__)


class Watchdog:
    """Watches one connection. `elapsed` counts seconds, from whenever."""

    def __init__(self, client: SocketModeClient, elapsed: Callable[[], float]) -> None:
        self._client = client
        self._elapsed = elapsed
        self._heard = elapsed()
        self._tried: str | None = None  # the address at which there was no connection when last looked at
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
        await self._readdress()
        quiet = self._elapsed() - self._heard
        if quiet < SILENT:
            return False
        _log.warning("Slack was silent for %d s; connecting anew", quiet)
        self._heard = self._elapsed()
        await self._client.connect_to_new_endpoint(force=True)
        return True

    async def _readdress(self) -> None:
        """While there is no connection no address is tried from one look to the next but one."""
        address = None if await self._client.is_connected() else self._client.wss_uri
        if address is not None and address == self._tried:
            _log.warning("Slack cannot be reached at the address it gave; asking for another")
            self._client.wss_uri = None  # the client asks for one where it has none
        self._tried = self._client.wss_uri if address is not None else None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except Exception as problem:  # noqa: BLE001  # whatever it is, nobody else would look again
                _log.warning("Slack could not be asked for a new connection: %s", type(problem).__name__)

    async def _hear(self, *_: object) -> None:
        self._heard = self._elapsed()
