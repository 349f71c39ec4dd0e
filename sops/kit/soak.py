"""The soak: a set time without blockers, from verified publication (SOP-03 row 7).

A blocker is an open issue with a blocker label, or one a person named with `!blocker #n`. While one is open, or while
somebody asks to roll the candidate back, the soak stands still. Dismissing a blocker, taking its label off or closing
it as not planned lets the soak go on, extended by the time lost. Closing it as completed means that a fix exists, so
another candidate is due once none is open.
Times are those at which Sopwith saw a change: GitHub's issue lists do not say when a label was put on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sops.kit.action import News, World, fill
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.rolled_back import may_be_rolled_back, rollback_asked, rolled_back, unread_rollbacks, was_rolled_back
from sops.kit.run import Run
from sops.kit.timing import SOAK
from sops.kit.unreadable import Unreadable
from sops.kit.world import Issue


@dataclass(frozen=True)
class Soaked(Gate):
    """The policy's `soak` is over and no blocker is open; or a blocker was fixed and the next candidate is due.

    A candidate that was rolled back has nothing left to soak: it waits until a blocker's fix leads to the next one.
    """

    def says(self, run: Run) -> str:
        return f"soak for {run.policy.soak.days} days without an open blocker"

    def every(self, run: Run) -> timedelta:
        return run.policy.look_every_soak

    async def check(self, run: Run, world: World) -> Met | Waiting:
        view = await _look(run, world)
        facts = view.facts()
        if not view.open and view.fixed:
            facts["soak.outcome"] = "blocked"
            return Met(facts, (*view.news(), News("soak-failed", {"fixed": sorted(view.fixed)})))
        if view.back:
            note = was_rolled_back(fill("{candidate}", run), view.back)
            told = run.facts.get("soak.back") == view.back.name
            news = () if told else (News("candidate-rolled-back", {"by": view.back.name}),)
            facts["soak.back"] = view.back.name
            return Waiting(note, facts, (*view.news(), *news), (SOAK, view.started, None))
        if not view.still and world.now >= view.ends:
            facts["soak.outcome"] = "clear"
            return Met(facts, (*view.news(), News("soak-passed", {"days": run.policy.soak.days})))
        if view.still:
            return Waiting("; ".join(view.why_still()), facts, view.news(), (SOAK, view.started, None))
        return Waiting("no open blocker", facts, view.news(), (SOAK, view.started, view.ends))


@dataclass
class _View:
    """What this look found, against what the run remembers of the last one."""

    run: Run
    now: datetime
    started: datetime
    open: dict[int, str]
    before: dict[int, str]
    fixed: set[int]
    cleared: dict[int, str]  # number → why it no longer blocks
    back: Run | None  # the rollback that took the candidate back
    asks: Run | Unreadable | None  # one that asks to, or that nobody can read

    @property
    def still(self) -> bool:
        """The soak stands still."""
        return bool(self.open) or self.asks is not None

    @property
    def lost(self) -> timedelta:
        """Blocked time so far, without the block that is going on."""
        done = timedelta(seconds=self.run.facts.get("soak.lost", 0))
        since = self.run.facts.get("soak.blocked_since")
        return done + (self.now - datetime.fromisoformat(since)) if since and not self.still else done

    @property
    def ends(self) -> datetime:
        return self.started + self.run.policy.soak + self.lost

    def facts(self) -> dict[str, Any]:
        since = self.run.facts.get("soak.blocked_since")
        return {
            "soak.blockers": {str(number): title for number, title in sorted(self.open.items())},
            "soak.fixed": sorted(self.fixed),
            "soak.lost": int(self.lost.total_seconds()),
            "soak.blocked_since": (since or self.now.isoformat()) if self.still else None,
            "soak.ends": self.ends.isoformat(),
            "soak.asked": self.asks.name if self.asks else "",
            "soak.changes": [*self.run.facts.get("soak.changes", []), *self._changes()],
        }

    def _changes(self) -> list[list[str]]:
        """What a digest will tell: [instant, number, what]."""
        at = self.now.isoformat()
        opened = [[at, str(n), f"open: {self.open[n]}"] for n in sorted(self.open.keys() - self.before.keys())]
        return [*opened, *([at, str(n), why] for n, why in sorted(self.cleared.items()))]

    def news(self) -> tuple[News, ...]:
        opened = [
            News("blocker-opened", {"number": n, "title": self.open[n]})
            for n in sorted(self.open.keys() - self.before.keys())
        ]
        told = dismissed(self.run)  # by whoever dismissed it
        gone = [(number, why) for number, why in sorted(self.cleared.items()) if number not in told]
        closed = [News("blocker-gone", {"number": number, "why": why}) for number, why in gone]
        before = str(self.run.facts.get("soak.asked", ""))
        unread = isinstance(self.asks, Unreadable)
        about = {"by": self.asks.name, **({"unread": True} if unread else {})} if self.asks else {}
        asked = [News("rollback-asked", about)] if self.asks and self.asks.name != before else []
        resumed = (self.before or before) and not self.still and not self.fixed and not self.back
        goes_on = [News("soak-resumed", {"ends": self.ends.isoformat()})] if resumed else []
        return (*opened, *closed, *asked, *goes_on)

    def why_still(self) -> list[str]:
        numbers = ", ".join(f"#{number}" for number in sorted(self.open))
        asks = [may_be_rolled_back(fill("{candidate}", self.run), self.asks)] if self.asks else []
        return [*asks, *([f"blocked by {numbers}"] if numbers else [])]


async def _look(run: Run, world: World) -> _View:
    # Where two people waived the publication, the soak counts from its own beginning.
    published = run.facts.get("published.at")
    started = datetime.fromisoformat(published) if published else run.record(SOAK).since or world.now
    before = {int(number): title for number, title in run.facts.get("soak.blockers", {}).items()}
    waved = dismissed(run)
    found = await open_blockers(run, world)
    now_open = {number: issue.title for number, issue in found.items() if number not in waved}
    fixed = set(run.facts.get("soak.fixed", []))
    cleared: dict[int, str] = {}
    for number in sorted(before.keys() - now_open.keys()):
        why = f"dismissed: {waved[number]}" if number in waved else await _why_gone(number, world)
        cleared[number] = why
        if why == "fixed":
            fixed.add(number)
    for issue in await _closed_unseen(run, world, started):
        if issue.number not in before and issue.number not in fixed and issue.number not in waved:
            fixed.add(issue.number)
            cleared[issue.number] = "fixed"
    candidate = fill("{candidate}", run)
    back = await rolled_back(candidate, world)
    asks = await rollback_asked(candidate, world) or next(iter(await unread_rollbacks(candidate, world, run)), None)
    return _View(run, world.now, started, now_open, before, fixed - now_open.keys(), cleared, back, asks)


async def _why_gone(number: int, world: World) -> str:
    issue = await world.forge.issue(number)
    if issue is None:
        return "issue deleted"
    if issue.state == "open":
        return "label removed"
    return "fixed" if _completed(issue) else "closed as not planned"


async def _closed_unseen(run: Run, world: World, started: datetime) -> list[Issue]:
    """Blockers closed as completed during this soak, including those nobody saw open."""
    closed: dict[int, Issue] = {}
    for label in run.policy.blocker_labels:
        for issue in await world.forge.issues(labels=(label,), state="closed", since=started):
            closed[issue.number] = issue
    return [issue for _, issue in sorted(closed.items()) if _completed(issue) and _since(issue, started)]


def _completed(issue: Issue) -> bool:
    """Closed with the reason "completed", which is also GitHub's reading of no reason at all."""
    return issue.state == "closed" and issue.state_reason in {"completed", None}


async def open_blockers(run: Run, world: World) -> dict[int, Issue]:
    """Open issues that block, by number: labelled so, or named by a person."""
    found: dict[int, Issue] = {}
    for label in run.policy.blocker_labels:
        found.update({issue.number: issue for issue in await world.forge.issues(labels=(label,))})
    for number in run.facts.get("soak.named", []):
        issue = await world.forge.issue(number)
        if issue is not None and issue.state == "open":
            found[number] = issue
    return found


def dismissed(run: Run) -> dict[int, str]:
    """Blockers somebody dismissed, and why."""
    return {int(number): reason for number, reason in run.facts.get("soak.dismissed", {}).items()}


def _since(issue: Issue, start: datetime) -> bool:
    return issue.closed_at is not None and issue.closed_at >= start
