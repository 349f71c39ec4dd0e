"""One uvicorn server on 127.0.0.1 in a thread of its own, whose connections the sandbox can break."""

import asyncio
import socket
import threading
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from sops.kit.errors import ConfigurationError

_START_SECONDS = 10.0


class HttpServer:
    """`start` returns when the port answers; `stop` when the thread has ended."""

    def __init__(self) -> None:
        # With the protocol named, asyncio turns Nagle's algorithm off; else every answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = Connections()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            cast("Any", app),  # uvicorn and starlette spell the same protocol differently
            http=self.connections.protocol(),
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            date_header=False,
            timeout_keep_alive=3600,
        )
        self._server = _Server(config, self.connections)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            raise ConfigurationError("the sandbox's server did not start; is 127.0.0.1 usable?")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.halt()
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        server = self._server
        if server is not None:
            asyncio.run(server.serve(sockets=[self._socket]))


class Connections:
    """The open connections by their client's address, which is all that an ASGI scope says of one."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def drop(self, client: tuple[str, int] | None) -> None:
        """Break it off, without a closing word."""
        transport = self._open.get(client) if client is not None else None
        if transport is not None:
            transport.abort()

    def drop_all(self) -> None:
        for transport in tuple(self._open.values()):
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's protocol, remembering its transport here."""
        opened = self._open

        class Remembering(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
                super().connection_made(transport)
                opened[cast("Any", self.client)] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(cast("Any", self.client), None)
                super().connection_lost(exc)

        return Remembering


class _Server(uvicorn.Server):
    """Says when it is ready, and ends on an event instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._halted: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._loop, self._halted = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._halted.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything at once: idle connections and requests that are never answered are nobody's loss here."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        self._connections.drop_all()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets the closed transports say goodbye before the loop ends

    def halt(self) -> None:
        if self._loop is not None and self._halted is not None:
            self._loop.call_soon_threadsafe(self._halted.set)
