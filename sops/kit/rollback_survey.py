"""What a rollback finds out before anybody agrees to it: merges, digests, the release to go back to (SOP-04).

What the run of the release recorded counts more than what the registry or the tags say now: a tag can be deleted or
pushed over after the release, and then it no longer tells what people got.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sops.kit.action import World, short
from sops.kit.errors import InvalidText, InvalidVersion
from sops.kit.latest import after_rollback, downwards
from sops.kit.policy import Policy
from sops.kit.rolled_back import going_back, rollback_asked, rolled_back, withdrawn
from sops.kit.version import Version
from sops.kit.world import Commit, RemoteTag

SHOWN = 4
CANDIDATES = "SOP-03"
NO_IMAGES = dict.fromkeys(("bad.digest", "bad.now", "good.digest", "good.now", "latest.was", "latest.is"), "")
RELEASES = ("SOP-01", "SOP-02", CANDIDATES)
PUBLISHING = timedelta(hours=1)  # after that nothing is waited for


async def survey(version: Version, to: str, policy: Policy, world: World) -> dict[str, Any]:
    """Everything a rollback of that version rests on, looked up at the far ends.

    `merges` are the commits of main's first-parent chain that brought the version and its candidates, newest first;
    `kept` what came between and stays. Raises InvalidText when there is nothing to roll back, or nothing to go to.
    """
    tags = {tag.name: tag for tag in await world.git.tags()}
    if version.tag not in tags:
        raise InvalidText(f"{version.text} is not released: there is no tag {version.tag}")
    stable = [found for name in tags if (found := Version.of_tag(name)) and not found.is_candidate]
    earlier = [each for each in stable if each < version.final]
    good = _good(version, to, earlier, {each for each in earlier if await _unfit(each, to, world)})
    main = await world.git.branch(policy.main)
    if main is None:
        raise InvalidText(f"there is no branch {policy.main}")
    if newer := await _built_on(version, tags, world):
        raise InvalidText(_beneath(version, newer))
    bad = [tag for name, tag in tags.items() if (found := Version.of_tag(name)) and _same_release(found, version)]
    known = await _recorded(version, world)
    digest = str(known.get(version, {}).get("digest") or "")
    merged = {str(facts["merge"]) for facts in known.values() if facts.get("merge")}
    chain = await world.git.first_parents(tags[good.tag].commit, main)
    merges, kept = _sorted_out(chain, {tag.commit for tag in bad} | merged)
    return {
        "base.tag": good.tag,
        "good": good.text,
        "good.commit": tags[good.tag].commit,
        "bad.tags": sorted((tag.name for tag in bad), key=Version.parse),
        "bad.commit": tags[version.tag].commit,
        "main.at": main,
        "merges": [commit.sha for commit in merges],
        "kept": [f"{short(commit.sha)} {commit.subject}"[:80] for commit in kept],
        "kept.commits": [commit.sha for commit in kept],
        "main.protected": (await world.forge.rules(policy.main)).protected,
        "recorded": bool(digest),
        "package.there": await _packaged(version, policy, world),
        **await _latest(version, good, stable, to, world),
        **(await _images(version, good, digest, policy, world) if "image" in policy.artefacts else NO_IMAGES),
    }


async def _built_on(version: Version, tags: Mapping[str, RemoteTag], world: World) -> list[Version]:
    """The newer patches of its line that hold it and stand, newest first; one whose revert is not merged yet stands."""
    later = [found for name in tags if (found := Version.of_tag(name)) and found.line == version.line]
    newer = [each for each in downwards(later) if each > version]
    bad = tags[version.tag].commit
    held = [each for each in newer if await world.git.is_ancestor(bad, tags[each.tag].commit)]
    return [each for each in held if not await _undone(each, world)]


async def _undone(version: Version, world: World) -> bool:
    """It was taken back, and its work is off main again, or never was there."""
    back = await withdrawn(version.text, world)
    return back is not None and bool(back.facts.get("merge") or not back.facts.get("merges"))


def _beneath(version: Version, newer: Sequence[Version]) -> str:
    first, commands = newer[0].text, [f"/release rollback {each.text}" for each in newer]
    return (
        f"{_listed(newer)} {'is' if len(newer) == 1 else 'are'} out and built on {version.text}: taking {version.text}"
        f" back alone would leave its work in {first}, and its revert would not fit. Say {', then '.join(commands)},"
        f" and once that is merged /release rollback {version.text}; or mend it with a hotfix after {first}"
    )


async def _latest(version: Version, good: Version, stable: Sequence[Version], to: str, world: World) -> dict[str, Any]:
    """Whose `latest` is afterwards, as image and as the forge's badge; what is above the version, if anything is."""
    unfit = {each for each in stable if each > version.final and await _unfit(each, to, world)}
    target = after_rollback(version, good, stable, unfit)
    badge = await world.forge.latest_release()
    return {"latest.to": target.text, "badge.is": badge.tag if badge else ""}


