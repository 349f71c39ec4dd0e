"""Approvals while a run goes on: asking, noticing that the subject changed, the grace, the last look.

The rules of who counts are in `sops.kit.approvals`; here they meet the world. The subject is computed anew at
every look, from the same actions that will be performed, so whatever changes it voids the yeses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from bot.chat import replies
from bot.engine import requests
from bot.engine.desk import Desk, Desks
from bot.engine.requests import View, latest, quorum_of, replaced
from sops.kit.action import Action, World
from sops.kit.approvals import Request, RequestState, Yes, digest_of
from sops.kit.gate import Approved, Condition, Gate
from sops.kit.model import Step
from sops.kit.people import People
from sops.kit.release_gates import deciding
from sops.kit.run import Run, StepState

T = TypeVar("T")
LATE = timedelta(minutes=1)  # a grace found over later than this begins anew, so that !stop has its chance


@dataclass(frozen=True)
class Standing:
    """How an approval stands after a look: it may go on, or `note` says what it waits for."""

    granted: Request | None
    note: str = ""


class Approvals:
    """Asks for approval of a step and says how it stands."""

    def __init__(self, desks: Desks, people: People) -> None:
        self._desks = desks
        self._people = people

    async def standing(self, view: View, *, ready: bool, others: Sequence[str]) -> Standing:
        """Look at the request for this step. `ready`: what must hold before asking does; `others` is all that does not.

        Opens the request when there is none, voids it when its subject changed, lets it expire, and says it is
        granted once its grace is over, nothing else is in the way, and everyone who said yes still counts.
        """
        run, request = view.run, latest(view.run, view.step.id)
        if request is not None and request.state is RequestState.CONSUMED:
            return Standing(request)
        if request is not None and request.state in {RequestState.EXPIRED, RequestState.REJECTED}:
            return Standing(None, replies.approvals.approval_ended(request))
        subject = _subject(view)
        if request is None or not request.live:
            if not ready:
                return Standing(None)
            excluded = await self._excluded(run, view.world)
            asked = await self._at(view, lambda desk: requests.ask(desk, view, subject, excluded))
            return Standing(None, replies.approvals.approval_missing(asked))
        if digest_of(subject) != request.digest:
            stale = request
            changed = await self._at(view, lambda desk: requests.void(desk, stale, subject))
            return await self.standing(replace(view, stored=changed), ready=ready, others=others)
        return await self._answered(view, request, others)

    async def _answered(self, view: View, request: Request, others: Sequence[str]) -> Standing:
        """A live request whose subject still is the same: who answered, and whether its grace is over."""
        seq, now = request.seq, view.world.now
        settled = await self._at(view, lambda desk: requests.settle(desk, seq, self._people))
        settled = await self._count_reviews(view, settled)
        if settled.state is not RequestState.GRANTED:
            return Standing(None, replies.approvals.approval_missing(settled))
        until = settled.grace_until
        if others:
            if not settled.held_back:
                settled = await self._at(view, lambda desk: requests.hold_back(desk, seq, others))
        elif until is None or now - until > LATE:
            settled = await self._at(view, lambda desk: requests.begin_grace(desk, seq))
        elif now >= until:
            return Standing(settled)
        return Standing(None, replies.approvals.approval_missing(settled))

    async def _at(self, view: View, work: Callable[[Desk], T]) -> T:
        return await self._desks.at(view.run.id, work, fence=view.fence)

    async def _excluded(self, run: Run, world: World) -> dict[str, str]:
        """Whose yes can never count for this run, and why (design: Approvals)."""
        authors = await world.forge.pull_request_authors(run.facts["pr"]) if "pr" in run.facts else frozenset()
        names = [self._people.author(name) for name in sorted(authors)]
        excluded = dict.fromkeys(run.owners, "owner")
        excluded.update(dict.fromkeys(run.ordered_by, "ordered"))
        excluded.update({name: "author" for name in names if self._people.named(name)})
        if not run.policy.starter_counts:
            return {**excluded, run.starter: "starter"}
        return {name: why for name, why in excluded.items() if name != run.starter or why in {"author", "ordered"}}

    async def _count_reviews(self, view: View, request: Request) -> Request:
        """With `github_reviews = "count"`, linked reviewers' approvals of the same head count as yeses."""
        if view.run.policy.github_reviews != "count" or request.state is not RequestState.OPEN:
            return request
        head = request.subject["head"]
        found = deciding(await view.world.forge.reviews(request.subject["pull request"]))
        names = [
            (person.handle, review.login)
            for review in found
            if (person := self._people.linked(review.login))
            and review.state == "APPROVED"
            and review.commit_sha == head
        ]
        fresh = [
            (person, login)
            for person, login in names
            if self._people.has(person, request.roles) and person not in {*request.excluded, *request.people}
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
            return requests.grant_if_enough(desk, now)

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
        "texts": texts_of(run, view.gate),
        "left out": left_out(run),
        "quorum": quorum_of(run, view.step, view.gate),
        "severity": str(run.severity or ""),
        "bound": {name: run.facts.get(name) for name in view.gate.binds},
        "procedure": run.sop_hash,
        "settings": run.policy.digest,
    }


def left_out(run: Run) -> list[str]:
    """What people skipped or waived so far, and why: whoever approves must see it."""
    records = [(step, run.record(step.id)) for step in run.steps]
    return [
        replies.approvals.left_out(step, record.by, record.text)
        for step, record in records
        if record.state is StepState.SKIPPED and record.by
    ]


def effects_of(run: Run, gate: Approved) -> tuple[str, ...]:
    """In order, everything the steps of `covers` will do or wait for, in words.

    What only finds something out is no effect of the yes.
    """
    lines: list[str] = []
    for step in _covered(run, gate):
        lines += [piece.says(run) for piece in step.deeds if isinstance(piece, Action)]
        if not step.deeds:
            lines += [piece.says(run) for piece in step.waits if isinstance(piece, Gate) and not piece.learns]
    return tuple(lines)


def texts_of(run: Run, gate: Approved) -> list[list[str]]:
    """What those steps will publish, whole: what each does, in words, and its text."""
    deeds = [piece for step in _covered(run, gate) for piece in step.deeds if isinstance(piece, Action)]
    return [[deed.says(run), text] for deed in deeds if (text := deed.words(run))]


def _covered(run: Run, gate: Approved) -> list[Step]:
    """The steps of `covers` that the settings, and what is settled already, leave in."""

    def idle(step: Step) -> bool:
        return isinstance(step.only_if, Condition) and step.only_if.settled and not step.only_if.holds(run)

    within = [step for step in run.steps if step.id in gate.covers and f"{run.sop}.{step.id}" not in run.policy.off]
    return [step for step in within if not idle(step)]
