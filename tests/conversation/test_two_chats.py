"""What was missed in two chats is said in each of them, also where their channels have the same name."""

from datetime import timedelta
from functools import partial

from adapters.sandbox.clock import VirtualClock
from bot.engine.clocks import Clocks
from bot.engine.desk import Desk
from bot.wiring.unread import calls_unread
from sops.kit import timing
from sops.kit.conversation import Place
from sops.kit.model import Role, Severity
from sops.kit.people import People, Person
from sops.kit.policy import Policy
from storage import SqlStore, migrate
from tests.unit.runs import NOW, an_incident

ON_CALL = People([Person(handle="ann", roles=(Role.ON_CALL,)), Person(handle="ben", roles=(Role.ON_CALL,))])


class NothingSeen:
    """Nobody owes anything that could be looked at."""

    async def look_before_reminding(self):
        return None


async def test_late_reminders_of_two_chats_are_not_put_together(tmp_path):
    url = f"sqlite:///{tmp_path / 'two.db'}"
    migrate(url)
    store = SqlStore(url)
    await store.open()
    try:
        await store.transact(declare_in_both)
        clock = VirtualClock(NOW + timedelta(hours=3))
        assert await Clocks(store, clock, ON_CALL, NothingSeen(), {}, calls_unread((), ON_CALL, Policy(), ())).fire()
        said = await everything(store, clock)
        together = [m for m in said if m.logical_id.startswith("missed/")]
        assert sorted(m.place.platform for m in together) == ["matrix", "slack"]
        for message in together:
            other = "MAT" if message.place.platform == "slack" else "SLA"
            assert other not in message.card.model_dump_json()
    finally:
        await store.close()


async def everything(store, clock):
    """Every message, delivered in the order of its queue."""
    said = []
    while waiting := await store.read(lambda tx: tx.outbox.deliverable(clock.now())):
        for delivery in waiting:
            said.append(delivery.message)
            await store.transact(partial(arrive, delivery.row, clock.now()))
    return said


def arrive(row, now, tx):
    tx.outbox.delivered(tx.outbox.take(row, "me", 60, now), f"ref-{row}", now)


def declare_in_both(tx):
    for number, (platform, prefix) in enumerate([("slack", "SLA"), ("slack", "SLA"), ("matrix", "MAT")] * 2):
        run = an_incident(
            Severity.P2,
            id=f"{platform}-{number}",
            name=f"{prefix}-{number}",
            place=Place(platform=platform, channel="#ops"),
        )
        desk = Desk(tx, timing.started(run, timing.ACKNOWLEDGE, NOW - timedelta(hours=8)), NOW, ON_CALL, new=True)
        desk.finish()
