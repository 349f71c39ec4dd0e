"""What the bot does for a newcomer: one welcome, labels, thanks, a line in the list of contributors."""

from dataclasses import dataclass
from shlex import quote

from sops.kit import hands, texts
from sops.kit.action import Action, Conflict, Done, News, Probe, Todo, World, marker, twice
from sops.kit.contributors import add_contributor, names
from sops.kit.errors import InvalidText
from sops.kit.patterns import Pattern
from sops.kit.run import Run
from sops.kit.world import Comment

CHOOSING = "good-first-issues"  # the step in which people name issues
_NUMBER = Pattern(r"#([1-9][0-9]{0,8})")


async def _ours(run: Run, world: World, mark: str) -> list[Comment]:
    """The bot's own comments with the mark where the newcomer was met, oldest first."""
    bot = await world.forge.viewer()
    found = await world.forge.comments(run.facts["number"])
    return [comment for comment in found if comment.author == bot and mark in comment.body]


def _who(run: Run) -> str:
    return run.title or "the newcomer"


@dataclass(frozen=True)
class Welcome(Action):
    """One comment that points to the guides (SOP-07 row 1). Nobody is welcomed twice, ever."""

    keyless = True

    def says(self, run: Run) -> str:
        where = f" on #{run.facts['number']}" if "number" in run.facts else ""
        return f"welcome {_who(run)}{where}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        text = quote(texts.welcome(run).strip())
        return (f"gh issue comment {run.facts['number']} --body {text}", hands.by_two("welcome"))

    async def probe(self, run: Run, world: World) -> Probe:
        before = await self._before(run, world)
        if before:
            return Done({"welcomed": before}, (News("welcomed-before", {"url": before}),))
        found = await _ours(run, world, self._mark(run))
        if not found:
            return Todo(self.says(run))
        return Done({"welcomed": found[0].url}, twice("comment", [comment.url for comment in found[1:]]))

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.comment(run.facts["number"], f"{texts.welcome(run)}\n{self._mark(run)}")

    def _mark(self, run: Run) -> str:
        """Of the person, not of the run, so that another run finds it."""
        return f"<!-- sopwith welcome {run.facts['login'].lower()} -->"

    async def _before(self, run: Run, world: World) -> str:
        """Where an earlier run welcomed the same person; empty if none did."""
        earlier = await world.runs.of_version(run.facts["about"])
        return next((str(other.facts["welcomed"]) for other in earlier if other.id != run.id and _welcomed(other)), "")


def _welcomed(run: Run) -> bool:
    return run.facts.get("welcomed") is not None


def chosen(text: str) -> list[int]:
    """The issues somebody names."""
    return [int(number) for number in dict.fromkeys(_NUMBER.findall(text))][:10]


@dataclass(frozen=True)
class LabelChosen(Action):
    """Puts the beginners' label on the issues named in the sign-off (SOP-07 row 2)."""

    def says(self, run: Run) -> str:
        return f"label the issues chosen {run.policy.good_first_label!r}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        numbers = " ".join(map(str, self._chosen(run)))
        return (f"gh issue edit {numbers} --add-label {quote(run.policy.good_first_label)}",)

    async def probe(self, run: Run, world: World) -> Probe:
        missing = []
        for number in self._chosen(run):
            issue = await world.forge.issue(number)
            if issue is None:
                return Conflict(f"#{number} is not an issue", "!done good-first-issues and other numbers, then !retry")
            if run.policy.good_first_label not in issue.labels:
                missing.append(number)
        return Todo(self.says(run)) if missing else Done({"labelled": self._chosen(run)})

    async def perform(self, run: Run, world: World) -> None:
        for number in self._chosen(run):
            await world.forge.add_labels(number, (run.policy.good_first_label,))

    def _chosen(self, run: Run) -> list[int]:
        return chosen(run.record(CHOOSING).text)


@dataclass(frozen=True)
class Thank(Action):
    """One comment of thanks after the merge (SOP-07 row 5)."""

    keyless = True

    def says(self, run: Run) -> str:
        return f"thank {_who(run)}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        text = quote(texts.thanks(run).strip())
        return (f"gh issue comment {run.facts['number']} --body {text}", hands.by_two("thanks"))

    async def probe(self, run: Run, world: World) -> Probe:
        found = await _ours(run, world, marker(run, "thanks"))
        if not found:
            return Todo(self.says(run))
        return Done({"thanked": found[0].url}, twice("comment", [comment.url for comment in found[1:]]))

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.comment(run.facts["number"], f"{texts.thanks(run)}\n{marker(run, 'thanks')}")


@dataclass(frozen=True)
class AddContributor(Action):
    """A pull request that adds a line to the list of contributors, if there is such a list; people merge it."""

    def says(self, run: Run) -> str:
        return f"add {_who(run)} to {run.policy.contributors}, if there is one"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        branch, base = self._branch(run), run.policy.develop
        what, title = f"in {run.policy.contributors}: a line for {run.facts['login']}", f"Thank {run.facts['login']}"
        return (
            f"git push origin {run.facts.get('contributors.base', base)}:refs/heads/{branch}",
            *hands.edited(branch, [what], title),
            *hands.requested(branch, base, title, marker(run, "contributors")),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        found = await world.forge.pull_requests(self._branch(run), run.policy.develop)
        ours = [request for request in found if marker(run, "contributors") in request.body]
        if ours:
            return Done({"contributors": ours[-1].number, "contributors.url": ours[-1].url})
        tip = await world.git.branch(run.policy.develop)
        data = await world.git.read(tip, run.policy.contributors) if tip else None
        if tip is None or data is None or names(data, run.facts["login"]):
            return Done({"contributors": 0})
        try:
            add_contributor(data, run.facts["login"])
        except InvalidText as problem:
            return Conflict(f"{run.policy.contributors}: {problem}", "mend the file, then !retry")
        return Todo(self.says(run), {"contributors.base": run.facts.get("contributors.base") or tip})

    async def perform(self, run: Run, world: World) -> None:
        branch, base, path = self._branch(run), run.facts["contributors.base"], run.policy.contributors
        tip = await world.git.branch(branch)
        if tip is None:
            await world.git.create_branch(branch, base)
            tip = base
        data = await world.git.read(base, path)
        if tip == base and data is not None:
            files = {path: add_contributor(data, run.facts["login"])}
            await world.git.commit(branch, expected=base, files=files, message=f"List {run.facts['login']}\n")
        await world.forge.open_pull_request(
            head=branch,
            base=run.policy.develop,
            title=f"List {run.facts['login']} among the contributors",
            body=f"After #{run.facts['number']}, by run {run.name}.\n\n{marker(run, 'contributors')}",
        )

    def _branch(self, run: Run) -> str:
        return f"contributors/{run.facts['login'].lower()}"
