"""Two postmen, or two handlers, on one store: what both find is done by one of them, also when one comes late."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.engine.keeping import Keeping
from bot.engine.mail import Intake
from bot.engine.postman import Postman
from sops.kit.conversation import Actor, Event, Place
from sops.kit.errors import ClaimLost
from sops.kit.message import Card, line
from sops.kit.people import People
from sops.kit.ports import Traits
from sops.kit.stores import InboxItem, Outgoing, Transaction
from storage import SqlStore

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
OPS = Place(platform="console", channel="#ops")


class Slow:
    """A chat that shows whatever it is given, each time anew, and lets others go first."""

    platform = "console"
    traits = Traits(keyed=False, overtaken=True)

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def post(self, key: str, place: Place, card: Card) -> str:
        await asyncio.sleep(0)  # lets the other go first
        self.shown.append(key)
        return f"ref {key} {len(self.shown)}"

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        await asyncio.sleep(0)  # lets the other go first
        self.shown.append(key)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        await asyncio.sleep(0)  # lets the other go first
        self.shown.append(f"edit {key}")

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        return next((f"ref {key} {at}" for at, each in enumerate(self.shown, 1) if each == key), None)

    def shown_at(self, ref: str) -> datetime | None:
        return None


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = SqlStore(f"sqlite:///{tmp_path / 'two.db'}")
    await opened.open()
    yield opened
    await opened.close()


def a_message(kind: Any, name: str, root: str | None = None) -> Outgoing:
    card = Card(lines=(line(f"{kind} {name}"),))
    to = Actor(platform="console", id="rm") if kind == "whisper" else None
    return Outgoing(kind, name, OPS, card, None, root=root, to=to)


async def test_two_postmen_deliver_each_message_once_and_a_thread_in_its_order(store: SqlStore) -> None:
    roots = [f"root {n}" for n in range(4)]

    def put(tx: Transaction) -> None:
        for root in roots:
            tx.outbox.put(a_message("post", root), NOW)
            for number in range(5):
                tx.outbox.put(a_message("post", f"{root}/{number}", root), NOW)
            tx.outbox.put(a_message("edit", root), NOW)
            tx.outbox.put(a_message("whisper", f"answer {root}"), NOW)

    await store.transact(put)
    chat, clock = Slow(), VirtualClock(NOW)
    keeping, chats = Keeping(store), {"console": chat}
    postmen = [Postman(store, clock, chats, People(()), name, keeping) for name in ("one", "two")]  # type: ignore[arg-type]
    while await store.read(lambda tx: tx.outbox.deliverable(NOW)):
        await asyncio.gather(*(postman.deliver() for postman in postmen))
    assert {key: times for key, times in Counter(chat.shown).items() if times > 1} == {}
    assert len(chat.shown) == 4 * 8
    for root in roots:
        thread = [key for key in chat.shown if key.startswith(root)]
        assert thread == [root, *(f"{root}/{number}" for number in range(5))]


async def test_a_handler_whose_lease_ran_out_leaves_no_trace(store: SqlStore) -> None:
    """It was elsewhere while somebody else took the event over and was done with it."""
    actor = Actor(platform="console", id="rm")
    event = Event(dedupe_key="e1", kind="message", place=OPS, actor=actor, text="!note", at=NOW, addressed=True)
    await Intake(store).accept(event)
    [conversation] = await store.read(lambda tx: tx.inbox.waiting())

    def effect(owner: str, item: InboxItem, tx: Transaction) -> None:
        tx.outbox.put(a_message("whisper", f"answer of {owner}"), NOW)
        tx.inbox.done(item)

    late = await store.transact(lambda tx: tx.inbox.take(conversation, "late", 0.0))
    other = await store.transact(lambda tx: tx.inbox.take(conversation, "other", 60.0))
    assert late is not None
    assert other is not None
    await store.transact(partial(effect, "other", other))
    with pytest.raises(ClaimLost):
        await store.transact(partial(effect, "late", late))
    said = await store.read(lambda tx: tx.outbox.deliverable(NOW))
    assert [each.message.logical_id for each in said] == ["answer of other"]
