"""Plays a script: prints the conversation as people would see it, and stops at the first failed expectation."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.demo import lines
from bot.demo.stage import Stage
from sops.kit.errors import SopwithError

_FACT = re.compile(r"\{([A-Z]{3}-\d+) ([\w.-]+)\}")


class Failed(SopwithError):
    """A line of the script did not come true. The message names it."""


@dataclass
class Heard:
    """What was said since the last direction that is not an expectation."""

    text: list[str] = field(default_factory=list)

    def show(self, shown: Iterable[str]) -> None:
        self.text += shown

    def forget(self) -> None:
        self.text.clear()

    def catch_up(self) -> None:
        """Whatever was said meanwhile is heard now, where it is not shown as it is said."""


class Player:
    """Plays one script on one stage."""

    def __init__(self, stage: Stage, heard: Heard, echo: Callable[[str], None]) -> None:
        self._stage = stage
        self._heard = heard
        self._echo = echo

    async def play(self, script: str, name: str = "script") -> None:
        """Raises Failed at the first line that is wrong or does not come true."""
        for number, text in enumerate(script.splitlines(), 1):
            try:
                direction = lines.parse(text)
                if direction is not None:
                    await self.follow(direction)
            except SopwithError as problem:
                raise Failed(f"{name}:{number}: {text.strip()}\n    {problem}") from problem

    async def follow(self, direction: lines.Direction) -> None:
        """Carry out one direction. Raises SopwithError when it cannot be, or does not hold."""
        if not isinstance(direction, lines.Expect | lines.State):
            self._heard.forget()
        match direction:
            case lines.Say(handle, where, text):
                await self._stage.say(handle, where, await self._filled(text))
            case lines.Wait(run, step, at_most):
                await self._stage.wait(run, step, at_most)
            case lines.Move(span):
                await self._stage.move(span)
            case lines.Forge(words):
                self._echo(f"%  {await self._stage.forge(list(words))}")
            case lines.Show(words):
                await self._show(list(words))
            case lines.Expect():
                self._expect(direction)
            case lines.State(run, step, state):
                await self._check_state(run, step, state)
            case lines.Crash():
                self._echo("%  the bot dies, and starts again")
                await self._stage.crash()
            case lines.Down(span):
                self._echo(f"%  the bot is down for {span}")
                await self._stage.down(span)

    async def _show(self, words: list[str]) -> None:
        """What the world answers can be expected like what is said."""
        shown = [f"%  {line}" for line in (await self._stage.forge(words)).splitlines()]
        self._heard.show(shown)
        for line in shown:
            self._echo(line)

    async def _filled(self, text: str) -> str:
        """`{REL-1 digest}` becomes what that run knows under that name."""
        for name, fact in _FACT.findall(text):
            run = await self._stage.bot.run(name)
            if run is None or fact not in run.facts:
                raise Failed(f"{name} does not know {fact}")
            text = text.replace(f"{{{name} {fact}}}", str(run.facts[fact]))
        return text

    def _expect(self, expected: lines.Expect) -> None:
        self._heard.catch_up()
        said = "\n".join(self._heard.text)
        found = expected.pattern.search(said) is not None
        if found is expected.wanted:
            return
        if expected.wanted:
            raise Failed(f"nobody said {expected.pattern.pattern!r}; what was said:\n{said or '(nothing)'}")
        raise Failed(f"somebody said {expected.pattern.pattern!r}:\n{said}")

    async def _check_state(self, name: str, step: str, state: str) -> None:
        run = await self._stage.bot.run(name)
        if run is None:
            raise Failed(f"there is no run {name}")
        if step == "run":
            found = run.state.value
        elif run.step(step) is None:
            raise Failed(f"{name} has no step {step}; it has {', '.join(s.id for s in run.steps)}")
        else:
            found = run.record(step).state.value
        if found != state:
            raise Failed(f"{name} {step} is {found}, not {state}")
