"""The tree a yes is for: what is foreseen of it, what is tagged in the end, and what a merge must not bring along."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.engine.requests import View
from bot.engine.subjects import changed_since, subject_of
from sops.kit.action import Conflict, Done, Todo, World
from sops.kit.approvals import Request, differences, digest_of
from sops.kit.binding import BASE, CHOICE, RELEASED, TreeForeseen
from sops.kit.gate import Approved, Met, Waiting
from sops.kit.hotfix_actions import ReleaseHotfix
from sops.kit.late_blockers import NoLateBlocker
from sops.kit.merging import MergePullRequest
from sops.kit.model import Piece, Role
from sops.kit.people import People, Person
from sops.kit.policy import Policy
from sops.kit.release_actions import PushSignedTag
from sops.kit.release_gates import Merged, NotMergedElsewhere
from sops.kit.run import Run
from sops.kit.world import BranchRules, Commit, Issue, PullRequest
from sops.release_candidate import RELEASE_CANDIDATE
from sops.stable_release import STABLE_RELEASE
from tests.unit.runs import NOW, a_run_of

ROOT, MAIN, HEAD = "0" * 40, "1" * 40, "2" * 40


@dataclass
class Repository:
    """Commits with their whole trees, as words; a merge holds the words of both, `!` in both is a conflict."""

    commits: dict[str, tuple[tuple[str, ...], str]] = field(
        default_factory=lambda: {
            ROOT: ((), "base"),
            MAIN: ((ROOT,), "base"),
            HEAD: ((ROOT,), "base release"),
        }
    )
    branches: dict[str, str] = field(default_factory=lambda: {"main": MAIN, "develop": ROOT})

    def push(self, sha: str, adds: str, branch: str = "main") -> None:
        before = self.branches[branch]
        self.commits[sha] = ((before,), f"{self.commits[before][1]} {adds}".strip())
        self.branches[branch] = sha

    def merge(self, sha: str, branch: str = "main", other: str = HEAD) -> str:
        before = self.branches[branch]
        self.commits[sha] = ((before, other), self._both(before, other))
        self.branches[branch] = sha
        return sha

    def _both(self, ours: str, theirs: str) -> str:
        return " ".join(sorted({*self.commits[ours][1].split(), *self.commits[theirs][1].split()}))

    def reached(self, sha: str) -> set[str]:
        return {sha}.union(*(self.reached(parent) for parent in self.commits[sha][0]))

    async def branch(self, name: str) -> str | None:
        return self.branches.get(name)

    async def describe(self, sha: str) -> Commit:
        parents, words = self.commits[sha]
        return Commit(sha, parents, _tree(words), "maint@skylark.example", words.split()[-1], author="Mai Nt")

    async def merged_tree(self, ours: str, theirs: str) -> str | None:
        words = self._both(ours, theirs)
        return None if "!" in words else _tree(words)

    async def log(self, base: str, head: str) -> list[Commit]:
        return [await self.describe(sha) for sha in sorted(self.reached(head) - self.reached(base), reverse=True)]

    async def changed_paths(self, _old: str, new: str) -> list[str]:
        return [f"src/{word}.hpp" for word in new.split("/") if word not in {"base", "release"}]

    async def read(self, revision: str, path: str) -> bytes | None:
        word = path.removeprefix("src/").removesuffix(".hpp")
        return word.encode() if word in self.commits[revision][1].split() else None

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return ancestor in self.reached(descendant)

    async def first_parents(self, base: str, head: str) -> list[Commit]:
        chain = []
        while head not in self.reached(base):
            chain.append(await self.describe(head))
            head = self.commits[head][0][0]
        return chain

    async def tags(self) -> list[Any]:
        return []


def _tree(words: str) -> str:
    return "/".join(sorted(words.split()))


PULL = PullRequest(41, "", "", "bot", "open", "release/v1.4.0", HEAD, "main", "url")
NO_RULES = BranchRules()


@dataclass
class Forge:
    pull: PullRequest = PULL
    of_branch: BranchRules = NO_RULES
    labelled: list[Issue] = field(default_factory=list)

    async def pull_request(self, _number: int) -> PullRequest:
        return self.pull

    async def rules(self, _branch: str) -> BranchRules:
        return self.of_branch

    async def issues(self, *, labels: tuple[str, ...]) -> list[Issue]:
        return [issue for issue in self.labelled if set(labels) & set(issue.labels)]


@dataclass
class Far:
    git: Repository = field(default_factory=Repository)
    forge: Forge = field(default_factory=Forge)
    others: list[Run] = field(default_factory=list)

    @property
    def world(self) -> World:
        async def of_version(_version: str) -> list[Run]:
            return self.others

        known = People([Person(handle="mia", emails=("maint@skylark.example",))])
        runs = SimpleNamespace(of_version=of_version)
        return cast("World", SimpleNamespace(git=self.git, forge=self.forge, people=known, runs=runs, now=NOW))

    def merged(self, sha: str, branch: str = "main") -> None:
        merge = self.git.merge(sha, branch)
        self.forge.pull = replace(self.forge.pull, state="closed", merge_sha=merge, base_ref=branch)


@pytest.fixture
def far() -> Far:
    return Far()


def a_stable(**facts: Any) -> Run:
    return a_run_of(STABLE_RELEASE, title="1.4.0", version="1.4.0").with_facts({"pr": 41, "head": HEAD, **facts})


def a_candidate(**facts: Any) -> Run:
    return a_run_of(RELEASE_CANDIDATE, title="1.4.0", version="1.4.0").with_facts({"pr": 41, "head": HEAD, **facts})


async def foreseen(run: Run, far: Far, *, asks: bool = True) -> tuple[Run, Met | Waiting]:
    found = await TreeForeseen(asks).check(run, far.world)
    return run.with_facts(found.facts), found


OWN, BOTH = "base/release", "base/other/release"


async def test_a_merge_that_makes_the_tree_of_its_head_is_what_is_tagged(far: Far) -> None:
    run, found = await foreseen(a_stable(), far)
    assert (isinstance(found, Met), run.facts["tree"], run.facts["tagged"]) == (True, OWN, "merge")


async def test_other_work_of_main_is_shown_once_and_people_choose(far: Far) -> None:
    far.git.push("3" * 40, "other")
    run, found = await foreseen(a_stable(), far)
    assert isinstance(found, Waiting)
    (item,) = found.news
    shown = {name: item.about[name] for name in ("count", "commits", "files", "authors")}
    assert shown == {
        "count": 2,
        "commits": ["3333333 other", "1111111 base"],
        "files": ["src/other.hpp"],
        "authors": ["mia"],
    }
    assert "tree" not in run.facts  # what was agreed on before, if anything, stands
    _, again = await foreseen(run, far)
    assert again.news == ()
    agreed, found = await foreseen(run.with_facts({CHOICE: run.facts["tree.shown"]}), far)
    assert (isinstance(found, Met), agreed.facts["tree"], agreed.facts["tagged"]) == (True, BOTH, "merge")
    assert "with 2 commits by mia in src/other.hpp (3333333 other; 1111111 base) of main along" in MergePullRequest(
        "release {version}", True
    ).says(agreed)
    apart, found = await foreseen(run.with_facts({CHOICE: HEAD}), far)
    assert (isinstance(found, Met), apart.facts["tree"], apart.facts["tagged"]) == (True, OWN, "head")
    far.git.push("4" * 40, "more")
    assert isinstance((await foreseen(agreed, far))[1], Waiting)  # another tree than they chose
    assert (await foreseen(apart, far))[1] == Met({"main.queued": False})  # main may move as it likes


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        (Policy(main_is="trunk"), BranchRules()),
        (Policy(develop="main"), BranchRules()),
        (Policy(), BranchRules(queued=True)),
    ],
    ids=["trunk", "one branch", "queue"],
)
async def test_nobody_is_asked_where_main_is_a_trunk_or_has_a_queue(
    policy: Policy, rules: BranchRules, far: Far
) -> None:
    far.forge.of_branch = rules
    far.git.push("3" * 40, "other")
    run, found = await foreseen(a_stable().but(policy=policy), far)
    assert (isinstance(found, Met), run.facts["tree"], run.facts["tagged"]) == (True, OWN, "head")


async def test_a_main_for_releases_alone_asks_although_it_is_develop_too(far: Far) -> None:
    far.git.push("3" * 40, "other")
    run = a_stable().but(policy=Policy(main_is="releases", develop="main"))
    assert isinstance((await foreseen(run, far))[1], Waiting)


async def test_a_candidate_is_merged_and_its_head_tagged_and_says_so(far: Far) -> None:
    far.git.push("3" * 40, "other")
    run, found = await foreseen(a_candidate(), far, asks=False)
    assert (isinstance(found, Met), run.facts["tree"], run.facts["tagged"]) == (True, OWN, "head")
    assert MergePullRequest().says(run) == "merge PR #41 into main at head 2222222"
    assert "on 2222222 itself, not on the merge" in PushSignedTag("v{candidate}", "").says(run)
    assert isinstance(await MergePullRequest().probe(run, far.world), Todo)


async def test_while_a_yes_stands_one_line_says_what_main_did(far: Far) -> None:
    run, _ = await foreseen(a_candidate(), far, asks=False)
    run = run.but(requests=(a_request(run),))
    far.git.push("3" * 40, "release")  # nothing the head lacks
    run, found = await foreseen(run, far, asks=False)
    assert [item.kind for item in found.news] == ["same-tree"]
    assert (await foreseen(run, far, asks=False))[1].news == ()
    far.git.push("4" * 40, "other")
    run, found = await foreseen(run, far, asks=False)
    assert [item.kind for item in found.news] == ["head-instead"]
    far.git.push("5" * 40, "more")
    assert (await foreseen(run, far, asks=False))[1].news == ()


async def test_a_merge_that_brought_other_work_is_never_tagged(far: Far) -> None:
    """The race: main moved after the last look, which the forge's merge does not see."""
    for begun in (a_stable(), a_candidate()):
        there = Far()
        run, _ = await foreseen(begun, there)
        there.git.push("3" * 40, "other")
        there.merged("4" * 40)
        found = await run_merge(run, there)
        assert isinstance(found, Done)
        assert found.facts == {"merge": "4" * 40, RELEASED: HEAD}
        assert [item.kind for item in found.news] == ["merge-brought"]
        assert PushSignedTag("v{version}", "")._commit(run.with_facts(found.facts)) == HEAD


