"""What a handler gets and gives, before and after HTTP: a call, a reply, pages, and fields of a body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from adapters.sandbox.core import Core
from adapters.sandbox.people import Person
from adapters.sandbox.project import FULL_NAME
from adapters.sandbox.refusal import Refusal, invalid, not_found
from sops.kit.patterns import Pattern

Json = dict[str, Any]
HOST = "https://forge.example"
WEB = f"{HOST}/{FULL_NAME}"
_MAX_PAGE = 100
_ID, _COUNT = Pattern(r"[0-9]{1,12}"), Pattern(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Call:
    """One request. `params` are the route's, `url` the address asked for without its query."""

    method: str
    url: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    body: Json
    by: Person

    def number(self, name: str) -> int:
        """A numeric part of the path; anything else does not exist."""
        text = self.params[name]
        if not _ID.fullmatch(text):
            raise not_found()
        return int(text)


@dataclass(frozen=True)
class Reply:
    """`body` is JSON data, or bytes sent as they are under `media_type`."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"


Handler = Callable[[Core, Call], Reply]


@dataclass(frozen=True)
class Route:
    """`path` is spelled as in GitHub's description; `deep` parameters may contain slashes."""

    method: str
    path: str
    handler: Handler
    deep: frozenset[str] = frozenset()


def ok(body: Any) -> Reply:
    return Reply(200, body)


def page(call: Call, items: Sequence[Any], shape: Callable[[Any], Any], wrap: str = "") -> Reply:
    """One page of `items`, with the Link header; `wrap` names the list where the forge puts it in an object."""
    size = min(max(_whole(call, "per_page", 30), 1), _MAX_PAGE)
    number = max(_whole(call, "page", 1), 1)
    last = max(1, -(-len(items) // size))
    shown = [shape(item) for item in items[(number - 1) * size : number * size]]
    body = {"total_count": len(items), wrap: shown} if wrap else shown
    return Reply(200, body, _link_header(call, number, last))


def text(body: Json, name: str, resource: str) -> str:
    """A field that must be there and be text."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(resource, name, "missing_field" if value is None else "invalid")
    return value


def optional_text(body: Json, name: str, resource: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(resource, name)
    return value


def texts(body: Json, name: str, resource: str) -> list[str]:
    """A list of words (or, as labels may be given, of objects with a name); none when it is not there."""
    value = body.get(name) or []
    if not isinstance(value, list):
        raise invalid(resource, name)
    words: list[Any] = [item.get("name") if isinstance(item, dict) else item for item in value]
    if not all(isinstance(word, str) for word in words):
        raise invalid(resource, name)
    return words


def flag(body: Json, name: str, default: bool = False) -> bool:
    return bool(body.get(name, default))


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def instant(value: str) -> datetime:
    """An ISO 8601 instant from a query; raises Refusal 422."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError as wrong:
        raise Refusal(422, f"“{value}” is not an ISO 8601 instant") from wrong


def repository_url(core: Core) -> str:
    return f"{core.api_url}/repos/{FULL_NAME}"


def _whole(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, "")
    return int(value) if _COUNT.fullmatch(value) else default


def _link_header(call: Call, number: int, last: int) -> dict[str, str]:
    if last == 1:
        return {}
    pages = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    shown = {
        rel: target
        for rel, target in pages.items()
        if (rel in ("prev", "first") and number > 1) or (rel in ("next", "last") and number < last)
    }
    links = [f'<{call.url}?{urlencode({**call.query, "page": target})}>; rel="{rel}"' for rel, target in shown.items()]
    return {"link": ", ".join(links)} if links else {}
