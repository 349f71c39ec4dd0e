"""Runs that nobody here can read, where another run waits for what they may say.

What they would say is not known, so the run that asks waits. Two people who steer it may let it go on without one of
them (`!waive RBK-1 reason`): for that run, and as long as the other stays as it was stored then.
"""

from collections.abc import Iterable, Sequence

from sops.kit.run import Run
from sops.kit.unreadable import Unreadable

PASSED = "unread.passed"  # the fact: [name, revision] of each that two people let the run go on without


def in_the_way(run: Run | None, unread: Iterable[Unreadable]) -> list[Unreadable]:
    """Those that nobody let the run go on without; all of them where no run asks."""
    passed = run.facts.get(PASSED, ()) if run is not None else ()
    return [each for each in unread if [each.name, each.revision] not in [list(one) for one in passed]]


def nobody_knows(unread: Sequence[Unreadable], what: str) -> str:
    """What a gate says that waits for them, with the way on."""
    name = unread[0].name
    return f"{name} cannot be read by this version, so nobody knows {what}; two people may say !waive {name} reason"


def passed(run: Run, other: Unreadable) -> Run:
    """The run, which goes on without that one."""
    before = [one for one in run.facts.get(PASSED, ()) if one[0] != other.name]
    return run.with_facts({PASSED: [*before, [other.name, other.revision]]})
