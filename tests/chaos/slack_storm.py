"""A storm in Slack: people type, Slack repeats, reorders and hangs up, and the bot is killed over and over.

Time is the wall's, since Slack's own acks are. What happens is drawn from a seeded chance; at which instruction a
death falls is the machine's to say, so no two storms are quite the same, and each must end well.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pydantic import SecretStr

from bot.settings import Settings, SlackSettings
from bot.wiring.sandbox import sandbox_people
from tests.chaos.bots import Bots
from tests.standins.slack import Channel, Delivery, Fault, SlackStandIn, User

GUST = 25  # client messages of about the same time
NOWHERE = "http://127.0.0.1:9"  # no command of the storm needs a far end


@dataclass
class Word:
    """One thing a person said to the bot, once. `text` is found in the record if it took effect."""

    text: str
    key: str
    deliveries: Sequence[Delivery]
    acts: bool = True

    @property
    def retried(self) -> bool:
        """Slack delivers it again until it is acknowledged; a slash command it does not."""
        return all(delivery.kind == "events_api" for delivery in self.deliveries)

    @property
    def acked(self) -> bool:
        return any(delivery.acked for delivery in self.deliveries)


@dataclass
class Figures:
    """What befell, or is to: things said to the bot, and what Slack and the machine made of it.

    A disconnect is announced; after a cut the bot's side takes up to ten seconds to notice.
    """

    events: int = 0
    duplicates: int = 0
    reordered: int = 0
    disconnects: int = 0
    cuts: int = 0
    faults: int = 0
    kills: int = 0


class BotsInSlack(Bots):
    """Bots that are there once they are connected. The stand-in must go on meanwhile."""

    def __init__(
        self, home: Path, settings: Settings, slack: SlackStandIn, module: str = "tests.chaos.slack_process"
    ) -> None:
        super().__init__(home, _spelled(settings), module)
        self._slack = slack

    async def start(self) -> None:
        before = self._slack.connections_so_far
        await super().start()
        await self._slack.connected(after=before)


def _spelled(settings: Settings) -> dict[str, object]:
    """The settings with their secrets, for the wire."""
    told = settings.model_dump(mode="json") | {"token": settings.token.get_secret_value()}
    slack = settings.slack
    assert slack is not None
    return told | {
        "slack": slack.model_dump(mode="json")
        | {"bot_token": slack.bot_token.get_secret_value(), "app_token": slack.app_token.get_secret_value()}
    }


class Neighbourhood:
    """Slack with the people of the sandbox in one channel, and a house for bots below `home`.

    The bot writes as fast as it can: a storm at one message a second would last for hours.
    """

    def __init__(self, home: Path, slack: SlackStandIn) -> None:
        self.slack = slack
        self.storage = f"sqlite:///{home / 'sopwith.db'}"
        people = sandbox_people()
        self.users = {person.handle: slack.user(person.handle) for person in people}
        self.ops: Channel = slack.channel("#ops", members=list(self.users.values()))
        accounts = {name: {"slack": (f"{user.team}/{user.id}",)} for name, user in self.users.items()}
        self.settings = Settings(
            storage=self.storage,
            repository="skylark/skylark",
            api_url=NOWHERE,
            git_url=str(home / "nowhere.git"),
            registry_url=NOWHERE,
            image="skylark/skylark",
            token=SecretStr("of no use"),
            people=tuple(p.model_copy(update={"accounts": accounts[p.handle]}) for p in people),
            slack=SlackSettings(
                bot_token=slack.bot_token,
                app_token=slack.app_token,
                channels={"ops": self.ops.id},
                api_url=slack.api_url,
                paced=False,
            ),
        )

    def threads(self) -> list[str]:
        """The runs' threads in which the bot has spoken by now, so that there is something to answer."""
        said = self.ops.messages.values()
        spoken = {message.thread_ts for message in said if message.is_reply and message.bot_id}
        shown = self.slack.messages(self.ops)
        return [seen.ts for seen in shown if seen.ts in spoken and str(_key(seen.metadata)).endswith("/root")]


def _key(metadata: dict[str, object] | None) -> object:
    payload = (metadata or {}).get("event_payload")
    return payload.get("key", "") if isinstance(payload, dict) else ""


