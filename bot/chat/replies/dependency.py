"""Dependency updates (SOP-06)."""

from collections.abc import Sequence

from bot.chat.replies.parts import Words, card, names
from sops.kit.action import News, short
from sops.kit.escaping import printable
from sops.kit.message import Card, Line, bold, line
from sops.kit.pins import is_older
from sops.kit.run import Run

LONGEST_NOTE = 30  # lines of one release's notes; the rest is a link


def _heading(run: Run) -> str:
    return f"update {run.title}"


def pinned_nowhere(name: str, files: Sequence[str]) -> str:
    return f"{printable(name)} is pinned nowhere: I looked in {names(files, 'and')} and in the submodules of develop."


def there_already(name: str, version: str) -> str:
    return f"{printable(name)} is at {printable(version)} already."


def older(name: str, version: str, pinned: str, cve: str) -> str:
    again = f"/deps update {printable(name)} {printable(version)}" + (f" --cve {cve}" if cve else "")
    return (
        f"{printable(name)} is at {printable(pinned)}, which is newer than {printable(version)}. "
        f"If it is to go back, say {again} --downgrade."
    )


def _notes(run: Run, item: News) -> Card:
    """What upstream says of each release in between."""
    notes = item.about["notes"]
    if not notes:
        return card(
            f"{item.about['upstream']} has no release notes between {run.facts['from']} and {run.facts['to']}.",
            hint="!done breaking-changes text",
        )
    lines: list[Line | str] = []
    for each in notes:
        text = [entry for entry in each["text"].splitlines() if entry.strip()]
        lines += [line(bold(f"{item.about['upstream']} {each['tag']}")), *text[:LONGEST_NOTE]]
        lines += [f"… {each['url']}"] if len(text) > LONGEST_NOTE else []
    back = is_older(run.facts["to"], run.facts["from"])
    asked = "All of it is given up. Do we need any of it?" if back else "Does anything of it break us?"
    return card(*lines, f"{asked} Then say so.", hint="!done breaking-changes text")


def _no_upstream(run: Run, item: News) -> Card:
    return card(
        f"The settings do not say where {item.about['name']} comes from (upstreams), so I have no notes to show.",
        "Read them where they are, then say what they break.",
        hint="!done breaking-changes text",
    )


def _again(run: Run, item: News) -> Card:
    workflows = names(run.policy.dependency_workflows, "and")
    return card(f"{run.facts.get('branch')} moved to {short(item.about['head'])}: {workflows} start again on it.")


WORDS = Words(
    heading=_heading,
    news={"upstream-notes": _notes, "no-upstream": _no_upstream, "builds-again": _again},
    done={
        "branch": lambda run: f"{run.facts.get('branch')} is cut from {run.policy.develop}",
        "pin": lambda run: f"{run.facts['name']} is pinned at {run.facts['to']} in {names(run.facts['pins'], 'and')}",
        "build": lambda run: f"{names(list(run.facts['builds']), 'and')} started on {short(run.facts['builds.head'])}",
        "built": lambda run: f"{names(list(run.facts['builds']), 'and')} ended well",
        "security-label": lambda run: f"PR #{run.facts['pr']} carries {names(run.facts['labels'], 'and')}",
        "build-and-test": lambda run: f"checks {run.facts.get('checks')} on {short(str(run.facts.get('head')))}",
        "results": lambda run: f"how it ended stands in PR #{run.facts['pr']}",
        "merged": lambda run: f"{run.title} is in {run.policy.develop}",
    },
    help=(
        "!start · !done STEP text · !set changelog text, before the pin",
        "!skip STEP reason · !waive GATE reason, which needs two · !retry",
    ),
    hint="!done STEP text · status · plan · !hold reason",
)
