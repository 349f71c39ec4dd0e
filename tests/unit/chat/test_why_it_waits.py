"""The summary of a run says what it waits for, whatever that is: whom, which far end, held by whom and why."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.chat import commands
from bot.chat.handlers import approvals, common
from bot.chat.replies.summary import summary
from bot.engine import outages, requests, steps
from bot.engine.desk import Desk, Desks
from bot.engine.looks import Looking
from bot.engine.threads import root_of
from bot.wiring.sandbox import sandbox_people
from sops.freeze import RELEASE_FREEZE
from sops.incident import INCIDENT
from sops.kit.action import Conflict
from sops.kit.approvals import RequestState
from sops.kit.errors import FarEndError
from sops.kit.freeze_gates import NotFrozen
from sops.kit.gate import SignedOff, Waiting
from sops.kit.model import Severity, Step
from sops.kit.people import People
from sops.kit.run import Child, RunState, StepState
from sops.kit.soak import Soaked
from sops.kit.stores import Delivery, Transaction
from sops.onboarding import ONBOARDING
from sops.release_candidate import RELEASE_CANDIDATE
from sops.rollback import ROLLBACK
from sops.stable_release import STABLE_RELEASE
from storage import SqlStore
from tests.unit.engine.test_held_up import a_request, up_to
from tests.unit.runs import NOW, a_run_of

Work = Callable[[Desk], object]
RM: Any = SimpleNamespace(handle="rm", record="rm", roles=(), person=None)


@dataclass
class Channel:
    """What stands in a run's channel after things happened to it, as the outbox has it."""

    store: SqlStore

    async def reads(self, run: Any, *happens: Work) -> str:
        clock, people = VirtualClock(NOW), People(sandbox_people())
        await self.store.transact(lambda tx: Desk(tx, run, NOW, people, new=True).finish())
        for work in happens:
            clock.move_to(clock.now() + timedelta(minutes=1))
            await Desks(self.store, clock, people).at(run.id, work)
        stored = await self.store.read(lambda tx: tx.runs.get(run.id))
        shown = ""
        while waiting := await self.store.read(lambda tx: tx.outbox.deliverable(clock.now())):
            for delivery in waiting:
                if delivery.message.logical_id == root_of(run.id):
                    shown = f"{delivery.message.card.plain()}\n{delivery.message.card.hint}"
                await self.store.transact(partial(self._arrived, delivery))
        card = summary(stored, clock.now())
        assert shown == f"{card.plain()}\n{card.hint}", "what is in the channel is not how the run stands"
        return shown

    def _arrived(self, delivery: Delivery, tx: Transaction) -> None:
        taken = tx.outbox.take(delivery.row, "here", 60, NOW)
        assert taken is not None
        tx.outbox.delivered(taken, f"ref {delivery.message.logical_id}", NOW)


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Channel]:
    store = SqlStore(f"sqlite:///{tmp_path / 'sopwith.db'}")
    await store.open()
    yield Channel(store)
    await store.close()


def at(sop: Any, step: str, **changes: Any) -> Any:
    run = up_to(sop, step, **changes)
    waits = StepState.WAITING if step_of(run, step).waits else StepState.RUNNING
    return run.with_record(step, state=waits, since=NOW)


def step_of(run: Any, name: str) -> Step:
    step = run.step(name)
    assert step is not None
    return step


def looked(name: str, gate: Any, found: Waiting) -> Work:
    """A look at that step found its gate so."""

    def work(desk: Desk) -> None:
        look = Looking()
        look.found(desk.run, gate, found, desk.now)
        steps.wait(desk, step_of(desk.run, name), look.look())

    return work


def asked(name: str) -> Work:
    """A look at that step found nothing but people's words missing."""

    def work(desk: Desk) -> None:
        look = Looking()
        step = step_of(desk.run, name)
        for piece in step.waits:
            if isinstance(piece, SignedOff):
                look.asked(desk.run, step, piece)
        steps.wait(desk, step, look.look())

    return work


def fails(name: str, **more: Any) -> Work:
    def work(desk: Desk) -> None:
        problem = FarEndError("listing: GitHub failed", said="500", **more)
        problem.at = "GitHub"
        steps.trouble(desk, step_of(desk.run, name), problem, steps.TELL_AFTER)

    return work


