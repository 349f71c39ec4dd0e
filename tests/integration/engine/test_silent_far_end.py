"""A far end that takes requests and never answers: events, clocks and other runs do not notice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine.desk import Desk
from bot.wiring.sandbox import sandbox_people
from sops.kit.conversation import Actor, Event, Place
from sops.kit.people import People
from sops.kit.policy import Policy
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
