"""A process that is silent for longer than its lease: another takes over, and what the late one does is undone whole.

One that is at work that long, and not silent, keeps what it is at.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from sops.kit.stores import Delivery, InboxItem
from tests.integration.engine.two import two, within

DECLARED = "/incident declare P0 payments return 500"
#: What somebody is at work on, known by what taking it returns.
AN_EVENT: Callable[[object], bool] = lambda taken: isinstance(taken, InboxItem)  # noqa: E731
A_MESSAGE: Callable[[object], bool] = lambda taken: isinstance(taken, Delivery)  # noqa: E731
A_RUN: Callable[[object], bool] = lambda taken: isinstance(taken, tuple) and isinstance(taken[0], int)  # noqa: E731

#: What is said, where, and by whom, after an incident was declared; and what it leaves in the record.
SAID = {
    "begins a run": ("guest", "#ops", "/incident declare P1 search is slow", "SELECT name FROM run", 2),
    "a command": ("oncall1", "in INC-1", "ack", "SELECT * FROM ledger_entry WHERE actor LIKE '%oncall1%'", 1),
    "is answered": ("guest", "in INC-1", "status", "SELECT * FROM outbox WHERE kind = 'whisper'", 1),
    "is refused": ("guest", "in INC-1", "!close", "SELECT * FROM outbox WHERE kind = 'whisper'", 1),
}


@pytest.mark.parametrize("late", ["after the other", "before the other", "and fails"])
@pytest.mark.parametrize("said", SAID)
async def test_an_event_somebody_else_took_meanwhile_has_one_effect(tmp_path: Path, said: str, late: str) -> None:
    who, where, text, effect, times = SAID[said]
    async with two(tmp_path, lambda taken: AN_EVENT(taken) and said_now) as here:
        said_now = False
        await here.say(here.other, "guest", "#ops", DECLARED)
        await within(here.other.drain())
        here.sql("DELETE FROM outbox WHERE kind = 'whisper'")
        said_now = True
        await here.say(here.one, who, where, text)
        working = await here.one_stands_still()
        if late == "before the other":
            [conversation] = await here.store.read(lambda tx: tx.inbox.waiting())
            taken = await here.store.transact(lambda tx: tx.inbox.take(conversation, "other", 60.0))
            assert taken is not None  # the other took it, and is not done with it when the late one is
            before = here.sql("SELECT count(*), (SELECT count(*) FROM outbox) FROM ledger_entry")
            here.standing.go_on()
            await within(working)
            assert here.sql("SELECT count(*), (SELECT count(*) FROM outbox) FROM ledger_entry") == before
            here.sql("UPDATE claim SET until = 1 WHERE until > 0")
            await within(here.other.drain())
        else:
            await within(here.other.drain())
            here.standing.go_on(RuntimeError("unexpected") if late == "and fails" else None)
            await within(working)
        assert len(here.sql(effect)) == times
        assert here.sql("SELECT state, attempts, error FROM inbox") == [("done", 0, "")] * 2
        assert here.chat.doubled() == []
        assert await here.store.read(lambda tx: tx.ledger.verify()) == []


@pytest.mark.parametrize("at", [AN_EVENT, A_RUN, A_MESSAGE], ids=["an event", "a run", "a message"])
async def test_what_takes_longer_than_a_lease_is_not_taken_from_who_is_at_work_on_it(
    tmp_path: Path, at: Callable[[object], bool]
) -> None:
    async with two(tmp_path, at) as here:
        await here.say(here.one, "guest", "#ops", DECLARED)
        working = await here.one_stands_still()
        kept = here.sql("SELECT key, fence, owner FROM claim WHERE until > 0")
        await within(here.pulse.beat())
        await within(here.other.drain())
        assert here.sql("SELECT key, fence, owner FROM claim WHERE until > 0") == kept != []
        here.standing.go_on()
        await within(working)
        await within(here.other.drain())
        assert here.text().count("INC-1 declared") == 1
        assert here.chat.doubled() == []
        assert here.sql("SELECT state, attempts, error FROM inbox") == [("done", 0, "")]
