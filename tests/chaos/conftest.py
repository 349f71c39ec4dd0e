import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.fate import Fate, Point
from tests.chaos.outcome import Outcome, differences
from tests.chaos.scenarios import ALL, Scenario
from tests.chaos.theatre import Crew, in_process, play


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
        assert not differences(ended, self.outcome), f"after dying at {fate.died_at}"
        return fate.died_at


@pytest.fixture(scope="session", params=ALL, ids=str)
async def undisturbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    scenario: Scenario = request.param
    fate = Fate()
    ended = await play(tmp_path_factory.mktemp("undisturbed"), scenario, fate, in_process)
    return Undisturbed(scenario, tuple(fate.met), ended)
