"""A stretch of road between a client and its server: it carries requests over, counts them, and may fail instead."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiohttp import web


class Between:
    """`fail` decides how requests end from now on; without a status they are carried over to `target`."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.requests: list[str] = []
        self._target = target
        self._failing: tuple[int, bytes, dict[str, str]] | None = None
        self._only = ""
        self._times = 0
        self._loses_answer = False
        self._client = httpx.AsyncClient(timeout=60)

    def fail(
        self,
        status: int,
        body: Mapping[str, Any] | str = "",
        *,
        only: str = "",
        times: int = 10_000,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer like this instead, the next `times` that the path holds `only`."""
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self._failing, self._only, self._times = (status, content, dict(headers or {})), only, times
        self._loses_answer = False

    def lose_answers(self, *, only: str, times: int) -> None:
        """Carry over, and close the connection before the answer comes back."""
        self._only, self._times, self._loses_answer, self._failing = only, times, True, None

    def mend(self) -> None:
        self._failing, self._times, self._loses_answer = None, 0, False

    def count(self, words: str = "") -> int:
        return sum(words in request for request in self.requests)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Between"]:
        server = web.Application(client_max_size=60 * 1024 * 1024)
        server.router.add_route("*", "/{path:.*}", self._carry)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()
            await self._client.aclose()

    async def _carry(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.path}")
        meant = self._only in request.path and self._times > 0
        self._times -= meant
        if meant and self._failing is not None:
            status, content, headers = self._failing
            return web.Response(status=status, body=content, headers=headers)
        answer = await self._client.request(
            request.method,
            f"{self._target}{request.rel_url.raw_path_qs}",
            content=await request.read(),
            headers={
                name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers
            },
        )
        if meant and self._loses_answer and request.transport is not None:
            request.transport.abort()
        return web.Response(
            status=answer.status_code, body=answer.content, headers={"Content-Type": answer.headers["Content-Type"]}
        )
