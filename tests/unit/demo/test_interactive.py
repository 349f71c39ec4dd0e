"""The demo that is typed into: nothing that goes wrong ends it, or stops its time."""

import asyncio
from typing import Any, cast

import pytest

from bot.demo import interactive
from sops.kit.errors import StoreTrouble


class Stage:
    """Settles as it is told to, in order, and then well."""

    def __init__(self, *moods: Exception) -> None:
        self.busy = asyncio.Lock()
        self.moods = list(moods)
        self.settled = 0

    async def settle(self) -> None:
        if self.moods:
            raise self.moods.pop(0)
        self.settled += 1


class World:
    def tick(self) -> None:
        pass


async def test_time_goes_on_after_a_hiccup_of_the_database_and_after_anything_else() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 5:
            raise asyncio.CancelledError

    stage = Stage(StoreTrouble("the database is locked"), ValueError("odd"))
    with pytest.raises(asyncio.CancelledError):
        await interactive._let_time_pass(cast("Any", stage), World(), sleep)
    assert (stage.settled, slept) == (2, [0.5, 1.0, 2.0, 0.5, 0.5])


@pytest.mark.parametrize("problem", [StoreTrouble("the database is locked"), ValueError("odd")])
async def test_a_line_that_fails_is_told_and_ends_nothing(
    problem: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def deed() -> None:
        raise problem

    await interactive._guarded(deed())
    assert capsys.readouterr().out.splitlines()[-1].startswith("?  ")


@pytest.mark.parametrize("said", ["/quit", " /EXIT "])
async def test_slash_quit_and_exit_leave(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        async def prompt_async(self, _: object) -> str:
            return said

    monkeypatch.setattr(interactive, "PromptSession", Session)
    await interactive.converse(cast("Any", Stage()), cast("Any", None), World(), cast("Any", None))
