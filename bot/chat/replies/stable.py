"""Releases (SOP-01)."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"release {run.version}"


WORDS = Words(heading=_heading)
