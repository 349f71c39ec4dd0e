"""Approvals while a run goes on: asking, noticing that the subject changed, the grace, the last look.

The rules of who counts are in `sops.kit.approvals`; here they meet the world. The subject is computed anew at
every look, from the same actions that will be performed, so whatever changes it voids the yeses.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.chat import replies
from bot.engine.desk import Desk, Desks
from sops.kit.action import Action, World
from sops.kit.approvals import Request, RequestState, Yes, code_of, differences, digest_of
from sops.kit.gate import Approved, Gate
from sops.kit.model import Severity, Step
from sops.kit.people import People
from sops.kit.release_gates import deciding
from sops.kit.run import Run, RunState, StepState

T = TypeVar("T")
LATE = timedelta(minutes=1)  # a grace found over later than this begins anew, so that !stop has its chance


@dataclass(frozen=True)
class Standing:
    """How an approval stands after a look: it may go on, or `note` says what it waits for."""

    granted: Request | None
    note: str = ""


def latest(run: Run, step_id: str) -> Request | None:
    """The newest request for that step in this iteration."""
    asked = [request for request in run.requests if request.step == step_id and request.iteration == run.iteration]
    return asked[-1] if asked else None


def live(run: Run) -> tuple[Request, ...]:
    """Requests that can still be answered or stopped."""
    return tuple(request for request in run.requests if request.live)


def turns(run: Run, now: datetime) -> list[datetime]:
    """The instants to come at which time alone changes a request: its grace ends, or it expires."""
    times = [r.grace_until if r.state is RequestState.GRANTED else r.expires_at for r in live(run)]
    return [at for at in times if at is not None and at > now]


def replaced(run: Run, request: Request) -> Run:
    """The run with the request of that number replaced."""
    return run.but(requests=tuple(request if r.seq == request.seq else r for r in run.requests))


def quorum_of(run: Run, step: Step, gate: Approved) -> int:
    """The setting, or the document's number; never less than one."""
    return max(1, run.policy.approvals.get(f"{run.sop}.{step.id}", gate.n))


@dataclass(frozen=True)
class View:
    """One look at a step that needs approval: the run, what the gates just learned of it, and the world."""

    stored: Run
    facts: dict[str, Any]
    step: Step
    gate: Approved
    world: World
    fence: int

    @property
    def run(self) -> Run:
        """The run as it is known after this look."""
        return self.stored.with_facts(self.facts)


