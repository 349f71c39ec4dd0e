"""Where the log goes: out of the way of a conversation, or to whoever collects a service's lines."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class _Willing:
    """Standard error as long as it takes what it is given: a full disk or a reader that left must end nothing."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: it was closed
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def quiet_log() -> None:
    """In the demo the terminal belongs to the conversation; only trouble is logged, to standard error."""
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Willing())),
    )


def log_as_lines() -> None:
    """A service logs to standard error, a line an event, for whoever collects that."""
    logging.getLogger("nio").setLevel(logging.ERROR)  # of what else it warns the adapter says what matters
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Willing())),
    )
