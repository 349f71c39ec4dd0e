"""A homeserver in trouble: no busy loop, nothing lost, nothing twice, and a sentence that helps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.matrix import Homeserver, MatrixHome, NoEncryption, Rooms, Translator, examine
from bot.settings import MatrixSettings
from bot.wiring.matrix import matrix
from sops.kit.conversation import Event
from sops.kit.errors import ConfigurationError, FarEndError, OutcomeUnknown
from sops.kit.reading import News, Page
from tests.conversation.matrix_room import MatrixRoom, matrix_stage
from tests.integration.matrix.test_matrix_rules import DECLARE, InMatrix
from tests.standins.between import Between
from tests.standins.synapse import Client, Synapse


@pytest.fixture
async def between(homeserver: Synapse) -> AsyncIterator[Between]:
    async with Between(homeserver.url).open() as road:
        yield road


@pytest.fixture
async def here(homeserver: Synapse, between: Between, tmp_path: Path) -> AsyncIterator[InMatrix]:
    async with matrix_stage(tmp_path, homeserver, None, lambda _: None, url=between.url) as (player, room, stage):
        yield InMatrix(player, room, stage)


async def test_a_post_whose_answer_was_lost_is_sent_again_and_shown_once(here: InMatrix, between: Between) -> None:
    between.lose_answers(only="/send/", times=3)
    await here.play(DECLARE)
    await here.play("%clock +5m")
    assert here.room.count("No commander yet") == 1
    assert here.room.count("INC-1 declared") == 1
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


@pytest.mark.parametrize("status", [502, 503])
async def test_a_post_that_never_arrived_is_sent_again(here: InMatrix, between: Between, status: int) -> None:
    between.fail(status, "<html>Bad gateway</html>", only="/send/", times=2)
    await here.play(f"{DECLARE}%clock +5m")
    assert here.room.count("No commander yet") == 1


async def test_the_homeserver_is_left_alone_for_as_long_as_it_asks(here: InMatrix, between: Between) -> None:
    limited = {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 30_000}
    between.fail(429, limited, only="/send/", times=1)
    await here.play(DECLARE)
    asked = between.count("/send/")
    await here.play("%clock +20s")
    assert between.count("/send/") == asked
    await here.play("%clock +15s")
    assert here.room.count("No commander yet") == 1


async def test_while_the_token_is_not_known_messages_wait(here: InMatrix, between: Between) -> None:
    between.fail(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "?"}, only="/send/")
    await here.play(DECLARE)
    between.mend()
    await here.play("%clock +2m")
    assert here.room.count("INC-1 declared") == 1


async def test_a_homeserver_that_restarts_loses_nothing(here: InMatrix, homeserver: Synapse) -> None:
    await here.play(DECLARE)
    homeserver.restart()
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")
    assert here.room.count("oncall1 has it") >= 1


@dataclass
class Journal:
    """A door that keeps what it is told; `failing` stores nothing."""

    events: list[Event] = field(default_factory=list)
    upto: str | None = None
    failing: bool = False
    gaps: dict[str, str] = field(default_factory=dict)
    waiting: list[Event] = field(default_factory=list)

    async def read_upto(self) -> str | None:
        return self.upto

    async def accept(self, news: News) -> None:
        if self.failing:
            raise FarEndError("nothing is stored")
        self.gaps = {**news.missing, **self.gaps}
        self._keep(self.waiting if self.gaps else self.events, news.events)
        self.upto = news.upto

    async def behind(self) -> dict[str, str]:
        return dict(self.gaps)

    async def page(self, room: str, page: Page) -> None:
        self._keep(self.events, page.events)
        if page.upto:
            self.gaps[room] = page.upto
        else:
            self._keep(self.events, self.waiting)
            del self.gaps[room]

    async def pressing(self) -> set[str]:
        return set()

    async def known(self, key: str) -> Event | None:
        return next((event for event in self.events if event.dedupe_key == key), None)

    def _keep(self, where: list[Event], events: Sequence[Event]) -> None:
        there = {event.dedupe_key for event in where}
        where += [event for event in events if event.dedupe_key not in there]


class Listener:
    """A home before a plain journal; `pauses` are the seconds it waited, and it ends after `most` of them."""

    def __init__(self, bot: Client, url: str, room: str, most: int = 8) -> None:
        self.bot = bot
        self.journal = Journal()
        self.pauses: list[float] = []
        self._most = most
        self.homeserver = Homeserver(url, bot.user, bot.token)
        translator = Translator(bot.user, str, _told_at, self.journal.known, self.homeserver.event)
        door: Any = self.journal
        encryption = NoEncryption(Rooms(self.homeserver))
        self.home = MatrixHome(
            self.homeserver, encryption, translator, door, {"ops": room}, ["sopwith.test"], self._sleep
        )

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self._most:
            raise asyncio.CancelledError


def _told_at(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["origin_server_ts"] / 1000, UTC)


@pytest.fixture
async def listener(homeserver: Synapse, between: Between) -> AsyncIterator[tuple[Listener, Client, str]]:
    owner, bot = homeserver.account("owner"), homeserver.account("sopwith")
    room = owner.create_room("ops", [bot.user])
    found = Listener(bot, between.url, room)
    await found.home.open()
    yield found, owner, room
    await found.homeserver.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, "<html>Bad gateway</html>"),
        (500, {"errcode": "M_UNKNOWN", "error": "?"}),
        (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "?"}),
        (403, {"errcode": "M_FORBIDDEN", "error": "?"}),
        (200, "no JSON"),
    ],
)
async def test_trouble_is_met_with_longer_and_longer_pauses(
    listener: tuple[Listener, Client, str], between: Between, status: int, body: Any
) -> None:
    here, owner, room = listener
    await here.home.hear()
    owner.say(room, "!help")
    between.fail(status, body)
    before = between.count()
    with pytest.raises(asyncio.CancelledError):
        await here.home.run()
    assert between.count() - before == len(here.pauses) == 8
    floors = [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert all(floor <= pause <= 2 * floor for floor, pause in zip(floors, here.pauses, strict=True)), here.pauses
    assert here.journal.events == []
    between.mend()
    await here.home.hear()
    assert [event.text for event in here.journal.events] == ["!help"]


async def test_it_waits_as_long_as_it_is_asked_to(listener: tuple[Listener, Client, str], between: Between) -> None:
    here, _, _ = listener
    between.fail(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "?", "retry_after_ms": 282_000})
    with pytest.raises(asyncio.CancelledError):
        await here.home.run()
    assert here.pauses == [282.0] * 8


async def test_a_revoked_token_ends_it_with_a_sentence_and_one_request(
    listener: tuple[Listener, Client, str], between: Between
) -> None:
    here, _, _ = listener
    here.bot.ask("POST", "logout")
    before = between.count()
    with pytest.raises(ConfigurationError, match=r"SOPWITH_MATRIX__ACCESS_TOKEN wants a new one"):
        await here.home.run()
    assert between.count() - before == 1
    assert here.pauses == []


async def test_what_could_not_be_stored_is_told_again(listener: tuple[Listener, Client, str]) -> None:
    here, owner, room = listener
    owner.say(room, "!one")
    here.journal.failing = True
    with pytest.raises(FarEndError):
        await here.home.hear()
    owner.say(room, "!two")
    here.journal.failing = False
    await here.home.hear()
    await here.home.hear()
    assert [event.text for event in here.journal.events] == ["!one", "!two"]


async def test_a_gap_is_filled_from_history(listener: tuple[Listener, Client, str], between: Between) -> None:
    here, owner, room = listener
    await here.home.hear()
    for number in range(250):
        owner.say(room, f"!note {number}")
    await here.home.hear()
    await here.home.catch_up()
    assert [event.text for event in here.journal.events] == [f"!note {number}" for number in range(250)]
    assert between.count("/messages") >= 2


async def test_strangers_do_not_get_the_bot_into_a_room(homeserver: Synapse, between: Between) -> None:
    owner, bot = homeserver.account("owner"), homeserver.account("sopwith")
    room = owner.create_room("ops", [bot.user])
    here = Listener(bot, between.url, room)
    here.home._trusted = ["@somebody:else.example"]
    await here.home.open()
    assert bot.user not in owner.ask("GET", f"rooms/{room}/joined_members")["joined"]
    await here.homeserver.close()


async def test_what_is_wrong_is_said_when_the_bot_starts(homeserver: Synapse) -> None:
    bot, ann = homeserver.account("sopwith"), homeserver.account("ann")
    told = {"homeserver": homeserver.url, "user": bot.user, "access_token": bot.token}
    wrong = {
        "SOPWITH_MATRIX__ACCESS_TOKEN": {"access_token": ""},
        "wants a new one": {"access_token": "syt_wrong"},
        f"token is that of {ann.user}": {"access_token": ann.token},
        f"token belongs to {bot.device}": {"device_id": "ANOTHER"},
    }
    for words, change in wrong.items():
        settings = MatrixSettings.model_validate({**told, **change})
        with pytest.raises(ConfigurationError, match=words):
            await matrix(settings, (), "UTC", lambda: None)  # type: ignore[arg-type,return-value]


async def test_the_doctor_names_each_thing_that_is_wrong_and_what_to_do(homeserver: Synapse, tmp_path: Path) -> None:
    room = MatrixRoom(homeserver, tmp_path)
    bot = room.bot
    homeserver_as_bot = Homeserver(homeserver.url, bot.user, bot.token)
    for each in room.rooms.values():
        bot.join(each)
    assert await examine(homeserver_as_bot, bot.device, room.rooms, keys=False) == []
    secret = room.make("secret", private=True)
    bot.join(secret)
    room.owner.put_state(secret, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    plain = room.owner.create_room("plain", [bot.user], preset="public_chat")
    bot.join(plain)
    closed = room.make("closed", private=True)
    served = {"ops": secret, "security": room.rooms["ops"], "releases": plain, "maintainers": closed, "x": "#x:y"}
    findings = "\n".join(await examine(homeserver_as_bot, "", served, keys=False))
    assert f"matrix.rooms.ops is {secret}: the room is encrypted" in findings
    assert "it is not private; security runs need a room that is invite-only" in findings
    assert f"matrix.rooms.releases is {plain}: the bot may not remove messages there" in findings
    assert f"matrix.rooms.releases is {plain}: the bot may not pin there" in findings
    assert f"Invite {bot.user} there" in findings
    assert "matrix.rooms.x is #x:y: that is an alias" in findings
    await homeserver_as_bot.close()


async def test_a_lost_answer_of_a_write_is_an_unknown_outcome(homeserver: Synapse, between: Between) -> None:
    bot = homeserver.account("sopwith")
    road = Homeserver(between.url, bot.user, bot.token)
    between.lose_answers(only="createRoom", times=1)
    with pytest.raises(OutcomeUnknown):
        await road.post("createRoom", body={})
    await road.close()
    nowhere = Homeserver("http://127.0.0.1:9", bot.user, bot.token)
    with pytest.raises(FarEndError, match="cannot be reached"):
        await nowhere.post("createRoom", body={})
    await nowhere.close()
