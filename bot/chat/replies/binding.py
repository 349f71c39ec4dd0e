"""What is said of the tree a yes is for: what a merge would bring beside it, and what is tagged in the end."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.replies.parts import card
from sops.kit.action import News, short
from sops.kit.approvals import Request
from sops.kit.binding import MERGE, RELEASED, TreeForeseen, whose
from sops.kit.escaping import printable
from sops.kit.message import Button, Card, Span, bold, line, person
from sops.kit.run import Run

TREE_DIGITS = 7  # so much of a tree names it


def _beside(about: Mapping[str, Any]) -> list[str]:
    """Commits, files and authors, the first few of each."""
    return [
        f"{whose(about)}:",
        *(f"· {commit}" for commit in about["commits"]),
        *([f"· and {about['count'] - len(about['commits'])} more"] if about["count"] > len(about["commits"]) else []),
    ]


def _asked(run: Run, item: News) -> Card:
    """The two ways on, for who steers the run; what has its yes keeps it until one is chosen."""
    about = item.about
    merge, head = f"!set tag {about['tree'][:TREE_DIGITS]}", "!set tag head"
    first = "Confirm again" if any(asked.live for asked in run.requests) else "Ask for it too"
    return card(
        line(
            person(run.owner), " ", bold(f"The merge would bring other work of {run.policy.main} into {run.release}.")
        ),
        *_beside(about),
        f"Either everybody who is asked agrees to that as well, or head {short(about['head'])} is tagged as it is and"
        f" merging it into {run.policy.main} is owed; a yes to that head stands.",
        hint=f"{merge} · {head}",
        buttons=(Button(label=first, says=merge), Button(label="Tag the approved head", says=head)),
    )


def _head_instead(run: Run, item: News) -> Card:
    return card(
        line(bold(f"{run.policy.main} took in other work meanwhile: "), f"{_beside(item.about)[0]}"),
        *_beside(item.about)[1:],
        f"It is not in the release: the tag goes on the approved head {short(item.about['head'])}; the yes stands.",
    )


def _head_in_public(run: Run, item: News) -> Card:
    """Everybody can read it, and it does not fit what main holds by now: it goes forward under the yes it has."""
    whom: list[Span | str] = [each for handle in item.about["call"] for each in (person(handle), " ")]
    return card(
        line(*whom, bold(f"{run.policy.main} took in other work before the push: "), f"{_beside(item.about)[0]}"),
        *_beside(item.about)[1:],
        f"Everybody can read the fix by now, so it is not held up: the approved head {short(item.about['head'])} is "
        f"released itself, and merging it into {run.policy.main} is owed.",
        hint="status",
    )


def _same(run: Run, item: News) -> Card:
    tip = short(item.about["tip"])
    return card(f"{run.policy.main} moved to {tip}; the merge still makes what is approved, so the yes stands.")


def _brought(run: Run, item: News) -> Card:
    about = item.about
    return card(
        line(bold(f"The merge {short(about['merge'])} brought other work of {run.policy.main} along.")),
        f"It is not tagged: the tag goes on the approved head {short(about['head'])}, by the same yes.",
    )


def _elsewhere(run: Run, item: News) -> Card:
    about = item.about
    base, merge = printable(about["base"]), short(about["merge"])
    return card(
        line(bold(f"PR #{run.facts.get('pr')} was merged into {base}, as {merge}"), f", not into {run.policy.main}."),
        f"The tag goes on the approved head {short(about['head'])}; merging it into {run.policy.main} is owed.",
    )


NEWS = {
    "merge-brings": _asked,
    "head-instead": _head_instead,
    "head-in-public": _head_in_public,
    "same-tree": _same,
    "merge-brought": _brought,
    "merged-elsewhere": _elsewhere,
}


def merged(run: Run) -> str:
    """The merge's step, once it is over."""
    merge, released = run.facts.get(MERGE), run.facts.get(RELEASED)
    if merge is None:
        return f"head {short(str(released))} is released itself, and merging it into {run.policy.main} is owed"
    apart = f"; the tag goes on head {short(str(released))}" if released not in {None, merge} else ""
    return f"PR #{run.facts.get('pr')} merged into {run.policy.main} as {short(str(merge))}{apart}"


def chosen_head(run: Run) -> Card:
    head = short(str(run.facts.get("head")))
    return card(f"{run.release} will be tagged on head {head} itself; merging it into {run.policy.main} is owed.")


def chosen_merge(run: Run) -> Card:
    return card(
        f"Everything the merge brings is asked for now; a yes to head {short(str(run.facts.get('head')))} ends."
    )


def no_choice(shown: str) -> str:
    """`shown` is the tree people were shown last."""
    ways = f"!set tag {shown[:TREE_DIGITS]} or !set tag head" if shown else "!set tag head"
    return f"Say {ways}; what was shown before is not what the merge would be by now."


CHOOSES_ANEW = card("The merge is tagged, where it makes what is approved; otherwise I ask again.")
NOTHING_TO_CHOOSE = "Nothing of it is open: what will be tagged is settled, or is not known yet."


def keeps_voiding(run: Run, ended: Sequence[Request]) -> Card:
    """It is nobody's fault of the release; who steers it may end it."""
    reasons = [f"· {each.code}: {printable(each.ended)}" for each in ended]
    chooses = any(isinstance(piece, TreeForeseen) and piece.asks for step in run.steps for piece in step.waits)
    apart = ["Or !set tag head: then the approved head is tagged, whatever its merge would bring."] if chooses else []
    return card(
        line(person(run.owner), f" {len(ended)} requests for the same head became void, and nothing of it changed:"),
        *reasons,
        "It goes on so while others change what the yes stands on; ask them to keep still until it is given.",
        *apart,
        hint="status",
    )
