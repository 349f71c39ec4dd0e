"""The one broad `except`: at the edge, so that one bad event, run or message stops nobody else."""

from collections.abc import Awaitable

import structlog

_log = structlog.get_logger(__name__)


async def caught(work: Awaitable[object], **about: object) -> str | None:
    """What went wrong unexpectedly, in one line; None if nothing did. The log has the whole of it."""
    try:
        await work
    except Exception as problem:  # noqa: BLE001  # the edge itself
        _log.exception("unexpected failure", **about)
        return f"{type(problem).__name__}: {problem}"[:500]
    return None
