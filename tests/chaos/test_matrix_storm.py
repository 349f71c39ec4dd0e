"""The homeserver goes away, the bot is killed over and over: every command took effect once, and none is lost."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from random import Random

import pytest

from storage import SqlStore
from tests.chaos.bots import Bots
from tests.chaos.matrix_storm import Figures, Neighbourhood, Storm
from tests.standins.synapse import Synapse


@pytest.mark.chaos
async def test_a_storm(homeserver: Synapse, tmp_path: Path) -> None:
    await weather(homeserver, tmp_path, 1, Figures(events=500, kills=20, restarts=3))


async def test_a_squall(homeserver: Synapse, tmp_path: Path) -> None:
    await weather(homeserver, tmp_path, 2, Figures(events=50, kills=2, restarts=1))


async def weather(homeserver: Synapse, home: Path, seed: int, plan: Figures) -> None:
    """Let a storm pass, and look what it left."""
    where = Neighbourhood(home, homeserver)
    async with Bots(home, where.spelled(), "tests.chaos.matrix_process") as bots:
        await bots.start()
        storm = Storm(where, bots, Random(seed))  # noqa: S311  # chance, not secrecy
        await storm.blow(plan)
    aftermath = Aftermath(home, storm)
    print(f"\n{aftermath.figures()}")
    befell = storm.figures
    assert befell.events >= plan.events
    assert (befell.kills, befell.restarts) == (plan.kills, plan.restarts)
    aftermath.check()
    store = SqlStore(where.storage)
    await store.open()
    assert list(await store.read(lambda tx: tx.ledger.verify())) == []
    await store.close()


class Aftermath:
    """What the database and the room hold afterwards, against what was said."""

    def __init__(self, home: Path, storm: Storm) -> None:
        with closing(sqlite3.connect(home / "sopwith.db")) as database:
            self.inbox = Counter(state for (state,) in database.execute("SELECT state FROM inbox"))
            self.outbox = database.execute("SELECT kind, state, ref FROM outbox").fetchall()
            payloads = [json.loads(payload) for (payload,) in database.execute("SELECT payload FROM ledger_entry")]
        self.effects = Counter(payload.get("text") or payload.get("title") or "" for payload in payloads)
        self.words = storm.words
        self.befell = storm.figures
        self.shown = Counter(str(each["event_id"]) for each in storm.where.said_by_the_bot())

    @property
    def lost(self) -> list[str]:
        return [word.text for word in self.words if word.acts and not self.effects[word.text]]

    @property
    def doubled(self) -> list[str]:
        return [word.text for word in self.words if self.effects[word.text] > 1]

    @property
    def whispered(self) -> int:
        """Answers to one person, which are notices here and which nobody refers to later."""
        return sum(kind == "whisper" for kind, _, _ in self.outbox)

    @property
    def posted(self) -> set[str]:
        """The messages the outbox knows to have been shown."""
        return {ref for kind, _, ref in self.outbox if kind == "post"}

    def figures(self) -> str:
        """One line for whoever reads the test's output."""
        figures = asdict(self.befell) | {
            "commands": sum(word.acts for word in self.words),
            "effects": sum(self.effects[word.text] for word in self.words),
            "messages shown": self.shown.total(),
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "shown twice": len(set(self.shown) - self.posted) - self.whispered,
        }
        return ", ".join(f"{name} {value}" for name, value in figures.items())

    def check(self) -> None:
        assert not self.lost
        assert not self.doubled
        assert not [word.text for word in self.words if not word.acts and self.effects[word.text]]
        assert set(self.inbox) == {"done"}
        assert {state for _, state, _ in self.outbox} == {"sent"}
        assert self.posted <= set(self.shown)
        assert len(self.shown) == len(self.posted) + self.whispered
