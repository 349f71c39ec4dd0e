"""The merge of what was approved, and a look at what was merged, before anything of it is tagged."""

from dataclasses import dataclass
from typing import ClassVar

from sops.kit.action import Action, Conflict, Done, News, Owed, Probe, Todo, World, fill, short
from sops.kit.binding import BASE, MERGE, RELEASED, agreed_trees, brings, merge_owed, on_head
from sops.kit.debts import HoldsRelease
from sops.kit.gate import Met
from sops.kit.model import Role
from sops.kit.run import Run
from sops.kit.world import PullRequest

MAIN_WARD = "main-ward"


@dataclass(frozen=True)
class MergePullRequest(Action):
    """Merge exactly the approved head; the merge commit's second parent must be that head.

    What is released is the merge, where its tree is the one that was agreed on, and otherwise the head: a merge that
    brought other work is never tagged. `owed`: where the head is tagged, merging it is left to people as a debt.
    `what` is how the merge commit calls it, and ends with the version.
    """

    what: str = "release candidate {candidate}"
    owed: bool = False
    uses: ClassVar[tuple[str, ...] | None] = ()
    public = True
    seen = True

    def says(self, run: Run) -> str:
        number, head = run.facts.get("pr"), run.facts.get("head")
        outside, main = run.facts.get("merge.outside"), run.policy.main
        if outside and run.facts.get(BASE, main) != main:
            where = f"PR #{number} was merged into {run.facts[BASE]}, and merging it into {main} is owed"
            return f"release head {short(str(head))} itself, not a merge; {where}"
        if merge_owed(run, self.owed):
            where = f"PR #{number} is in {main} already, as {short(outside)}" if outside else "merging it there is owed"
            beside = f": {main} holds other work, {brings(run)}" if brings(run) else ""
            return f"release head {short(str(head))} itself, not a merge{beside}; {where}"
        along = f", with {brings(run)} of {main} along" if brings(run) and not on_head(run) else ""
        if outside:
            return f"take PR #{number} as merged, as {short(outside)}: somebody did it outside this run{along}"
        what = f"merge PR #{number}" if number else "merge the pull request"
        return f"{what} into {main}" + (f" at head {short(head)}" if head else "") + along

    def by_hand(self, run: Run) -> tuple[str, ...]:
        number, head = run.facts["pr"], run.facts["head"]
        return (
            f"gh pr merge {number} --merge --match-head-commit {head}",
            f"or there, with a merge commit: {run.facts['pr.url']}",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        if "pr" not in run.facts:
            return Todo(self.says(run))
        request = await world.forge.pull_request(run.facts["pr"])
        head, main = run.facts["head"], run.policy.main
        if request.merge_sha is None and request.base_ref != main:
            return Conflict(into_another(request, main), f"change its base back to {main}, then !retry")
        if merge_owed(run, self.owed):
            return await self._head(run, world, request)
        if request.merge_sha is not None:
            return await self._merged(run, world, request, request.merge_sha)
        if request.state == "closed":
            return Conflict(f"PR #{request.number} was closed without merging", "reopen it, then !retry")
        if request.head_sha != head:
            return _moved(request, head)
        if request.mergeable is False:
            return Conflict(
                f"PR #{request.number} cannot be merged cleanly into {request.base_ref}",
                f"resolve the conflict on {request.head_ref}, then !retry",
            )
        return Todo(self.says(run))

    async def _merged(self, run: Run, world: World, request: PullRequest, merge: str) -> Probe:
        head = run.facts["head"]
        parents = (await world.git.describe(merge)).parents
        if len(parents) != 2 or parents[1] != head:
            return Conflict(
                f"the pull request was merged as {short(merge)}, which does not have {short(head)} as second parent",
                "somebody merged something else; compare by hand and !cancel",
            )
        return await self._shipped(run, world, request, merge)

    async def _shipped(self, run: Run, world: World, request: PullRequest, merge: str) -> Probe:
        """What of it is released: the same yes covers the head, where the merge is not what it was given for."""
        head, main = run.facts["head"], run.policy.main
        if request.base_ref != main:
            about = {"merge": merge, "head": head, "base": request.base_ref}
            return Done({RELEASED: head}, (News("merged-elsewhere", about),), (self._debt(run, request),))
        if await self._as_agreed(run, world, merge):
            return Done({MERGE: merge, RELEASED: merge})
        told = () if on_head(run) else (News("merge-brought", {"merge": merge, "head": head}),)
        return Done({MERGE: merge, RELEASED: head}, told, await self._left(run, world, request))

    async def _as_agreed(self, run: Run, world: World, merge: str) -> bool:
        """Its tree is one that was agreed on, and it stands on main."""
        commit, own = await world.git.describe(merge), (await world.git.describe(run.facts["head"])).tree
        tip = await world.git.branch(run.policy.main)
        on_main = tip is not None and await world.git.is_ancestor(commit.parents[0], tip)
        return on_main and commit.tree in agreed_trees(run, own)

    async def _head(self, run: Run, world: World, request: PullRequest) -> Probe:
        """The approved head itself is released; where main lacks it, merging it there is owed."""
        head = run.facts["head"]
        if request.head_sha != head and not request.merged:
            return _moved(request, head)
        return Done({RELEASED: head}, owed=await self._left(run, world, request))

    async def _left(self, run: Run, world: World, request: PullRequest) -> tuple[Owed, ...]:
        """Main lacks the head, or a merge of it kept main's side: then merging it there is owed."""
        gate = HoldsRelease(run.policy.main, run.facts["head"], fill(self.what, run).split()[-1])
        return () if isinstance(await gate.check(run, world), Met) else (self._debt(run, request),)

    def _debt(self, run: Run, request: PullRequest) -> Owed:
        head, main = run.facts["head"], run.policy.main
        version = fill(self.what, run).split()[-1]
        text = f"merge {version} (PR #{request.number}, head {short(head)}) into {main}"
        probe = HoldsRelease(main, head, version)
        return Owed(MAIN_WARD, text, Role.RELEASE_MANAGER, blocks="SOP-01", probe=probe)

    async def perform(self, run: Run, world: World) -> None:
        await world.forge.merge(
            run.facts["pr"],
            head_sha=run.facts["head"],
            title=f"Merge {fill(self.what, run)} (#{run.facts['pr']})",
            message=f"Approved in run {run.name}.",
        )


def into_another(request: PullRequest, main: str) -> str:
    """Said of a pull request whose base was changed."""
    return f"PR #{request.number} goes into {request.base_ref} by now, not into {main}"


def _moved(request: PullRequest, head: str) -> Conflict:
    return Conflict(
        f"PR #{request.number} moved from {short(head)} to {short(request.head_sha)}",
        "!retry takes up the new head, which needs approval again",
    )
