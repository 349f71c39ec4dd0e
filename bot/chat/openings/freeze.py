"""`/release freeze holidays` and `/release unfreeze`."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import freeze as words
from sops.freeze import RELEASE_FREEZE
from sops.kit.escaping import printable
from sops.kit.freeze_gates import frozen
from sops.kit.message import Card


async def _freeze(command: commands.Freeze, looks: Looks) -> Opening | Card:
    """One freeze at a time; it is on at once."""
    on = await frozen(looks.world)
    if on is not None:
        return words.frozen_already(on)
    return Opening(RELEASE_FREEZE, printable(command.reason), facts={"reason": command.reason})


FREEZE = Beginning(RELEASE_FREEZE, _freeze)
