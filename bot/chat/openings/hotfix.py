"""`/hotfix 1.4.1 P0 wal-corruption [--security]` (SOP-02)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import hotfix as words
from bot.chat.replies import refusals, security
from sops.hotfix import HOTFIX, concealed
from sops.kit.action import World
from sops.kit.affected import misfit
from sops.kit.errors import InvalidVersion
from sops.kit.message import Card
from sops.kit.model import Severity
from sops.kit.rolled_back import withdrawn
from sops.kit.run import Run
from sops.kit.secrecy import HOME
from sops.kit.security_gates import hotfix_of, score_of
from sops.kit.version import Version
from sops.security_response import SECURITY_RESPONSE

NEUTRAL = "maintenance"  # what a security hotfix is called until it is out


async def _patch(command: commands.StartHotfix, looks: Looks) -> Opening | Card:
    """The patch after one that is released. A security one forgets its slug: nothing may show it."""
    try:
        version = Version.parse(command.version)
    except InvalidVersion as problem:
        return refusals.bad_version(str(problem))
    if command.severity not in looks.policy.fix:
        return refusals.refused(words.not_urgent(command.severity))
    if version.is_candidate or version.patch == 0:
        return refusals.bad_version(words.not_a_patch(version.text))
    tags = {tag.name: tag for tag in await looks.world.git.tags()}
    known = [found for name in tags if (found := Version.of_tag(name))]
    released = [each for each in known if not each.is_candidate]
    base = Version(version.major, version.minor, version.patch - 1)
    if version in released:
        return refusals.bad_version(words.released_already(version.text))
    if base not in released:
        line = max((each for each in released if each.line == version.line), default=None)
        return refusals.bad_version(words.no_such_release(version.text, base.tag, line))
    if (refusal := _unlike(command.severity, version.text, looks.parent)) is not None:
        return refusal
    newest = max(released)
    passed = await withdrawn(base.text, looks.world)
    if passed is not None:
        base = await _last_good(base, released, looks.world)
    secret = command.security or looks.private
    home = _home(looks)
    if home == "":
        return refusals.refused(security.NO_HOME)
    facts = {
        "slug": NEUTRAL if secret else command.slug,
        "base.tag": base.tag,
        "base.version": base.text,
        "base.commit": tags[base.tag].commit,
        **({"base.passed": passed.version, "base.back": passed.name} if passed else {}),
        "security": secret,
        **({HOME: home} if home else {}),
        **({"changelog": words.NEUTRAL_CHANGE} if looks.private else {}),
        "latest.stays": newest.text if newest > version else "",
    }
    sop = concealed(HOTFIX, checks=home == looks.policy.security.ci_repository) if home else HOTFIX
    return Opening(sop, f"{version.text} {facts['slug']}", version.text, command.severity, facts)


def _home(looks: Looks) -> str | None:
    """Where it is built, if in private: where the hole is grave, or not scored yet. Empty: there is no such place."""
    response = looks.parent
    if response is None or not looks.private or response.sop != SECURITY_RESPONSE.id:
        return None
    if (score := score_of(response)) is not None and score < looks.policy.security.private_from:
        return None
    return looks.policy.security.ci_repository or str(response.facts.get("fork") or "")


async def _last_good(base: Version, released: list[Version], world: World) -> Version:
    """What its users went back to in that line, where something was; else what was taken back is mended itself."""
    before = [each for each in released if each.line == base.line and each < base]
    good = [each for each in before if await withdrawn(each.text, world) is None]
    return max(good, default=base)


def _unlike(severity: Severity, version: str, parent: Run | None) -> Card | None:
    """Why it is not the hotfix its security response needs; None if it may be, or there is no such response."""
    if parent is None or parent.sop != SECURITY_RESPONSE.id or parent.facts.get("disclosed"):
        return None
    if severity.below(parent.severity):
        return refusals.refused(words.less_urgent(severity, parent))
    affected = str(parent.facts.get("affected", ""))
    amiss = misfit(affected, version) if affected and hotfix_of(parent) is None else ""
    return refusals.refused(security.contradicts(amiss)) if amiss else None


PATCH = Beginning(HOTFIX, _patch)
