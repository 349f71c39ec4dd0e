"""Dependency updates (SOP-06)."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"update {run.title}"


WORDS = Words(heading=_heading)
