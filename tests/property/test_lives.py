"""Whatever happens in whatever order, every promise holds; the machines get somewhere, and they can fail.

The same lives are lived each time. `pytest --run-chaos` lives ten times as many, and shrinks what it finds.
"""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.engine.advance import Advancer
from sops.kit.action import Action
from sops.kit.approvals import Request
from sops.kit.model import Step
from tests.property.incident_life import IncidentLife
from tests.property.life import Life
from tests.property.release_life import ReleaseLife
from tests.property.world import World

LIVES = {ReleaseLife: 16, IncidentLife: 24}
STEPS = 14

#: How often each event must be reached at least, over all lives: a machine that reaches nothing proves nothing.
REACHED_BY_RELEASES = {
    "merge by the bot": 15,
    "tag by the bot": 15,
    "announce by the bot": 15,
    "record: iteration": 3,
    "record: obligation": 3,
    "record: conflict": 3,
    "record: retry": 3,
    "record: hold": 1,
    "request void": 3,
    "pushed after the approval was used up": 3,
    "died before a call": 4,
    "died inside a transaction": 1,
    "died after a call": 5,
    "done, the answer lost": 1,
    "not done, outcome unknown": 3,
    "far end unreachable": 5,
    "the world moved meanwhile": 2,
    "down": 2,
    "run done": 5,
}
REACHED_BY_INCIDENTS = {
    "issues by the bot": 15,
    "publish by the bot": 4,
    "post-mortem pull requests": 5,
    "post-mortem merged": 5,
    "reopened": 2,
    "record: closed-as": 1,
    "record: severity": 1,
    "reminder: acknowledge": 3,
    "reminder: update": 3,
    "reminder: post-mortem": 10,
    "died before a call": 5,
    "died inside a transaction": 1,
    "died after a call": 5,
    "done, the answer lost": 1,
    "not done, outcome unknown": 3,
    "far end unreachable": 1,
    "down": 2,
    "run done": 8,
}


def lives(count: int, steps: int, *phases: Phase) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        phases=(Phase.generate, *phases),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Far ends fail all the time here; what matters of it is in the ledger."""
    with structlog.testing.capture_logs():
        yield


@pytest.mark.parametrize(
    ("life", "least"), [(ReleaseLife, REACHED_BY_RELEASES), (IncidentLife, REACHED_BY_INCIDENTS)], ids=["REL", "INC"]
)
def test_every_promise_is_kept(life: type[Life], least: dict[str, int], request: pytest.FixtureRequest) -> None:
    life.reached.clear()
    chaos = bool(request.config.getoption("--run-chaos", default=False))
    known = lives(LIVES[life] * 10, STEPS, Phase.shrink) if chaos else lives(LIVES[life], STEPS)
    run_state_machine_as_test(life, settings=known)
    print(life.prefix, dict(sorted(life.reached.items())))
    assert {event: life.reached[event] for event, n in least.items() if life.reached[event] < n} == {}


class Hasty(Advancer):
    """Takes up what it had begun before a crash without looking whether it happened."""

    async def _deed(
        self, run_id: str, step: Step, index: int, action: Action, request: Request | None, fence: int
    ) -> bool:
        run = await self._desks.run(run_id)
        if run.record(step.id).intent == f"{index}:{type(action).__name__}":
            await self._perform(action, run)
        return await super()._deed(run_id, step, index, action, request, fence)


class CarelessWorld(World):
    """A forge client that forgot the head precondition of a merge."""

    def merge(self, number: int, head_sha: str | None, by: str) -> str:
        return super().merge(number, None, by)


class HastyLife(IncidentLife):
    """An incident whose bot does not look before it acts again."""

    advancer = Hasty
    reached: ClassVar[Counter[str]] = Counter()


class CarelessLife(ReleaseLife):
    """A release whose merge takes whatever is there."""

    world_class = CarelessWorld
    reached: ClassVar[Counter[str]] = Counter()


@pytest.mark.parametrize(
    ("mutant", "found"), [(HastyLife, "issues carry|discussions carry"), (CarelessLife, "without leave")]
)
def test_a_planted_fault_is_found(mutant: type[Life], found: str) -> None:
    """Many short lives, so that the first mistake is not long in coming."""
    with pytest.raises(AssertionError, match=found):
        run_state_machine_as_test(mutant, settings=lives(100, 8))
