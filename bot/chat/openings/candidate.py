"""`/release rc 1.4.0` (SOP-03)."""

from typing import Any

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import refusals, starting
from sops.kit.action import World
from sops.kit.candidates import ROOT, of_tags
from sops.kit.errors import InvalidVersion
from sops.kit.message import Card
from sops.kit.rolled_back import rolled_back
from sops.kit.run import Run
from sops.kit.version import Version
from sops.release_candidate import RELEASE_CANDIDATE


async def _candidate(command: commands.StartCandidate, looks: Looks) -> Opening | Card:
    """X.Y.0, with or without the number of the candidate that is due: the one after those that are out."""
    try:
        asked = Version.parse(command.version)
    except InvalidVersion as problem:
        return refusals.bad_version(str(problem))
    version = asked.final
    if version.patch != 0:
        return refusals.bad_version(refusals.patch_is_hotfix(asked.text))
    tags = {tag.name: tag.commit for tag in await looks.world.git.tags()}
    if version.tag in tags:
        back = await rolled_back(version.text, looks.world)
        return refusals.bad_version(starting.is_out(version, back))
    ours = await _brought_out(version, looks.world)
    newest = max(ours, default=None)
    due = version.candidate(newest.rc + 1 if newest and newest.rc else 1)
    others = of_tags(tags, version)
    if asked.is_candidate and others and asked == version.candidate((max(others).rc or 0) + 1):
        due, newest = asked, max(others)  # also after one that somebody else pushed
    if asked.is_candidate and asked != due:
        return refusals.bad_version(starting.candidate_due(due, newest))
    if newest is None or newest.tag not in tags:
        return Opening(RELEASE_CANDIDATE, version.text, version=version.text, iteration=due.rc or 1)
    run = ours.get(newest)
    head = run.facts.get("head") if run and run.facts.get("tag") == newest.tag else None
    facts = {f"{ROOT}tag": newest.tag, f"{ROOT}commit": tags[newest.tag], f"{ROOT}head": head or tags[newest.tag]}
    return Opening(RELEASE_CANDIDATE, version.text, version=version.text, facts=facts, iteration=due.rc or 1)


async def _brought_out(version: Version, world: World) -> dict[Version, Run]:
    """The candidates of that version whose tags a run pushed, and which."""
    found: dict[Version, Run] = {}
    for run in await world.runs.of_version(version.text):
        every: list[dict[str, Any]] = [*(past.facts for past in run.past), run.facts]
        tags = [str(facts["tag"]) for facts in every if facts.get("tag")] if run.sop == RELEASE_CANDIDATE.id else []
        found.update(dict.fromkeys(of_tags(tags, version), run))
    return found


CANDIDATE = Beginning(RELEASE_CANDIDATE, _candidate)
