"""What follows a mention may be talk: "@sopwith cancel whatever you had planned, we are there at five, aren't we?".

A word that ends, stops or skips something acts there with a short reason; a longer sentence is shown as the command it
would be, and does nothing until that is said.
"""

from bot.chat import commands
from bot.chat.replies import misread
from sops.kit.conversation import Event
from sops.kit.message import Card

_ENDING = (
    *(commands.Cancel, commands.Reject, commands.Hold, commands.Skip, commands.Waive),
    *(commands.Restrict, commands.Dismiss, commands.FalseAlarm, commands.Override),
)
_WORDS = 6  # of a reason that is no sentence


def asked_first(parsed: commands.Parsed, event: Event) -> Card | None:
    """What is answered instead, where it was said as one speaks to somebody; None where it may be obeyed."""
    said = event.text.strip().lstrip(":,").strip()
    if not isinstance(parsed, _ENDING) or event.kind != "message" or not event.addressed or said.startswith(("!", "/")):
        return None
    sentence = len(parsed.reason.split()) > _WORDS or "?" in parsed.reason or "\n" in parsed.reason
    return misread.meant_as_said(parsed.__doc__ or "", said) if sentence else None
