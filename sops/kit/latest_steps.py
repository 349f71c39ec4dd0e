"""`latest` after a release: what it becomes is foreseen, within ten minutes it is looked at, and people may have it
mended, by the same yes (SOP-01 row 11, SOP-02 row 9). The rule is `sops.kit.latest`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World
from sops.kit.errors import FarEndRefused
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.latest import downwards, of_line
from sops.kit.rolled_back import rolled_back
from sops.kit.run import Run
from sops.kit.version import Version

BECOMES = "latest.becomes"  # the fact a yes is bound to: the version that `latest` will be
PUT = "latest.put"  # what people chose: the version they want it put on
PUT_WANTED = "latest.wanted"  # where it belonged when they were told
TOLD = "latest.told"  # what they were told last
LOOKS = timedelta(minutes=10)  # a workflow that moves it late is waited for, or noticed, so long
BADGE = "badge"


@dataclass(frozen=True)
class Astray:
    """One name that is not where it belongs: a tag of the image, or the forge's badge. `now` is where it is."""

    name: str
    to: Version
    now: str

    def __str__(self) -> str:
        what = "the forge's latest release" if self.name == BADGE else f"the image's {self.name}"
        return f"{what} is {self.now or 'none'}, not {self.to.text}"


async def becomes(run: Run, world: World) -> Version | None:
    """The highest stable release that stands, this one counted as out; None where even this was taken back."""
    own = Version.parse(run.version)
    for each in downwards([own, *await _tagged(world)]):
        if await rolled_back(each.text, world) is None and (each == own or await _out(each, world)):
            return each
    return None


async def _tagged(world: World) -> list[Version]:
    return [found for tag in await world.git.tags() if (found := Version.of_tag(tag.name)) and not found.is_candidate]


async def _out(version: Version, world: World) -> bool:
    """It is released, not only tagged."""
    release = await world.forge.release_by_tag(version.tag)
    return release is not None and not release.draft and not release.prerelease


async def astray(run: Run, world: World) -> tuple[Version | None, list[Astray]]:
    """Which version `latest` must be, and every name that is elsewhere. A tag the image never had is nobody's."""
    wanted = await becomes(run, world)
    if wanted is None:
        return None, []
    found = [each for each in (await _badge(wanted, world),) if each]
    if "image" in run.policy.artefacts:
        own = Version.parse(run.version)
        names = [(run.policy.latest, wanted)]
        taken_back = {own} if await rolled_back(own.text, world) else set()
        if of_line(own.line, [own, *await _tagged(world)], taken_back) == own:
            names.append((own.line, own))
        found = [*[each for name, to in names if (each := await _image(name, to, run, world))], *found]
    return wanted, found


async def _badge(wanted: Version, world: World) -> Astray | None:
    release = await world.forge.latest_release()
    right = release is not None and release.tag == wanted.tag
    return None if right else Astray(BADGE, wanted, release.tag if release else "")


async def _image(name: str, to: Version, run: Run, world: World) -> Astray | None:
    now, wanted = await world.registry.manifest(name), await world.registry.manifest(to.text)
    ours = str(run.facts.get("digest") or "")
    right = {wanted.digest if wanted else "", ours if to.text == run.version else ""}
    if now is None or now.digest in right:
        return None
    return Astray(name, to, run.version if now.digest == ours else now.digest)


@dataclass(frozen=True)
class LatestForeseen(Gate):
    """Learns what `latest` becomes, so that whoever approves reads it; never in the way."""

    learns = True

    def says(self, run: Run) -> str:
        return ""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        found = await becomes(run, world)
        return Met({BECOMES: found.text if found else ""})


@dataclass(frozen=True)
class LatestStands(Gate):
    """`latest` is where it belongs, or somebody wants it put there. What is wrong is told once.

    A workflow that has yet to move it to this version is waited for; where it must stay, it is looked at all that time.
    """

    uses = ()

    def says(self, run: Run) -> str:
        return f"look at {run.policy.latest}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        wanted, found = await astray(run, world)
        if wanted is None:
            return Met()
        until = _published(run, world) + LOOKS
        if not found:
            moved, left = wanted.text == run.version, world.now < until
            return Met() if moved or not left else Waiting(f"{run.policy.latest} stays {wanted.text}; looked at again")
        if run.facts.get(PUT) == wanted.text:
            return Met()
        note = "; ".join(map(str, found))
        if wanted.text == run.version and world.now < until:
            return Waiting(f"{note} yet")
        fresh = run.facts.get(TOLD) != note
        news = News("latest-astray", {"wanted": wanted.text, "found": [str(each) for each in found]})
        return Waiting(note, {TOLD: note, PUT_WANTED: wanted.text}, (news,) * fresh)

    def every(self, run: Run) -> timedelta:
        return min(timedelta(minutes=2), run.policy.look_every)


def _published(run: Run, world: World) -> datetime:
    said = run.facts.get("published.at")
    return datetime.fromisoformat(said) if said else run.record("latest").since or world.now


@dataclass(frozen=True)
class PutLatest(Action):
    """Every name at the version it belongs to, where somebody said so after it was seen elsewhere."""

    uses = (BECOMES,)
    public = True

    def says(self, run: Run) -> str:
        latest, becomes_ = run.policy.latest, run.facts.get(BECOMES)
        if not becomes_:
            return f"see whose {latest} is; put right where somebody says so"
        way = "becomes" if becomes_ == run.version else "stays"
        return f"see that {latest} {way} {becomes_}; put right where somebody says so"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        wanted = run.facts.get(BECOMES) or run.version
        images = (f"crane tag IMAGE:{wanted} {run.policy.latest}", "IMAGE is the image's full name")
        return (*(images if "image" in run.policy.artefacts else ()), f"gh release edit v{wanted} --latest")

    async def probe(self, run: Run, world: World) -> Probe:
        if "published.at" not in run.facts:
            return Todo(self.says(run))
        wanted, found = await astray(run, world)
        if wanted is None or not found:
            return Done({"latest": wanted.text if wanted else ""})
        if run.facts.get(PUT) == wanted.text:
            return Todo(self.says(run))
        return Conflict("; ".join(map(str, found)), f"!set latest {wanted.text}, then !retry")

    async def perform(self, run: Run, world: World) -> None:
        _, found = await astray(run, world)
        for each in found:
            if each.name == BADGE:
                release = await world.forge.release_by_tag(each.to.tag)
                if release is None:
                    raise FarEndRefused(f"there is no release {each.to.tag}")
                await world.forge.mark_latest(release.id)
                continue
            ours = each.to.text == run.version and run.facts.get("digest")
            manifest = await world.registry.manifest(str(ours or each.to.text))
            if manifest is None:
                raise FarEndRefused(f"the registry has no image of {each.to.text}")
            await world.registry.put(each.name, manifest)
