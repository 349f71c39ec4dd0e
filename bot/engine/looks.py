"""One look at what a step waits for: what its gates found, gathered one after the other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.chat.replies.phrases import to_be_said
from bot.engine.evidence import Evidence, of_gate, of_sign_off
from sops.kit.action import News
from sops.kit.gate import Gate, Met, SignedOff, Waiting
from sops.kit.model import Step
from sops.kit.run import Run

SOONEST = timedelta(seconds=1)  # between two looks, where an instant is waited for
PEOPLE = timedelta(days=1)  # what waits for people is woken by what they say; this is only the net


@dataclass(frozen=True)
class Look:
    """What a look at the gates of a step found. `stuck` is what no time will mend; `evidence` of those that hold."""

    notes: tuple[str, ...]
    facts: dict[str, Any]
    news: tuple[News, ...]
    windows: tuple[tuple[str, datetime, datetime | None], ...]
    every: timedelta
    stuck: str = ""
    evidence: tuple[Evidence, ...] = ()
    halts: str = ""


@dataclass
class Looking:
    """What was found so far."""

    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    every: timedelta = PEOPLE
    _news: list[News] = field(default_factory=list)
    _windows: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)
    _halts: str = ""
    _stuck: list[str] = field(default_factory=list)
    _evidence: list[Evidence] = field(default_factory=list)
    _until: list[datetime] = field(default_factory=list)
    _early: bool = False

    @property
    def until(self) -> datetime | None:
        """When all that is missing holds by itself; None where nothing is missing, or time alone does not mend it."""
        return max(self._until) if self._until and len(self._until) == len(self.notes) else None

    @property
    def askable(self) -> bool:
        """Nothing is missing that a yes must not come before."""
        return not self.notes or (self.until is not None and not self._early)

    def asked(self, run: Run, step: Step, piece: SignedOff) -> None:
        """A person's word is there, or it is waited for."""
        if piece.given(run, step.id):
            self._evidence.append(of_sign_off(run, step, piece))
        else:
            self.notes.append(to_be_said(run.with_facts(self.facts), step, piece))

    def found(self, run: Run, gate: Gate, found: Met | Waiting, now: datetime) -> None:
        """The gate was asked, and answered that."""
        self.facts.update(found.facts)
        self._news.extend(found.news)
        self.every = min(self.every, gate.every(run))
        if isinstance(found, Met):
            self._evidence.append(of_gate(gate, found))
            return
        self.notes.append(found.note)
        self._halts = self._halts or gate.halts
        self._stuck += [found.note] if found.stuck else []
        self._windows += [found.window] if found.window else []
        if gate.ahead and found.until is not None:
            asks = found.until - gate.ahead
            self._until.append(found.until)
            self._early |= now < asks
            self.every = min(self.every, max((asks if now < asks else found.until) - now, SOONEST))

    def look(self) -> Look:
        missing = tuple(note for note in self.notes if note)
        windows, stuck = tuple(self._windows), "; ".join(self._stuck)
        news, seen = tuple(self._news), tuple(self._evidence)
        return Look(missing, self.facts, news, windows, self.every, stuck, seen, self._halts)