async def test_the_merge_itself_is_tagged_where_it_is_what_was_agreed_on(far: Far) -> None:
    far.git.push("3" * 40, "other")
    run, _ = await foreseen(a_stable(), far)
    run, _ = await foreseen(run.with_facts({CHOICE: run.facts["tree.shown"]}), far)
    far.merged("4" * 40)
    assert await run_merge(run, far) == Done({"merge": "4" * 40, RELEASED: "4" * 40})


async def test_the_run_of_an_earlier_build_is_looked_at_after_its_merge(far: Far) -> None:
    """Its yes named a head; its merge has neither the gate nor the field."""
    far.git.push("3" * 40, "other")
    stored = cast("MergePullRequest", Piece.load({"kind": "MergePullRequest", "what": "release {version}"}))
    assert isinstance(await stored.probe(a_stable(), far.world), Todo)
    far.merged("4" * 40)
    found = await stored.probe(a_stable(), far.world)
    assert isinstance(found, Done)
    assert found.facts[RELEASED] == HEAD
    tag = cast(
        "PushSignedTag", Piece.load({"kind": "PushSignedTag", "name": "v{version}", "message": "", "at": "merge"})
    )
    assert tag._commit(a_stable(**found.facts)) == HEAD
    assert tag._commit(a_stable(merge="4" * 40)) == "4" * 40  # merged by the earlier build, tagged by this one


