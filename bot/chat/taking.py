"""Words of work in an incident nobody acknowledged: who was called and says one has it; from others nothing is lost.

The words are those by which a response is told of (`permissions.TAKING`). Who says `!update the disk is full` is at it,
so that calling on would only disturb them; the answer carries [Not me] like that to any acknowledgment.
"""

from bot.chat import commands, late, permissions
from bot.chat.handlers import incident
from bot.chat.handlers.base import Speaker
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.conversation import Event
from sops.kit.message import Card
from sops.kit.response import unanswered
from sops.kit.run import Run

LONGEST_SAID = 200


def taken(desk: Desk, me: Speaker, command: commands.Command, event: Event) -> bool:
    """Have the speaker take command by what they say, if it is theirs to take; whether they did.

    What was said long ago takes nothing that began anew since.
    """
    if not permissions.takes(me.person, command, desk.run):
        return False
    if event.late and late.overtaken(desk, commands.Ack()):
        return False
    return incident.ack(desk, me, commands.Ack(said=typed(event)[:LONGEST_SAID])) is None


def given_back(card: Card, run: Run, command: commands.Command, event: Event) -> Card:
    """A refusal, with the words that were refused where they were work on what nobody has yet."""
    if not (unanswered(run) and isinstance(command, permissions.TAKING)):
        return card
    return refusals.given_back(card, typed(event))


def typed(event: Event) -> str:
    """A command as it is typed in a run's thread, also where it was said without a mark, or elsewhere."""
    text = event.text.strip().lstrip(":,").lstrip()
    return text if text.startswith(("!", "/")) else f"!{text}"
