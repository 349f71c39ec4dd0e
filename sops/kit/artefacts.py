"""What a release gives to its users, by the settings' `artefacts`: archives and their checksums, the image, a package.

Each must be there; archives and the image are compared as well (SOP-01 row 11).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sops.kit.action import News, Owed, World, fill
from sops.kit.errors import InvalidVersion
from sops.kit.escaping import printable
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.model import Role
from sops.kit.patterns import Pattern
from sops.kit.rolled_back import nothing_owed
from sops.kit.run import Run
from sops.kit.version import Version
from sops.kit.world import Asset, Release

_LINE = Pattern(r"([0-9a-fA-F]{64})[ \t]+\*?(\S.*)")
WHOLE = "whole-release"
_SIGNATURES = (".asc", ".sig", ".sigstore", ".pem")


@dataclass(frozen=True)
class Published(Gate):
    """The release is out, with everything the settings' `artefacts` name; the image's digest is recorded.

    `image` is the version it is called by there. `pre`: it is a pre-release. Of one that is not, every archive,
    checksum and digest is compared as well, and what it lacks stays owed where people leave that out; a candidate
    gives way to the next.
    """

    tag: str
    image: str
    pre: bool = True

    uses = ()

    def says(self, run: Run) -> str:
        release = f"the {'pre-release' if self.pre else 'release'} {fill(self.tag, run)}"
        return f"wait for {' and '.join([release, *named(run, fill(self.image, run))])}"

    def owes(self, run: Run, lacks: str) -> tuple[Owed, ...]:
        tag, image = fill(self.tag, run), fill(self.image, run)
        text = f"give its users all of {tag}{f': {printable(lacks)}' if lacks else ''}"
        return () if self.pre else (Owed(WHOLE, text, Role.RELEASE_MANAGER, probe=WholeRelease(tag, image, self.pre)),)

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tag = fill(self.tag, run)
        release = await world.forge.release_by_tag(tag)
        absent, learned = await missing(run, world, fill(self.image, run))
        if release is None or release.draft:
            return _not_there([f"release {tag}", *absent], run, world)
        found = await self._compared(run, world, release, learned.get("digest", ""))
        if absent:
            return _not_there(absent, run, world, found)
        if isinstance(found, Waiting):
            return found
        facts = {"release": release.id, "release.url": release.url, "published.at": world.now.isoformat(), **learned}
        return replace(found, facts={**facts, **found.facts})

    async def _compared(self, run: Run, world: World, release: Release, digest: str) -> Met | Waiting:
        if release.prerelease != self.pre:
            return Waiting(f"release {release.tag} is {'not ' if self.pre else ''}marked as a pre-release")
        return Met() if self.pre else await verified(run, world, release, digest)


@dataclass(frozen=True)
class WholeRelease(Published):
    """The same of what is owed; a version that was taken back owes nobody anything."""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return await nothing_owed(fill(self.image, run), world) or await super().check(run, world)


def _not_there(absent: Sequence[str], run: Run, world: World, rest: Met | Waiting | None = None) -> Waiting:
    """What is not there yet, and what is wrong with the rest. Either is told after an hour: more may still come."""
    since = run.record("published").since or run.record("artefacts").since or world.now
    notes = [f"not there yet: {' and '.join(absent)}", *([rest.note] if isinstance(rest, Waiting) else [])]
    if world.now - since < timedelta(hours=1):
        return Waiting("; ".join(notes))
    late = () if run.facts.get("published.late") else (News("not-published", {"missing": list(absent)}),)
    told = (rest.facts, rest.news) if isinstance(rest, Waiting) else ({}, ())
    return Waiting("; ".join(notes), {"published.late": True, **told[0]}, (*late, *told[1]))


def named(run: Run, version: str) -> list[str]:
    """What comes with the release of that version, as a plan puts it."""
    image = ["its image"] if "image" in run.policy.artefacts else []
    package = f"{run.policy.package} {_packaged(version)} in the package index"
    return [*image, *([package] if "pypi" in run.policy.artefacts else [])]


async def missing(run: Run, world: World, version: str) -> tuple[list[str], dict[str, Any]]:
    """What of that is not there yet, and what is learned of the rest: the image's digest."""
    absent: list[str] = []
    facts: dict[str, Any] = {}
    if "image" in run.policy.artefacts:
        manifest = await world.registry.manifest(version)
        absent += [] if manifest else [f"image {version}"]
        facts = {"digest": manifest.digest} if manifest else {}
    if "pypi" in run.policy.artefacts:
        yanked = await world.packages.yanked(_packaged(version)) if world.packages else None
        what = f"{run.policy.package} {_packaged(version)} in the package index"
        absent += {None: [what], True: [f"{what}, where it is yanked"]}.get(yanked, [])
    return absent, facts


