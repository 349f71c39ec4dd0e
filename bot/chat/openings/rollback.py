"""`/release rollback 1.4.0 [--to 1.3.2] [--image-only] [--retract] [--retag] [--republish]` (SOP-04)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import refusals
from bot.chat.replies.rollback import NO_IMAGE, taken_back_by
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.message import Card
from sops.kit.rollback_survey import survey
from sops.kit.rolled_back import rolled_back
from sops.kit.run import RunState
from sops.kit.version import Version
from sops.rollback import ROLLBACK


async def _rollback(command: commands.StartRollback, looks: Looks) -> Opening | Card:
    """A release or candidate that is out, with everything that will be undone."""
    try:
        version = Version.parse(command.version)
        found = await survey(version, command.to, looks.policy, looks.world)
    except (InvalidVersion, InvalidText) as problem:
        return refusals.bad_version(str(problem))
    before = await rolled_back(version.text, looks.world)
    if before is not None and before.state is RunState.DONE and not before.facts.get("image.only"):
        return refusals.refused(taken_back_by(before))
    if command.image_only and "image" not in looks.policy.artefacts:
        return refusals.refused(NO_IMAGE)
    asked = {"to": command.to, "image.only": command.image_only, "retract": command.retract, "retag": command.retag}
    asked["republish"] = command.republish
    return Opening(ROLLBACK, version.text, version.text, facts={**found, **asked})


BACK = Beginning(ROLLBACK, _rollback)
