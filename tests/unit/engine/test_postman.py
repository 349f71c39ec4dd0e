"""The post over a chat in trouble: what nobody is sure of stays so, and nobody is woken for what cannot be done yet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.engine.engine import Engine
from bot.engine.keeping import Keeping
from bot.engine.mail import Intake
from bot.engine.postman import Postman
from bot.engine.sealing import Sealing
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import FarEndError, OutcomeUnknown
from sops.kit.message import Card, line
from sops.kit.people import People
from sops.kit.ports import Pace, Traits
from sops.kit.stores import Delivery, Outgoing, Transaction
from storage import SqlStore

OPS = Place(platform="console", channel="#ops")
NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
PUMPS = 9  # of what an engine does, and one for the console


class Moody:
    """A chat that answers as it is told to, in order, and then well; it remembers whether it was asked to look."""

    platform = "console"
    traits = Traits(keyed=False, overtaken=True)

    def __init__(self) -> None:
        self.moods: list[Exception] = []
        self.posted: list[str] = []
        self.sought = 0
        self.whispered = 0

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        self.whispered += 1

    async def post(self, key: str, place: Place, card: Card) -> str:
        self.posted.append(key)
        if self.moods:
            raise self.moods.pop(0)
        return f"ref {key}"

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        self.sought += 1
        return None

    def shown_at(self, ref: str) -> datetime | None:
        return None


class NoAlive:
    """Nobody asks how long nobody was alive."""

    async def beat(self) -> bool:
        return False

    async def due(self, _: datetime) -> datetime | None:
        return None


class NoDigests:
    """No day is ever begun."""

    async def tell(self) -> bool:
        return False

    def due(self) -> None:
        return None


class NoClocks:
    async def fire(self, lasting: bool | None = None) -> bool:
        return False


class Bell:
    """An alarm that notes what it is set to, and rings at once where that is over already."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.set_to: list[datetime | None] = []
        self._set = asyncio.Event()

    async def is_set(self) -> None:
        """Once every pump came to rest."""
        await self._set.wait()

    async def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def arm(self, at: datetime | None) -> None:
        self.set_to.append(at)
        if len(self.set_to) >= PUMPS:
            self._set.set()
        if at is not None and at <= self._now():
            asyncio.get_running_loop().call_soon(self._wake)

    async def stop(self) -> None:
        pass


