"""What is said of `latest`: where it is, where it belongs, and the one word that puts it there."""

from bot.chat.replies.parts import card
from sops.kit.action import News
from sops.kit.escaping import printable
from sops.kit.latest_steps import BECOMES
from sops.kit.message import Button, Card, bold, line, person
from sops.kit.run import Run


def _astray(run: Run, item: News) -> Card:
    wanted = item.about["wanted"]
    says = f"!set latest {wanted}"
    return card(
        line(person(run.owner), " ", bold(f"{run.policy.latest} is not where it belongs"), f", which is {wanted}:"),
        *(f"· {printable(each)}" for each in item.about["found"]),
        "The yes to this release covers putting it right; nothing is moved until somebody says so.",
        hint=says,
        buttons=(Button(label=f"Put it on {wanted}", says=says),),
    )


NEWS = {"latest-astray": _astray}


def chosen(run: Run, version: str) -> Card:
    return card(f"{run.policy.latest} is put on {version}, by the yes to this release.")


def other(run: Run, version: str) -> str:
    """`version` is where it belongs, as people were asked."""
    return f"{run.policy.latest} belongs on {version}, the highest release that stands; say !set latest {version}."


NOT_ASKED = "Nothing of it is open: it was not seen anywhere else than where it belongs, or that is settled."


def stands(run: Run) -> str:
    """The step, once it is over."""
    wanted = run.facts.get("latest") or run.facts.get(BECOMES)
    if not wanted:
        return f"{run.policy.latest} is left alone: {run.version} was taken back"
    return f"{run.policy.latest} is {wanted}"
