"""The release freeze."""

from bot.chat.replies.parts import Words, card
from sops.kit.message import Card
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"release freeze: {run.title}"


def frozen_already(run: Run) -> Card:
    return card(f"Not counted: releases are frozen already, by {run.name}: {run.title}.", hint="/release unfreeze")


def not_frozen() -> Card:
    return card("Not counted: releases are not frozen.", hint="/release freeze reason")


WORDS = Words(
    heading=_heading,
    done={"unfreeze": lambda _: "releases may go on"},
    help=("/release unfreeze ends it; a hotfix passes it with an approval that says so",),
    hint="/release unfreeze",
)