@dataclass
class Storm:
    """Blows gust by gust. `chance` decides all that can be decided."""

    where: Neighbourhood
    bots: Bots
    chance: Random
    figures: Figures = field(default_factory=Figures)
    words: list[Word] = field(default_factory=list)
    _said: int = 0

    async def blow(self, plan: Figures) -> None:
        """Until so many events were sent, with these troubles spread among the gusts."""
        await self._open()
        troubles = ["kill"] * plan.kills + ["disconnect"] * plan.disconnects + ["cut"] * plan.cuts
        gusts = max(len(troubles), plan.events // (GUST + 3))
        troubles += [""] * (gusts - len(troubles))
        self.chance.shuffle(troubles)
        faulty = set(self.chance.sample(range(gusts), min(plan.faults, gusts)))
        while troubles or self.figures.events < plan.events:
            if len(troubles) in faulty:
                self._fault()
            await self._gust(troubles.pop() if troubles else "")
        await self._abate()

    async def _open(self) -> None:
        for _ in range(3):
            await self._count([await self._declare()])
        await self.where.slack.until(lambda: len(self.where.threads()) >= 3)

    async def _gust(self, trouble: str) -> None:
        slack = self.where.slack
        slack.hold()
        await self._count([await self._speak() for _ in range(GUST)])
        release = asyncio.create_task(slack.release(self._in_disorder))
        if trouble == "kill":
            await self._kill()
        elif trouble:
            await self._hang_up(without_a_word=trouble == "cut")
        await release
        if self.chance.random() < 0.7:  # else Slack takes its time
            await slack.redeliver()

    async def _count(self, words: list[Word]) -> None:
        self.words += words
        self.figures.events += sum(len(word.deliveries) for word in words)

    def _in_disorder(self, held: list[Delivery]) -> list[Delivery]:
        """Some twice, some of earlier again, and all of it in another order."""
        earlier = [delivery for word in self.words[:-GUST] for delivery in word.deliveries if delivery.tries < 3]
        repeated = [d for d in held if self.chance.random() < 0.15 and d.kind == "events_api"]
        repeated += [d for d in self.chance.sample(earlier, min(2, len(earlier))) if d.kind == "events_api"]
        order = [*held, *repeated]
        self.chance.shuffle(order)
        self.figures.duplicates += len(repeated)
        self.figures.reordered += sum(after is not before for after, before in zip(order, held, strict=False))
        return order

    # What people say.

    async def _speak(self) -> Word:
        return await self.chance.choices(
            [self._note, self._update, self._mention, self._elsewhere, self._talk, self._declare],
            weights=[50, 15, 12, 8, 12, 1],
        )[0]()

    async def _note(self) -> Word:
        return await self._in_thread("!note {}")

    async def _update(self) -> Word:
        return await self._in_thread("!update {}")

    async def _mention(self) -> Word:
        return await self._in_thread("@sopwith note {}")

    async def _talk(self) -> Word:
        return await self._in_thread("I wonder whether {} helps", acts=False)

    async def _in_thread(self, said: str, *, acts: bool = True) -> Word:
        slack, ops, text = self.where.slack, self.where.ops, self._text()
        before, thread = len(slack.deliveries), self.chance.choice(self.where.threads())
        message = await slack.say(self._somebody(), ops, said.format(text), thread_ts=thread)
        return Word(text, f"slack/T1/{ops.id}/{message.ts}", slack.deliveries[before:], acts)

    async def _declare(self) -> Word:
        text = self._text()
        return await self._slash(text, "/incident", f"declare P3 {text}")

    async def _elsewhere(self) -> Word:
        """A note by a run's name, from the channel."""
        text, number = self._text(), self.chance.randint(1, 3)
        return await self._slash(text, "/sop", f"INC-{number} note {text}")

    async def _slash(self, text: str, command: str, rest: str) -> Word:
        delivery = await self.where.slack.slash(self._somebody(), self.where.ops, command, rest)
        return Word(text, f"slack/command/{delivery.payload['trigger_id']}", [delivery])

    def _text(self) -> str:
        self._said += 1
        return f"word {self._said}"

    def _somebody(self) -> User:
        return self.where.users[self.chance.choice(["oncall1", "oncall2"])]

    # What goes wrong.

    async def _kill(self) -> None:
        """After so many acks, or in the middle of something the bot asks of Slack."""
        slack = self.where.slack
        acks = sum(d.acks for d in slack.deliveries) + self.chance.randint(1, GUST // 2)
        asked = len(slack.requests) + self.chance.randint(1, GUST // 2)
        by_acks = self.chance.random() < 0.5

        def now() -> bool:
            return sum(d.acks for d in slack.deliveries) >= acks if by_acks else len(slack.requests) >= asked

        with suppress(TimeoutError):
            await slack.until(now, within=2)
        await self.bots.kill()
        self.figures.kills += 1
        await self.bots.start()

    async def _hang_up(self, *, without_a_word: bool) -> None:
        slack = self.where.slack
        before = slack.connections_so_far
        acks = sum(d.acks for d in slack.deliveries) + self.chance.randint(1, GUST // 2)
        with suppress(TimeoutError):
            await slack.until(lambda: sum(d.acks for d in slack.deliveries) >= acks, within=2)
        if without_a_word:
            slack.cut()
            self.figures.cuts += 1
        else:
            await slack.disconnect(self.chance.choice(["warning", "refresh_requested"]))
            self.figures.disconnects += 1
        await slack.connected(after=before)

    def _fault(self) -> None:
        """Slack shows the next message, and fails to say so."""
        self.where.slack.fail("chat.postMessage", self.chance.choice([Fault.CLOSED_AFTER, Fault.HTTP_500_AFTER]))
        self.figures.faults += 1

    async def _abate(self) -> None:
        """Slack's last retries; then the bot does what is left, and ends."""
        while await self.where.slack.redeliver():
            pass
        await self.bots.rest()