async def run_merge(run: Run, far: Far) -> Any:
    piece = MergePullRequest("release {version}", owed=True) if run.sop == "SOP-01" else MergePullRequest()
    return await piece.probe(run, far.world)


async def test_the_head_is_released_without_a_merge_where_people_chose_so(far: Far) -> None:
    far.git.push("3" * 40, "other")
    run, _ = await foreseen(a_stable(**{CHOICE: HEAD}), far)
    found = await run_merge(run, far)
    assert isinstance(found, Done)
    assert found.facts == {RELEASED: HEAD}
    (owed,) = found.owed
    assert (owed.id, owed.text) == ("main-ward", "merge 1.4.0 (PR #41, head 2222222) into main")


async def test_only_a_queue_merges_so_even_a_candidate_owes_its_merge(far: Far) -> None:
    far.forge.of_branch = BranchRules(queued=True)
    run, _ = await foreseen(a_candidate(), far, asks=False)
    found = await run_merge(run, far)
    assert isinstance(found, Done)
    assert [owed.text for owed in found.owed] == ["merge 1.4.0-rc1 (PR #41, head 2222222) into main"]


async def test_a_pull_request_into_another_branch_is_in_the_way_and_voids_the_yes(far: Far) -> None:
    run, _ = await foreseen(a_stable(), far)
    asked = a_request(run)
    far.forge.pull = replace(far.forge.pull, base_ref="develop")
    found = await NotMergedElsewhere().check(run, far.world)
    assert isinstance(found, Waiting)
    assert "goes into develop by now, not into main" in found.note
    different, _ = changed_since(asked, a_view(run.with_facts(found.facts)))
    assert different == {"base": ("main", "develop")}
    assert isinstance(await run_merge(run, far), Conflict)
    far.forge.pull = replace(far.forge.pull, base_ref="main")
    assert (await NotMergedElsewhere().check(run.with_facts(found.facts), far.world)) == Met({BASE: "main"})


