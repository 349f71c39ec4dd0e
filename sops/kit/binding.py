"""What a release's yes binds: the tree that will be tagged.

The forge's merge takes only the head as its precondition, so what it brings beside the head may change until the last
moment. Where the merge makes the tree that was agreed on, the merge is tagged; otherwise the approved head itself is,
or people agree anew to what the merge brings (SOP-01 row 8, SOP-02 row 7, SOP-03 row 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sops.kit.action import News, World, short
from sops.kit.escaping import printable
from sops.kit.gate import Gate, Met, Waiting
from sops.kit.run import Run
from sops.kit.secrecy import called, revealed
from sops.kit.world import Commit, PullRequest

BASE = "pr.base"  # what the pull request goes into, where that is, or was, another branch than main
TREE = "tree"  # the fact that holds the tree a yes is for
TAGGED = "tagged"  # which commit will have it: `HEAD` or `MERGE`
MERGE, HEAD = "merge", "head"
BRINGS = "main.brings"  # what the merge brings beside the head, as `_brought` tells it; empty if nothing
QUEUED = "main.queued"  # only a queue merges into main, so the merge is left to people
TIP = "main.at"  # the tip of main that was looked at
SHOWN = "tree.shown"  # the tree people were last asked about
CHOICE = "tree.choice"  # what they chose: that tree, or the head
RELEASED = "released"  # the commit the tag stands on
LISTED = 8  # commits, files and authors each
LONGEST = 80  # characters of a commit's subject


def shipped(run: Run) -> str | None:
    """The commit that is released; None before that is settled. Earlier builds knew only of the merge."""
    return run.facts.get(RELEASED) or run.facts.get(MERGE)


def on_head(run: Run) -> bool:
    """The approved head itself is tagged, and no merge."""
    return bool(run.facts.get(TAGGED) == HEAD or run.facts.get("main.holds"))


def merge_owed(run: Run, owed: bool) -> bool:
    """The head is tagged without a merge; `owed`, as the procedure has it, or because only a queue merges."""
    return on_head(run) and bool(owed or run.facts.get(QUEUED))


def agreed_trees(run: Run, own: str) -> set[str]:
    """What may be tagged: the head's own tree, and what was agreed on instead of it."""
    return {own, str(run.facts.get(TREE) or own)}


def brings(run: Run) -> str:
    """What the merge brings beside the head, in a few words; empty if nothing."""
    about = run.facts.get(BRINGS) or {}
    return f"{whose(about)} ({listed(about['commits'], about['count'], '; ')})" if about else ""


def whose(about: Mapping[str, Any]) -> str:
    """How much it is, by whom and where: `2 commits by maint and rev1 in src/wal.cpp`."""
    files = listed(about["files"], about["files.count"])
    return f"{counted(about)} by {' and '.join(about['authors'])}{f' in {files}' if files else ''}"


def counted(about: Mapping[str, Any]) -> str:
    """How much it is: `2 commits`."""
    return f"{about['count']} commit{'' if about['count'] == 1 else 's'}"


def listed(some: list[str], count: int, between: str = ", ", shown: int = 3) -> str:
    """The first few, and how many more there are."""
    more = f" and {count - shown} more" if count > shown else ""
    return f"{between.join(some[:shown])}{more}"


