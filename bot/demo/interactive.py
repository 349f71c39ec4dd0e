"""The demo a newcomer types into: a prompt with a person and a place, and a world that goes on by itself."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from bot.demo import lines
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.engine.again import Pauses, Sleep, until_done
from bot.engine.caught import survived
from sops.kit.errors import SopwithError

WELCOME = """\
This is Sopwith's sandbox: a chat, a repository and a GitHub of its own, which are gone when you leave.
You are rm, a release manager, in #releases. Try one of these:
    /incident declare P1 payments return 500
    /release rc 1.4.0
@rev1 makes you somebody else (rm rm2 rev1 rev2 rev3 oncall1 oncall2 seclead maint guest),
#ops takes you to a channel, `in REL-1` into a run's thread; what the bot suggests can be typed there.
Checks and publishing take minutes here as they do elsewhere: %clock +10m moves time, %wait REL-1 merge waits.
?  shows what else there is; /quit or Ctrl-D leaves."""
LEAVING = frozenset({"/quit", "/exit"})
MORE = f"""\
@rev1 · #ops · in REL-1          who you are and where you speak
{lines.HELP}
In a thread, `help` lists the bot's words."""


class RoomToEnter(Protocol):
    def thread(self, run: str) -> tuple[str, str] | None: ...
    def latest_run(self) -> str: ...


class WorldToWatch(Protocol):
    def tick(self) -> None: ...


class Seat:
    """Who speaks next, and where."""

    def __init__(self) -> None:
        self.handle = "rm"
        self.where = "#releases"

    @property
    def prompt(self) -> str:
        return f"{self.handle} {self.where.removeprefix('in ')}> "


async def converse(stage: Stage, player: Player, world: WorldToWatch, room: RoomToEnter) -> None:
    """Read lines until the person leaves. What goes wrong is said, and nothing ends because of it."""
    seat = Seat()
    session: PromptSession[str] = PromptSession()
    print(WELCOME)  # the terminal is this module's output
    with patch_stdout():
        passing = asyncio.create_task(_let_time_pass(stage, world))
        try:
            while True:
                try:
                    text = await session.prompt_async(lambda: seat.prompt)
                except (EOFError, KeyboardInterrupt):
                    return
                if text.strip().lower() in LEAVING:
                    return
                await _guarded(_take(text.strip(), seat, stage, player, room))
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)


async def _guarded(deed: Awaitable[None]) -> None:
    async def told() -> None:
        try:
            await deed
        except SopwithError as problem:
            print(f"?  {problem}")

    if (problem := await survived(told())) is not None:
        print(f"?  {problem}")


async def _take(text: str, seat: Seat, stage: Stage, player: Player, room: RoomToEnter) -> None:
    """One line: a change of seat, a direction, or something to say."""
    if not text:
        return
    if text == "?":
        print(MORE)
    elif re.fullmatch(r"@[\w.-]+", text) and text.lower() != lines.BOT:
        seat.handle = text[1:]
    elif re.fullmatch(r"#[\w-]+", text):
        seat.where = text
    elif entered := re.fullmatch(r"in\s+([A-Za-z]{3}-\d+)", text):
        if room.thread(entered[1].upper()) is None:
            raise SopwithError(f"there is no run {entered[1].upper()}")
        seat.where = f"in {entered[1].upper()}"
    elif text.startswith("%") or lines.is_said(text):
        direction = lines.parse(text)
        if direction is not None:
            async with stage.busy:
                await player.follow(direction)
    else:
        before = room.latest_run()
        async with stage.busy:
            await stage.say(seat.handle, seat.where, text)
        begun = room.latest_run()
        if begun != before:
            seat.where = f"in {begun}"
            print(f"?  You are in {begun}'s thread now; #releases or #ops takes you back.")


async def _let_time_pass(stage: Stage, world: WorldToWatch, sleep: Sleep = asyncio.sleep) -> None:
    """The world changes with the time, and the bot hears of it; whatever goes wrong, time goes on."""

    async def go_on() -> None:
        async with stage.busy:
            world.tick()
            await stage.settle()

    pauses = Pauses(sleep)
    while True:
        await sleep(0.5)
        await until_done(go_on, pauses, home="console")