async def test_a_merge_into_another_branch_is_never_tagged(far: Far) -> None:
    run, _ = await foreseen(a_candidate(), far, asks=False)
    far.merged("4" * 40, "develop")
    found = await run_merge(run, far)
    assert isinstance(found, Done)
    assert found.facts == {RELEASED: HEAD}
    assert [owed.id for owed in found.owed] == ["main-ward"]
    again, _ = await foreseen(a_candidate(**{"merge.outside": "4" * 40, BASE: "develop"}), far, asks=False)
    assert again.facts["tagged"] == "head"
    assert "PR #41 was merged into develop, and merging it into main is owed" in MergePullRequest().says(again)


async def test_another_pull_request_of_the_run_must_go_where_it_was_opened_for(far: Far) -> None:
    run = a_stable(**{"back-merge.pr": 41, "back-merge.pr.into": "develop"})
    found = await Merged("back-merge.pr").check(run, far.world)
    assert isinstance(found, Waiting)
    assert (found.stuck, found.note.startswith("PR #41 goes into main by now, not into develop")) == (True, True)
    far.merged("4" * 40)
    assert isinstance(await Merged("back-merge.pr").check(run, far.world), Waiting)
    far.forge.pull = replace(far.forge.pull, base_ref="develop")
    assert isinstance(await Merged("back-merge.pr").check(run, far.world), Met)


async def test_a_squash_of_the_approved_tree_is_no_merge_of_the_approved_head(far: Far) -> None:
    run, _ = await foreseen(a_candidate(), far, asks=False)
    far.git.push("4" * 40, "release")
    far.forge.pull = replace(far.forge.pull, state="closed", merge_sha="4" * 40)
    assert isinstance((await foreseen(run, far, asks=False))[1], Met)
    assert isinstance(await run_merge(run, far), Conflict)


async def test_a_merge_that_stands_on_something_else_than_main_is_not_tagged(far: Far) -> None:
    """Of the right tree and with the right head, on a commit that main does not hold."""
    run, _ = await foreseen(a_candidate(), far, asks=False)
    far.git.push("3" * 40, "", branch="develop")
    far.merged("4" * 40, "develop")
    far.forge.pull = replace(far.forge.pull, base_ref="main")
    found = await run_merge(run, far)
    assert isinstance(found, Done)
    assert found.facts[RELEASED] == HEAD


async def test_a_hotfix_is_not_the_merge_of_another_lines_history(far: Far) -> None:
    """Although the trees are alike, as after a candidate that changed nothing more."""
    run = a_stable(**{"base.commit": ROOT, "main.holds": [], "tree": OWN, "tagged": "merge"})
    far.git.push("3" * 40, "release")
    far.merged("4" * 40)
    found = await ReleaseHotfix().probe(run, far.world)
    assert isinstance(found, Done)
    assert found.facts[RELEASED] == HEAD


