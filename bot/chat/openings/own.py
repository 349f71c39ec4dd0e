"""`/sop start SOP-42 title`: a procedure of one's own."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from sops.kit.escaping import printable
from sops.kit.message import Card
from sops.kit.model import Sop
from sops.kit.run import PROCEDURE


def own(sop: Sop) -> Beginning:
    """How a run of that procedure begins."""

    async def begin(command: commands.StartOwn, _: Looks) -> Opening | Card:
        procedure = f"{sop.id} {sop.title}" + (f" ({sop.source})" if sop.source else "")
        return Opening(sop, printable(command.title) or sop.title, facts={PROCEDURE: printable(procedure)})

    return Beginning(sop, begin)
