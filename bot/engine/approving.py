"""Approvals while a run goes on: asking, noticing that the subject changed, the grace, the last look.

The rules of who counts are in `sops.kit.approvals`; here they meet the world. The subject is computed anew at
every look, from the same actions that will be performed, so whatever changes it voids the yeses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bot.chat import replies
from bot.engine import held_up, requests
from bot.engine.desk import Desk, Desks
from bot.engine.requests import LATE, View, latest, replaced
from bot.engine.subjects import changed_since, sentences, subject_of
from sops.kit.action import World
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.people import People
from sops.kit.release_gates import deciding
from sops.kit.run import Run
from sops.kit.secrecy import concealed

T = TypeVar("T")


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

    async def standing(
        self, view: View, *, ready: bool, others: Sequence[str], until: datetime | None = None
    ) -> Standing:
        """Look at the request for this step. `ready`: what must hold before asking does; `others` is all that does not,
        and `until` when it does by itself: a yes given before waits for that, armed.

        Opens the request when there is none, voids it when its subject changed, lets it expire, and says it is
        granted once its grace is over, nothing else is in the way, and everyone who said yes still counts.
        """
        run, request = view.run, latest(view.run, view.step.id)
        if request is not None and request.holds:
            return Standing(request)
        if request is not None and request.state in {RequestState.EXPIRED, RequestState.REJECTED}:
            return Standing(None, replies.approvals.approval_ended(request))
        if request is None or not request.live:
            if not ready:
                return Standing(None)
            excluded, subject = await self._excluded(run, view.world), subject_of(view)
            covers = sentences(run, view.gate)
            asked = await self._at(view, lambda desk: requests.ask(desk, view, subject, excluded, covers, until))
            return Standing(None, replies.approvals.approval_missing(asked))
        different, now = changed_since(request, view)
        if different:
            stale = request
            changed = await self._at(view, lambda desk: requests.void(desk, stale, different, now))
            return await self.standing(replace(view, stored=changed), ready=ready, others=others, until=until)
        if request.state is RequestState.GRANTED and held_up.too_old(view.stored, request, view.world.now):
            old = request.seq
            run = await self._at(view, lambda desk: requests.lapse_old(desk, old))
            return await self.standing(replace(view, stored=run), ready=ready, others=others, until=until)
        return await self._answered(view, request, others, until)

    async def _answered(
        self, view: View, request: Request, others: Sequence[str], instant: datetime | None
    ) -> Standing:
        """A live request whose subject still is the same: who answered, and whether its grace is over."""
        seq, now = request.seq, view.world.now
        settled = await self._at(view, lambda desk: requests.settle(desk, seq, self._people))
        settled = await self._count_reviews(view, settled)
        if settled.state is not RequestState.GRANTED:
            return Standing(None, replies.approvals.approval_missing(settled))
        until = settled.grace_until
        if instant is not None:
            if settled.armed_for != instant:
                settled = await self._at(view, lambda desk: requests.arm(desk, seq, instant))
        elif others:
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
        authors = await _authors(run, world)
        names = [self._people.author(name) for name in sorted(authors)]
        excluded = dict.fromkeys(run.owners, "owner")
        excluded.update(dict.fromkeys(run.ordered_by, "ordered"))
        excluded.update({name: "author" for name in names if self._people.named(name)})
        if not run.policy.starter_counts:
            return {**excluded, run.starter: "starter"}
        return {name: why for name, why in excluded.items() if name != run.starter or why in {"author", "ordered"}}

    async def _count_reviews(self, view: View, request: Request) -> Request:
        """With `github_reviews = "count"`, linked reviewers' approvals of the same head count as yeses."""
        asked = view.run.policy.github_reviews == "count" and request.subject["pull request"]
        if not asked or request.state is not RequestState.OPEN:
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


async def _authors(run: Run, world: World) -> frozenset[str]:
    """Who wrote what is merged, by login or, where the forge does not say or has not seen it yet, by address."""
    if "pr" in run.facts:
        return await world.forge.pull_request_authors(run.facts["pr"])
    if not concealed(run) or "head" not in run.facts:
        return frozenset()
    written = await world.git.log(run.facts["base.commit"], run.facts["head"])
    return frozenset(f"email:{commit.author_email}" for commit in written)
