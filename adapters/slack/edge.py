"""The door of HTTP mode: a request is bounded, then verified, and only then read.

Whoever knows the address may knock. So the signature of Slack's own rule (v0, HMAC-SHA256 over time and body, five
minutes) is looked at before anything in the body is understood, a body has a size and a time in which it must be
there, and no more of them are read at once than Slack would send. Bolt's own reading of a body is not used: a command
whose text holds the word “payload” comes out of it as nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier

from adapters.slack.events import MALFORMED, Payload

_FIELDS = 100  # of a form; a command has thirteen


@dataclass(frozen=True)
class Bounds:
    """What one who is not Slack cannot exceed.

    `body_bytes`: far above the largest form. `body_seconds`: as long as Slack itself waits for an answer.
    `idle_seconds`: for a connection that asks nothing. `bodies`: read at once.
    """

    body_bytes: int = 1024 * 1024
    body_seconds: float = 3.0
    idle_seconds: float = 30.0
    bodies: int = 64


class _Now(Clock):
    """The time signatures are held against."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now().timestamp()


class Edge:
    """Listens for one app. `journal` takes what is signed; `unreadable` counts what is signed and makes no sense."""

    def __init__(
        self,
        journal: Callable[[Payload], Awaitable[BoltResponse]],
        signing_secret: str,
        unreadable: Callable[[Exception], Awaitable[None]],
        now: Callable[[], datetime],
        bounds: Bounds,
    ) -> None:
        self._journal = journal
        self._verifier = SignatureVerifier(signing_secret, _Now(now))
        self._unreadable = unreadable
        self._bounds = bounds
        self._reading = 0
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int, path: str) -> int:
        """Serve; returns the port."""
        application = web.Application(client_max_size=self._bounds.body_bytes)
        application.router.add_post(path, self._answer)
        # What is compressed stays so: Slack compresses nothing, and a signature is over what was sent.
        self._runner = web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._bounds.idle_seconds,
            lingering_time=0,
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if self._reading >= self._bounds.bodies:
            return _closing(503)
        self._reading += 1
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                body = await request.read()
        except TimeoutError:
            return _closing(408)
        except web.HTTPRequestEntityTooLarge:
            return _closing(413)
        finally:
            self._reading -= 1
        if not self._signed(body, request):
            return _closing(401)
        try:
            told = _read(body.decode(), request.content_type)
        except MALFORMED as problem:
            await self._unreadable(problem)
            return _closing(400)
        return await to_aiohttp_response(await self._journal(told))

    def _signed(self, body: bytes, request: web.Request) -> bool:
        """A time that is none, a signature or a body that is no text: the verifier raises at them."""
        try:
            return self._verifier.is_valid_request(body, request.headers)
        except (ValueError, TypeError, OverflowError):
            return False


def _read(body: str, kind: str) -> Payload:
    """Events are JSON, commands a form, everything else a form with JSON in it. Raises one of `MALFORMED`."""
    if kind == "application/json":
        told = json.loads(body)
    else:
        form = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_FIELDS))
        told = json.loads(form["payload"]) if "payload" in form else form
    if not isinstance(told, dict):
        raise TypeError("not an object")
    return told


def _closing(status: int) -> web.Response:
    """Nobody is told why, and nothing more is read from there."""
    answer = web.Response(status=status)
    answer.force_close()
    return answer
