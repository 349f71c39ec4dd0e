"""A homeserver with rooms of a hundred thousand events, made as they are asked for; it speaks as much as a gap needs.

`sync` tells what is new since its token; a room of which it would tell too much is `limited` and told by its newest.
`messages` reads forwards. Events are numbered by room; a page's token is the number it begins with.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MOST = 100  # events at once
SAID_AT = 1_776_672_000_000


@dataclass
class Room:
    """`said` makes the text of a number; whatever is below `length` was said. `told` by syncs up to that."""

    length: int
    said: Callable[[int], str]
    told: int = 0
    asked: list[int] = field(default_factory=list)
    refused: bool = False
    hangs: asyncio.Event | None = None


class LongHistory:
    def __init__(self) -> None:
        self.url = ""
        self.rooms: dict[str, Room] = {}
        self._stirred = asyncio.Event()
        self._syncs = 0

    def event(self, room: str, number: int) -> dict[str, Any]:
        said = {"msgtype": "m.text", "body": self.rooms[room].said(number)}
        sender, at = "@ann:example.org", SAID_AT + number
        return {
            "type": "m.room.message",
            "event_id": f"${number}",
            "sender": sender,
            "content": said,
            "origin_server_ts": at,
        }

    def say(self, room: str, text: str) -> None:
        """One more, which the next sync tells."""
        there = self.rooms[room]
        before, last = there.said, there.length
        there.said = lambda number: text if number == last else before(number)
        there.length += 1
        self._stirred.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["LongHistory"]:
        server = web.Application()
        server.router.add_get("/_matrix/client/v3/sync", self._sync)
        server.router.add_get("/_matrix/client/v3/rooms/{room}/messages", self._messages)
        server.router.add_get("/_matrix/client/v3/rooms/{room}/state/{kind}/", self._nothing)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _sync(self, request: web.Request) -> web.Response:
        if int(request.query["timeout"]) and all(room.told == room.length for room in self.rooms.values()):
            self._stirred.clear()
            await self._stirred.wait()
        joined: dict[str, Any] = {}
        for name, room in self.rooms.items():
            first = max(room.told, room.length - MOST)
            if room.told < room.length:
                events = [self.event(name, number) for number in range(first, room.length)]
                joined[name] = {"timeline": {"events": events, "limited": first > room.told, "prev_batch": str(first)}}
            if "since" in request.query:
                room.told = room.length
        self._syncs += 1
        return web.json_response({"next_batch": f"s{self._syncs}", "rooms": {"join": joined}})

    async def _messages(self, request: web.Request) -> web.Response:
        room, start = self.rooms[request.match_info["room"]], request.query["from"]
        assert request.query["dir"] == "f"
        first = 0 if start.startswith("s") else int(start)
        room.asked.append(first)
        if room.hangs is not None:
            await room.hangs.wait()
        if room.refused:
            return web.json_response({"errcode": "M_FORBIDDEN", "error": "?"}, status=403)
        last = min(first + int(request.query["limit"]), room.length)
        chunk = [self.event(request.match_info["room"], number) for number in range(first, last)]
        return web.Response(text=json.dumps({"chunk": chunk, "start": start, **({"end": str(last)} if chunk else {})}))

    async def _nothing(self, _: web.Request) -> web.Response:
        return web.json_response({"errcode": "M_NOT_FOUND", "error": "?"}, status=404)