def requested(*, open_: bool = True, **changes: Any) -> Work:
    def work(desk: Desk) -> None:
        request = a_request("merge", state=RequestState.OPEN, yeses=(), grace_until=None).but(**changes)
        desk.run = desk.run.but(requests=(request,))
        note = "waits for 1 yes to request c0d1" if open_ else ""
        desk.run = desk.run.with_record("merge", note=note)

    return work


def does(handler: Callable[..., Any], command: commands.Command) -> Work:
    def work(desk: Desk) -> None:
        assert handler(desk, RM, command) is None

    return work


def changed(**changes: Any) -> Work:
    def work(desk: Desk) -> None:
        desk.run = desk.run.but(**changes)

    return work


def _again(desk: Desk) -> None:
    told = requests.begin_grace(desk, 1)
    note = "approved by rev1; the grace runs, !stop stops it"
    assert told.again
    desk.run = desk.run.with_record("tag", note=note)


def _conflict(desk: Desk) -> None:
    step = step_of(desk.run, "tag")
    deed: Any = step.deeds[0]
    steps.record_found(desk, step, "0", deed, Conflict("the tag is there already", "look"), None)


def _broken(desk: Desk) -> None:
    desk.run = desk.run.with_facts({"trouble": "ValueError"})
    desk.say(common.replies.news.broken(desk.run))


FROZEN = Waiting("releases are frozen (FRZ-1: the fair); /release unfreeze ends that")
BLOCKED = Waiting("blocked by #43", {"soak.blockers": {"43": "crash"}})
HOLD = does(common.hold, commands.Hold("the fair is on"))
CHILD = Child(id="c", name="RBK-1", sop="SOP-04", title="1.4.0", state=RunState.ACTIVE, now="rollback · RUNNING")

