"""Rollbacks (SOP-04)."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"roll back {run.version}"


WORDS = Words(heading=_heading)
