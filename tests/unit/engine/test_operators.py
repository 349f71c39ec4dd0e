"""Operators are told of a far end once when it fails and once when it is well, whoever found out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.engine.operators import Operators
from bot.wiring.far_end import operators_at
from sops.kit.conversation import Place
from sops.kit.errors import StoreTrouble
from sops.kit.standing import Standing
from sops.kit.stores import Store, Transaction
from storage import SqlStore

NOW = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
FAILS = Standing("git", "the git remote", well=False, reason="no answer in time")
WELL = Standing("git", "the git remote", well=True)
HERE = Place(platform="console", channel="#ops")


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore(f"sqlite:///{tmp_path / 'x.db'}")
    await store.open()
    yield store
    await store.close()


async def told(store: Store) -> list[str]:
    """The messages of the outbox, as a postman finds them one after the other."""
    later, said = NOW + timedelta(days=1), list[str]()
    while ready := await store.read(lambda tx: tx.outbox.deliverable(later)):
        for each in ready:
            said.append(str(each.message.card))
            await store.transact(partial(arrive, each.row, later))
    return said


def arrive(row: int, now: datetime, tx: Transaction) -> None:
    delivery = tx.outbox.take(row, "me", 60, now)
    assert delivery is not None
    tx.outbox.delivered(delivery, str(row), now)


async def test_each_change_is_told_once_even_by_a_bot_that_started_anew(store: SqlStore) -> None:
    clock, woken = Clock(), list[bool]()
    for standing in (WELL, FAILS, FAILS):
        assert await Operators(store, clock, [HERE], lambda: woken.append(True)).hear(standing)
    clock.time += timedelta(minutes=12)
    for standing in (WELL, WELL):
        assert await Operators(store, clock, [HERE], lambda: woken.append(True)).hear(standing)
    said = await told(store)
    assert len(said) == len(woken) == 2
    assert "The git remote keeps failing (no answer in time)" in said[0]
    assert "answers again, after 12 min" in said[1]


async def test_a_database_in_trouble_is_said_not_to_have_kept_it() -> None:
    class Locked:
        async def read(self, work: object) -> None:
            raise StoreTrouble("the database is locked")

    operators = Operators(Locked(), Clock(), [HERE], lambda: None)  # type: ignore[arg-type]  # all of it that is asked
    assert await operators.hear(FAILS) is False


@pytest.mark.parametrize(
    ("channels", "found"),
    [
        ({"slack": {"ops": "C1", "operators": "C9"}, "matrix": {"ops": "!o"}}, [("slack", "C9")]),
        ({"slack": {"ops": "C1"}, "matrix": {"ops": "!o"}}, [("slack", "C1")]),
        ({"slack": {}, "matrix": {"ops": "!o"}}, [("matrix", "!o")]),
        ({}, []),
    ],
)
def test_operators_read_in_their_channel_or_else_in_the_first_ops(
    channels: dict[str, dict[str, str]], found: list[tuple[str, str]]
) -> None:
    places = operators_at(("slack", "matrix"), channels, "operators")
    assert [(place.platform, place.channel) for place in places] == found