class Approvals:
    """Asks for approval of a step and says how it stands."""

    def __init__(self, desks: Desks, people: People) -> None:
        self._desks = desks
        self._people = people

    async def standing(self, view: View, *, ready: bool, clear: bool) -> Standing:
        """Look at the request for this step. `ready`: what must hold before asking does; `clear`: all else does too.

        Opens the request when there is none, voids it when its subject changed, lets it expire, and says it is
        granted once its grace is over, nothing else is in the way, and everyone who said yes still counts.
        """
        run, request = view.run, latest(view.run, view.step.id)
        if request is not None and request.state is RequestState.CONSUMED:
            return Standing(request)
        if request is not None and request.state in {RequestState.EXPIRED, RequestState.REJECTED}:
            return Standing(None, replies.approval_ended(request))
        subject = _subject(view)
        if request is None or not request.live:
            if not ready:
                return Standing(None)
            excluded = await self._excluded(run, view.world)
            asked = await self._at(view, lambda desk: _ask(desk, view, subject, excluded))
            return Standing(None, replies.approval_missing(asked))
        if digest_of(subject) != request.digest:
            stale = request
            changed = await self._at(view, lambda desk: _void(desk, stale, subject))
            return await self.standing(replace(view, stored=changed), ready=ready, clear=clear)
        return await self._answered(view, request, clear)

    async def _answered(self, view: View, request: Request, clear: bool) -> Standing:
        """A live request whose subject still is the same: who answered, and whether its grace is over."""
        seq, now = request.seq, view.world.now
        settled = await self._at(view, lambda desk: _settle(desk, seq, self._people))
        settled = await self._count_reviews(view, settled)
        if settled.state is not RequestState.GRANTED:
            return Standing(None, replies.approval_missing(settled))
        until = settled.grace_until
        if not clear:
            if not settled.held_back:
                settled = await self._at(view, lambda desk: _hold_back(desk, seq))
        elif until is None or now - until > LATE:
            settled = await self._at(view, lambda desk: _begin_grace(desk, seq))
        elif now >= until:
            return Standing(settled)
        return Standing(None, replies.approval_missing(settled))

    async def _at(self, view: View, work: Callable[[Desk], T]) -> T:
        return await self._desks.at(view.run.id, work, fence=view.fence)

    async def _excluded(self, run: Run, world: World) -> dict[str, str]:
        """Whose yes can never count for this run, and why (design: Approvals)."""
        authors = await world.forge.pull_request_authors(run.facts["pr"]) if "pr" in run.facts else frozenset()
        names = [self._people.author(name) for name in sorted(authors)]
        excluded = {name: "author" for name in names if self._people.named(name)}
        excluded.update(dict.fromkeys(run.owners, "owner"))
        if not run.policy.starter_counts:
            return {**excluded, run.starter: "starter"}
        return {name: why for name, why in excluded.items() if name != run.starter}

    async def _count_reviews(self, view: View, request: Request) -> Request:
        """With `github_reviews = "count"`, linked reviewers' approvals of the same head count as yeses."""
        if view.run.policy.github_reviews != "count" or request.state is not RequestState.OPEN:
            return request
        head = request.subject["head"]
        found = deciding(await view.world.forge.reviews(request.subject["pull request"]))
        names = [
            (self._people.author(review.login), review.login)
            for review in found
            if review.state == "APPROVED" and review.commit_sha == head
        ]
        fresh = [
            (person, login)
            for person, login in names
            if self._people.has(person, (request.role,)) and person not in {*request.excluded, *request.people}
        ]
        if not fresh:
            return request

        def count(desk: Desk) -> Request:
            now = next(r for r in desk.run.requests if r.seq == request.seq)
            added = tuple(Yes(person=p, account=f"github:{login}", at=desk.now, via="github") for p, login in fresh)
            now = now.but(yeses=(*now.yeses, *added))
            desk.run = replaced(desk.run, now)
            for person, login in fresh:
                desk.note("yes", person, code=now.code, account=f"github:{login}", via="github")
            return grant_if_enough(desk, now)

        return await self._at(view, count)


def _subject(view: View) -> dict[str, Any]:
    """Everything the yes covers, as plain values."""
    run = view.run
    return {
        "head": run.facts.get("head", ""),
        "base": run.policy.main,
        "pull request": run.facts.get("pr", 0),
        "merged outside": run.facts.get("merge.outside", ""),
        "version": run.version,
        "iteration": run.iteration,
        "effects": list(effects_of(run, view.gate)),
        "left out": left_out(run),
        "quorum": quorum_of(run, view.step, view.gate),
        "severity": str(run.severity or ""),
        "procedure": run.sop_hash,
        "settings": hashlib.sha256(run.policy.model_dump_json().encode()).hexdigest(),
    }


def left_out(run: Run) -> list[str]:
    """What people skipped or waived so far, and why: whoever approves must see it."""
    records = [(step, run.record(step.id)) for step in run.steps]
    return [
        replies.left_out(step, record.by, record.text)
        for step, record in records
        if record.state is StepState.SKIPPED and record.by
    ]


def effects_of(run: Run, gate: Approved) -> tuple[str, ...]:
    """In order, everything the steps of `covers` will do or wait for, in words."""
    lines: list[str] = []
    for step in run.steps:
        if step.id in gate.covers:
            lines += [piece.says(run) for piece in step.deeds if isinstance(piece, Action)]
            if not step.deeds:
                lines += [piece.says(run) for piece in step.waits if isinstance(piece, Gate)]
    return tuple(lines)


def grant_if_enough(desk: Desk, request: Request) -> Request:
    """Granted once the quorum is reached; at least one yes must have been given in the thread.

    The next look begins the grace, when nothing else is in the way.
    """
    spoken = any(yes.via == "thread" for yes in request.yeses)
    if request.state is not RequestState.OPEN or len(request.people) < request.quorum or not spoken:
        return request
    granted = request.but(state=RequestState.GRANTED)
    desk.run = replaced(desk.run, granted)
    desk.note("granted", code=granted.code, by=list(granted.people))
    return granted


