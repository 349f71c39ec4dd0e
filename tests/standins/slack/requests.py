"""A request as the bot sent it, whatever it was wrapped in."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.standins.slack.errors import Json

_AS_JSON = {"blocks", "attachments", "metadata", "view", "files"}


@dataclass
class Call:
    """One request: what was asked, when by Slack's clock, and what became of it (`answer` None: never answered)."""

    method: str
    params: Json
    at: datetime
    token: str = ""
    answer: Json | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return bool(self.answer and self.answer.get("ok"))


async def parameters(request: web.Request) -> Json:
    """Query string, form and JSON body alike; JSON inside a form field is opened."""
    params: Json = dict(request.query)
    body = await request.text()
    if request.content_type == "application/json":
        given = json.loads(body) if body else {}
        params |= given if isinstance(given, dict) else {}
    elif body:
        params |= dict(parse_qsl(body, keep_blank_values=True))
    return {name: _opened(name, value) for name, value in params.items()}


def _opened(name: str, value: Any) -> Any:
    if name not in _AS_JSON or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def bearer(request: web.Request, params: Json) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else str(params.pop("token", ""))


def flag(params: Json, name: str) -> bool:
    return str(params.get(name, "")).lower() in ("1", "true")
