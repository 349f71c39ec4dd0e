"""`/release stable 1.4.0` (SOP-01)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import refusals, starting
from bot.chat.replies import stable as words
from sops.kit.errors import InvalidVersion
from sops.kit.message import Card
from sops.kit.rolled_back import rolled_back
from sops.kit.stable_gates import newest_candidate
from sops.kit.version import Version
from sops.stable_release import STABLE_RELEASE


async def _stable(command: commands.StartStable, looks: Looks) -> Opening | Card:
    """X.Y.0; with the newest candidate's tag, where there is one."""
    try:
        version = Version.parse(command.version)
    except InvalidVersion as problem:
        return refusals.bad_version(str(problem))
    if version.patch != 0:
        return refusals.bad_version(refusals.patch_is_hotfix(version.text))
    if version.is_candidate:
        return refusals.bad_version(words.not_stable(version.text))
    tags = list(await looks.world.git.tags())
    if version.tag in {tag.name for tag in tags}:
        return refusals.bad_version(starting.is_out(version, await rolled_back(version.text, looks.world)))
    facts = newest_candidate(version.text, tags)
    return Opening(STABLE_RELEASE, version.text, version=version.text, facts=facts)


STABLE = Beginning(STABLE_RELEASE, _stable)