def _begin_grace(desk: Desk, seq: int) -> Request:
    """From now on there is a short time to say !stop. Also when something that was in the way is gone."""
    policy, request = desk.run.policy, _request(desk, seq)
    grace = policy.grace_p0 if desk.run.severity is Severity.P0 else policy.grace
    granted = request.but(grace_until=desk.now + grace, held_back=False)
    desk.run = replaced(desk.run, granted)
    desk.note("grace", code=granted.code, until=(desk.now + grace).isoformat())
    desk.say(replies.grace(desk.run, granted))
    return granted


def _hold_back(desk: Desk, seq: int) -> Request:
    """Approved, but something else is in the way: the grace begins anew once that is gone."""
    request = _request(desk, seq).but(grace_until=None, held_back=True)
    desk.run = replaced(desk.run, request)
    desk.note("held-back", code=request.code)
    desk.say(replies.held_back(desk.run, request))
    return request


def _request(desk: Desk, seq: int) -> Request:
    return next(request for request in desk.run.requests if request.seq == seq)


def _ask(desk: Desk, view: View, subject: dict[str, Any], excluded: dict[str, str]) -> Request:
    desk.run = desk.run.with_facts(view.facts)
    run, step, gate, digest = desk.run, view.step, view.gate, digest_of(subject)
    seq = len(run.requests) + 1
    request = Request(
        seq=seq,
        code=code_of(run.id, seq, digest),
        step=step.id,
        iteration=run.iteration,
        role=gate.by,
        quorum=quorum_of(run, step, gate),
        subject=subject,
        digest=digest,
        effects=tuple(subject["effects"]),
        excluded=excluded,
        made_at=desk.now,
        expires_at=desk.now + run.policy.approval_expires,
    )
    desk.run = run.but(requests=(*run.requests, request))
    desk.note("approval-requested", code=request.code, step=step.id, digest=digest, subject=subject)
    desk.say(replies.request(desk.run, request, desk.people), key=f"request/{seq}")
    return request


def _void(desk: Desk, request: Request, subject: dict[str, Any]) -> Run:
    changed = differences(request.subject, subject)
    why = replies.what_changed(changed)
    ended = request.but(state=RequestState.VOID, ended=why)
    desk.run = replaced(desk.run, ended).with_record(request.step, note=replies.void_note(ended))
    desk.note("approval-void", code=request.code, changed=sorted(changed), why=why)
    desk.say(replies.request_void(desk.run, ended))
    return desk.run


def _settle(desk: Desk, seq: int, people: People) -> Request:
    """What time and roles do to a live request: it expires, or a yes whose giver lost the role is dropped."""
    request = _request(desk, seq)
    if not request.live:
        return request
    kept = tuple(yes for yes in request.yeses if people.has(yes.person, (request.role,)))
    if len(kept) != len(request.yeses):
        request = request.but(yeses=kept, state=RequestState.OPEN, grace_until=None)
        desk.run = replaced(desk.run, request)
        desk.note("approval-reduced", code=request.code, left=list(request.people))
        desk.say(replies.yes_dropped(desk.run, request))
    if desk.now >= request.expires_at:
        request = request.but(state=RequestState.EXPIRED, ended="it expired")
        desk.run = replaced(desk.run, request)
        desk.note("approval-expired", code=request.code)
        desk.say(replies.request_expired(desk.run, request))
    return request


def use(desk: Desk, request: Request) -> bool:
    """Use the approval up, with the first effect's intent; False if it no longer may be used."""
    now = _request(desk, request.seq)
    if now.state is RequestState.CONSUMED:
        return True
    if now.state is not RequestState.GRANTED or desk.run.state is not RunState.ACTIVE:
        return False
    desk.run = replaced(desk.run, now.but(state=RequestState.CONSUMED))
    desk.note("approval-consumed", code=now.code, by=list(now.people))
    return True