class Office:
    """An engine around the moody chat, with nothing else to do."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.clock = VirtualClock(NOW)
        self.chat = Moody()
        self.postman = self.a_postman("here")
        self.intake = Intake(store)

    def a_postman(self, owner: str) -> Postman:
        return Postman(self.store, self.clock, {"console": self.chat}, People(()), owner, Keeping(self.store))  # type: ignore[dict-item]

    def engine(self) -> Engine:
        async def nothing(_: Any) -> bool:
            return False

        unsealed = Sealing(self.store, self.clock, (), "UTC")
        return Engine(
            self.store, self.clock, self.intake, nothing, NoClocks(), nothing, self.postman, "here", unsealed,  # type: ignore[arg-type]
            NoDigests(), Keeping(self.store), NoAlive(),  # type: ignore[arg-type]
        )  # fmt: skip

    async def put(
        self, logical_id: str, place: Place = OPS, root: str | None = None, *, kind: Any = "post", calls: bool = False
    ) -> None:
        to = Actor(platform="console", id="rev1") if kind == "whisper" else None
        message = Outgoing(kind, logical_id, place, Card(lines=(line("hello"),)), None, root=root, to=to, calls=calls)
        await self.store.transact(lambda tx: tx.outbox.put(message, self.clock.now()))

    async def taken(self, logical_id: str, *, sending: bool = False) -> Delivery:
        def take(tx: Transaction) -> Delivery | None:
            row = next(each.row for each in tx.outbox.deliverable(NOW) if each.message.logical_id == logical_id)
            return tx.outbox.take(row, "here", 60, NOW, sending=sending)

        delivery = await self.store.transact(take)
        assert delivery is not None
        return delivery

    async def hear(self, text: str, *, kind: Any = "message", **more: Any) -> bool:
        place = OPS.model_copy(update={"thread": more.pop("thread", None)})
        actor = Actor(platform="console", id="oncall1")
        event = Event(dedupe_key=f"key {text}", kind=kind, place=place, actor=actor, text=text, at=NOW, **more)
        return await self.intake.accept(event)

    async def waiting(self) -> list[str]:
        return [each.partition(":")[0] for each in await self.store.read(lambda tx: tx.inbox.waiting())]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    url = f"sqlite:///{tmp_path / 'office.db'}"
    store = SqlStore(url)
    await store.open()
    yield Office(store)
    await store.close()


async def test_a_page_waits_for_nothing_of_what_anybody_filled_its_channel_with(office: Office) -> None:
    """One message a second is what the channel bears; the bot begins anew in the middle, and so the order is stored."""
    office.chat.traits = replace(office.chat.traits, pace=Pace(every=timedelta(seconds=1), burst=1))
    for number in range(30):
        await office.put(f"noise {number}")
    await office.put("incident")
    await office.put("talk", root="incident")
    await office.put("page", root="incident", calls=True)
    for _ in range(5):
        await office.a_postman("after a restart").deliver()
        office.clock.move_to(office.clock.now() + timedelta(seconds=1))
    assert office.chat.posted == ["incident", "page", "noise 0", "noise 1", "noise 2"]


async def test_a_page_that_comes_while_many_are_answered_waits_for_few_of_them(office: Office) -> None:
    for number in range(40):
        await office.put(f"answer {number}", kind="whisper")
    await office.postman.deliver()
    await office.put("page", calls=True)
    await office.postman.deliver()
    assert office.chat.posted == ["page"]
    assert office.chat.whispered < 40
    while await office.postman.deliver():
        pass
    assert office.chat.whispered == 40


async def test_a_post_that_may_have_arrived_is_sought_however_later_tries_fail(office: Office) -> None:
    await office.put("m1")
    office.chat.moods = [OutcomeUnknown("the answer was lost"), FarEndError("slow down"), FarEndError("slow down")]
    for _ in range(4):
        await office.postman.deliver()
        office.clock.move_to(office.clock.now() + timedelta(minutes=2))
    assert office.chat.posted == ["m1"] * 4
    assert office.chat.sought == 3


async def test_a_post_that_surely_failed_is_not_sought(office: Office) -> None:
    await office.put("m1")
    office.chat.moods = [FarEndError("slow down")]
    await office.postman.deliver()
    office.clock.move_to(office.clock.now() + timedelta(minutes=2))
    await office.postman.deliver()
    assert (office.chat.posted, office.chat.sought) == (["m1", "m1"], 0)


async def test_what_is_said_to_the_bot_below_a_message_nobody_is_sure_of_is_kept(office: Office) -> None:
    await office.put("m1")
    office.chat.moods = [OutcomeUnknown("the answer was lost")]
    await office.postman.deliver()
    assert await office.hear("what a night", thread="people's own")
    assert await office.hear("!sop list", thread="people's own")
    assert await office.hear("status", thread="people's own", addressed=True)
    assert await office.waiting() == []
    office.clock.move_to(office.clock.now() + timedelta(minutes=2))
    await office.postman.deliver()
    assert await office.waiting() == ["console"]
    waiting = await office.store.read(lambda tx: tx.inbox.oldest("console:#ops:people's own"))
    assert waiting is not None
    assert waiting.event.text == "!sop list"


async def test_a_bare_help_is_heard_in_a_channel_and_left_alone_among_people(office: Office) -> None:
    assert await office.hear("*Help!*")
    assert not await office.hear("help", thread="people's own")
    assert not await office.hear("help me with the tests")
    assert not await office.hear("help", kind="edit", addressed=False)


async def test_an_emoji_on_a_request_nobody_is_sure_of_waits_for_it(office: Office) -> None:
    await office.put("root")
    await office.postman.deliver()
    await office.put("request", root="root")
    office.chat.moods = [OutcomeUnknown("the answer was lost")]
    await office.postman.deliver()
    assert await office.hear("✅", kind="reaction", about="ref request")
    assert await office.waiting() == []


async def test_once_a_post_surely_failed_nothing_waits_for_it(office: Office) -> None:
    await office.put("m1")
    under_way = await office.taken("m1", sending=True)
    assert await office.hear("!sop list", thread="people's own")
    await office.store.transact(lambda tx: tx.outbox.retry(under_way, NOW, "", uncertain=False))
    office.chat.moods = [FarEndError("slow down")]
    await office.postman.deliver()
    assert await office.waiting() == ["console"]


@pytest.mark.parametrize("trouble", ["the channel rests", "a chat is gone"])
async def test_nobody_is_woken_for_what_cannot_be_sent_yet(office: Office, trouble: str) -> None:
    await office.put("m1")
    await office.put("m2", Place(platform="slack", channel="C1"))
    if trouble == "the channel rests":
        office.chat.moods = [FarEndError("slow down", retry_after=60)]
    elsewhere = await office.taken("m2")
    await office.store.transact(lambda tx: tx.outbox.retry(elsewhere, NOW, "gone"))
    bell = Bell(office.clock.now)
    engine = office.engine()
    serving = asyncio.create_task(engine.serve(bell))
    await bell.is_set()
    office.clock.move_to(office.clock.now() + timedelta(seconds=30))
    engine.wake()
    settled = len(bell.set_to)
    at_last = NOW + timedelta(seconds=60) if trouble == "the channel rests" else None
    looks = 0
    while looks < 20 or (bell.set_to[-1] != at_last and looks < 1000):
        looks += 1
        await office.store.read(lambda tx: None)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert len(bell.set_to) < settled + 3 * PUMPS
    assert bell.set_to[-1] == at_last
