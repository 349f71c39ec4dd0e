"""Calls while nobody answers, on a real store without a world: what each chat is told, also one that was away."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.chat.handlers.incident import page_first
from bot.engine.clocks import Clocks
from bot.engine.desk import Desk, Desks
from bot.wiring.sandbox import sandbox_people
from bot.wiring.unread import calls_unread
from sops import ALL
from sops.kit import timing
from sops.kit.message import Card, line, person
from sops.kit.model import Severity
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.run import Run
from sops.kit.stores import Deadline, Delivery, Transaction
from sops.kit.timing import ACKNOWLEDGE, CALL, DUE
from storage import SqlStore
from tests.unit.runs import NOW, an_incident

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CHANNELS = {"console": {"ops": "#ops", "security": "#security"}, "matrix": {"ops": "!ops:here"}}


class NothingOwed:
    async def look_before_reminding(self) -> None:
        return None


@dataclass
class Watch:
    """One incident, the clocks around it, and a chat that takes what it is given, or nothing while it is `away`."""

    store: SqlStore
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW))
    people: People = field(default_factory=lambda: People(sandbox_people()))
    away: bool = False
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def clocks(self) -> Clocks:
        return Clocks(
            self.store, self.clock, self.people, NothingOwed(), CHANNELS, calls_unread(ALL, self.people, Policy(), ())
        )  # type: ignore[arg-type]

    async def declare(self, severity: Severity = Severity.P0, **changes: Any) -> None:
        def begin(tx: Any) -> None:
            run = timing.started(an_incident(severity, owners=(), **changes), ACKNOWLEDGE, NOW)
            desk = Desk(tx, run, NOW, self.people, new=True)
            page_first(desk)
            desk.finish()

        await self.store.transact(begin)
        await self.deliver()

    async def pass_time(self, span: timedelta) -> None:
        """Every call that is due meanwhile is made at its time."""
        end = self.clock.now() + span
        while (due := await self.store.read(lambda tx: tx.deadlines.next_due())) is not None and due <= end:
            self.clock.move_to(max(due, self.clock.now()))
            await self.clocks.fire()
            await self.deliver()
        self.clock.move_to(end)

    async def deliver(self) -> None:
        while not self.away and (waiting := await self._waiting()):
            for delivery in waiting:
                if delivery.message.kind == "post":
                    self.told.append((delivery.message.place.platform, delivery.message.card.plain()))
                await self.store.transact(partial(self._arrived, delivery))

    def _arrived(self, delivery: Delivery, tx: Transaction) -> None:
        taken = tx.outbox.take(delivery.row, "here", 60, self.clock.now())
        assert taken is not None
        tx.outbox.delivered(taken, f"ref {delivery.message.logical_id}", self.clock.now())

    async def _waiting(self) -> list[Delivery]:
        return list(await self.store.read(lambda tx: tx.outbox.deliverable(self.clock.now())))

    async def run(self) -> Run:
        return await self.store.read(lambda tx: tx.runs.get("5eed"))

    async def pending(self) -> list[Deadline]:
        return list(await self.store.read(lambda tx: tx.deadlines.pending("5eed")))

    def calls(self, platform: str = "console") -> list[str]:
        return [text for chat, text in self.told if chat == platform and "nobody has acknowledged" in text]


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    store = SqlStore(f"sqlite:///{tmp_path / 'watch.db'}")
    await store.open()
    yield Watch(store)
    await store.close()


async def test_what_calls_somebody_goes_first_and_what_is_only_told_does_not(watch: Watch) -> None:
    """Also the call in the other chat, its thread's root before it; what mentions somebody and calls nobody waits."""
    watch.away = True
    await watch.declare()
    await watch.pass_time(20 * MINUTE)

    def told(desk: Desk) -> None:
        desk.say(Card(lines=(line(person("oncall1"), " says nothing new"),)))

    watch.clock.move_to(watch.clock.now() + MINUTE)
    await Desks(watch.store, watch.clock, watch.people).at("5eed", told)
    queued: list[tuple[str, bool]] = []
    while waiting := await watch._waiting():
        queued.append((waiting[0].message.place.platform, waiting[0].message.calls))
        await watch.store.transact(partial(watch._arrived, waiting[0]))
    first, rest = queued[:5], queued[5:]
    assert sorted(where for where, _ in first) == ["console"] * 3 + ["matrix"] * 2
    assert sum(calls for _, calls in first) == 3, "the first page, the last call, and that in the other chat"
    assert len(rest) > 0
    assert not any(calls for _, calls in rest)


