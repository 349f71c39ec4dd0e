"""What befalls one chat ends no other: each home is tried again, after longer and longer pauses."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from bot.engine.again import FIRST, LONGEST, Pauses
from bot.engine.engine import Engine
from bot.wiring.homes import Account, Home, Homes
from sops.kit.conversation import Place
from sops.kit.errors import ConfigurationError, FarEndError, StoreTrouble
from sops.kit.message import Card
from sops.kit.ports import Traits

OPS = Place(platform="slack", channel="#ops")
REVOKED = ConfigurationError("the token was revoked")


class Chat:
    async def post(self, key: str, place: Place, card: Card) -> str:
        return f"ref {key}"


class Fake:
    """A chat whose connecting, opening and hearing go as told, in order, and then well; `done` is what it did."""

    def __init__(self, *moods: Exception | str) -> None:
        self.moods = list(moods)
        self.done: list[str] = []
        self.chat = cast("Any", Chat())
        self.hearing = asyncio.Event()

    def _do(self, what: str) -> None:
        self.done.append(what)
        mood = self.moods.pop(0) if self.moods else ""
        if isinstance(mood, Exception):
            raise mood

    async def connect(self) -> Account:
        self._do("connect")
        return self

    async def let_in(self, engine: Engine) -> None:
        self._do("open")

    async def run(self) -> None:
        self._do("hear")
        self.hearing.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.done.append("close")


class Street:
    """Homes on these chats. Nobody really waits: `pauses` are the seconds each would have."""

    def __init__(self, **chats: Fake) -> None:
        self.chats = chats
        self.pauses: list[float] = []
        self.homes = [Home(name, Traits(), chat.connect) for name, chat in chats.items()]
        self.all = Homes(self.homes, cast("Engine", None), lambda: Pauses(self._sleep, lambda: 0.0))
        self.living: list[asyncio.Task[None]] = []

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def live(self) -> None:
        await self.all.reach()
        self.living = [asyncio.create_task(self.all.live_in(home)) for home in self.homes]

    async def leave(self) -> None:
        for each in self.living:
            each.cancel()
        await asyncio.gather(*self.living, return_exceptions=True)


@pytest.fixture
async def street() -> Any:
    streets: list[Street] = []

    def make(**chats: Fake) -> Street:
        streets.append(Street(**chats))
        return streets[-1]

    yield make
    for each in streets:
        await each.leave()


Make = Callable[..., Street]


@pytest.mark.parametrize("trouble", [StoreTrouble("database is locked"), FarEndError("down"), ValueError("odd event")])
async def test_a_home_whose_hearing_fails_hears_again_beside_one_that_goes_on(street: Make, trouble: Exception) -> None:
    matrix, slack = Fake("", "", trouble, trouble, trouble), Fake()
    here = street(matrix=matrix, slack=slack)
    await here.live()
    await matrix.hearing.wait()
    assert matrix.done == ["connect", "open", *["hear"] * 4]
    assert slack.done == ["connect", "open", "hear"]
    assert here.pauses == [FIRST, 2 * FIRST, 4 * FIRST]


async def test_a_chat_that_is_down_at_the_start_holds_up_no_other(street: Make) -> None:
    matrix, slack = Fake(), Fake(FarEndError("down"), FarEndError("down"), "", FarEndError("down"))
    here = street(matrix=matrix, slack=slack)
    await here.all.reach()
    await here.all.opened()
    assert here.homes[0].open
    with pytest.raises(FarEndError, match="slack was not reached yet"):
        await here.homes[1].chat.post("k", OPS, Card(lines=()))
    await here.live()
    await slack.hearing.wait()
    assert slack.done == [*["connect"] * 3, *["open"] * 2, "hear"]
    assert await here.homes[1].chat.post("k", OPS, Card(lines=())) == "ref k"


async def test_settings_that_are_wrong_end_it_at_the_start(street: Make) -> None:
    with pytest.raises(ConfigurationError, match="revoked"):
        await street(matrix=Fake(), slack=Fake("", REVOKED)).all.reach()


async def test_settings_that_prove_wrong_once_the_chat_is_there_end_it(street: Make) -> None:
    here = street(matrix=Fake(), slack=Fake(FarEndError("down"), REVOKED))
    await here.live()
    with pytest.raises(ConfigurationError, match="revoked"):
        await here.living[1]


async def test_who_is_logged_out_of_one_chat_serves_the_other(street: Make) -> None:
    matrix, slack = Fake("", "", REVOKED, REVOKED), Fake()
    here = street(matrix=matrix, slack=slack)
    await here.live()
    await matrix.hearing.wait()
    await slack.hearing.wait()
    assert not any(each.done() for each in here.living)


async def test_who_is_logged_out_everywhere_ends_with_that_sentence(street: Make) -> None:
    alone = street(matrix=Fake("", "", REVOKED))
    await alone.live()
    with pytest.raises(ConfigurationError, match="revoked"):
        await alone.living[0]
    here = street(matrix=Fake("", "", *[REVOKED] * 9), slack=Fake("", "", *[REVOKED] * 9))
    await here.live()
    done, _ = await asyncio.wait(here.living, return_when=asyncio.FIRST_COMPLETED)
    assert all("revoked" in str(each.exception()) for each in done)


async def test_pauses_grow_to_a_minute_and_begin_anew_after_a_good_while() -> None:
    now, pauses = [0.0], []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    waiting = Pauses(sleep, lambda: now[0])
    for _ in range(8):
        await waiting.pause()
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST, LONGEST]
    now[0] = 10 * LONGEST
    await waiting.pause()
    assert pauses[-1] == FIRST
