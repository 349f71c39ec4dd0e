"""Crash points: where a bot can die, and the fate that decides where it does.

Nothing of the bot is instrumented. A point lies at a call of a port, and is named by the way the bot came to that
call; so each of them is found by playing undisturbed once, and recognised when it is met again after a restart.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from bot.demo.stage import Died
from sops.kit.conversation import Event

#: The modules whose frames name a place.
_OURS = ("bot.engine.", "bot.chat.", "sops.")


class Point(NamedTuple):
    """Where to die. `line` is the script's line that is being followed, 0 before the first.

    `nth` counts how often the bot came to this place since the line began, or since the bot began if that was later.
    """

    line: int
    place: str
    nth: int
    phase: str


class Fate:
    """Outlives the bots. `kill` ends the present one, by raising or for good."""

    def __init__(self, planned: Iterable[Point] = (), kill: Callable[[Point], NoReturn] | None = None) -> None:
        self.planned = set(planned)
        self.met: dict[Point, None] = {}  # every point, in order
        self.died_at: list[Point] = []
        self.line = 0
        self._kill = kill or _raise
        self._count: Counter[str] = Counter()
        self._last = ""  # the place of the latest write
        self.heard: dict[str, int] = {}  # the events of this line, by dedupe key, as the how manieth of it

    def begin(self, line: int) -> None:
        """The script comes to this line."""
        self.line = line
        self.heard.clear()
        self._start_counting()

    def hear(self, event: Event) -> None:
        """This event is about to be given to the bot, perhaps not for the first time."""
        self.heard.setdefault(event.dedupe_key, len(self.heard) + 1)

    def new_life(self) -> "Life":
        self._start_counting()
        return Life(self)

    def write(self, place: str) -> tuple[str, int]:
        """The bot changes something here: the place as points name it, and which time it is.

        After another write it is another place.
        """
        place, self._last = f"{place} after {self._last or 'nothing'}", place
        self._count[place] += 1
        return place, self._count[place]

    def decide(self, place: str, nth: int, phase: str) -> Point | None:
        """The bot is at this point; the point if it is to die."""
        point = Point(self.line, place, nth, phase)
        self.met.setdefault(point)
        return self.died(point) if point in self.planned else None

    def died(self, point: Point) -> Point:
        """It dies here, and passes the next time."""
        self.planned.remove(point)
        self.died_at.append(point)
        return point

    def kill(self, point: Point) -> NoReturn:
        self._kill(point)

    def _start_counting(self) -> None:
        self._count.clear()
        self._last = ""


class Life:
    """Of one bot. Once it is dead, nothing it still tries (its `finally`s) reaches anything."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._dead = False
        self._spared = False

    def place(self, name: str) -> str:
        """Where the bot is, about to make this call."""
        return "" if self._spared else " < ".join([name, *_way(sys._getframe(), self._fate.heard)])

    def look(self, place: str) -> None:
        """It looks, which changes nothing: once at each place is enough. Die here, if that is fate."""
        self.meet(place, 1, "during")

    def write(self, place: str) -> "Write":
        """It changes something."""
        return Write(self, *(("", 0) if self._spared else self._fate.write(place)))

    def check(self) -> None:
        """The dead do nothing."""
        if self._dead:
            raise Died

    def meet(self, place: str, nth: int, phase: str) -> None:
        self.check()
        if self._spared:
            return
        point = self._fate.decide(place, nth, phase)
        if point is not None:
            self._dead = True
            self._fate.kill(point)

    def spared(self, spared: bool) -> None:
        """Whether what it does now is ours, not the bot's."""
        self._spared = spared


class Write:
    """One call that changes something."""

    def __init__(self, life: Life, place: str, nth: int) -> None:
        self._life = life
        self._place = place
        self._nth = nth

    def at(self, phase: str) -> None:
        """Die here, if that is fate."""
        self._life.meet(self._place, self._nth, phase)


def _raise(point: Point) -> NoReturn:
    raise Died(f"line {point.line}, {point.phase} {point.place}")


def _way(frame: FrameType | None, heard: Mapping[str, int]) -> Iterator[str]:
    """The bot's way to here, backwards: its functions with their lines, and what they are about."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_OURS):
            about = "".join(_about(frame.f_locals, heard))
            yield f"{frame.f_code.co_qualname}:{frame.f_lineno}{about}"
        frame = frame.f_back


def _about(names: Mapping[str, Any], heard: Mapping[str, int]) -> Iterator[str]:
    """Which step, which message, which event: the same line of code is another point for another one."""
    if (step := names.get("step")) is not None:
        yield f"[{step.id}]"
    event = names["item"].event if names.get("item") is not None else names.get("event")
    if event is not None:
        yield f"[{event.kind} {heard.get(event.dedupe_key, 0)}]"
    if (delivery := names.get("delivery")) is not None:
        message = delivery.message
        beside = "" if message.root else " in the channel"
        text = re.sub(r"\b[0-9a-f]{4,64}\b", "#", message.card.plain())
        yield f"[{message.kind}{beside}: {text}]"
