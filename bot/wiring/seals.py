"""How the record's seals are signed and kept, as the settings say."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from adapters.seals import SealFile, SshSealSigner, verified
from bot.settings import Settings
from sops.kit.errors import ConfigurationError, SignatureInvalid
from sops.kit.ledger import moment_of
from sops.kit.ports import SealSigner, SealsOutside
from sops.kit.sealed import NAMESPACE, signed_text
from sops.kit.stores import Fault, Seal

_log = structlog.get_logger(__name__)
SEALS = "seals"
#: The bot signs within minutes of a seal; one that is not signed while later ones were made was not made by it.
UNSIGNED_AT_MOST = timedelta(hours=1)
_PROBE = "may this key sign seals?\n"


def seals_of(settings: Settings) -> tuple[SealSigner | None, SealsOutside | None]:
    """Who signs, and where seals are kept. Raises ConfigurationError where nothing can be kept there."""
    outside = SealFile(settings.record.seals) if settings.record.seals else None
    if outside is not None:
        outside.check()
    return (SshSealSigner(settings.seal_key) if settings.seal_key else None), outside


async def warn_of_seals(settings: Settings, signer: SealSigner | None) -> None:
    """The log says at the start what keeps the record from being proved."""
    if signer is None:
        _log.warning("seals of the record are not signed: set record.key, an SSH key without passphrase")
        return
    trust = settings.seal_trust
    try:
        signature = await signer.sign(_PROBE)
        if trust is not None:
            await asyncio.to_thread(verified, _PROBE, signature, trust, datetime.now(UTC))
    except (SignatureInvalid, ConfigurationError) as problem:
        advice = f'the allowed signers want namespaces="git,{NAMESPACE}" for that key'
        _log.warning("seals of the record would not verify", problem=str(problem), advice=advice)


def signatures(seals: Sequence[Seal], signed: Mapping[int, str], signers: Path) -> tuple[list[Fault], Seal | None, str]:
    """What is wrong with the newest signatures, the newest seal whose signature counts, and whose that is.

    One signature proves all seals before it, so older ones are not looked at. Blocks.
    """
    faults: list[Fault] = []
    for seal in reversed(seals):
        if seal.number not in signed:
            continue
        try:
            at = moment_of(seal.at)
            if at is None:
                raise SignatureInvalid("its time is none")
            return faults, seal, verified(signed_text(seal), signed[seal.number], signers, at)
        except SignatureInvalid as problem:
            faults.append(Fault(SEALS, seal.number, f"its signature does not count: {problem}"))
            if len(faults) > MOST:
                break
    return faults, None, ""


def unsigned(seals: Sequence[Seal], signed: Seal | None) -> list[Fault]:
    """What is wrong with the seals after the last whose signature counts: the bot signs within minutes."""
    if not seals:
        return []
    if signed is None:
        return [Fault(SEALS, None, "no seal is signed by who may: all may be of an earlier build, or written anew")]
    since = [seal for seal in seals if seal.number > signed.number]
    first, last, known = (moment_of(each.at) for each in (since[0], since[-1], signed)) if since else (None,) * 3
    if first is None or last is None or known is None or last - first < UNSIGNED_AT_MOST:
        return []
    return [Fault(SEALS, since[0].number, "neither it nor any later one is signed by who may")]


MOST = 20  # signatures that do not count, before it is plain that none does
