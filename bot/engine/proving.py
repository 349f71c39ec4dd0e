"""What lets somebody else prove the record: its last seal signed, and every seal kept outside the database."""

import structlog

from sops.kit.ports import SealSigner, SealsOutside
from sops.kit.sealed import signed_text
from sops.kit.stores import Seal, Store

_log = structlog.get_logger(__name__)


class Proving:
    """Signs with `signer`, keeps at `outside`, where there are such. The newest signature covers every seal before."""

    def __init__(self, store: Store, signer: SealSigner | None, outside: SealsOutside | None) -> None:
        self._store = store
        self._signer = signer
        self._outside = outside
        self._kept: Seal | None = None

    @property
    def wanted(self) -> bool:
        return self._signer is not None or self._outside is not None

    async def prove(self) -> bool:
        """Sign the last seal and keep what is not kept yet.

        False if the seals kept outside are not this record's: an older copy was put back, or it was written anew. They
        stay as they are, and this record's are kept behind them.
        """
        last = await self._store.read(lambda tx: tx.ledger.last_seal())
        if last is None:
            return self._outside is None or await self._outside.last() is None
        if self._signer is not None:
            await self._sign(last, self._signer)
        return self._outside is None or await self._keep(self._outside)

    async def _sign(self, seal: Seal, signer: SealSigner) -> None:
        [(_, signature), *_] = await self._store.read(lambda tx: tx.ledger.sealed(seal.number - 1))
        if not signature:
            made = await signer.sign(signed_text(seal))
            await self._store.transact(lambda tx: tx.ledger.sign(seal.number, made))

    async def _keep(self, outside: SealsOutside) -> bool:
        kept = self._kept or await outside.last()
        ours = kept is None or await self._is_ours(kept)
        if not ours:
            _log.error("the seals kept outside are not those of this database", kept=kept.number if kept else 0)
        number = kept.number if kept is not None and ours else 0
        while found := await self._store.read(lambda tx, number=number: tx.ledger.sealed(number)):  # type: ignore[misc]  # a default binds number
            await outside.keep(found)
            self._kept = found[-1][0]
            number = self._kept.number
        return ours

    async def _is_ours(self, seal: Seal) -> bool:
        found = await self._store.read(lambda tx: tx.ledger.sealed(seal.number - 1))
        return bool(found) and found[0][0].hash == seal.hash
