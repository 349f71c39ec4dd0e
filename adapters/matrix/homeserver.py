"""One account on one homeserver: requests of the client API, through matrix-nio's connection.

nio's own methods are not used: they repeat a refused request for ever, put the token into the address (where proxies
log it), and keep a picture of each room that is wrong after a restart and for room version 12.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from nio import AsyncClient, AsyncClientConfig

from adapters.matrix.answers import parsed
from adapters.matrix.errors import NotThere, speaking, translated

Json = dict[str, Any]

CLIENT = "/_matrix/client/v3"
MEDIA = "/_matrix/media/v3"
_PATIENCE = 15.0  # seconds an answer may take, beyond what a sync was told to wait


class Homeserver:
    """Asks and tells as the bot; without a token as nobody, who can only log in.

    Every method raises from `sops.kit.errors`.
    """

    def __init__(self, url: str, user: str, token: str, device: str = "") -> None:
        self.user = user
        self._token = token
        config = AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0)
        self._client = AsyncClient(url.rstrip("/"), user, device, config=config)

    async def close(self) -> None:
        await self._client.close()

    async def get(self, *path: str, wait: float = 0.0, **query: str) -> Json:
        """A question. `wait` is how many seconds the homeserver may take before it has something to say."""
        return await self._ask("GET", CLIENT, path, query=query, wait=wait)

    async def put(self, *path: str, body: Mapping[str, Any]) -> Json:
        return await self._ask("PUT", CLIENT, path, body=json.dumps(body).encode())

    async def post(self, *path: str, body: Mapping[str, Any]) -> Json:
        return await self._ask("POST", CLIENT, path, body=json.dumps(body).encode())

    async def upload(self, name: str, content: bytes, kind: str) -> str:
        """Keep a file; returns its address (mxc://…)."""
        found = await self._ask("POST", MEDIA, ("upload",), query={"filename": name}, body=content, kind=kind)
        return str(found["content_uri"])

    async def state(self, room: str, kind: str) -> Json | None:
        """What holds of a room, None where nothing of that kind does. Refused where the bot is not in it."""
        try:
            return await self.get("rooms", room, "state", kind, "")
        except NotThere:
            return None

    async def event(self, room: str, event: str) -> Json | None:
        """One event of a room, None where the bot cannot see it."""
        try:
            return await self.get("rooms", room, "event", event)
        except NotThere:
            return None

    async def _ask(
        self,
        method: str,
        base: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        kind: str = "application/json",
        wait: float = 0.0,
    ) -> Json:
        address = "/".join((base, *(quote(part, safe="") for part in path)))
        asked = f"{address}?{urlencode(query)}" if query else address
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
        writes = method != "GET"
        async with speaking(writes=writes):
            answer = await self._client.send(method, asked, body, headers, timeout=_PATIENCE + wait)
            async with answer:
                content = await answer.read()
        if answer.status >= 400:
            raise translated(answer.status, _perhaps(content), answer.headers, writes=writes)
        async with speaking(writes=writes):
            found = parsed(content)
            if not isinstance(found, dict):
                raise ValueError("no object")
        return found


def _perhaps(content: bytes) -> object:
    try:
        return parsed(content)
    except ValueError:  # a proxy's page
        return None
