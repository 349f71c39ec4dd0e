"""What a tree lacks of a change: its lines, what it took away, its tests, whatever the history says."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sops.hotfix import HOTFIX
from sops.kit.action import World
from sops.kit.debts import HoldsRelease
from sops.kit.gate import Met, Waiting
from sops.kit.held import lacks, shown
from sops.kit.world import Commit
from tests.unit.runs import a_run_of

BEFORE = b"int a;\nif (x) {\n  flush();\n}\n"
AFTER = b"int a;\nif (x && y) {\n  flush();\n}\nsync();\n"


@pytest.mark.parametrize(
    ("before", "after", "there", "said"),
    [
        (BEFORE, AFTER, AFTER, ""),
        (BEFORE, AFTER, BEFORE, "a.c lacks 2 lines of it and still has 1 line it takes away"),
        (BEFORE, AFTER, b"// main went on\n" + AFTER + b"more();\n", ""),
        (BEFORE, AFTER, b"\tif (x && y) {\n\t\tsync();\n", ""),  # indented anew and moved
        (BEFORE, AFTER, b"if (x) {\nif (x && y) {\nsync();\n", "a.c still has 1 line it takes away"),
        (BEFORE, AFTER, None, "a.c is missing"),
        (None, AFTER, None, "a.c is missing"),
        (None, b"", None, "a.c is missing"),
        (BEFORE, None, BEFORE, "a.c is still there"),
        (BEFORE, None, None, ""),
        (b"}\n", b"}\n}\n", b"}\n", "a.c lacks 1 line of it"),  # nothing else tells
        (b"a\n}\n}\n", b"a\n}\n", b"a\n}\n}\nb\n", "a.c still has 1 line it takes away"),
        (b"", b"\0\1", b"\0\2", "a.c is another file"),
        (BEFORE, BEFORE, b"", ""),
        (BEFORE, BEFORE.replace(b"\n", b"\r\n"), BEFORE, ""),  # only line ends
    ],
)
def test_lines_count_wherever_they_stand(
    before: bytes | None, after: bytes | None, there: bytes | None, said: str
) -> None:
    assert lacks("a.c", before, after, there) == said


def test_the_first_few_are_named() -> None:
    assert shown([f"f{n} is missing" for n in range(6)]).endswith("f3 is missing and 2 more")


TAG, FIX, OLD, MERGE, LATER = (digit * 40 for digit in "12345")
FIXED = {"src/wal.c": AFTER, "tests/wal.c": b"test();\n"}


class Repository:
    """v1.3.0, the hotfix on it, and main: a commit of its own, the merge of the hotfix, one commit later."""

    parents: dict[str, tuple[str, ...]]

    def __init__(self, merged: dict[str, bytes], later: dict[str, bytes] | None = None) -> None:
        released = {"src/wal.c": BEFORE, "VERSION": b"1.3.0\n"}
        self.files = {
            TAG: released,
            FIX: {**released, **FIXED, "VERSION": b"1.3.1\n"},
            OLD: {**released, "VERSION": b"1.4.0\n"},
            MERGE: {"VERSION": b"1.4.0\n", **merged},
            LATER: {"VERSION": b"1.4.0\n", **(merged if later is None else later)},
        }
        self.parents = {TAG: (), FIX: (TAG,), OLD: (TAG,), MERGE: (OLD, FIX), LATER: (MERGE,)}

    def _reached(self, sha: str) -> set[str]:
        return {sha}.union(*(self._reached(each) for each in self.parents[sha]))

    async def branch(self, _name: str) -> str:
        return LATER

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return ancestor in self._reached(descendant)

    async def read(self, revision: str, path: str) -> bytes | None:
        return self.files[revision].get(path)

    async def changed_paths(self, old: str, new: str) -> list[str]:
        paths = {*self.files[old], *self.files[new]}
        return sorted(each for each in paths if self.files[old].get(each) != self.files[new].get(each))

    async def first_parents(self, base: str, head: str) -> list[Commit]:
        chain, at = [], head
        while at not in self._reached(base):
            chain.append(Commit(at, self.parents[at], at, "mai@skylark.example", "words"))
            at = self.parents[at][0]
        return chain


async def looked_at(git: Repository, **facts: Any) -> Met | Waiting:
    async def of_version(_version: str) -> list[Any]:
        return []

    async def unreadable(**_of: Any) -> list[Any]:
        return []

    runs = SimpleNamespace(of_version=of_version, unreadable=unreadable)
    run = a_run_of(HOTFIX, title="1.3.1 wal", version="1.3.1").with_facts({"base.commit": TAG, **facts})
    return await HoldsRelease("main", FIX, "1.3.1").check(run, cast("World", SimpleNamespace(git=git, runs=runs)))


async def test_a_merge_that_kept_mains_side_pays_nothing_and_what_is_missing_is_said() -> None:
    found = await looked_at(Repository({"src/wal.c": BEFORE}))
    assert isinstance(found, Waiting)
    assert found.note == (
        "main has 2222222 in its history, but not its change: src/wal.c lacks 2 lines of it and still has 1 line it"
        " takes away; tests/wal.c is missing; git cherry-pick -x 2222222 brings it there"
    )


@pytest.mark.parametrize(
    ("merged", "later"),
    [
        (FIXED, None),
        ({"src/wal.c": BEFORE}, FIXED),  # brought later, by a commit of its own
        (FIXED, {"src/wal.c": b"rewritten();\n"}),  # it came whole; what main did to it since is main's affair
    ],
)
async def test_what_came_whole_pays_whatever_main_did_since(
    merged: dict[str, bytes], later: dict[str, bytes] | None
) -> None:
    assert isinstance(await looked_at(Repository(merged, later)), Met)


async def test_a_fix_without_its_test_does_not_count() -> None:
    found = await looked_at(Repository({"src/wal.c": AFTER}))
    assert isinstance(found, Waiting)
    assert "not its change: tests/wal.c is missing; git" in found.note


async def test_where_nobody_knows_what_it_began_from_its_history_counts() -> None:
    assert isinstance(await looked_at(Repository({"src/wal.c": BEFORE}), **{"base.commit": None}), Met)
