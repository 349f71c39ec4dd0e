"""`/deps update rocksdb 9.7.3 [--cve CVE-2026-1234] [--downgrade]` (SOP-06)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import dependency as words
from bot.chat.replies import refusals
from sops.dependency_update import DEPENDENCY_UPDATE
from sops.kit.dependency_actions import pins_of
from sops.kit.errors import InvalidText
from sops.kit.escaping import slug
from sops.kit.message import Card
from sops.kit.pins import dotted, is_older


async def _update(command: commands.StartUpdate, looks: Looks) -> Opening | Card:
    """A dependency that is pinned somewhere, at another version."""
    policy, world = looks.policy, looks.world
    tip = await world.git.branch(policy.develop)
    try:
        found = await pins_of(command.name, tip, policy, world) if tip else {}
    except InvalidText as problem:
        return refusals.bad_version(str(problem))
    if not found:
        return refusals.refused(words.pinned_nowhere(command.name, list(policy.pin_files)))
    versions = [version for each in found.values() for version in each]
    if all(version == command.version for version in versions):
        return refusals.refused(words.there_already(command.name, command.version))
    pinned = max(versions, key=lambda version: (dotted(version) or (), len(version)))
    if is_older(command.version, pinned) and not command.downgrade:
        return refusals.refused(words.older(command.name, command.version, pinned, command.cve))
    facts = {
        "about": command.name,
        "name": command.name,
        "from": pinned,
        "to": command.version.removeprefix("v"),
        "cve": command.cve,
        "pins": list(found),
        "slug": slug(f"{command.name} {command.version.replace('.', '-')}", "update", 60),
    }
    return Opening(DEPENDENCY_UPDATE, f"{command.name} {facts['to']}", facts=facts)


UPDATE = Beginning(DEPENDENCY_UPDATE, _update)
