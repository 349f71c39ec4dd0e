"""Approvals: who counts, for what, until when. Pure; the engine gathers the facts and posts the request.

A request is bound to a subject, a mapping of everything the yes covers. Its digest is what people approve:
if any part of the subject changes, the digest differs and every yes is void.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from sops.kit.model import Role

#: What is armed is about to happen so long before its instant; earlier, talk about it is talk, and only !stop disarms.
SOON = timedelta(minutes=5)


class RequestState(StrEnum):
    OPEN = "open"
    GRANTED = "granted"  # enough yeses; the grace runs
    CONSUMED = "consumed"  # the first effect's intent is stored; nothing but a conflict stops it now
    VOID = "void"
    EXPIRED = "expired"
    REJECTED = "rejected"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")  # what another build added is kept


class Yes(_Value):
    person: str
    account: str
    at: AwareDatetime
    via: str = "thread"


class HeldUp(_Value):
    """For how long, until then, something that nobody decided kept a yes from being followed, and `by` whom.

    People heard of the part `told` of it when they last heard that it goes ahead.
    """

    by: tuple[str, ...]
    span: timedelta
    until: AwareDatetime
    told: timedelta = timedelta()


class Request(_Value):
    """One question to reviewers. `seq` numbers a run's requests; `code` is what people type."""

    seq: int
    code: str
    step: str
    iteration: int
    role: Role
    quorum: int
    subject: dict[str, Any]
    digest: str
    effects: tuple[str, ...]
    excluded: dict[str, str]  # person → why their yes cannot count
    made_at: AwareDatetime
    expires_at: AwareDatetime
    yeses: tuple[Yes, ...] = ()
    state: RequestState = RequestState.OPEN
    ended: str = ""  # why it is void, rejected or expired
    grace_until: AwareDatetime | None = None
    override_by: str = ""
    override_at: AwareDatetime | None = None  # when it goes through although too few said yes
    override_reason: str = ""
    override_alone: bool = False  # after the longer wait, with nobody else there
    also: Role | None = None  # another role whose yes counts as well
    held_back: bool = False  # granted, but something else is in the way, and the thread knows
    held: HeldUp | None = None
    again: bool = False  # used, and what is left of it waits for another grace
    lapsed: bool = False  # used, and for what is left of it people are asked anew
    reminded: int = 0  # how often who may answer was reminded while it is open
    armed_for: AwareDatetime | None = None  # granted, and goes ahead by itself at that instant, as the thread knows

    @property
    def reminders(self) -> tuple[datetime, ...]:
        """When who may answer is reminded of it: at half of its time, and when a sixth is left."""
        span = self.expires_at - self.made_at
        return (self.made_at + span / 2, self.expires_at - span / 6)

    @property
    def live(self) -> bool:
        return self.state in {RequestState.OPEN, RequestState.GRANTED}

    @property
    def holds(self) -> bool:
        """It was used, and what is left of it may still follow."""
        return self.state is RequestState.CONSUMED and not self.lapsed

    @property
    def given_at(self) -> datetime:
        """When the last yes was said, or when it went through without."""
        return self.yeses[-1].at if self.yeses else self.override_at or self.made_at

    @property
    def told_until(self) -> datetime:
        """Until when people knew last that it is about to happen."""
        return self.grace_until or self.given_at

    @property
    def roles(self) -> tuple[Role, ...]:
        """Whose yes counts."""
        return (self.role, self.also) if self.also else (self.role,)

    @property
    def people(self) -> tuple[str, ...]:
        """Distinct people who said yes, in order."""
        return tuple(dict.fromkeys(yes.person for yes in self.yeses))

    @property
    def overridden(self) -> bool:
        """It goes through, or went, by break-glass: too few said yes."""
        return bool(self.override_by) and len(self.people) < self.quorum

    @property
    def going_ahead(self) -> bool:
        """What it covers is about to happen, at once or as soon as nothing else is in the way."""
        overriding = self.state is RequestState.OPEN and self.override_at is not None
        return self.state is RequestState.GRANTED or overriding or self.again

    def in_grace(self, at: datetime) -> bool:
        """At that instant people may still stop it, and what it covers is about to happen."""
        soon = self.armed_for is None or at >= self.armed_for - SOON
        timed = (self.grace_until is not None and soon) or self.override_at is not None
        since = self.yeses[-1].at if self.yeses and self.override_at is None else self.made_at
        return self.going_ahead and timed and since <= at

    def but(self, **changes: Any) -> "Request":
        return self.model_copy(update=changes)


def digest_of(subject: Mapping[str, Any]) -> str:
    """SHA-256 of the subject's canonical JSON, hexadecimal."""
    text = json.dumps(subject, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def code_of(run_id: str, seq: int, digest: str) -> str:
    """Four characters people can type; differs for every request of a run, also for an equal subject."""
    return hashlib.sha256(f"{run_id}/{seq}/{digest}".encode()).hexdigest()[:4]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What changed between two subjects, by name."""
    names = [*old, *(name for name in new if name not in old)]
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}
