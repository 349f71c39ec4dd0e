"""What a release gives to its users, downloaded and compared: archives, their checksums, the image (SOP-01 row 11)."""

import hashlib
import re
from typing import Any

from sops.kit.action import News, World
from sops.kit.gate import Met, Waiting
from sops.kit.run import Run
from sops.kit.world import Asset, Manifest, Release

_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(\S.*)")
_SIGNATURES = (".asc", ".sig", ".sigstore", ".pem")


async def verified(run: Run, world: World, release: Release, manifest: Manifest) -> Met | Waiting:
    """Every archive is listed in the checksum file and has that sum and GitHub's own; the image is there by digest.

    With `checksums = ""` in the settings only the image is compared. What is wrong is told once.
    """
    sums: dict[str, str] = {}
    wrong: list[str] = []
    if run.policy.checksums:
        listed = next((asset for asset in release.assets if asset.name == run.policy.checksums), None)
        if listed is None:
            return Waiting(f"release {release.tag} has no {run.policy.checksums}")
        wanted, wrong = _read(listed, await world.forge.download_asset(listed.id))
        archives = [a for a in release.assets if a is not listed and not a.name.endswith(_SIGNATURES)]
        lost = wanted.keys() - {asset.name for asset in archives}
        wrong += [f"{name} is listed in {listed.name}, but not there" for name in lost]
        wrong += [] if archives else [f"release {release.tag} has no archive"]
        for asset in archives:
            sums[asset.name] = hashlib.sha256(await world.forge.download_asset(asset.id)).hexdigest()
            wrong += _compared(asset, sums[asset.name], wanted, listed.name)
    if await world.registry.manifest(manifest.digest) is None:
        wrong.append(f"the registry does not give the image by its digest {manifest.digest}")
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
