"""The log is for people: where it cannot be written, the bot goes on."""

import sys

import pytest
import structlog

from bot.logs import log_as_lines, quiet_log


class Full:
    """A disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("configure", [log_as_lines, quiet_log])
def test_a_log_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch, configure) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    configure()
    try:
        structlog.get_logger("here").error("the disk is full")
    finally:
        structlog.reset_defaults()
