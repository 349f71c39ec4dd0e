"""`/security report text`, or `/security report GHSA-2345-6789-cfgh text` of one made at GitHub (SOP-05)."""

from contextlib import suppress

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from sops.kit.cvss import advisory_number
from sops.kit.errors import InvalidText
from sops.kit.escaping import printable
from sops.kit.message import Card
from sops.kit.security_actions import REPORTED
from sops.security_response import SECURITY_RESPONSE

LONGEST_TITLE = 100


async def _report(command: commands.ReportVulnerability, _: Looks) -> Opening | Card:
    """Anybody's report; the first words are its title. Whether the advisory is there is for the leads to learn."""
    text, known = command.text, {}
    first, *rest = text.split(maxsplit=1)
    with suppress(InvalidText):
        known, text = {REPORTED: advisory_number(first)}, "".join(rest) or first
    title = printable(text)[:LONGEST_TITLE]
    return Opening(SECURITY_RESPONSE, title, facts={"report": text, "security": True, **known})


VULNERABILITY = Beginning(SECURITY_RESPONSE, _report)
