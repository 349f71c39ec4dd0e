import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.chaos.fate import Fate, Point
from tests.chaos.outcome import Outcome, differences
from tests.chaos.scenarios import ALL, Scenario
from tests.chaos.theatre import Crew, in_process, play

#: Their steps go on beside each other, so that one which is tried again comes later in the record than it would.
SIDE_BY_SIDE = frozenset({"rollback", "security"})


@dataclass(frozen=True)
class Undisturbed:
    """A scenario as it goes when nobody dies: every point at which somebody could have, and the end."""

    scenario: Scenario
    points: tuple[Point, ...] = field(repr=False)
    outcome: Outcome = field(repr=False)

    async def die_at(self, home: Path, points: Iterable[Point], crew: Crew) -> list[Point]:
        """Play once more, dying once at each of these points; the end must be the same. Those died at."""
        fate = Fate(points)
        await asyncio.to_thread(home.mkdir)
        ended = await play(home, self.scenario, fate, crew)
        assert not self.differences(ended), f"after dying at {fate.died_at}"
        return fate.died_at

    def differences(self, ended: Outcome) -> list[str]:
        """What came out otherwise; where steps go on beside each other, the record has them in no order."""
        if self.scenario.name not in SIDE_BY_SIDE:
            return differences(ended, self.outcome)
        told, expected = (replace(each, record=sorted(each.record, key=repr)) for each in (ended, self.outcome))
        return differences(told, expected)


@pytest.fixture(scope="session", params=ALL, ids=str)
async def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    scenario: Scenario = request.param
    fate = Fate()
    ended = await play(tmp_path_factory.mktemp("undisturbed"), scenario, fate, in_process)
    return Undisturbed(scenario, tuple(fate.met), ended)
