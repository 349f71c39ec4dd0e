"""Socket Mode: the server's end of the web sockets."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.standins.slack.delivery import EVENTS, Delivery, Stirred
from tests.standins.slack.errors import Json
from tests.standins.slack.workspace import Workspace


@dataclass
class Connection:
    """One web socket. A draining one was told to go away; a silent one looks alive and carries nothing."""

    number: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    draining: bool = False
    silent: bool = False
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    gone: bool = False

    def lost(self) -> None:
        self.gone = True
        for event in self.waiting.values():
            event.set()


class Sockets:
    """All connections of the app; each envelope goes to one of them in turn."""

    def __init__(self, workspace: Workspace, base_url: Callable[[], str], ack_within: float, stirred: Stirred) -> None:
        self.workspace = workspace
        self.base_url = base_url
        self.ack_within = ack_within
        self.stirred = stirred
        self.refusing = False
        self.refused = 0
        self.connections: list[Connection] = []
        self._tickets: set[str] = set()
        self._by_envelope: dict[str, Delivery] = {}
        self._turn = 0
        self._opened = 0
        self._changed = asyncio.Condition()

    def new_url(self) -> str:
        ticket = self.workspace.new_id("ws")
        self._tickets.add(ticket)
        return f"{self.base_url().replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self.workspace.app_id}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if self.refusing or ticket not in self._tickets:
            self._tickets.discard(ticket)  # it serves once, also where it did not serve
            self.refused += 1
            self.stirred.stir()
            return web.Response(status=503 if self.refusing else 403)
        socket = web.WebSocketResponse(timeout=0.5)
        await socket.prepare(request)
        self._tickets.discard(ticket)
        self._opened += 1
        connection = Connection(self._opened, socket, request.transport)
        await socket.send_json(self._hello())
        self.connections.append(connection)
        await self._tell()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._received(connection, json.loads(message.data))
        finally:
            self.connections.remove(connection)
            connection.lost()
            await self._tell()
        return socket

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.workspace.app_id},
        }

    def _received(self, connection: Connection, answer: Json) -> None:
        envelope_id = str(answer.get("envelope_id", ""))
        delivery = self._by_envelope.get(envelope_id)
        if delivery is None or connection.silent:
            return
        delivery.ack(answer.get("payload"))
        if envelope_id in connection.waiting:
            connection.waiting.pop(envelope_id).set()
        self.stirred.stir()

    async def connected(self, count: int = 1, *, after: int = 0, within: float = 10) -> None:
        """Wait until `count` usable connections are there that were opened after the connection numbered `after`."""

        def enough() -> bool:
            return sum(connection.number > after for connection in self._usable()) >= count

        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(enough), within)

    @property
    def opened(self) -> int:
        """How many connections there have been so far."""
        return self._opened

    def _usable(self) -> list[Connection]:
        return [connection for connection in self.connections if not connection.draining and not connection.gone]

    async def send(self, delivery: Delivery, retry: tuple[int, str] | None) -> Coroutine[Any, Any, None]:
        connection = await self._next()
        if connection is None:
            delivery.trouble = "no_connection"
            return _nothing()
        envelope_id = self.workspace.new_id("env")
        delivery.envelope_ids.append(envelope_id)
        self._by_envelope[envelope_id] = delivery
        acked = connection.waiting[envelope_id] = asyncio.Event()
        delivery.trouble = "timeout"
        if connection.silent:
            return _nothing()
        connection.sent.append(envelope_id)
        try:
            await connection.socket.send_json(self._envelope(delivery, envelope_id, retry))
        except ConnectionError:
            connection.lost()
        return self._wait(acked)

    async def _wait(self, acked: asyncio.Event) -> None:
        try:
            await asyncio.wait_for(acked.wait(), self.ack_within)
        except TimeoutError:
            return

    async def _next(self) -> Connection | None:
        if not self._usable() and self._tickets and not self.refusing:
            try:
                await self.connected(within=self.ack_within)
            except TimeoutError:
                self._tickets.clear()
        usable = self._usable()
        if not usable:
            return None
        self._turn += 1
        return usable[self._turn % len(usable)]

    def _envelope(self, delivery: Delivery, envelope_id: str, retry: tuple[int, str] | None) -> Json:
        envelope: Json = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != EVENTS,
        }
        if delivery.kind == EVENTS:
            envelope |= {"retry_attempt": retry[0] if retry else 0, "retry_reason": retry[1] if retry else ""}
        return envelope

    async def tell_to_leave(self, reason: str) -> None:
        """`warning`, `refresh_requested` or `link_disabled`; nothing new is sent to those that were told."""
        for connection in self._usable():
            connection.draining = True
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "h"}})

    async def close(self) -> None:
        """With a closing frame."""
        for connection in list(self.connections):
            connection.lost()
            await connection.socket.close()

    def cut(self) -> None:
        """Without one, as when a cable is pulled."""
        for connection in self.connections:
            connection.lost()
            if connection.transport is not None:
                connection.transport.abort()

    def silence(self) -> None:
        """The present connections stay up and answer pings, but nothing comes through any more."""
        for connection in self.connections:
            connection.silent = True

    def refuse(self, refusing: bool) -> None:
        self.refusing = refusing
        if refusing:
            self._tickets.clear()
            self.cut()


async def _nothing() -> None:
    return
