"""Hotfixes (SOP-02)."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"hotfix {run.version} ({run.severity})"


WORDS = Words(heading=_heading)
