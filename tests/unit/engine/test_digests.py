"""What is not urgent is listed once each business day, in each channel it is told in, and nowhere else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.engine.clocks import Clocks
from bot.engine.desk import Desk
from bot.engine.digests import Digests
from bot.wiring.sandbox import sandbox_people
from sops.kit import timing
from sops.kit.conversation import Place
from sops.kit.model import Severity
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.run import Mirror, RunState
from sops.kit.stores import Deadline, Outgoing
from storage import SqlStore
from tests.unit.runs import NOW, an_incident

HOUR, DAY = timedelta(hours=1), timedelta(days=1)  # NOW is a Monday, 10:00 where the days are counted
NINE = NOW - HOUR + DAY
PEOPLE = People(sandbox_people())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore(f"sqlite:///{tmp_path / 'x.db'}")
    await store.open()
    yield store
    await store.close()


async def declared(store: SqlStore, *deadlines: Deadline, severity: Severity = Severity.P3, **changes: Any) -> None:
    def declare(tx: Any) -> None:
        run = timing.started(an_incident(severity, owners=(), **changes), timing.ACKNOWLEDGE, NOW)
        Desk(tx, run, NOW, PEOPLE, new=True).finish()
        for each in deadlines:
            tx.deadlines.put(each)

    await store.transact(declare)


async def digests(store: SqlStore, day: str, *channels: str) -> list[Outgoing | None]:
    return [await store.read(lambda tx, c=c: tx.outbox.posted(f"digest/{day}/{c}")) for c in channels]


async def test_each_channel_reads_once_a_day_what_is_told_there_whoever_tells_it(store: SqlStore) -> None:
    clock = VirtualClock(NOW)
    two = [Digests(store, clock, Policy()) for _ in range(2)]
    assert not any([await each.tell() for each in two])  # its hour was before the first was declared
    matrix = Mirror(number=1, place=Place(platform="matrix", channel="!ops"), name="matrix:#ops", home="console:#ops")
    await declared(store, title="the footer", mirrors=(matrix,))
    hidden = Place(platform="console", channel="#security")
    await declared(store, id="5ec", name="INC-2", title="the hole", place=hidden, private=True)
    await declared(store, id="b16", name="INC-3", title="no orders", severity=Severity.P1)
    assert {each.due() for each in two} == {NINE}
    clock.move_to(NINE + 2 * HOUR)  # it was away at nine
    assert [await each.tell() for each in two] == [True, False]
    assert not await Digests(store, clock, Policy()).tell()  # started anew on the same day
    ops, there, private = await digests(store, "2026-04-21", "console:#ops", "matrix:!ops", "console:#security")
    assert ops is not None
    assert there is not None
    assert private is not None
    assert ops.card.plain() == there.card.plain()
    assert ops.card.plain() == "P3 incidents open: 1, of which nobody has: 1\nINC-1 the footer · 1 day · nobody has it"
    assert private.card.plain().splitlines()[1:] == ["INC-2 the hole · 1 day · nobody has it"]
    assert (ops.private, private.private) == (False, True)


async def test_after_days_away_there_is_one_and_none_at_the_weekend_or_of_nothing(store: SqlStore) -> None:
    clock = VirtualClock(NOW)
    await declared(store)
    clock.move_to(NOW + 5 * DAY)  # a Saturday
    digest = Digests(store, clock, Policy())
    assert not await digest.tell()
    assert digest.due() == NINE + 6 * DAY
    clock.move_to(NOW + 8 * DAY)
    assert await digest.tell()
    assert [bool(each) for each in await digests(store, "2026-04-27", "console:#ops")] == [False]

    def end(tx: Any) -> None:
        desk = Desk(tx, tx.runs.get("5eed"), clock.now(), PEOPLE)
        desk.run = desk.run.but(state=RunState.DONE)
        desk.finish()

    await store.transact(end)
    clock.move_to(NOW + 9 * DAY)
    assert not await digest.tell()


async def test_a_p3_reminds_of_itself_no_more_also_where_an_older_build_had_that_in_mind(store: SqlStore) -> None:
    old = [Deadline("5eed", timing.ACKNOWLEDGE, 1, mark, NOW + 2 * DAY, {}) for mark in (timing.DUE, timing.LATE)]
    await declared(store, *old)
    clock = VirtualClock(NOW + 3 * DAY)
    clocks = Clocks(store, clock, PEOPLE, None, {}, None)  # type: ignore[arg-type]  # nothing is owed, all is read
    assert await clocks.fire(lasting=False)
    assert not await clocks.fire(lasting=False)
    said = await store.read(lambda tx: [each.message.logical_id for each in tx.outbox.deliverable(clock.now())])
    assert not any("reminder" in each or "missed" in each for each in said)
    assert await store.read(lambda tx: tx.deadlines.pending("5eed")) == []
