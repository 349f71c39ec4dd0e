"""Crash points: where a bot can die, and the fate that decides where it does.

Nothing of the bot is instrumented. A point lies at a call of a port, and is named by the way the bot came to that
call; so each of them is found by playing undisturbed once, and recognised when it is met again after a restart.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from bot.demo.stage import Died
from sops.kit.conversation import Event

#: The modules whose frames name a place.
_OURS = ("bot.engine.", "bot.chat.", "sops.")
#: Frames that tell only how far a turn of the engine is: what one turn was killed over, the next one does earlier.
_TURNS = frozenset({"Engine.drain", "Engine._turn", "Engine._before_moving", "Engine._take_in"})


class Point(NamedTuple):
    """Where to die. `line` is the script's line that is being followed, 0 before the first.

    `nth` counts how often this was changed here since the line began, whoever died meanwhile: so a point is met again
    whatever was died of before it, and one play dies at nearly all it is meant to. It is 1 where the bot looks.
    """

    line: int
    place: str
    nth: int
    phase: str


class Fate:
    """Outlives the bots. `kill` ends the present one, by raising or for good; it is told what was counted till then."""

    def __init__(
        self, planned: Iterable[Point] = (), kill: Callable[[Point, Mapping[str, int]], NoReturn] | None = None
    ) -> None:
        self.planned = set(planned)
        self.met: dict[Point, None] = {}  # every point, in order
        self.died_at: list[Point] = []
        self.line = 0
        self._kill = kill or _raise
        self.count: Counter[str] = Counter()  # the changes made at each place in this line
        self.heard: dict[str, int] = {}  # the events of this line, by dedupe key, as the how manieth of it

    def begin(self, line: int) -> None:
        """The script comes to this line."""
        self.line = line
        self.heard.clear()
        self.count.clear()

    def hear(self, event: Event) -> None:
        """This event is about to be given to the bot, perhaps not for the first time."""
        self.heard.setdefault(event.dedupe_key, len(self.heard) + 1)

    def write(self, place: str) -> int:
        """The bot changes something here; which time it is."""
        self.count[place] += 1
        return self.count[place]

    def decide(self, place: str, nth: int, phase: str) -> Point | None:
        """The bot is at this point; the point if it is to die."""
        point = Point(self.line, place, nth, phase)
        self.met.setdefault(point)
        return self.died(point) if point in self.planned else None

    def died(self, point: Point) -> Point:
        """It dies here, and passes the next time."""
        self.planned.remove(point)
        self.died_at.append(point)
        if point.phase in {"before", "inside"}:
            self.count[point.place] -= 1  # it was not changed, and is to be yet
        return point

    def kill(self, point: Point) -> NoReturn:
        self._kill(point, self.count)


class Life:
    """Of one bot. Once it is dead, nothing it still tries (its `finally`s) reaches anything."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._dead = False
        self._spared = False

    def place(self, name: str) -> "Place":
        """Where the bot is, about to make this call."""
        return Place([] if self._spared else [("", name), *_way(sys._getframe(), self._fate.heard)])

    def look(self, place: "Place") -> None:
        """It looks, which changes nothing: once at each place is enough. Die here, if that is fate."""
        self.meet(place.of_looks, 1, "during")

    def write(self, place: "Place") -> "Write":
        """It changes something."""
        name = place.of_changes
        return Write(self, name, 0 if self._spared else self._fate.write(name))

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


class Place:
    """Where a call is made: the functions that led there, by name and as they are told, the call itself first."""

    def __init__(self, way: Sequence[tuple[str, str]]) -> None:
        self._way = way

    @property
    def of_looks(self) -> str:
        return " < ".join(told for _, told in self._way)

    @property
    def of_changes(self) -> str:
        return " < ".join(told for function, told in self._way if function not in _TURNS)


class Write:
    """One call that changes something."""

    def __init__(self, life: Life, place: str, nth: int) -> None:
        self._life = life
        self._place = place
        self._nth = nth

    def at(self, phase: str) -> None:
        """Die here, if that is fate."""
        self._life.meet(self._place, self._nth, phase)


def _raise(point: Point, _: Mapping[str, int]) -> NoReturn:
    raise Died(f"line {point.line}, {point.phase} {point.place}")


def _way(frame: FrameType | None, heard: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The bot's way to here, backwards: its functions, and each with its line and what it is about."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_OURS):
            function = frame.f_code.co_qualname
            yield function, f"{function}:{frame.f_lineno}{''.join(_about(frame.f_locals, heard))}"
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