async def _unfit(version: Version, to: str, world: World) -> bool:
    """It was taken back, or may be. What people name themselves is not passed over for what nobody can read."""
    if to in {version.text, version.tag}:
        return bool(await rolled_back(version.text, world) or await rollback_asked(version.text, world))
    return bool(await going_back(version.text, world))


async def still_coming(version: Version, world: World) -> str:
    """What is said while the version's tag is out and its release and image are yet to come; empty otherwise.

    What is taken back before it is there would come out afterwards all the same.
    """
    if await world.forge.release_by_tag(version.tag) is not None:
        return ""
    for run in await world.runs.of_version(version.final.text):
        pushed = run.record("tag").since
        ours = run.sop in RELEASES and run.facts.get("tag") == version.tag
        if ours and pushed is not None and world.now - pushed < PUBLISHING:
            return f"{version.text} is still being published; stop its workflow, or it is taken back once it is out"
    return ""


async def _packaged(version: Version, policy: Policy, world: World) -> bool:
    """The package index has the version, yanked or not."""
    if not policy.package or world.packages is None:
        return bool(policy.package)
    return await world.packages.yanked(version.pep440) is not None


async def _recorded(version: Version, world: World) -> dict[Version, dict[str, Any]]:
    """What the runs that brought the version and its candidates out know of each."""
    found: dict[Version, dict[str, Any]] = {}
    for run in await world.runs.of_version(version.final.text):
        if run.sop not in RELEASES:
            continue
        for number, facts in [*((past.number, past.facts) for past in run.past), (run.iteration, run.facts)]:
            about = f"{run.version}-rc{number}" if run.sop == CANDIDATES else run.version
            if (facts.get("tag") or facts.get("merge")) and _same_release(Version.parse(about), version):
                found[Version.parse(about)] = facts
    return found


async def _images(version: Version, good: Version, recorded: str, policy: Policy, world: World) -> dict[str, Any]:
    """Digests: what went out as the bad and as the good version, what their tags are now, and whose `latest` is."""
    now, wanted, latest = [await _digest(world, name) for name in (version.text, good.text, policy.latest)]
    before = (await _recorded(good, world)).get(good, {})
    known = {"bad.digest": recorded or now, "bad.now": now, "good.digest": str(before.get("digest") or wanted)}
    known |= {"good.now": wanted, "latest.was": latest}
    return {**known, "latest.is": await _whose(latest, version, good, known, world)}


async def _whose(digest: str, version: Version, good: Version, known: dict[str, Any], world: World) -> str:
    """The version whose image that is; empty where nobody can tell, or there is none."""
    if not digest:
        return ""
    if digest in {known["good.digest"], known["good.now"]}:
        return good.text
    if digest in {known["bad.digest"], known["bad.now"]}:
        return version.text
    others = [found for tag in await world.registry.tags() if (found := _plain(tag)) not in {None, version, good}]
    for other in sorted((each for each in others if each is not None), reverse=True):
        if await _digest(world, other.text) == digest:
            return other.text
    return ""


async def _digest(world: World, reference: str) -> str:
    found = await world.registry.manifest(reference)
    return found.digest if found else ""


def _good(version: Version, to: str, stable: Sequence[Version], taken_back: set[Version]) -> Version:
    """The release to go back to: the one named, else the newest stable one before that was not taken back itself."""
    before = [found for found in stable if found not in taken_back]
    if not to:
        if not before:
            raise InvalidText(f"Nothing stable was released before {version.text}")
        return max(before)
    try:
        wanted = Version.parse(to)
    except InvalidVersion as problem:
        raise InvalidText(str(problem)) from problem
    if wanted in stable and wanted in taken_back:
        raise InvalidText(f"{wanted.text} was taken back itself; there are: {_listed(before)}")
    if wanted not in before:
        raise InvalidText(f"{wanted.text} is no stable release before {version.text}; there are: {_listed(before)}")
    return wanted


def _listed(versions: Sequence[Version]) -> str:
    return ", ".join(each.text for each in sorted(versions, reverse=True)[:SHOWN]) or "none"


def _plain(tag: str) -> Version | None:
    """The version an image's tag spells."""
    try:
        found = Version.parse(tag)
    except InvalidVersion:
        return None
    return found if found.text == tag else None


def _same_release(found: Version, version: Version) -> bool:
    """Of a stable release its candidates too; of a candidate those before it."""
    return found.final == version.final and found <= version


def _sorted_out(chain: Sequence[Commit], brought: set[str]) -> tuple[list[Commit], list[Commit]]:
    """What brought the version to main, and what else came; a hotfix's merge has the tagged head as second parent."""
    merges = [commit for commit in chain if brought & {commit.sha, *commit.parents[1:]}]
    return merges, [commit for commit in chain if commit not in merges]
