"""Hotfixes (SOP-02)."""

from collections.abc import Sequence

from bot.chat.replies import binding, calling, latest
from bot.chat.replies.parts import Words, card, duration
from sops.kit.action import News, short
from sops.kit.message import Card, Line, line, time
from sops.kit.model import Severity
from sops.kit.run import Run
from sops.kit.secrecy import HOME
from sops.kit.stores import Deadline
from sops.kit.timing import DUE, FIX
from sops.kit.version import Version

NEUTRAL_CHANGE = "Maintenance."  # until the embargo is over


def _heading(run: Run) -> str:
    return f"hotfix {run.version} ({run.severity})"


def _untested(run: Run, item: News) -> Card:
    return card(
        f"The fix at {short(item.about['fix'])} touches no test.",
        "Add one, or say with !done fix why it goes without; whoever approves it will read that it does.",
        hint="!done fix text",
    )


def _branched(run: Run) -> str:
    base, home = run.facts.get("base.tag"), run.facts.get(HOME)
    there = f", in {home} and nowhere else" if home else ""
    return f"{run.facts.get('branch')} is there for the fix{there}, cut from {base}"


def _merged(run: Run) -> str:
    if run.facts.get("main.holds"):
        return f"head {short(run.facts['released'])} is released itself; {run.policy.main} holds other work"
    return binding.merged(run)


def _back_ported(run: Run) -> str:
    count = run.facts.get("back-port.commits")
    if not count:
        return f"{run.policy.develop} holds the fix already; its changelog is on {run.facts.get('back-port.branch')}"
    return f"{count} commit{'s' if count > 1 else ''} of the fix on {run.facts.get('back-port.branch')}"


def fix_line(run: Run) -> Line | None:
    """When the fix must be out, while that runs."""
    clock = run.clocks.get(FIX)
    return line("Due ", time(clock.due_at)) if clock is not None and clock.running else None


def fix_reminder(run: Run, due: Deadline, whom: str, waits: Sequence[Line]) -> Card:
    """How much of the promised time is gone, and what it waits for, a line each."""
    clock = run.clocks[FIX]
    whole = clock.due_at - clock.started_at
    to = calling.to(whom.split())
    if due.threshold >= DUE:
        what = f"the time for the fix ({duration(whole)}) is over; it was due "
    else:
        what = f"{due.threshold} % of the {duration(whole)} for the fix are gone; due "
    return card(line(*to, f"{run.name} ({run.severity}): {what}", time(clock.due_at), "."), *waits, hint="status")


def not_urgent(severity: Severity) -> str:
    return f"A hotfix is for P0 and P1; a {severity} waits for the next release."


def less_urgent(severity: Severity, response: Run) -> str:
    """A security response has set how soon its patch is due."""
    return f"{response.name} is a {response.severity}, and so is its hotfix; a {severity} would be due later."


def severity_refused(run: Run, severity: Severity, reason: str, response: Run | None) -> str:
    """Why a hotfix cannot become that urgent, or less so; empty if it can."""
    if severity not in run.policy.fix:
        return not_urgent(severity)
    if response is not None and severity.below(response.severity):
        return less_urgent(severity, response)
    return "" if reason.strip() else f"Say why, too: !severity {severity} reason. The time for the fix hangs on it."


def not_a_patch(version: str) -> str:
    return f"{version} is not a patch; a hotfix is X.Y.1 or later, like 1.4.1. For X.Y.0 there is /release."


def released_already(version: str) -> str:
    return f"{version} is released already, as v{version}; choose a later version."


def no_such_release(version: str, base: str, line_of: Version | None) -> str:
    """`line_of` is the newest release of that line, if there is any."""
    why = f"{version} would patch {base}, which is not released"
    if line_of is None:
        return f"{why}; nor is anything of that line."
    return f"{why}. The newest of that line is {line_of.tag}, so the next is {line_of.line}.{line_of.patch + 1}."


WORDS = Words(
    heading=_heading,
    news={"untested-fix": _untested},
    done={
        "branch": _branched,
        "private-checks": lambda run: f"green in private on {short(run.facts['private.tested'])}",
        "reveal": lambda run: f"everybody can read it now, on {run.facts['branch']}",
        "merge": _merged,
        "latest": latest.stands,
        "back-port": _back_ported,
        "back-port-pr": lambda run: f"PR #{run.facts.get('back-port.pr')}: {run.facts.get('back-port.pr.url')}",
        "security-table-pr": lambda run: f"PR #{run.facts.get('table.pr')}: {run.facts.get('table.pr.url')}",
        "back-port-merged": lambda run: f"the fix is in {run.policy.develop}",
    },
    help=(
        "!start · !done fix text · !set changelog text · approve CODE · !reject CODE reason · !withdraw · !stop",
        "!set tag head · !waive GATE reason · !done main-ward evidence",
    ),
    hint="!done fix text · !set changelog text · status · !hold reason",
)
