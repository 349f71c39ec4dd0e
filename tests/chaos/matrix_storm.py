"""A storm in Matrix: people type and react, the homeserver goes away for a while, the bot is killed over and over.

Time is the wall's. What happens is drawn from a seeded chance; at which instruction a death falls is the machine's to
say, so no two storms are quite the same, and each must end well.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr

from bot.settings import MatrixSettings, Settings
from bot.wiring.sandbox import sandbox_people
from tests.chaos.bots import Bots
from tests.standins.synapse import Synapse

GUST = 10  # messages of about the same time
NOWHERE = "http://127.0.0.1:9"  # no command of the storm needs a far end
ROOT_SECONDS = 60.0


@dataclass(frozen=True)
class Word:
    """One thing a person said, once. `text` is found in the record if it took effect."""

    text: str
    event: str
    acts: bool = True


@dataclass
class Figures:
    """What befell, or is to. Events are all that people sent, reactions too."""

    events: int = 0
    kills: int = 0
    restarts: int = 0


class Neighbourhood:
    """A room with the people of the sandbox on a homeserver, and a house for bots below `home`."""

    def __init__(self, home: Path, server: Synapse) -> None:
        self.server = server
        self.storage = f"sqlite:///{home / 'sopwith.db'}"
        self.bot, owner = server.account("sopwith"), server.account("owner")
        self.room = owner.create_room("ops", [self.bot.user], preset="public_chat")
        self.people = {handle: server.person(handle) for handle in ("oncall1", "oncall2")}
        for person in self.people.values():
            person.join(self.room)
        accounts = {handle: {"matrix": (person.user,)} for handle, person in self.people.items()}
        people = [each for each in sandbox_people() if each.handle in accounts]
        self.settings = Settings(
            storage=self.storage,
            repository="skylark/skylark",
            api_url=NOWHERE,
            git_url=str(home / "nowhere.git"),
            registry_url=NOWHERE,
            image="skylark/skylark",
            token=SecretStr("of no use"),
            people=tuple(each.model_copy(update={"accounts": accounts[each.handle]}) for each in people),
            matrix=MatrixSettings(
                homeserver=server.url, user=self.bot.user, rooms={"ops": self.room}, invite_from=(owner.user,)
            ),
        )

    def spelled(self) -> dict[str, object]:
        """The settings with their secrets, for the wire."""
        told = self.settings.model_dump(mode="json") | {"token": "of no use"}
        return told | {"matrix": {**told["matrix"], "access_token": self.bot.token, "password": ""}}

    def said_by_the_bot(self) -> list[dict[str, Any]]:
        """Its messages in the room, edits left out, oldest first."""
        events, _ = self.people["oncall1"].messages(self.room)
        mine = [each for each in events if each["sender"] == self.bot.user and each["type"] == "m.room.message"]
        return [each for each in mine if each["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"]

    def threads(self) -> list[str]:
        """The roots below which the bot has spoken by now, so that there is something to answer."""
        relations = [each["content"].get("m.relates_to", {}) for each in self.said_by_the_bot()]
        return list(dict.fromkeys(each["event_id"] for each in relations if each.get("rel_type") == "m.thread"))


@dataclass
class Storm:
    """Blows gust by gust. `chance` decides all that can be decided."""

    where: Neighbourhood
    bots: Bots
    chance: Random
    figures: Figures = field(default_factory=Figures)
    words: list[Word] = field(default_factory=list)
    _threads: list[str] = field(default_factory=list)

    async def blow(self, plan: Figures) -> None:
        """Until so many events were sent, with these troubles spread among the gusts; then the bot ends its work."""
        for _ in range(3):
            self._declare()
        await self._three_threads()
        gusts = max(plan.kills + plan.restarts, plan.events // GUST)
        troubles = ["kill"] * plan.kills + ["restart"] * plan.restarts
        troubles += [""] * (gusts - len(troubles))
        self.chance.shuffle(troubles)
        while troubles or self.figures.events < plan.events:
            await self._gust(troubles.pop() if troubles else "")
        await self.bots.rest()

    async def _gust(self, trouble: str) -> None:
        at = self.chance.randrange(GUST)
        for number in range(GUST):
            if number == at and trouble == "kill":
                await self.bots.kill()
                self.figures.kills += 1
            if number == at and trouble == "restart":
                await asyncio.to_thread(self.where.server.restart)
                self.figures.restarts += 1
            await asyncio.to_thread(self._speak)
        if trouble == "kill":
            await self.bots.start()

    async def _three_threads(self) -> None:
        give_up = time.monotonic() + ROOT_SECONDS
        while len(self._threads) < 3:
            assert time.monotonic() < give_up, "the bot does not answer"
            await asyncio.sleep(0.1)  # the bot lives in real time
            self._threads = await asyncio.to_thread(self.where.threads)

    def _speak(self) -> None:
        ways = [self._note, self._update, self._talk, self._react, self._declare]
        self.chance.choices(ways, [50, 15, 15, 15, 2])[0]()

    def _note(self) -> None:
        self._in_thread("!note {}")

    def _update(self) -> None:
        self._in_thread("!update {}")

    def _talk(self) -> None:
        self._in_thread("I wonder whether {} helps", acts=False)

    def _react(self) -> None:
        key = f"seen {self.figures.events}"  # nobody may react the same way twice
        self._somebody().react(self.where.room, self.chance.choice(self._threads), key)
        self.figures.events += 1

    def _declare(self) -> None:
        self._say("!incident declare P3 {}", None)

    def _in_thread(self, said: str, *, acts: bool = True) -> None:
        self._say(said, self.chance.choice(self._threads), acts=acts)

    def _say(self, said: str, thread: str | None, *, acts: bool = True) -> None:
        text = f"word {len(self.words)}."
        event = self._somebody().say(self.where.room, said.format(text), thread)
        self.words.append(Word(text, event, acts))
        self.figures.events += 1

    def _somebody(self) -> Any:
        return self.where.people[self.chance.choice(sorted(self.where.people))]
