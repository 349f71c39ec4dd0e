"""Welcoming contributors (SOP-07)."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return run.title


WORDS = Words(heading=_heading)
