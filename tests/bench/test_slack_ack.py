"""How long Slack waits for its ack, at fifty commands a second, with each event durably stored before.

The bot is a process of its own and handles the commands meanwhile. Seen from Slack's end of the socket the way there
and back is in it, and Slack's own work, which the stand-in does; inside the bot it is from the envelope read to the
ack written. Beside it, from Slack's end, a process that does no more than store a row and answer.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench.timed_slack import ACKS
from tests.chaos.killing import ROOT
from tests.chaos.slack_storm import BotsInSlack, Neighbourhood
from tests.standins.slack import SlackStandIn

pytestmark = pytest.mark.bench

RATE = 50  # commands a second
COMMANDS = 500
RUNS = 10
TARGET = 0.020  # seconds, on a machine that has nothing else to do
#: Where others share the machine the floor rises as well; seen from Slack, the bot may be so many times slower.
TIMES_THE_FLOOR = 8

Say = Callable[[int], Awaitable[object]]


async def waits(say: Say) -> list[float]:
    """How long each ack took, shortest first."""
    found: list[float] = []

    async def one(number: int) -> None:
        started = time.perf_counter()
        await say(number)
        found.append(time.perf_counter() - started)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as everybody:
        for number in range(COMMANDS):
            await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            everybody.create_task(one(number))
    return sorted(found)


def share(sorted_waits: list[float], part: float) -> float:
    return sorted_waits[min(int(len(sorted_waits) * part), len(sorted_waits) - 1)]


async def of_the_bot(home: Path) -> list[float]:
    async with SlackStandIn(lambda: datetime.now(UTC)) as slack:
        where = Neighbourhood(home, slack)
        async with BotsInSlack(home, where.settings, slack, "tests.bench.timed_slack") as bots:
            await bots.start()
            someone = where.users["oncall1"]
            for number in range(RUNS):
                await slack.slash(someone, where.ops, "/incident", f"declare P3 number {number}")
            await slack.until(lambda: len(where.threads()) == RUNS, within=60)
            threads = where.threads()
            found = await waits(lambda n: slack.say(someone, where.ops, f"!note {n}", thread_ts=threads[n % RUNS]))
            await bots.rest()
            assert not [delivery for delivery in slack.unacked if delivery.event.get("user") == someone.id]
    return found


async def of_the_floor(home: Path) -> list[float]:
    async with SlackStandIn(lambda: datetime.now(UTC)) as slack:
        where = Neighbourhood(home, slack)
        command = [sys.executable, "-m", "tests.bench.bare_socket", slack.api_url, slack.app_token]
        bare = subprocess.Popen([*command, str(home / "bare.db")], cwd=ROOT)  # noqa: ASYNC220  # nothing waits yet
        try:
            await slack.connected()
            root = await slack.say(where.users["oncall1"], where.ops, "hello")
            someone, thread = where.users["oncall1"], root.ts
            found = await waits(lambda n: slack.say(someone, where.ops, f"!note {n}", thread_ts=thread))
        finally:
            bare.terminate()
            await asyncio.to_thread(bare.wait)
    return found


async def test_slack_hears_of_an_event_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acks = tmp_path / "acks.json"
    monkeypatch.setenv(ACKS, str(acks))
    floor, bot = await of_the_floor(tmp_path), await of_the_bot(tmp_path)
    inside = sorted(json.loads(acks.read_text()))
    assert len(inside) == COMMANDS
    for name, found in (("bare row", floor), ("Sopwith", bot), ("inside", inside)):
        shown = ", ".join(f"p{part * 100:.0f} {share(found, part) * 1000:.1f} ms" for part in (0.5, 0.9, 0.99))
        print(f"\n{name}: {shown}", end="")
    least, took, within = share(floor, 0.99), share(bot, 0.99), share(inside, 0.99)
    print(f"\np99 at {RATE}/s: {within * 1000:.1f} ms, wanted {TARGET * 1000:.0f}; {least / took:.2f} of the floor")
    assert within <= TARGET or took <= TIMES_THE_FLOOR * least
