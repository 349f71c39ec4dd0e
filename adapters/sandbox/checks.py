"""Checks: queued on every pull request's head, green after a while unless somebody decides otherwise."""

from datetime import datetime

from adapters.sandbox.core import Core
from adapters.sandbox.refusal import Refusal
from adapters.sandbox.state import CheckRun, Issue

GREEN = ("success", "neutral", "skipped")


def queue(core: Core, sha: str) -> None:
    """Start every configured check on `sha`, once."""
    if any(check.sha == sha for check in core.state.checks):
        return
    now = core.now()
    due = now + core.rules.check_delay
    for name in core.rules.checks:
        core.state.checks.append(CheckRun(core.state.next_id(), name, sha, now, due))


def on(core: Core, sha: str, *, every: bool = False) -> list[CheckRun]:
    """The latest run of each check on `sha`, or every run."""
    runs = [check for check in core.state.checks if check.sha == sha]
    return runs if every else list({check.name: check for check in runs}.values())


def finish(core: Core, check: CheckRun, conclusion: str, at: datetime) -> None:
    check.conclusion, check.completed_at, check.due = conclusion, at, None
    core.ring()


def conclude(core: Core, name: str, conclusion: str) -> Issue:
    """End the check `name` on the head of the newest open pull request, again if it had ended; returns that one."""
    pulls = [issue for issue in core.state.pulls() if issue.state == "open"]
    if not pulls:
        raise Refusal(404, "no pull request is open, so there is no head to check; wait for one, then repeat")
    newest = pulls[-1]
    if newest.pull is None:  # pragma: no cover - pulls() yields only issues that have one
        raise RuntimeError("a pull request without its record")
    sha = newest.pull.head_sha
    latest = {check.name: check for check in on(core, sha)}
    if name not in latest:
        known = ", ".join(latest) or "none"
        raise Refusal(404, f"no check “{name}” on pull request #{newest.number}; there are: {known}")
    check = latest[name]
    if check.completed_at is not None:
        check = CheckRun(core.state.next_id(), name, sha, core.now(), None)
        core.state.checks.append(check)
    finish(core, check, conclusion, core.now())
    return newest


def lacking(core: Core, sha: str) -> list[str]:
    """One sentence for each required check that is not green on `sha`, as the forge words it."""
    latest = {check.name: check for check in on(core, sha)}
    sentences = []
    for name in core.rules.checks:
        check = latest.get(name)
        if check is None or check.conclusion is None:
            sentences.append(f'Required status check "{name}" is expected.')
        elif check.conclusion not in GREEN:
            sentences.append(f'Required status check "{name}" is failing.')
    return sentences
