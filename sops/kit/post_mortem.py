"""The post-mortem: drafted from the record, and drafted anew when the incident was opened again meanwhile."""

from dataclasses import dataclass
from shlex import quote
from typing import Any

from sops.kit import escaping, hands, texts
from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World, marker
from sops.kit.gate import Condition
from sops.kit.model import Severity
from sops.kit.run import Run, StepState
from sops.kit.timing import calendar
from sops.kit.world import PullRequest

TITLED = "post-mortem.titled"  # the fact: what it was called when this was first drafted


@dataclass(frozen=True)
class WritePostMortem(Action):
    """The post-mortem on a branch of its own and its pull request; people edit it there.

    It is written once. An incident that was opened again is drafted anew: in the same pull request where that is open
    and nobody went on with it, else in a file, branch and pull request of their own (`round` counts those).
    """

    def says(self, run: Run) -> str:
        return f"open a pull request with {self._path(run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        branch, base, path = self._branch(run), run.facts["post-mortem.base"], self._path(run)
        title = f"Post-mortem of {run.name}"
        return (
            f"git push origin {base}:refs/heads/{branch}",
            f"git fetch origin && git switch {branch}, and write {path}: timeline, root cause, impact, action items",
            f"git add {path} && git commit -m {quote(title)} && git push origin {branch}",
            *hands.requested(branch, run.policy.develop, title, self._mark(run)),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        found = await self._request(run, world)
        if found is not None and await self._is_current(run, world, found):
            news = News("post-mortem-drafted", {"pr": found.number, "url": found.url})
            facts = {"post-mortem": found.number, "post-mortem.url": found.url, "post-mortem.head": found.head_sha}
            return Done({**facts, "post-mortem.again": False}, (news,))
        if found is not None and found.state == "open" and found.head_sha == run.facts.get("post-mortem.head"):
            return Todo(f"bring PR #{found.number} up to date", {"post-mortem.base": found.head_sha})
        tip = await world.git.branch(run.policy.develop)
        if tip is None:
            return Conflict(f"there is no branch {run.policy.develop}", "create it, then !retry")
        if found is not None:  # merged, closed, or gone on with by people
            return Todo(self.says(run), {"post-mortem.round": self._round(run) + 1, "post-mortem.base": tip})
        return Todo(self.says(run), {"post-mortem.base": run.facts.get("post-mortem.base") or tip})

    async def perform(self, run: Run, world: World) -> None:
        branch, base = self._branch(run), run.facts["post-mortem.base"]
        tip = await world.git.branch(branch)
        if tip is None:
            await world.git.create_branch(branch, base)
            tip = base
        if tip == base:
            actions = [(a["who"], a["text"], a["due"]) for a in run.facts.get("actions", [])]
            text = texts.post_mortem(run, await world.history(run.id), actions, self._draft_mark(run))
            files = await self._files(run, world, base, text)
            await world.git.commit(branch, expected=base, files=files, message=f"Post-mortem of {run.name}\n")
        if await self._request(run, world) is not None:
            return
        await world.forge.open_pull_request(
            head=branch,
            base=run.policy.develop,
            title=f"Post-mortem of {run.name}: {escaping.titled(run.title)[:150]}",
            body=f"Drafted from the record of {run.name}. Edit it here; merging completes the post-mortem."
            f"\n\n{self._mark(run)}",
        )

    async def _request(self, run: Run, world: World) -> PullRequest | None:
        """Our pull request of this round, in whatever state."""
        found = await world.forge.pull_requests(self._branch(run), run.policy.develop)
        mark = self._mark(run)
        ours = [request for request in found if mark in request.body]
        return ours[-1] if ours else None

    async def _is_current(self, run: Run, world: World, found: PullRequest) -> bool:
        """It was drafted since the incident was last opened; what people make of it then is theirs."""
        if not run.facts.get("post-mortem.again"):
            return True
        data = await world.git.read(found.head_sha, self._path(run))
        return data is not None and self._draft_mark(run).encode() in data

    async def _files(self, run: Run, world: World, base: str, text: str) -> dict[str, bytes]:
        return {self._path(run): text.encode()}

    def _mark(self, run: Run) -> str:
        return marker(run.but(iteration=self._round(run)), "post-mortem")

    def _draft_mark(self, run: Run) -> str:
        """In the file: of which opening of the incident it tells."""
        return marker(run, "post-mortem-draft") if run.facts.get("post-mortem.again") else self._mark(run)

    def _round(self, run: Run) -> int:
        """Which post-mortem of this incident it is; a reopened incident owes another once one is merged."""
        return int(run.facts.get("post-mortem.round", 1))

    def _branch(self, run: Run) -> str:
        number = self._round(run)
        return f"post-mortem/{run.name.lower()}" + (f"-{number}" if number > 1 else "")

    def _path(self, run: Run) -> str:
        day = calendar(run).local(run.created_at).date().isoformat()
        again = f"-{self._round(run)}" if self._round(run) > 1 else ""
        title = run.facts.get(TITLED) or run.title
        return f"{run.policy.incidents}/{day}-{escaping.slug(title, otherwise=run.name.lower())}{again}.md"


def titled_as_drafted(run: Run) -> Run:
    """The run whose post-mortem stays the file it is, whatever the incident is called from now on."""
    begun = {"post-mortem.base", "post-mortem.again"} & run.facts.keys()
    return run.with_facts({TITLED: run.title}) if begun and TITLED not in run.facts else run


def reopened(run: Run) -> dict[str, Any]:
    """The facts of an incident that is opened again: what was drafted is known as an earlier draft."""
    gone = {"post-mortem", "post-mortem.url", "post-mortem.base", "post-mortem.merge", "post-mortem.closed"}
    facts = {name: value for name, value in run.facts.items() if name not in gone}
    if "post-mortem" not in run.facts:
        return facts
    earlier = [*facts.get("post-mortem.earlier", []), run.facts.get("post-mortem.url", "")]
    return {**facts, "post-mortem.again": True, "post-mortem.earlier": list(dict.fromkeys(earlier))}


@dataclass(frozen=True)
class OwesPostMortem(Condition):
    """A post-mortem is optional for a P3, and then only written when somebody set its cause."""

    def holds(self, run: Run) -> bool:
        severities = {run.severity, run.facts.get("resolved.severity", run.severity)}
        return severities != {Severity.P3} or bool(run.facts.get("cause"))

    def says(self, run: Run) -> str:
        return "unless it is a P3"

    def otherwise(self, run: Run) -> str:
        return "optional for P3"


@dataclass(frozen=True)
class PostMortemDrafted(Condition):
    """Nobody left the post-mortem out, by name or by the settings; what is not written is not merged."""

    def holds(self, run: Run) -> bool:
        return run.record("post-mortem").state is not StepState.SKIPPED

    def says(self, run: Run) -> str:
        return "if one was drafted"

    def otherwise(self, run: Run) -> str:
        return "none was drafted"
