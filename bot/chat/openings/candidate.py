"""`/release rc 1.4.0` (SOP-03)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import refusals
from sops.kit.errors import InvalidVersion
from sops.kit.message import Card
from sops.kit.version import Version
from sops.release_candidate import RELEASE_CANDIDATE


async def _candidate(command: commands.StartCandidate, _: Looks) -> Opening | Card:
    """X.Y.0, with or without -rc1."""
    try:
        version = Version.parse(command.version)
    except InvalidVersion as problem:
        return refusals.bad_version(str(problem))
    if version.patch != 0:
        return refusals.bad_version(refusals.patch_is_hotfix(version.text))
    if version.rc not in {None, 1}:
        return refusals.bad_version(refusals.begins_with_rc1(version.final.text))
    final = version.final.text
    return Opening(RELEASE_CANDIDATE, final, version=final)


CANDIDATE = Beginning(RELEASE_CANDIDATE, _candidate)