@dataclass(frozen=True)
class TreeForeseen(Gate):
    """Learns which tree will be tagged. Where the merge would bring other work than the approved head holds, people
    choose (`asks`): to agree to that tree, or to have the head tagged and the merge owed, as it is by itself where
    main is a trunk or has a queue. Where nobody is asked, the head is tagged.

    The base of the pull request is `main`, which `NotMergedElsewhere` sees.
    """

    asks: bool = True
    learns = True

    def says(self, run: Run) -> str:
        return "see that the tag will stand on what is approved"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        request = await world.forge.pull_request(run.facts["pr"])
        head, main = run.facts["head"], run.policy.main
        own = (await world.git.describe(head)).tree
        tree, before = await _made(run, world, request, head)
        queued = not request.merged and (await world.forge.rules(main)).queued
        apart = queued or (request.merged and request.base_ref != main)
        way = HEAD if apart else self._way(run, head, own, tree)
        if tree == own or (tree is None and way != HEAD) or not before:
            return self._met(run, own, way, {}, before, head, queued=queued)
        if way == HEAD and run.facts.get(TAGGED) == HEAD and run.facts.get(TREE) == own:
            return Met({QUEUED: queued})  # told already, and main may move all day
        about = await _brought(world, head, tree, before)
        if way == HEAD and revealed(run):
            facts = {TREE: own, TAGGED: HEAD, BRINGS: about, TIP: before, QUEUED: queued}
            return Met(facts, (News("head-in-public", {**about, "head": head, "call": called(world)}),))
        if way:
            return self._met(run, own if way == HEAD or tree is None else tree, way, about, before, head, queued=queued)
        what = f"the merge of {short(head)} brought" if request.merged else f"merging {short(head)} would bring"
        note = f"{what} {counted(about)} of other work from {main}; choose what is tagged"
        told = () if run.facts.get(SHOWN) == tree else (News("merge-brings", {**about, "head": head, "tree": tree}),)
        return Waiting(note, {SHOWN: tree}, told)

    def _way(self, run: Run, head: str, own: str, tree: str | None) -> str:
        """Which commit is tagged; empty where people have yet to choose."""
        chosen, alike = run.facts.get(CHOICE), tree in {own, None}
        if revealed(run) and (tree != own or "checks.waived" in run.facts):
            return HEAD  # everybody can read it: it is not held up by what else is on main
        if not self.asks:
            return MERGE if alike else HEAD
        if run.facts.get("main.holds") or chosen == head or (_trunk(run) and tree != own):
            return HEAD
        return MERGE if alike or chosen == tree else ""

    def _met(
        self, run: Run, tree: str, way: str, about: dict[str, Any], before: str, head: str, *, queued: bool
    ) -> Met:
        facts = {TREE: tree, TAGGED: way, BRINGS: about, TIP: before, QUEUED: queued}
        stands = any(request.live for request in run.requests) and run.facts.get(TREE) == tree
        if not stands or run.facts.get(TIP) == before:
            return Met(facts)
        if about and way == HEAD and run.facts.get(TAGGED) == MERGE:
            return Met(facts, (News("head-instead", {**about, "head": head}),))
        return Met(facts, (News("same-tree", {"tip": before}),) if way == MERGE else ())


def _trunk(run: Run) -> bool:
    """Main holds more than releases, by the settings or as far as they show."""
    return run.policy.main_is == "trunk" or (not run.policy.main_is and run.policy.main == run.policy.develop)


async def _made(run: Run, world: World, request: PullRequest, head: str) -> tuple[str | None, str]:
    """The tree the merge makes, or made, and the commit it is made on; None where there is a conflict, or no merge."""
    if request.merge_sha is not None:
        merge = await world.git.describe(request.merge_sha)
        return (merge.tree, merge.parents[0]) if merge.parents[1:] == (head,) else (None, "")
    tip = await world.git.branch(run.policy.main)
    return (await world.git.merged_tree(tip, head), tip) if tip else (None, "")


async def _brought(world: World, head: str, tree: str | None, before: str) -> dict[str, Any]:
    """What comes with a merge beside the head: commits, files and authors, the first few of each, and their number;
    no files where the two conflict."""
    found = await world.git.log(head, before)
    commits = [commit for commit in found if len(commit.parents) < 2] or list(found)
    files = [printable(path) for path in await world.git.changed_paths(head, tree)] if tree else []
    authors = list(dict.fromkeys(_author(world, commit) for commit in commits))
    return {
        "commits": [f"{short(commit.sha)} {printable(commit.subject)}"[:LONGEST] for commit in commits[:LISTED]],
        "count": len(commits),
        "files": files[:LISTED],
        "files.count": len(files),
        "authors": authors[:LISTED],
    }


def _author(world: World, commit: Commit) -> str:
    """Who we know behind the address, or the name the commit gives; never the address."""
    known = world.people.author(f"email:{commit.author_email}")
    return known if not known.startswith("email:") else printable(commit.author)[:LONGEST] or "somebody"
