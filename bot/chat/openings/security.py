"""`/security report text` (SOP-05)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from sops.kit.message import Card
from sops.kit.texts import printable
from sops.security_response import SECURITY_RESPONSE

LONGEST_TITLE = 100


async def _report(command: commands.ReportVulnerability, _: Looks) -> Opening | Card:
    """Anybody's report; the first words are its title."""
    title = printable(command.text)[:LONGEST_TITLE]
    return Opening(SECURITY_RESPONSE, title, facts={"report": command.text, "security": True})


VULNERABILITY = Beginning(SECURITY_RESPONSE, _report)