async def test_a_merge_outside_that_kept_mains_side_leaves_the_merge_owed(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def changed(_old: str, _new: str) -> list[str]:
        return ["src/release.hpp"]

    monkeypatch.setattr(far.git, "changed_paths", changed)
    run = a_stable(**{"base.commit": ROOT, "main.holds": [], "tree": OWN, "tagged": "merge"})
    far.merged("4" * 40)
    far.git.commits["4" * 40] = ((MAIN, HEAD), "base other")
    found = await ReleaseHotfix().probe(run, far.world)
    assert isinstance(found, Done)
    assert found.facts[RELEASED] == HEAD
    assert [owed.id for owed in found.owed] == ["main-ward"]


def a_view(run: Run) -> View:
    step = run.step("merge")
    assert step is not None
    gate = next(piece for piece in step.waits if isinstance(piece, Approved))
    return View(run, {}, step, gate, Far().world, 0)


def a_request(run: Run, **without: Any) -> Request:
    """As it was stored; `without` names keys an earlier build did not have."""
    subject = {name: value for name, value in subject_of(a_view(run)).items() if name not in without}
    return Request(
        seq=1,
        code="abcd",
        step="merge",
        iteration=1,
        role=Role.REVIEWER,
        quorum=1,
        subject=subject,
        digest=digest_of(subject),
        effects=(),
        excluded={},
        made_at=NOW,
        expires_at=datetime(2026, 5, 1, tzinfo=UTC),
    )


async def test_a_yes_binds_the_tree_and_not_mains_commit_or_the_way(far: Far) -> None:
    run, _ = await foreseen(a_stable(), far)
    asked = a_request(run)
    far.git.push("3" * 40, "other")
    waits, _ = await foreseen(run, far)
    assert changed_since(asked, a_view(waits))[0] == {}  # nothing is void before people chose
    apart, _ = await foreseen(waits.with_facts({CHOICE: HEAD}), far)
    assert (run.facts["tagged"], apart.facts["tagged"]) == ("merge", "head")
    assert changed_since(asked, a_view(apart))[0] == {}
    along, _ = await foreseen(apart.with_facts({CHOICE: BOTH}), far)
    assert changed_since(asked, a_view(along))[0] == {"tree": (OWN, BOTH)}


async def test_what_an_earlier_build_did_not_bind_voids_nothing(far: Far) -> None:
    run, _ = await foreseen(a_stable(), far)
    asked = a_request(a_stable())
    assert "tree" not in asked.subject
    now = subject_of(a_view(run), asked)
    assert differences(asked.subject, now) == {}


def an_issue(number: int, title: str) -> Issue:
    return Issue(number, title, "", "maint", "open", None, ("rc-blocker",), NOW, NOW, None, "")


async def test_a_blocker_after_the_soak_is_told_once_and_named_when_it_is_dismissed(far: Far) -> None:
    far.others = [a_candidate(**{"soak.dismissed": {"40": "old (rm)"}})]
    far.forge.labelled = [an_issue(40, "known"), an_issue(43, "data loss")]
    run = a_stable()
    asked = a_request(run.with_facts({"blockers": [], "blockers.dismissed": ["#40 known (dismissed: old (rm))"]}))
    found = await NoLateBlocker().check(run, far.world)
    assert isinstance(found, Waiting)
    assert found.note == "open after the soak: #43 data loss"
    assert [item.about["number"] for item in found.news] == [43]
    run = run.with_facts(found.facts)
    assert "bound" in changed_since(asked, a_view(run))[0]
    assert (await NoLateBlocker().check(run, far.world)).news == ()
    run = run.with_facts({"soak.dismissed": {"43": "only on AIX (rm)"}})
    found = await NoLateBlocker().check(run, far.world)
    assert isinstance(found, Met)
    named = ["#40 known (dismissed: old (rm))", "#43 data loss (dismissed: only on AIX (rm))"]
    assert (found.facts["blockers"], found.facts["blockers.dismissed"]) == ([], named)