async def test_calls_that_a_chat_could_not_take_come_as_one_that_says_so(watch: Watch) -> None:
    await watch.declare()
    await watch.pass_time(5 * MINUTE)
    assert len(watch.calls()) == 2
    watch.away = True
    await watch.pass_time(55 * MINUTE)
    watch.away = False
    await watch.deliver()
    *_, last = watch.calls()
    assert len(watch.calls()) == 3
    assert "45 min over the 15 min" in last
    assert "10 calls before this one did not get through here, since Mon 20 Apr 08:10 UTC" in last
    await watch.pass_time(15 * MINUTE)
    assert "did not get through" not in watch.calls()[-1]


async def test_the_last_rung_has_it_told_in_the_other_chat_where_it_can_be_answered(watch: Watch) -> None:
    await watch.declare()
    await watch.pass_time(10 * MINUTE)
    assert {chat for chat, _ in watch.told} == {"console"}
    await watch.pass_time(10 * MINUTE)
    there = [text for chat, text in watch.told if chat == "matrix"]
    assert there[0].startswith("P0 · INC-1 · payments return 500")
    assert len(watch.calls("matrix")) == 2
    (mirror,) = (await watch.run()).mirrors
    assert (mirror.name, mirror.home, mirror.place.channel) == ("matrix:#ops", "console:#ops", "!ops:here")


@pytest.mark.parametrize("changes", [{"private": True}, {"policy": None}])
async def test_a_private_run_is_told_nowhere_else_nor_one_whose_ladder_says_nothing_of_it(
    watch: Watch, changes: dict[str, Any]
) -> None:
    if "policy" in changes:
        policy = an_incident().policy
        changes = {
            "policy": policy.model_copy(update={"paging": {**policy.paging, Severity.P0: ("0m: first", "every 5m")}})
        }
    await watch.declare(**changes)
    await watch.pass_time(30 * MINUTE)
    assert watch.calls()
    assert {chat for chat, _ in watch.told} == {"console"}


async def test_somebody_who_had_the_other_chat_left_alone_is_not_overruled(watch: Watch) -> None:
    await watch.declare()
    await watch.pass_time(15 * MINUTE)

    def leave(tx: Any) -> None:
        desk = Desk(tx, tx.runs.get("5eed"), watch.clock.now(), watch.people)
        desk.unmirror(desk.run.mirrors[0])
        desk.finish()

    await watch.store.transact(leave)
    await watch.pass_time(HOUR)
    assert [mirror.over for mirror in (await watch.run()).mirrors] == [True]


async def test_a_run_of_an_older_build_goes_on_by_the_ladder_with_its_marks_as_they_are(watch: Watch) -> None:
    """Its marks were all stored beforehand: those of the time, and twenty after it."""
    await watch.declare()

    def as_before(tx: Any) -> None:
        tx.deadlines.cancel("5eed", ACKNOWLEDGE)
        for mark in (50, 80, DUE, *range(DUE + 1, DUE + 21)):
            tx.deadlines.put(Deadline("5eed", ACKNOWLEDGE, 1, mark, NOW + mark * 15 * MINUTE / 100, {}))

    await watch.store.transact(as_before)
    await watch.pass_time(20 * MINUTE)
    gone = [text.splitlines()[2].partition(" gone")[0] for text in watch.calls()]
    assert gone[:4] == [
        "7 min of 15 min",
        "10 min of 15 min",
        "15 min of 15 min",
        "5 min over the 15 min; it was due Mon 20 Apr 08:15 UTC.",
    ]
    (only,) = await watch.pending()
    assert only.threshold > CALL


async def test_a_clock_whose_marks_are_all_spent_is_given_its_next_one_at_a_look(watch: Watch) -> None:
    await watch.declare()

    def spent(tx: Any) -> None:
        tx.deadlines.cancel("5eed", ACKNOWLEDGE)

    def look(tx: Any) -> None:
        desk = Desk(tx, tx.runs.get("5eed"), watch.clock.now(), watch.people)
        desk.keep_reminding()
        desk.finish()

    await watch.store.transact(spent)
    watch.clock.move_to(NOW + 3 * DAY)
    await watch.store.transact(look)
    await watch.pass_time(30 * MINUTE)
    (call,) = watch.calls()
    assert "3 days" in call


async def test_a_call_that_cannot_be_made_is_made_at_the_next_mark(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.declare()
    with monkeypatch.context() as broken:
        broken.setattr("bot.engine.calling.Caller.call", lambda *_: 1 / 0)
        await watch.pass_time(2 * MINUTE)
    assert watch.calls() == []
    await watch.pass_time(3 * MINUTE)
    assert len(watch.calls()) == 1


async def test_a_week_of_calls_does_not_make_the_run_grow(watch: Watch) -> None:
    await watch.declare()
    await watch.pass_time(5 * HOUR)
    size = len((await watch.run()).model_dump_json())
    await watch.pass_time(DAY)
    assert abs(len((await watch.run()).model_dump_json()) - size) < 20
    assert len(await watch.pending()) == 1