REASONS: dict[str, tuple[Any, tuple[Work, ...], tuple[str, ...]]] = {
    "nobody started it": (
        a_run_of(RELEASE_CANDIDATE, state=RunState.PLANNED, version="1.4.0"),
        (),
        ("PLANNED, NOTHING DONE YET", "!start"),
    ),
    "a yes": (
        at(RELEASE_CANDIDATE, "merge"),
        (requested(),),
        ("WAITING FOR 1 YES", "merge, to do: waits for 1 yes to request c0d1 · reviewer"),
    ),
    "the end of the grace": (
        at(RELEASE_CANDIDATE, "merge"),
        (
            requested(state=RequestState.GRANTED, yeses=a_request("merge").yeses),
            lambda desk: requests.begin_grace(desk, 1),
            looked("merge", Soaked(), Waiting("approved by rev1; the grace runs, !stop stops it")),
        ),
        ("approved by rev1; the grace runs, !stop stops it",),
    ),
    "a second grace": (
        at(RELEASE_CANDIDATE, "tag", requests=(a_request("merge"),)),
        (_again,),
        ("approved by rev1; the grace runs, !stop stops it",),
    ),
    "another request": (
        at(RELEASE_CANDIDATE, "merge"),
        (requested(open_=False, state=RequestState.EXPIRED, ended="it expired"),),
        ("EXPIRED; !RETRY ASKS AGAIN",),
    ),
    "somebody's word": (
        at(STABLE_RELEASE, "changelog-review"),
        (asked("changelog-review"),),
        ("to do: a release manager is to say: the changelog is accurate and complete",),
    ),
    "checks": (
        at(RELEASE_CANDIDATE, "checks"),
        (looked("checks", Soaked(), Waiting("0 of 4 green on b1d6919")),),
        ("checks, under way: 0 of 4 green on b1d6919",),
    ),
    "a far end that fails": (
        at(RELEASE_CANDIDATE, "checks"),
        (fails("checks"),),
        ("WAITING FOR GITHUB", "checks, under way: waits for GitHub: 500 since Mon 20 Apr 08:01"),
    ),
    "a far end that is left alone": (
        at(RELEASE_CANDIDATE, "tag"),
        (fails("tag", unasked=True),),
        ("WAITING FOR GITHUB", "tag, under way: waits for GitHub: 500 since"),
    ),
    "a far end that says nothing yet": (
        at(RELEASE_CANDIDATE, "checks"),
        (lambda desk: outages.slow(desk, step_of(desk.run, "checks"), NOW),),
        ("WAITING FOR THE FAR END", "checks, under way: waits for the far end: no answer yet since Mon 20 Apr 08:00"),
    ),
    "a hold": (
        at(RELEASE_CANDIDATE, "soak"),
        (looked("soak", Soaked(), BLOCKED), HOLD),
        ("HELD", "soak, under way: blocked by #43", "Held by rm since Mon 20 Apr 08:02", ": the fair is on"),
    ),
    "a hold, and then a far end": (
        at(RELEASE_CANDIDATE, "soak"),
        (HOLD, fails("soak")),
        ("HELD", "soak, under way: waits for GitHub: 500 since", "Held by rm since"),
    ),
    "a stop": (
        at(RELEASE_CANDIDATE, "merge"),
        (
            requested(state=RequestState.GRANTED, yeses=a_request("merge").yeses),
            does(approvals.stop, commands.Stop(said="stop, wrong tag")),
        ),
        ("HELD", "Held by rm since Mon 20 Apr 08:02", "stop, wrong tag"),
    ),
    "a freeze": (
        at(RELEASE_CANDIDATE, "merge"),
        (looked("merge", NotFrozen(), FROZEN),),
        ("FROZEN", "releases are frozen (FRZ-1: the fair)"),
    ),
    "a blocker": (
        at(RELEASE_CANDIDATE, "soak"),
        (looked("soak", Soaked(), BLOCKED),),
        ("BLOCKED", "soak, under way: blocked by #43"),
    ),
    "another build": (
        at(RELEASE_CANDIDATE, "merge"),
        (lambda desk: steps.park(desk, step_of(desk.run, "merge"), "Newer"),),
        ("PARKED", "unknown: Newer"),
    ),
    "people, after a conflict": (
        at(RELEASE_CANDIDATE, "tag"),
        (_conflict,),
        ("STOPPED BY A CONFLICT", "the tag is there already"),
    ),
    "us, who failed": (
        at(RELEASE_CANDIDATE, "checks"),
        (_broken,),
        ("Something went wrong inside Sopwith; it is tried again",),
    ),
    "a run begun for it": (
        at(ROLLBACK, "retag-source"),
        (changed(children=(CHILD,)),),
        ("RBK-1 · rollback · RUNNING",),
    ),
    "an incident's far end": (
        at(INCIDENT, "acknowledge", severity=Severity.P1),
        (fails("acknowledge"),),
        ("NOT ACKNOWLEDGED", "Acknowledge waits for GitHub: 500 since Mon 20 Apr 08:01"),
    ),
    "an incident's hold": (
        at(INCIDENT, "acknowledge", severity=Severity.P1),
        (HOLD,),
        ("HELD, NOT ACKNOWLEDGED", "Held by rm since Mon 20 Apr 08:01", "the fair is on"),
    ),
    "a newcomer's far end": (
        at(ONBOARDING, "welcome"),
        (fails("welcome"),),
        ("Welcome waits for GitHub: 500 since",),
    ),
    "the end of a freeze": (
        at(RELEASE_FREEZE, "unfreeze"),
        (asked("unfreeze"),),
        ("to do: a release manager is to say: releases may go on: /release unfreeze",),
    ),
}


@pytest.mark.parametrize("reason", REASONS)
async def test_the_channel_says_why_it_waits(channel: Channel, reason: str) -> None:
    run, happens, says = REASONS[reason]
    shown = await channel.reads(run, *happens)
    for words in says:
        assert words in shown, shown


async def test_it_says_so_no_longer_when_it_is_over(channel: Channel) -> None:
    run = at(RELEASE_CANDIDATE, "merge")
    resume = does(common.resume, commands.Resume())
    frozen = looked("merge", NotFrozen(), FROZEN)
    shown = await channel.reads(run, fails("merge"), frozen, HOLD, resume, asked("merge"))
    for words in ("GITHUB", "GitHub", "FROZEN", "Held by", "HELD"):
        assert words not in shown, shown


async def test_a_far_end_that_was_slow_is_shown_since_it_was_asked_and_told_to_nobody(channel: Channel) -> None:
    run = at(RELEASE_CANDIDATE, "checks")
    slow: Work = lambda desk: outages.slow(desk, step_of(desk.run, "checks"), NOW)  # noqa: E731
    assert "waits for GitHub: 500 since Mon 20 Apr 08:00" in await channel.reads(run, slow, fails("checks"))
    other = run.but(id="other", name="REL-2")
    answered: Work = lambda desk: outages.answered(desk, step_of(desk.run, "checks"))  # noqa: E731
    assert "waits for" not in await channel.reads(other, slow, answered)
