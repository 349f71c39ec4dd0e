"""Databases of the first release (b09b042), a run open at each step of each procedure, go on under this build.

At each moment the bot is started on what the old build left, as after a crash, and the rest of the play follows: no
request is voided by the upgrade, what was asked takes the yes it waited for, and everything ends as it did then.
"""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.console import Room
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.world import SandboxWorld
from bot.demo.play import Heard, Player
from bot.demo.stage import Stage
from bot.wiring import BotHere, in_room, sandbox_ports
from bot.wiring.audit import audited
from bot.wiring.sandbox import IDENTITY, sandbox_settings
from sops import ALL
from sops.kit.policy import Policy, Security
from sops.kit.run import Run
from tests.conversation.test_upgrades import reword
from tests.stored import keeping

#: A disclosure of that day was due at its beginning then, and is at 16:00 UTC since; grave holes went the public way.
LATER = {"%forge merge 42": "%clock +9h\n%forge merge 42"}
SINCE_THEN = "action-"  # what is owed by this build alone: action items with a day
DATA = Path(__file__).parent / "b09b042.json.xz"


@cache
def plays() -> keeping.Kept:
    return keeping.read(DATA)


def moments() -> list[Any]:
    """Every kept moment, named by what was new in it. The gate plays on from those with a question open, a yes to be
    used, a hold, a mirror or a debt, and from where each play begins; `make chaos` from all.
    """
    return [
        pytest.param(name, number, id=f"{name}: {', '.join(moment['why'])}", marks=_tier(number, moment["why"]))
        for name, play in plays().items()
        for number, moment in enumerate(play["moments"])
    ]


def _tier(number: int, why: Sequence[str]) -> list[pytest.MarkDecorator]:
    telling = ("open 0", "open 1", "in grace", "held", "mirrored", "owes", "unfreeze")
    return [] if number == 0 or any(each in mark for mark in why for each in telling) else [pytest.mark.chaos]


@contextlib.asynccontextmanager
async def restored(home: Path, play: keeping.Kept, moment: keeping.Kept) -> AsyncIterator[Stage]:
    """The world, the chat and the database as they were, and a bot of this build that was just started there."""
    clock, room = VirtualClock(datetime.fromisoformat(play["start"])), Room()
    world = SandboxWorld(home / "world", clock)
    await world.start()
    database, document = home / "sopwith.db", home / "ours.md"
    document.write_text(play["document"], encoding="utf-8")
    keeping.make_signer(home, IDENTITY[1])
    settings = sandbox_settings(
        world, f"sqlite:///{database}", Policy(**play["settings"], security=Security(private_from=11))
    )
    settings = settings.model_copy(update={"procedures": (document,)})
    clock.move_to(datetime.fromisoformat(moment["now"]))
    keeping.give_back(moment, play["objects"], database, world, room)

    async def start() -> BotHere:
        bot = BotHere(settings, clock, await sandbox_ports(settings, home, clock, in_room(settings, room)))
        await bot.recover()
        return bot

    stage = Stage(world, clock, room, start)
    stage._events = 1000  # the news of the forge are numbered, and the bot knows the first ones already
    try:
        await stage.open()
        yield stage
    finally:
        await stage.close()
        await world.stop()


async def play_on(stage: Stage, play: keeping.Kept, moment: keeping.Kept) -> None:
    """What is left of the line that was interrupted, and the lines after it."""
    player, directions = Player(stage, Heard(), lambda _: None), play["lines"]
    secret = any("!set disclosure" in line for line in directions)
    if moment["until"]:
        left = datetime.fromisoformat(moment["until"]) - stage.clock.now()
        await stage.move(max(left, timedelta(0)))
    elif directions[moment["line"]].startswith("%wait"):
        await player.play(directions[moment["line"]], "the interrupted line")
    if secret and not LATER.keys() & set(directions[moment["line"] + 1 :]):
        await player.play("%clock +9h", "until the disclosure")
    for number in range(moment["line"] + 1, len(directions)):
        line = directions[number]
        await player.play(LATER.get(line, line) if secret else line, f"line {number}")


def test_every_step_was_seen() -> None:
    """But for those that only other settings or another course of things bring."""
    marks = [mark.split() for play in plays().values() for moment in play["moments"] for mark in moment["why"]]
    seen = {(name.partition("-")[0], step) for name, step, *_ in marks}
    steps = {(sop.prefix, step.id) for sop in ALL for step in sop.steps}
    assert len(steps & seen) >= 80
    assert {prefix for prefix, _ in steps} == {prefix for prefix, _ in steps & seen}


async def test_its_record_is_from_before_states_were_recorded_and_no_sign_of_anything(tmp_path: Path) -> None:
    """It is only read: its tables are brought up to date in a copy."""
    for name, play in plays().items():
        path = tmp_path / f"{name}.db"
        with closing(sqlite3.connect(path)) as database:
            database.executescript("\n".join(play["moments"][-1]["database"]))
        before = path.read_bytes()
        found = await audited(f"sqlite:///{path}")
        assert found.faults == []
        assert len(found.audit.before) == found.audit.runs > 0
        assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "number"), moments())
async def test_it_goes_on_to_the_same_end(name: str, number: int, tmp_path: Path) -> None:
    await goes_on(name, number, tmp_path)


@pytest.mark.parametrize("name", ["candidate", "stable", "hotfix", "rollback", "security"])
async def test_other_words_void_no_yes_of_then(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked by the first release is bound to its sentences; this build, as of then, says all otherwise."""
    reword(monkeypatch)
    asked = [n for n, moment in enumerate(plays()[name]["moments"]) if "request 1 open 0" in " ".join(moment["why"])]
    await goes_on(name, asked[-1], tmp_path)


async def goes_on(name: str, number: int, tmp_path: Path) -> None:
    play = plays()[name]
    moment = play["moments"][number]
    async with restored(tmp_path, play, moment) as stage:
        before = {expected["name"]: await stage.bot.run(expected["name"]) for expected in play["ended"]}
        await play_on(stage, play, moment)
        for expected in play["ended"]:
            run, known = await stage.bot.run(expected["name"]), before[expected["name"]]
            assert run is not None
            asked = len(known.requests) if known else 0
            now = ended(run, asked)
            # What this build begins has steps that were none then.
            now["steps"] = {name: state for name, state in now["steps"].items() if name in expected["steps"]}
            assert now == without_codes(expected, asked)
        found = await stage.bot.store.read(lambda tx: tx.ledger.audit())  # type: ignore[attr-defined]  # a stage knows none
        assert [f"{fault.run}: {fault.what}" for fault in found.faults] == []


def ended(run: Run, asked: int) -> dict[str, Any]:
    return without_codes(
        {
            "name": run.name,
            "state": str(run.state),
            "iteration": run.iteration,
            "steps": {step.id: str(run.record(step.id).state) for step in run.steps},
            "requests": [[each.seq, each.code, each.step, str(each.state), list(each.people)] for each in run.requests],
            "owed": {debt.id: debt.open for debt in run.obligations if not debt.id.startswith(SINCE_THEN)},
        },
        asked,
    )


def without_codes(told: dict[str, Any], asked: int) -> dict[str, Any]:
    """The codes of what was asked later are those of another build."""
    requests = [[seq, code if seq <= asked else "", *rest] for seq, code, *rest in told["requests"]]
    return {**told, "requests": requests}
