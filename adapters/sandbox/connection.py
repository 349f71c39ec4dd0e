"""GraphQL's way of paging: a window over a list, by opaque cursors."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from adapters.sandbox.api import Json

_MOST = 100


def connection(name: str, items: Sequence[Any], shape: Callable[[Any], Any], arguments: Mapping[str, Any]) -> Json:
    """The part of `items` that first/after or last/before ask for; one of first and last must be given."""
    first, last = arguments.get("first"), arguments.get("last")
    if (first is None) == (last is None):
        raise GraphQLError(
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.",
            extensions={"type": "MISSING_PAGINATION_BOUNDARIES"},
        )
    wanted = first if first is not None else last
    if not isinstance(wanted, int) or not 0 <= wanted <= _MOST:
        raise GraphQLError(f"Requesting {wanted} records exceeds the limit of {_MOST} records.")
    start = _position(arguments.get("after"), -1) + 1
    end = min(_position(arguments.get("before"), len(items)), len(items))
    if first is not None:
        end = min(end, start + first)
    else:
        start = max(start, end - wanted)
    nodes = [shape(item) for item in items[start:end]]
    return {
        "nodes": nodes,
        "edges": [{"cursor": _cursor(start + place), "node": node} for place, node in enumerate(nodes)],
        "totalCount": len(items),
        "pageInfo": {
            "startCursor": _cursor(start) if nodes else None,
            "endCursor": _cursor(start + len(nodes) - 1) if nodes else None,
            "hasPreviousPage": start > 0,
            "hasNextPage": end < len(items),
        },
    }


def _cursor(position: int) -> str:
    return base64.b64encode(f"cursor:{position}".encode()).decode()


def _position(cursor: str | None, default: int) -> int:
    if cursor is None:
        return default
    try:
        return int(base64.b64decode(cursor, validate=True).removeprefix(b"cursor:"))
    except (binascii.Error, ValueError) as wrong:
        raise GraphQLError(f"`{cursor}` does not appear to be a valid cursor.") from wrong
