"""What whoever keeps the bot going is told of the far ends."""

from datetime import timedelta

from bot.chat.replies.parts import begun, card
from sops.kit.message import Card
from sops.kit.standing import Standing
from sops.kit.texts import duration


def left_alone(standing: Standing) -> Card:
    """The far end failed again and again, or asked for that."""
    if standing.asked is not None:
        return card(
            f"{begun(standing.name)} asks to be left alone for {duration(standing.asked)}.",
            "What needs it waits and goes on by itself; all else goes on.",
        )
    return card(
        f"{begun(standing.name)} keeps failing ({standing.reason}).",
        "It is left alone for a while, then tried again. What needs it waits and goes on by itself; all else goes on.",
    )


def well_again(standing: Standing, after: timedelta) -> Card:
    """The far end answers, so long after it was left alone."""
    return card(f"{begun(standing.name)} answers again, after {duration(after)}. What waited for it goes on.")
