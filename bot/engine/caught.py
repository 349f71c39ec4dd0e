"""The one broad `except`: at the edge, so that one bad event, run, message, pump or chat stops nobody else."""

import traceback
from collections.abc import Awaitable

import structlog

from sops.kit.errors import SopwithError, StoreTrouble

_log = structlog.get_logger(__name__)
LONGEST = 500


async def caught(work: Awaitable[object], **about: object) -> str | None:
    """What went wrong unexpectedly, in one line; None if nothing did. The log also has where.

    Raises StoreTrouble: that is not the work's fault, and nothing may be given up for it.
    """
    try:
        await work
    except StoreTrouble:
        raise
    except Exception as problem:  # noqa: BLE001  # the edge itself
        said = described(problem)
        _log.error("unexpected failure", problem=said, trace=_trace(problem), **about)
        return said
    return None


async def survived(work: Awaitable[object], **about: object) -> str | None:
    """The same, also for trouble of the store: for whoever tries again whatever it was."""
    try:
        return await caught(work, **about)
    except StoreTrouble as trouble:
        _log.warning("the database is in trouble; trying again", problem=str(trouble), **about)
        return described(trouble)


def described(problem: BaseException) -> str:
    """Its kind, and its sentence if it is one of ours: others repeat what they were given, which may be secret."""
    kind = type(problem).__name__
    return f"{kind}: {problem}"[:LONGEST] if isinstance(problem, SopwithError) else kind


def _trace(problem: BaseException) -> str:
    """Where it happened, and where what led to it did: lines of code, without a word of what they were at work on."""
    first = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    before = f"{_trace(first)}then\n" if first is not None else ""
    return f"{before}{''.join(traceback.format_tb(problem.__traceback__))}{described(problem)}\n"