def _packaged(version: str) -> str:
    try:
        return Version.parse(version).pep440
    except InvalidVersion:  # the outline of a procedure speaks of X.Y.0
        return version


async def verified(run: Run, world: World, release: Release, digest: str) -> Met | Waiting:
    """Every archive is listed in the checksum file and has that sum and GitHub's own; the image is there by digest.

    With `checksums = ""` in the settings archives are not compared. What is wrong is told once.
    """
    sums: dict[str, str] = {}
    wrong: list[str] = []
    if run.policy.checksums and "archive" in run.policy.artefacts:
        listed = next((asset for asset in release.assets if asset.name == run.policy.checksums), None)
        if listed is None:
            return Waiting(f"release {release.tag} has no {run.policy.checksums}")
        wanted, wrong = _read(listed, await world.forge.download_asset(listed.id))
        archives = [a for a in release.assets if a is not listed and not a.name.endswith(_SIGNATURES)]
        lost = wanted.keys() - {asset.name for asset in archives}
        wrong += [f"{name} is listed in {listed.name}, but not there" for name in lost]
        wrong += [] if archives else [f"release {release.tag} has no archive"]
        for asset in archives:
            sums[asset.name] = await world.forge.asset_digest(asset.id)
            wrong += _compared(asset, sums[asset.name], wanted, listed.name)
    if digest and await world.registry.manifest(digest) is None:
        wrong.append(f"the registry does not give the image by its digest {digest}")
    if wrong:
        note = "; ".join(sorted(wrong))
        fresh = run.facts.get("artefacts.wrong") != note
        return Waiting(note, {"artefacts.wrong": note}, (News("artefacts-wrong", {"wrong": sorted(wrong)}),) * fresh)
    facts: dict[str, Any] = {"artefacts": sums}
    return Met(facts | ({"artefacts.wrong": ""} if run.facts.get("artefacts.wrong") else {}))


def _read(asset: Asset, data: bytes) -> tuple[dict[str, str], list[str]]:
    """File name → sum of a checksum file as sha256sum writes it, and what is wrong with it."""
    sums: dict[str, str] = {}
    for number, text in enumerate(data.decode(errors="replace").splitlines(), 1):
        if text.strip():
            found = _LINE.fullmatch(text.strip())
            if found is None:
                return sums, [f"line {number} of {asset.name} is no checksum"]
            sums[found[2].removeprefix("./")] = found[1].lower()
    return sums, []


def _compared(asset: Asset, got: str, wanted: dict[str, str], listed: str) -> list[str]:
    wrong = []
    if asset.name not in wanted:
        wrong.append(f"{asset.name} is not listed in {listed}")
    elif wanted[asset.name] != got:
        wrong.append(f"{asset.name} has the checksum {got[:12]}…, {listed} says {wanted[asset.name][:12]}…")
    if asset.digest and asset.digest.removeprefix("sha256:") != got:
        wrong.append(f"{asset.name} came as {got[:12]}…, GitHub says {asset.digest[:19]}…")
    return wrong
