"""What the bot does in an incident: its issue, public words, action items."""

from dataclasses import dataclass
from shlex import quote
from typing import Any

from sops.kit import escaping, hands, texts
from sops.kit.action import Action, Conflict, Done, Probe, Todo, World, marker, twice
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.run import Run
from sops.kit.world import Issue


async def _marked(run: Run, world: World, mark: str) -> list[Issue]:
    """Issues of ours with the mark, oldest first."""
    found = [issue for issue in await world.forge.own_issues(run.created_at) if mark in issue.body]
    return sorted(found, key=lambda issue: issue.number)


@dataclass(frozen=True)
class OpenIncidentIssue(Action):
    """The incident's issue, opened once (SOP-08 row 2). Its title is public; nothing else is told there.

    Where the settings want none, there is nothing to do.
    """

    keyless = True

    def says(self, run: Run) -> str:
        return "open the incident's issue" if run.policy.incident_issues else "open no issue, as the settings say"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        title, body = texts.incident_issue(run)
        label = quote(run.policy.incident_label)
        return (
            f"gh issue create --title {quote(title)} --body {quote(body.strip())} --label {label}",
            hands.by_two("acknowledge"),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        if not run.policy.incident_issues:
            return Done()
        found = await _marked(run, world, marker(run.but(iteration=1), "incident"))
        if not found:
            return Todo(self.says(run))
        facts = {"issue": found[0].number, "issue.url": found[0].url}
        return Done(facts, news=twice("issue", [issue.url for issue in found[1:]]))

    async def perform(self, run: Run, world: World) -> None:
        title, body = texts.incident_issue(run)
        mark = marker(run.but(iteration=1), "incident")
        await world.forge.open_issue(title=title, body=f"{body}\n{mark}", labels=(run.policy.incident_label,))


@dataclass(frozen=True)
class ReopenIncidentIssue(Action):
    """Opens the incident's issue again after `!reopen`."""

    def says(self, run: Run) -> str:
        return "open the incident's issue again"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh issue reopen {run.facts['issue']}",)

    async def probe(self, run: Run, world: World) -> Probe:
        number = run.facts.get("issue")
        issue = await world.forge.issue(number) if number else None
        return Done() if issue is None or issue.state == "open" else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.reopen_issue(run.facts["issue"])


@dataclass(frozen=True)
class OpenActionIssue(Action):
    """One action item as an issue (SOP-08 row 8)."""

    id: str
    text: str
    who: str
    due: str
    keyless = True

    def says(self, run: Run) -> str:
        number = self.id.rpartition("-")[2]
        return f"open an issue for {self.who}, action {number}: {escaping.printable(self.text)[:80]}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        title, body = texts.action_issue(run, self.text, self.due, self.who)
        label = quote(run.policy.incident_label)
        return (
            f"gh issue create --title {quote(title)} --body {quote(body.strip())} --label {label}",
            hands.by_two(self.id),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        found = await _marked(run, world, marker(run.but(iteration=1), self.id))
        if not found:
            return Todo(self.says(run))
        facts = {f"{self.id}.issue": found[0].number, f"{self.id}.url": found[0].url}
        return Done(facts, news=twice("issue", [issue.url for issue in found[1:]]))

    async def perform(self, run: Run, world: World) -> None:
        title, body = texts.action_issue(run, self.text, self.due, self.who)
        person = world.people.named(self.who)
        await world.forge.open_issue(
            title=title,
            body=f"{body}\n{marker(run.but(iteration=1), self.id)}",
            labels=(run.policy.incident_label,),
            assignees=person.github[:1] if person else (),
        )


@dataclass(frozen=True)
class ActionDone(Gate):
    """The issue of an action item is closed, so that nobody is reminded of it any more."""

    id: str

    def says(self, run: Run) -> str:
        return f"see the issue of {self.id} closed"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        number = run.facts.get(f"{self.id}.issue")
        issue = await world.forge.issue(number) if number else None
        if issue is None:
            return Waiting("it has no issue yet")
        return Met() if issue.state == "closed" else Waiting(f"#{number} is open; closing it says that it is done")


@dataclass(frozen=True)
class PublishNotice(Action):
    """A public word about the incident, confirmed by a person who saw it (SOP-08 row 3)."""

    id: str
    text: str
    public = True
    keyless = True

    def says(self, run: Run) -> str:
        return f"post in {run.policy.announcements}: {escaping.printable(self.text)[:80]}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        title, body = texts.notice(run, self.text)
        return (f"post in {run.policy.announcements}: {title}", body.strip(), hands.by_two(self.id))

    async def probe(self, run: Run, world: World) -> Probe:
        mark = marker(run.but(iteration=1), self.id)
        found = [talk for talk in await world.forge.own_discussions() if mark in talk.body]
        if not found:
            return Todo(self.says(run))
        posted = found[-1]
        facts: dict[str, Any] = {f"{self.id}.discussion": posted.id, f"{self.id}.url": posted.url}
        facts |= {"public.last": self.id, "public.url": posted.url, "public.corrected": False}
        return Done(facts, news=twice("discussion", [talk.url for talk in found[:-1]]))

    async def perform(self, run: Run, world: World) -> None:
        title, body = texts.notice(run, self.text)
        mark = marker(run.but(iteration=1), self.id)
        await world.forge.open_discussion(category=run.policy.announcements, title=title, body=f"{body}\n{mark}")


@dataclass(frozen=True)
class CorrectNotice(Action):
    """New text for a public word already posted; `of` is the step that posted it."""

    id: str
    of: str
    text: str
    public = True

    def says(self, run: Run) -> str:
        return f"change the public word to: {escaping.printable(self.text)[:80]}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"edit {run.facts.get('public.url', 'the public word')}", f"all of its text: {self._body(run)}")

    async def probe(self, run: Run, world: World) -> Probe:
        wanted = self._body(run)
        posted = run.facts.get(f"{self.of}.discussion")
        found = next((talk for talk in await world.forge.own_discussions() if talk.id == posted), None)
        if found is None:
            return Conflict("the public word is gone from the forge", "!publish it again")
        if found.body.strip() != wanted.strip():
            return Todo(self.says(run))
        return Done({"public.url": found.url, "public.corrected": True})

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.edit_discussion(run.facts[f"{self.of}.discussion"], self._body(run))

    def _body(self, run: Run) -> str:
        return f"{texts.notice(run, self.text)[1]}\n{marker(run.but(iteration=1), self.of)}"


@dataclass(frozen=True)
class CloseIncidentIssue(Action):
    """Closes the incident's issue (SOP-08 row 9)."""

    def says(self, run: Run) -> str:
        return "close the incident's issue"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh issue close {run.facts['issue']}",)

    async def probe(self, run: Run, world: World) -> Probe:
        number = run.facts.get("issue")
        issue = await world.forge.issue(number) if number else None
        return Done() if issue is None or issue.state == "closed" else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.close_issue(run.facts["issue"])


@dataclass(frozen=True)
class SeverityKnown(Gate):
    """Somebody said how bad it is; until then no clock can run."""

    def says(self, run: Run) -> str:
        return "know the severity"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return Met() if run.severity else Waiting("severity not set")


@dataclass(frozen=True)
class Reopened(Condition):
    """The incident was reopened, so its issue may have to be."""

    def holds(self, run: Run) -> bool:
        return run.iteration > 1

    def says(self, run: Run) -> str:
        return "if it was reopened"

    def otherwise(self, run: Run) -> str:
        return "never reopened"
