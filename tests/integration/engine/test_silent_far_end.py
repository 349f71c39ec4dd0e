"""A far end that takes requests and never answers: events, clocks and other runs do not notice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine import steps
from bot.engine.desk import Desk
from bot.wiring.sandbox import sandbox_people
from sops.kit.action import Owed
from sops.kit.conversation import Actor, Event, Place
from sops.kit.debts import Holds
from sops.kit.model import Role
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.run import RunState
from sops.kit.stores import Transaction
from storage import SqlStore
from tests.integration.engine.service import Service, serving
from tests.unit.runs import NOW, a_release

RUNS = 50


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = SqlStore(f"sqlite:///{tmp_path / 'sopwith.db'}")
    await opened.open()
    yield opened
    await opened.close()


def waiting_runs(tx: Transaction) -> None:
    """Fifty candidates that are to be looked at."""
    for number in range(RUNS):
        run = a_release(id=f"run{number}", name=tx.runs.next_name("REL")).but(version=f"1.{number}.0")
        Desk(tx, run, NOW, People(sandbox_people()), new=True).finish()
        tx.runs.wake(run.id)


def news(number: int, service: Service) -> Event:
    there, whom = Place(platform="forge", channel=""), Actor(platform="forge", id="webhook")
    return Event(dedupe_key=f"forge/{number}", kind="forge", place=there, actor=whom, text="", at=service.clock.now())


async def test_an_incident_is_declared_paged_escalated_and_taken_while_fifty_runs_wait_for_it(store: SqlStore) -> None:
    welcoming = Policy(onboard_first_timers=True)
    async with serving(store, welcoming, waiting_runs) as here:
        await here.until(lambda: len(here.far.asked) >= 8)
        await here.engine.accept(news(1, here))
        for number in range(9):  # more than there is room for
            await here.say("rm", "#ops", f"/release rc 2.{number}.0")
        await here.say("guest", "#ops", "/incident declare P0 payments return 500")
        await here.until_said("INC-1 declared")
        await here.until_said("@oncall1")
        here.passes(minutes=20)
        await here.until_said("@oncall2")
        await here.say("guest", "in INC-1", "!note the gateway times out")
        await here.say("guest", "in INC-1", "status")
        await here.say("oncall2", "in INC-1", "ack")
        await here.until_said("oncall2 has it")
        incident = await here.run("INC-1")
        assert not incident.clocks["acknowledge"].running
        await here.engine.accept(news(2, here))
        await here.say("oncall2", "in INC-1", "!update we look at the gateway")
        await here.until_said("we look at the gateway")
        assert "INC-1 declared" in here.text()
        assert "2.0.0" not in here.text()  # nobody said what is so
        busy = [each for each in here.far.asked if each != "open_pull_requests"]
        assert len(busy) <= 8 + 8  # runs, and beginnings of runs


def a_debt(tx: Transaction) -> None:
    """A release that is over, and owes what the repository shows."""
    run = a_release(id="owing", name=tx.runs.next_name("REL"))
    owed = Owed("back-merge", "merge 1.4.0 into develop", Role.RELEASE_MANAGER, probe=Holds("develop", "a" * 40))
    desk = Desk(tx, run, NOW, People(sandbox_people()), new=True)
    steps.owe(desk, [owed])
    desk.run = desk.run.but(state=RunState.DONE, ended_at=NOW)
    desk.finish()


def owed_was_told(here: Service) -> bool:
    return any("/reminder/owed" in post.key for post in here.room.posts)


@pytest.mark.parametrize("patient", [True, False])
async def test_reminders_of_what_is_owed_wait_for_a_look_and_no_page_waits_with_them(
    store: SqlStore, patient: bool
) -> None:
    async with serving(store, before=a_debt, look_in=1e9 if patient else 0.0) as here:
        here.passes(days=8)
        if patient:
            await here.until(lambda: here.far.asked == ["branch"])
        await here.say("guest", "#ops", "/incident declare P0 payments return 500")
        await here.until_said("@oncall1")
        here.passes(minutes=20)
        await here.until_said("@oncall2")
        if not patient:  # the time for the look is over
            await here.until(lambda: owed_was_told(here))
        assert owed_was_told(here) is not patient


async def test_a_question_that_waits_for_it_keeps_only_its_own_thread_waiting(store: SqlStore) -> None:
    async with serving(store, look_in=1e9) as here:
        await here.say("guest", "#ops", "/incident declare P1 payments return 500")
        await here.say("oncall1", "in INC-1", "ack")
        await here.until_said("oncall1 has it")
        await here.until(lambda: bool(here.far.asked))
        await here.say("oncall1", "in INC-1", "plan")
        await here.say("oncall1", "in INC-1", "!note and this waits behind it")
        await here.say("guest", "#ops", "/incident declare P2 search is slow")
        await here.say("oncall2", "in INC-2", "ack")
        await here.until_said("oncall2 has it")
        thread = f"run:{(await here.run('INC-1')).id}"
        behind = await store.read(lambda tx: tx.inbox.held(thread))
        assert [item.event.text for item in behind] == ["plan", "!note and this waits behind it"]


async def test_what_is_said_in_a_run_that_waits_for_it_is_answered(store: SqlStore) -> None:
    async with serving(store) as here:
        await here.say("guest", "#ops", "/incident declare P1 payments return 500")
        await here.say("oncall1", "in INC-1", "ack")
        await here.until_said("oncall1 has it")
        await here.until(lambda: bool(here.far.asked))  # the run is being advanced: its issue is sought
        await here.say("oncall1", "in INC-1", "!update we look at the gateway")
        await here.until_said("we look at the gateway")
        await here.say("oncall2", "in INC-1", "status")
        await here.until_said("INC-1")
        assert here.far.asked
