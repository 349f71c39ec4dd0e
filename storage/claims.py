"""Leases by the database's clock, with fences."""

from typing import Any

from sqlalchemy import Connection, Float, bindparam, or_, select
from sqlalchemy.sql.dml import ReturningInsert

from sops.kit.errors import ClaimLost
from storage.statements import DATABASE_CLOCK, INSERT, lock, pick
from storage.tables import CLAIM


def _take(name: str) -> ReturningInsert[Any]:
    now = DATABASE_CLOCK[name]
    taken = INSERT[name](CLAIM).values(
        key=bindparam("key"), owner=bindparam("owner"), fence=1, until=now + bindparam("seconds", type_=Float())
    )
    return taken.on_conflict_do_update(
        index_elements=[CLAIM.c.key],
        set_={"owner": taken.excluded.owner, "fence": CLAIM.c.fence + 1, "until": taken.excluded.until},
        where=or_(CLAIM.c.until <= now, CLAIM.c.owner == taken.excluded.owner),
    ).returning(CLAIM.c.fence)


_TAKE = {name: _take(name) for name in DATABASE_CLOCK}
#: What was released is not taken back by a renewal that comes late.
_OF_MINE = CLAIM.update().where(CLAIM.c.key == bindparam("id"), CLAIM.c.fence == bindparam("held"), CLAIM.c.until > 0.0)
_RENEW = {
    name: _OF_MINE.values(until=now + bindparam("seconds", type_=Float())) for name, now in DATABASE_CLOCK.items()
}
#: Locked, so that nobody takes over between this look and the commit.
_FENCE = select(CLAIM.c.fence).where(CLAIM.c.key == bindparam("id")).with_for_update()
_RELEASE = CLAIM.update().where(CLAIM.c.key == bindparam("id"), CLAIM.c.fence == bindparam("held")).values(until=0.0)
_HELD = select(CLAIM.c.key).where(CLAIM.c.key == bindparam("id"), CLAIM.c.until > 0.0)
_DROP = CLAIM.delete().where(CLAIM.c.key == bindparam("id"), CLAIM.c.fence == bindparam("held"))
_FORGET = CLAIM.update().values(until=0.0)


class SqlClaims:
    """See `sops.kit.stores.Claims`. An owner who takes its own claim again renews it, with a new fence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, key: str, owner: str, seconds: float) -> int | None:
        values = {"key": key, "owner": owner, "seconds": float(seconds)}
        fence: int | None = self._connection.execute(pick(_TAKE, self._connection), values).scalar()
        return fence

    def check(self, key: str, fence: int) -> None:
        if self._connection.execute(_FENCE, {"id": key}).scalar() != fence:
            raise ClaimLost(f"{key}: another worker holds this claim now; fence {fence} is no longer the highest.")

    def renew(self, key: str, fence: int, seconds: float) -> bool:
        values = {"id": key, "held": fence, "seconds": float(seconds)}
        return self._connection.execute(pick(_RENEW, self._connection), values).rowcount == 1

    def release(self, key: str, fence: int) -> None:
        self._connection.execute(_RELEASE, {"id": key, "held": fence})

    def held(self, key: str) -> bool:
        """Somebody took it and did not release it, whether or not the lease runs still."""
        return self._connection.execute(_HELD, {"id": key}).scalar() is not None

    def drop(self, key: str, fence: int) -> None:
        """Release a claim whose key nobody will ever take again."""
        self._connection.execute(_DROP, {"id": key, "held": fence})

    def alone(self, key: str) -> None:
        lock(self._connection, f"alone {key}")

    def forget_all(self) -> None:
        self._connection.execute(_FORGET)
