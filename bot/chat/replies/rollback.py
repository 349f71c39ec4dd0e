"""Rollbacks (SOP-04)."""

from bot.chat.replies.parts import Words, card, duration, names
from sops.kit.action import News, short
from sops.kit.message import Card, bold, line
from sops.kit.rollback_actions import target
from sops.kit.run import Run

NO_IMAGE = "This project has no image to roll back alone: the settings' artefacts name none."


NOTHING_TO_RELAND = "Nothing of this rollback is owed."
RELANDING = "It is on its way already; !retry looks again where it stopped."


def relanding(run: Run, who: str) -> Card:
    """The answer to `!reland`."""
    return card(
        f"{who}: bringing the work of {run.version} back to {run.policy.develop}, by a pull request.",
        "What was owed is met once that is merged, with a merge commit.",
    )


def _work_back(run: Run) -> str:
    return f"PR #{run.facts['reland.pr']} brings the work of {run.version} back: {run.facts['reland.pr.url']}"


def _heading(run: Run) -> str:
    return f"roll back {run.version}"


def _workaround(run: Run, item: News) -> Card:
    return card(
        "What can people do meanwhile? Without an answer it is announced in "
        f"{duration(run.policy.workaround_wait)}, and can be added later.",
        hint="!set workaround text",
    )


def candidate_rolled_back(run: Run, item: News) -> Card:
    """In the thread of the candidate."""
    return card(
        line(bold(f"{run.version}-rc{run.iteration} was rolled back, by {item.about['by']}."), " It soaks no longer."),
        "Name what was wrong with it as a blocker; once that is closed the next candidate is due.",
        hint="!blocker #n · !cancel reason",
    )


def rollback_asked(run: Run, item: News) -> Card:
    """In the thread of the candidate, before anybody agreed."""
    if item.about.get("unread"):
        name = item.about["by"]
        return card(
            line(bold(f"{name} cannot be read by this version: nobody knows whether it rolls this candidate back.")),
            f"The soak stands still until {name} can be read, or two people let it go on; then it gets the time back.",
            hint=f"!waive {name} reason",
        )
    return card(
        line(bold(f"{item.about['by']} asks to roll {run.version}-rc{run.iteration} back.")),
        "The soak stands still until that is decided; if nothing comes of it, the soak gets the lost time added.",
    )


def _by_hand(run: Run, item: News) -> Card:
    """The yes was to what the bot would revert; of what people wrote it knows nothing."""
    about = item.about
    differs = f"It differs from {run.facts['base.tag']} in {names(about['paths'], 'and')}, as below."
    return card(
        line(bold("People wrote in the revert"), f", {short(about['commit'])}; another yes is asked for."),
        differs if about["paths"] else f"It is exactly as {run.facts['base.tag']}.",
        file=(f"{run.name}-{short(about['commit'])}.diff", about["diff"]) if about["paths"] else None,
    )


def _surveyed(run: Run) -> str:
    facts = run.facts
    merges = ", ".join(short(sha) for sha in facts["merges"]) or f"nothing on {run.policy.main}"
    return f"it goes back to {facts['good']}; to be reverted: {merges}"


WORDS = Words(
    heading=_heading,
    news={"workaround-wanted": _workaround, "reverted-by-hand": _by_hand},
    done={
        "survey": _surveyed,
        "latest": lambda run: f"{run.policy.latest} is {target(run)} again, {run.facts.get('latest')}",
        "badge": lambda run: f"the forge shows {run.facts.get('badge')} as the latest release",
        "retracted-notice": lambda run: (
            f"the release says it is retracted: {run.facts['notice']}"
            if run.facts.get("notice")
            else f"there is no release v{run.version} to mark"
        ),
        "workaround": lambda run: f"the workaround is told: {run.facts.get('announcement.url')}",
        "retract": lambda run: f"the image of {run.version} is deleted",
        "republished": lambda run: f"{run.policy.publish_workflow} built {run.facts['good']} again",
        "revert-branch": lambda run: f"{run.facts['revert.branch']} is cut from {run.policy.main}",
        "revert": lambda run: (
            f"reverted as {short(run.facts['revert.commit'])}; the tree is that of {run.facts['good']}"
        ),
        "work-back": _work_back,
        "work-is-back": lambda run: f"{run.policy.develop} holds the work of {run.version} again",
        "revert-pull-request": lambda run: f"PR #{run.facts['pr']}: {run.facts['pr.url']}",
        "revert-merge": lambda run: (
            f"{run.policy.main} is as at {run.facts['good']}, merged as {short(run.facts['merge'])}"
        ),
        "revert-push": lambda run: (
            f"{run.policy.main} is as at {run.facts['good']}, pushed as {short(run.facts['merge'])}"
        ),
    },
    help=(
        "!start · approve CODE · !reject CODE reason · !stop · !set workaround text",
        "!skip workaround reason · !waive GATE reason, which needs two · !retry · !reland",
    ),
    hint="!set workaround text · status · plan · !hold reason",
)


def taken_back_by(before: Run) -> str:
    return f"{before.version} was taken back already, by {before.name}; its thread says what is still owed."
