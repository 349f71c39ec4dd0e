"""A far end that fails at a step: who hears of it, how often, and what is shown meanwhile."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.chat.replies import lists
from bot.engine import outages, steps
from bot.engine.desk import Desk, Desks
from bot.wiring.sandbox import sandbox_people
from sops.kit.action import Conflict, Done, Todo
from sops.kit.errors import AtFarEnd, FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.people import People
from sops.kit.run import Failing, Run, StepRecord, StepState
from sops.kit.stores import Delivery, Transaction
from storage import SqlStore
from tests.unit.runs import NOW, a_release

SECOND = timedelta(seconds=1)
FAILED = OutcomeUnknown("opening a pull request: GitHub failed (500); it may or may not have happened", said="500")
STEP = "pull-request"


def failed(said: str = "500", at: str = "GitHub", **more: Any) -> FarEndError:
    problem = FarEndError(f"listing: {at} failed", said=said, **more)
    problem.at = at
    return problem


@dataclass
class Thread:
    """One release at its pull request, and what was said in its thread."""

    store: SqlStore
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW))
    people: People = field(default_factory=lambda: People(sandbox_people()))
    posts: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        records = {step: StepRecord(state=StepState.DONE) for step in ("branch", "bump")}
        records |= {step: StepRecord(state=StepState.WAITING) for step in (STEP, "merge")}
        run = a_release(records=records)
        await self.store.transact(lambda tx: Desk(tx, run, NOW, self.people, new=True).finish())

    async def do(self, work: Callable[[Desk], object], after: int = 0) -> None:
        self.clock.move_to(self.clock.now() + after * SECOND)
        await Desks(self.store, self.clock, self.people).at("5eed", work)

    async def fails(self, problem: AtFarEnd, after: int = 30, at: str = STEP) -> None:
        await self.do(lambda desk: steps.trouble(desk, step_of(desk, at), problem, steps.TELL_AFTER), after)

    async def found(self, found: Done | Conflict | Todo, unknown: OutcomeUnknown | None = None, at: str = STEP) -> None:
        def record(desk: Desk) -> None:
            step = step_of(desk, at)
            action: Any = step.deeds[0]
            steps.record_found(desk, step, steps.key_of(0, action), action, found, None, unknown)

        await self.do(record, 30)

    async def said(self) -> list[str]:
        while waiting := await self.store.read(lambda tx: tx.outbox.deliverable(self.clock.now())):
            for delivery in waiting:
                if delivery.message.kind == "post":
                    self.posts.append(delivery.message.card.plain())
                await self.store.transact(partial(self._arrived, delivery))
        return [text for text in self.posts if ", pull request waits for" in text or "works again" in text]

    def _arrived(self, delivery: Delivery, tx: Transaction) -> None:
        taken = tx.outbox.take(delivery.row, "here", 60, self.clock.now())
        assert taken is not None
        tx.outbox.delivered(taken, f"ref {delivery.message.logical_id}", self.clock.now())

    async def run(self) -> Run:
        return await self.store.read(lambda tx: tx.runs.get("5eed"))


def step_of(desk: Desk, step_id: str) -> Any:
    return next(step for step in desk.run.steps if step.id == step_id)


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[Thread]:
    store = SqlStore(f"sqlite:///{tmp_path / 'sopwith.db'}")
    await store.open()
    here = Thread(store)
    await here.begin()
    yield here
    await store.close()


async def test_three_failed_tries_are_told_once_however_many_follow_and_so_is_the_end(thread: Thread) -> None:
    for _ in range(2):
        await thread.fails(failed())
    assert await thread.said() == []
    for _ in range(20):
        await thread.fails(failed("502"), 600)
    (said,) = await thread.said()
    assert "REL-1, pull request waits for GitHub: 502 since" in said
    assert "tried again" in said
    await thread.found(Done({}))
    assert "GitHub works again for pull request, after 3 h 2" in (await thread.said())[1]
    await thread.found(Done({}))
    assert len(await thread.said()) == 2


async def test_two_minutes_are_enough(thread: Thread) -> None:
    await thread.fails(failed())
    await thread.fails(failed(), 120)
    assert len(await thread.said()) == 1


async def test_a_write_of_which_nobody_knows_counts_as_a_failed_try(thread: Thread) -> None:
    FAILED.at = "GitHub"
    for _ in range(4):
        await thread.found(Todo("open it"), FAILED)
    assert "pull request waits for GitHub: 500" in (await thread.said())[0]
    await thread.found(Todo("open it"))  # it was taken, and is not to be seen yet
    assert "works again" in (await thread.said())[1]


async def test_two_steps_that_fail_at_the_same_far_end_are_one_outage(thread: Thread) -> None:
    for _ in range(5):
        await thread.fails(failed())
        await thread.fails(failed(), at="merge")
    assert len(await thread.said()) == 1
    await thread.found(Done({}))
    assert len(await thread.said()) == 1
    await thread.found(Conflict("no", "look"), at="merge")
    assert "GitHub works again for merge" in (await thread.said())[1]


async def test_another_far_end_is_another_outage(thread: Thread) -> None:
    for at in ("GitHub", "the git remote"):
        for _ in range(3):
            await thread.fails(failed(at=at))
    assert [("GitHub" in said, "the git remote" in said) for said in await thread.said()] == [
        (True, False),
        (False, True),
    ]


async def test_what_was_told_for_everybody_is_only_shown(thread: Thread) -> None:
    await thread.fails(failed())
    for _ in range(10):
        await thread.fails(failed("status 500", unasked=True), 300)
    assert await thread.said() == []
    run = await thread.run()
    for shown in (lists.status(run, thread.clock.now()), lists.runs([run], []), lists.overview([run], [])):
        assert "pull-request, under way: waits for GitHub: 500 since " in shown.plain().replace(
            "pull-request waits", "pull-request, under way: waits"
        )
    await thread.found(Done({}))
    assert await thread.said() == []


async def test_what_it_said_is_short_and_plain(thread: Thread) -> None:
    refused = FarEndRefused("listing: \x1b[31m\n" + "x" * 10_000)
    for _ in range(3):
        await thread.fails(refused)
    (said,) = await thread.said()
    assert "waits for the far end: listing: [31m xxx" in said
    assert len(said) < 500


def test_an_older_builds_record_knows_of_no_outage_and_a_newer_ones_is_kept() -> None:
    assert StepRecord.model_validate({"note": "listing: GitHub failed", "tries": 4}).failing is None
    newer = {"at": "GitHub", "said": "500", "since": NOW, "colour": "red"}
    kept = StepRecord.model_validate({"failing": newer}).failing
    assert isinstance(kept, Failing)
    assert kept.model_dump()["colour"] == "red"


def test_a_far_end_nobody_named_is_still_one() -> None:
    assert outages.SOMEBODY
    assert FarEndError("x").at == ""
