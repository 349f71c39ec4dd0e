"""Releases (SOP-01)."""

from bot.chat.replies import latest
from bot.chat.replies.parts import Words, card, names
from sops.kit.action import News, short
from sops.kit.approvals import Request
from sops.kit.escaping import printable
from sops.kit.late_blockers import DISMISSED
from sops.kit.message import Card, Line, Span, bold, line, person
from sops.kit.run import Run
from sops.kit.stable_gates import MILESTONE_OPEN

SHOWN = 12  # pull requests or issues listed before the rest is counted


def _heading(run: Run) -> str:
    return f"release {run.version}"


def not_stable(version: str) -> str:
    return f"{version} is a candidate; say /release stable and the version without -rc, like 1.4.0."


def _changelog(run: Run, item: News) -> Card:
    """What the release will say, and the pull requests it does not mention."""
    silent = item.about["silent"]
    listed = [f"· {subject}" for subject in silent[:SHOWN]]
    more = [f"· and {len(silent) - SHOWN} more"] if len(silent) > SHOWN else []
    missing: list[Line | str] = [line(bold("Merged since the last release, and not mentioned:")), *listed, *more]
    missing = missing if silent else []
    return card(
        line(bold(f"What the changelog will say of {run.version}")),
        *(item.about["text"].splitlines() or ["nothing"]),
        *missing,
        "Mend it where it is wrong (a candidate's branch, or develop without one), then say so.",
        hint="!done changelog-review text",
    )


def _not_as_soaked(run: Run, item: News) -> Card:
    """What would ship without having soaked, for those who may answer for it."""
    about = item.about
    return card(
        line(bold(f"{run.version} would ship what did not soak"), f": {names(about['paths'], 'and')}."),
        f"The changes since {about['tag']} are below. Take them off the branch, or two people answer for them.",
        hint="!waive same-as-soaked reason",
        file=(f"{run.name}-{short(about['head'])}.diff", about["diff"]),
    )


def milestone_open(run: Run) -> list[str]:
    """For those who are asked: what will keep the run from its end."""
    left = run.facts.get(MILESTONE_OPEN, [])
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    listed = "; ".join(printable(each) for each in left[:SHOWN])
    return [f"Open in its milestone, to be moved or closed before the run ends: {listed}{more}."] if left else []


def blockers_dismissed(asked: Request) -> list[str]:
    """For those who are asked: what is open and blocks no more, and why; as it is bound."""
    left = (asked.subject.get("bound") or {}).get(DISMISSED) or []
    return [f"Open, and no blocker any more: {'; '.join(left)}."] if left else []


def _late_blocker(run: Run, item: News) -> Card:
    number, title = item.about["number"], printable(item.about["title"])
    return card(
        line(person(run.owner), " ", bold(f"{run.name} is blocked by #{number}: "), Span(text=title)),
        "It is open after the soak. A fix needs another candidate; else it is dismissed, and named to who says yes.",
        hint=f"!dismiss #{number} reason · !cancel reason",
    )


def _still_open(run: Run, item: News) -> Card:
    """What keeps the run from its end; only people can say where it belongs."""
    left = item.about["left"]
    return card(
        line(person(run.owner), f" {len(left)} still open in the milestone {item.about['title']}:"),
        *(f"· {printable(each)}" for each in left[:SHOWN]),
        *([f"· and {len(left) - SHOWN} more"] if len(left) > SHOWN else []),
        "Move them to the next milestone or close them; then it is closed, and the run ends.",
        hint="!waive milestone reason",
    )


def artefacts_wrong(run: Run, item: News) -> Card:
    return card(
        line(bold(f"{run.version} gives its users something wrong")),
        *(f"· {each}" for each in item.about["wrong"]),
        f"Mend the release, or roll it back with /release rollback {run.version}. Nothing further is done meanwhile.",
    )


def _back_merged(run: Run) -> str:
    if run.facts.get("back-merge.left"):
        return f"{run.version} does not fit {run.policy.develop} by itself; merging it is owed"
    if run.facts.get("back-merge.branch"):
        return f"{run.version} is merged on {run.facts['back-merge.branch']}, for {run.policy.develop}"
    return f"{run.version} merged into {run.policy.develop}, whose [Unreleased] kept what is new"


def _milestone(run: Run) -> str:
    title = run.facts.get("milestone")
    return f"milestone {title} closed" if title else "no milestone to close"


WORDS = Words(
    heading=_heading,
    news={
        "changelog-review": _changelog,
        "not-as-soaked": _not_as_soaked,
        "late-blocker": _late_blocker,
        "milestone-open": _still_open,
    },
    done={
        "candidate": lambda run: (
            f"it will be cut from {run.facts['base.tag']}"
            if run.facts.get("base.tag")
            else f"there is no candidate; it would be cut from {run.policy.develop}"
        ),
        "branch": lambda run: f"{run.facts.get('branch')} is cut at {short(str(run.facts.get('cut.at')))}",
        "latest": latest.stands,
        "back-merge": _back_merged,
        "back-merge-pr": lambda run: f"PR #{run.facts.get('back-merge.pr')}: {run.facts.get('back-merge.pr.url')}",
        "back-merge-merged": lambda run: f"{run.version} is in {run.policy.develop}",
        "milestone-closed": _milestone,
        "mirror": lambda run: f"{', '.join(run.policy.lanes)} hold {run.version}",
    },
    help=(
        "!start · !done STEP text · approve CODE · !reject CODE reason · !withdraw · !stop",
        "!dismiss #N reason · !set tag head · !waive GATE reason, which needs two · !retry",
    ),
    hint="!done STEP text · status · plan · !hold reason",
)
