"""Welcoming contributors (SOP-07)."""

from bot.chat.replies.parts import Words, card
from sops.kit.action import News
from sops.kit.escaping import printable
from sops.kit.message import Card, Line, line, link
from sops.kit.run import Run


def _heading(run: Run) -> str:
    return f"welcome {run.title} (#{run.facts.get('number')})"


def _suggestions(run: Run, item: News) -> Card:
    found = item.about["issues"]
    if not found:
        return card(
            f"No open issue is labelled {run.policy.good_first_label!r} for {run.title}.",
            "Choose one or two, or leave it out.",
            hint="!done good-first-issues #12 #15 · !skip good-first-issues reason",
        )
    listed: list[Line] = [line(link(f"#{number}", url), f" {printable(title)}") for number, title, url in found]
    return card(
        f"Issues {run.title} could begin with:",
        *listed,
        hint="!done good-first-issues #12 #15 · !skip good-first-issues reason",
    )


def _welcomed_before(run: Run, item: News) -> Card:
    return card(f"{run.title} was welcomed before: {item.about['url']}. Nobody is welcomed twice.")


def nothing_open(login: str) -> str:
    return f"{login} has no open pull request here; name what brought them: /onboard {login} #412"


def not_open(number: int) -> str:
    return f"#{number} is neither an open pull request nor an open issue."


def somebody_elses(number: int, author: str) -> str:
    return f"#{number} is by {printable(author)}."


WORDS = Words(
    heading=_heading,
    news={"good-first-issues": _suggestions, "welcomed-before": _welcomed_before},
    done={
        "first-review": lambda run: (
            f"first review by {run.facts['reviewed.by']}" if run.facts.get("reviewed.by") else "closed without a review"
        ),
        "thanks": lambda run: f"thanked: {run.facts.get('thanked')}",
    },
    help=(
        "!done good-first-issues #12 #15 · !done feedback what was said · !skip STEP reason",
        "approve, !stop and !start are not needed here: nothing waits for a yes.",
    ),
    hint="!done good-first-issues #12 · !done feedback text · status",
    brief=True,
)
