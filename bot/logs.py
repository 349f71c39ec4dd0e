"""Where the log goes: out of the way of a conversation, or to whoever collects a service's lines."""

import logging
import sys

import structlog


def quiet_log() -> None:
    """In the demo the terminal belongs to the conversation; only trouble is logged, to standard error."""
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
