"""The release freeze."""

from bot.chat.replies.parts import Words
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"release freeze: {run.title}"


WORDS = Words(heading=_heading)
