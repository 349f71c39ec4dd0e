"""The far end as one value: what wiring chose, and how it becomes the `World` of one look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.chat import replies
from bot.engine.concealed import behind
from sops.kit.action import Moment, Private, World
from sops.kit.branch_actions import branch_of
from sops.kit.model import Piece
from sops.kit.people import People
from sops.kit.ports import Clock, Forge, GitRepository, ImageRegistry, PackageIndex
from sops.kit.run import Run
from sops.kit.secrecy import HOME, concealed
from sops.kit.stores import Store
from sops.kit.unreadable import Unreadable


@dataclass(frozen=True)
class FarEnd:
    """The forge, the git remote and the image registry of the one repository; its package index, if it has one."""

    forge: Forge
    git: GitRepository
    registry: ImageRegistry
    packages: PackageIndex | None = None
    #: The repositories of lanes, by `owner/name`.
    lanes: Mapping[str, GitRepository] = field(default_factory=dict)
    #: A private repository by `owner/name`, None where none can be reached.
    private: Callable[[str], Private | None] = lambda _: None


class StoredRuns:
    """Implements `sops.kit.ports.RunBook` on the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> Sequence[Run]:
        return await self._store.read(lambda tx: tx.runs.open())

    async def of_version(self, version: str) -> Sequence[Run]:
        return await self._store.read(lambda tx: tx.runs.of_version(version))

    async def owing(self) -> Sequence[Run]:
        return await self._store.read(lambda tx: tx.runs.owing())

    async def unreadable(
        self, *, sop: str = "", owing: bool = False, version: str = "", going: bool = False
    ) -> Sequence[Unreadable]:
        return await self._store.read(lambda tx: tx.runs.unreadable(sop=sop, owing=owing, version=version, going=going))


class Worlds:
    """Makes a `World` for each look, with the time of that look."""

    def __init__(self, far: FarEnd, store: Store, clock: Clock, people: People) -> None:
        self._far = far
        self._store = store
        self._clock = clock
        self._people = people
        self._book = StoredRuns(store)

    def now(self) -> World:
        far = self._far
        return World(
            self._clock.now(),
            self._people,
            far.forge,
            far.git,
            far.registry,
            self._history,
            self._book,
            far.packages,
            far.lanes,
        )

    def of(self, run: Run, piece: Piece | None = None) -> World:
        """The world as that run may see it, and as that piece of it may, which may be the one that reveals it."""
        world, home = self.now(), str(run.facts.get(HOME) or "")
        if not home:
            return world
        private = self._far.private(home)
        if not concealed(run) or getattr(piece, "reveals", False):
            return replace(world, private=private)
        return behind(world, home, private, frozenset({branch_of(run)}))

    async def _history(self, run_id: str) -> Sequence[Moment]:
        """The run's history in people's words, from the ledger."""
        entries = await self._store.read(lambda tx: tx.ledger.entries(run_id))
        return replies.record.history(entries)
