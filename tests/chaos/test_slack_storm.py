"""Events come twice and out of order, the bot is killed over and over: every command took effect once, none is lost."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from storage import SqlStore
from tests.chaos.slack_storm import BotsInSlack, Figures, Neighbourhood, Storm
from tests.standins.slack import SlackStandIn


@pytest.mark.chaos
async def test_a_storm(tmp_path: Path) -> None:
    await weather(tmp_path, 1, Figures(events=3_000, kills=20, disconnects=10, cuts=5, faults=10))


async def test_a_squall(tmp_path: Path) -> None:
    await weather(tmp_path, 2, Figures(events=200, kills=3, disconnects=1, faults=1))


async def weather(home: Path, seed: int, plan: Figures) -> None:
    """Let a storm pass, and look what it left."""
    async with SlackStandIn(lambda: datetime.now(UTC), ack_within=2) as slack:
        where = Neighbourhood(home, slack)
        async with BotsInSlack(home, where.settings, slack) as bots:
            await bots.start()
            storm = Storm(where, bots, Random(seed))  # noqa: S311  # chance, not secrecy
            await storm.blow(plan)
        aftermath = Aftermath(home, storm)
        print(f"\n{aftermath.figures()}")
        befell = storm.figures
        assert befell.events >= plan.events
        assert (befell.kills, befell.disconnects, befell.cuts) == (plan.kills, plan.disconnects, plan.cuts)
        aftermath.check()
        assert await _faults_of_the_record(where.storage) == []


async def _faults_of_the_record(storage: str) -> list[object]:
    """What `sopwith audit verify` says."""
    store = SqlStore(storage)
    await store.open()
    try:
        return list(await store.read(lambda tx: tx.ledger.verify()))
    finally:
        await store.close()


class Aftermath:
    """What the database and the channel hold afterwards, against what was said."""

    def __init__(self, home: Path, storm: Storm) -> None:
        with closing(sqlite3.connect(home / "sopwith.db")) as database:
            self.inbox: dict[str, str] = dict(database.execute("SELECT dedupe_key, state FROM inbox"))
            self.outbox = database.execute("SELECT kind, state, logical_id FROM outbox").fetchall()
            payloads = [json.loads(payload) for (payload,) in database.execute("SELECT payload FROM ledger_entry")]
        self.effects = Counter(payload.get("text") or payload.get("title") or "" for payload in payloads)
        self.words = storm.words
        self.unacked = [word for word in storm.words if not word.acked]
        self.storm = storm
        messages = storm.where.ops.messages.values()
        keys = [m.metadata["event_payload"]["key"] for m in messages if m.metadata]
        self.shown = Counter(str(key) for key in keys)

    @property
    def lost(self) -> list[str]:
        """Acknowledged, and not in the inbox or without effect."""
        acked = [word for word in self.words if word.acked]
        missing = [word.text for word in acked if word.key not in self.inbox]
        return missing + [word.text for word in acked if word.acts and not self.effects[word.text]]

    @property
    def doubled(self) -> list[str]:
        return [word.text for word in self.words if self.effects[word.text] > 1]

    @property
    def shown_twice(self) -> list[str]:
        return [key for key, times in self.shown.items() if times > 1]

    def figures(self) -> str:
        """One line for whoever reads the test's output."""
        accepted = [word for word in self.words if word.key in self.inbox]
        figures = asdict(self.storm.figures) | {
            "client messages": len(self.words),
            "commands": sum(word.acts for word in self.words),
            "accepted": len(accepted),
            "effects": sum(self.effects[word.text] for word in self.words),
            "slash commands without an answer": len(self.unacked),
            "messages shown": self.shown.total(),
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "shown twice": len(self.shown_twice),
        }
        return ", ".join(f"{name} {value}" for name, value in figures.items())

    def check(self) -> None:
        assert not self.lost
        assert not self.doubled
        assert not self.shown_twice
        assert not [word.text for word in self.unacked if word.retried], "Slack gave up on these"
        in_doubt = [word for word in self.words if not word.acked and word.acts]
        assert all(self.effects[word.text] == (word.key in self.inbox) for word in in_doubt)
        assert not [word.text for word in self.words if not word.acts and self.effects[word.text]]
        assert set(self.inbox.values()) == {"done"}
        assert {state for _, state, _ in self.outbox} == {"sent"}
        posts = {logical for kind, _, logical in self.outbox if kind == "post"}
        assert posts == set(self.shown)
