"""Writes whose answer never comes, or is an error that says nothing, and a forge that is down for an hour."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import ANY, Exchange, Faults
from adapters.sandbox.world import SandboxWorld
from tests.chaos.conftest import Undisturbed
from tests.chaos.fate import Fate
from tests.chaos.outcome import Outcome, differences
from tests.chaos.theatre import in_process, play


@dataclass(frozen=True)
class Write:
    """A request that changes the forge: method, path, and what a GraphQL body contains."""

    method: str
    path: str
    containing: str = ""


PULL = Write("POST", r"/pulls$")
MERGE = Write("PUT", r"/pulls/\d+/merge$")
DISCUSSION = Write("POST", r"graphql$", "createDiscussion")
ISSUE = Write("POST", r"/issues$")
CLOSING = Write("PATCH", r"/issues/\d+$")
COMMENT = Write("POST", r"/issues/\d+/comments$")
LABEL = Write("POST", r"/issues/\d+/labels$")
MILESTONE = Write("PATCH", r"/milestones/\d+$")
NOTICE = Write("PATCH", r"/releases/\d+$")
REPORT = Write("POST", r"/security-advisories$")
SCORE = Write("PATCH", r"/security-advisories/[^/]+$")
WRITES = {
    "candidate": (PULL, MERGE, DISCUSSION),
    "incident": (ISSUE, DISCUSSION, PULL, CLOSING),
    "newcomer": (COMMENT, LABEL),
    "stable": (PULL, MERGE, DISCUSSION, MILESTONE),
    "hotfix": (PULL,),
    "rollback": (NOTICE, PULL, MERGE, DISCUSSION),
    "security": (REPORT, SCORE, PULL, MERGE),
    "dependency": (PULL, LABEL),
}

Harm = Callable[[Faults, Write], None]
HARMS: dict[str, Harm] = {
    "done-without-answer": lambda faults, w: faults.drop_after(w.method, w.path, containing=w.containing),
    "lost-on-the-way": lambda faults, w: faults.drop(w.method, w.path, containing=w.containing),
    "answered-502": lambda faults, w: faults.answer(w.method, w.path, 502, containing=w.containing),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=list(HARMS))
async def test_every_write_with_an_unknown_outcome_is_looked_for_before_it_is_repeated(
    undisturbed: Undisturbed, harm: Harm, tmp_path: Path
) -> None:
    worlds: list[SandboxWorld] = []

    def spoil(world: SandboxWorld) -> None:
        worlds.append(world)
        world.requests.keep_bodies = True
        for write in WRITES[undisturbed.scenario.name]:
            harm(world.faults, write)

    ended = await play(tmp_path, undisturbed.scenario, Fate(), in_process, {1: spoil})
    assert not undisturbed.differences(ended)
    assert worlds[0].faults.waiting == 0
    asked = worlds[0].requests.entries
    after_harm = [following for harmed, following in pairwise(asked) if harmed.status in {0, 502}]
    assert len(after_harm) == len(WRITES[undisturbed.scenario.name])
    assert all(looks(request) for request in after_harm), after_harm


def looks(request: Exchange) -> bool:
    return request.method == "GET" or (request.path.endswith("graphql") and b"mutation" not in request.request)


OUTAGES = {
    "candidate": ("@rm in REL-1: !start", "@rev1 in REL-1: approve"),
    "incident": ("@oncall1 in INC-1: !done post-mortem",),
    "newcomer": ("%forge merge 41",),
    "stable": ("@rev2 in STB-1: approve",),
    "hotfix": ("@rev1 in FIX-1: approve",),
    "rollback": ("@rev1 in RBK-1: approve",),
    "security": ("%forge merge 43",),
    "dependency": ("%forge merge 41",),
}


async def test_a_forge_that_is_down_for_an_hour_is_told_once_and_nothing_is_lost(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    for line in OUTAGES[undisturbed.scenario.name]:
        ended = await with_outage(undisturbed, line, tmp_path)
        told = replace(ended, said=undisturbed.outcome.said, record=undisturbed.outcome.record)
        assert not differences(told, undisturbed.outcome)
        before, graces = apart(undisturbed.outcome.said, is_grace)
        now, late = apart(ended.said, is_grace)
        assert len(late) >= len(graces)
        assert not line.endswith(": approve") or any("held up by GitHub for" in repr(post) for post in late)
        more = added(now, before)
        told_once = [post for post in more if "keeps failing" in post or "cannot go on" in post]
        well_again = [post for post in more if "answers again" in post or "works again" in post]
        assert (len(told_once), len(well_again)) == (1, 1), more
        assert len(more) == 2, more
        before, now = (apart(each.record, is_grace)[0] for each in (undisturbed.outcome, ended))
        assert all("'kind': 'trouble'" in entry for entry in added(now, before))


def apart(told: list[dict[str, Any]], one: Callable[[dict[str, Any]], bool]) -> tuple[list[Any], list[Any]]:
    """What is none of these, and those."""
    return [each for each in told if not one(each)], [each for each in told if one(each)]


def is_grace(told: dict[str, Any]) -> bool:
    """The words before a deed, or their entry: after an outage there is one more, which says how old the yes is."""
    return told.get("kind") == "grace" or "unless somebody says !stop" in repr(told)


async def with_outage(undisturbed: Undisturbed, during: str, home: Path) -> Outcome:
    """The forge answers nothing but 502 from this line on, for an hour."""
    lines = undisturbed.scenario.lines
    number = lines.index(during) + 1
    longer = (*lines[:number], "%clock +1h", "%clock +15m", *lines[number:])
    deeds = {number: down, number + 2: lambda world: world.faults.clear()}
    place = home / f"{number}"
    place.mkdir()
    return await play(place, replace(undisturbed.scenario, lines=longer), Fate(), in_process, deeds)


def down(world: SandboxWorld) -> None:
    world.faults.answer(ANY, "", 502, times=1_000_000)


def added(now: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[str]:
    """What is there now that was not before; nothing may be missing."""
    had, has = Counter(map(repr, before)), Counter(map(repr, now))
    assert not had - has, had - has
    return list((has - had).elements())
