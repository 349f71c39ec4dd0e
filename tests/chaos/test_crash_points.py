"""The bot dies at every crash point of all eight procedures, and each time the end is the same.

Points are found by playing once undisturbed. Playing again for each of them would take an hour, so one play dies at
many: at every third point, the next play at the points after those, and so on. What a play does not come to, because
a death before it took another way, is left to a later one.

The gate dies after everything that changes anything: each transaction, each effect, each message. Whoever dies
before or within the next change, or while looking, leaves the world as the last change left it; those points are died
at by `make chaos`, which knows no short cut and kills a process at each.
"""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from tests.chaos.conftest import Undisturbed
from tests.chaos.fate import Point
from tests.chaos.killing import in_a_process
from tests.chaos.theatre import Crew, in_process

PLAYS = 3  # points that follow one another die in different plays
MISSED = 100  # of so many points one may be an edit that no second play delivers
KILLS = 4  # real ones in the gate, for each of the scenarios: some thirty in all


async def die_everywhere(
    undisturbed: Undisturbed, home: Path, points: Sequence[Point], crew: Crew, *, plays: int
) -> None:
    groups = [points[number::plays] for number in range(plays)]
    left = dict.fromkeys(points)
    for number in count():
        group = groups[number] if number < plays else list(left)
        if not group:
            return
        died_at = await undisturbed.die_at(home / f"{number}", group, crew)
        if not died_at and len(group) <= len(points) // MISSED and all("[edit in the" in p.place for p in group):
            return  # a newer edit replaced that one before it was delivered, as it may where two runs go on at once
        assert died_at, f"no play came to {group}"
        for point in died_at:
            del left[point]


_DRAFTED = {"git.create_branch", "git.commit", "forge.open_pull_request"}
EFFECTS = {
    "candidate": _DRAFTED | {"git.push_signed_tag", "forge.merge", "forge.open_discussion"},
    "incident": _DRAFTED | {"forge.open_issue", "forge.close_issue", "forge.open_discussion"},
    "newcomer": {"forge.comment", "forge.add_labels"},
    "stable": _DRAFTED | {"git.push_signed_tag", "forge.merge", "git.merge", "forge.close_milestone"},
    "rollback": {
        "registry.put",
        "registry.delete",
        "forge.edit_release",
        "git.revert",
        "forge.merge",
        "git.merge",
        "git.record",
    },
    "hotfix": _DRAFTED | {"git.push_signed_tag", "git.cherry_pick"},
    "security": {"forge.open_advisory", "forge.score_advisory", "forge.publish_advisory", "git.cherry_pick"},
    "dependency": _DRAFTED | {"forge.add_labels"},
}


def test_the_undisturbed_end_is_complete(undisturbed: Undisturbed) -> None:
    assert {run["state"] for run in undisturbed.outcome.runs} == {"done"}
    assert undisturbed.outcome.pending == []
    assert not undisturbed.outcome.faults


def test_every_port_and_every_effect_has_its_points(undisturbed: Undisturbed) -> None:
    effects = EFFECTS[undisturbed.scenario.name] | {"chat.post", "chat.edit", "store.transact"}
    died_after = {point.place.split(" ")[0] for point in undisturbed.points if point.phase == "after"}
    assert effects <= died_after
    assert len(undisturbed.points) > 20 * len(effects)


async def test_it_dies_after_every_change_and_comes_to_the_same_end(undisturbed: Undisturbed, tmp_path: Path) -> None:
    changes = [point for point in undisturbed.points if point.phase == "after"]
    await die_everywhere(undisturbed, tmp_path, changes, in_process, plays=PLAYS)


@pytest.mark.chaos
async def test_it_dies_at_every_crash_point_and_comes_to_the_same_end(undisturbed: Undisturbed, tmp_path: Path) -> None:
    await die_everywhere(undisturbed, tmp_path, undisturbed.points, in_process, plays=2 * PLAYS)


async def test_it_is_killed_and_comes_to_the_same_end(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Real processes and real SIGKILLs, at points spread over the whole scenario."""
    chosen = undisturbed.points[3 :: len(undisturbed.points) // KILLS][:KILLS]
    await die_everywhere(undisturbed, tmp_path, chosen, in_a_process, plays=1)


@pytest.mark.chaos
async def test_it_is_killed_at_every_crash_point_and_comes_to_the_same_end(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    await die_everywhere(undisturbed, tmp_path, undisturbed.points, in_a_process, plays=2 * PLAYS)
