"""What is said of runs that are told in more than one chat."""

from collections.abc import Sequence

from bot.chat.replies.parts import card, names
from sops.kit.escaping import printable
from sops.kit.message import Card, Span, bold, line
from sops.kit.run import Mirror, Run

LONGEST_ECHO = 500
HERE_ALREADY = "It is told there already."
NOT_PRIVATE = (
    "This run is seen by those who were let in, and by nobody else. I could not see that the channel is private: it "
    "must be invite-only, closed to other organisations, and I must be in it; an encrypted one wants my keys."
)


NOBODY_ANSWERED = "me, since nobody has answered"
NOT_HERE_ANY_MORE = "not told here any more"


def _where(run: Run) -> str:
    """Every place, its own first; empty where it is told in its own thread alone."""
    told = [mirror for mirror in run.mirrors if not mirror.over]
    return names([told[0].home, *(mirror.name for mirror in told)], "and") if told else ""


def told_in(run: Run) -> str:
    """On the summary of a run that is told in more than one channel; empty for others."""
    shown = not run.facts.get("restricted")
    return f"Told in {where}" if shown and (where := _where(run)) else ""


def mirrored(run: Run, mirror: Mirror, by: str) -> Card:
    """In every thread, the new one included."""
    return card(
        f"{run.name} is told in {_where(run)} from now on, by {by}. "
        "Commands, approvals and buttons count from each; a person counts once. "
        "What people say to each other stays where they say it.",
        hint=f"!unmirror {mirror.name}",
    )


def unmirrored(run: Run, mirror: Mirror, by: str) -> Card:
    """In the threads that stay."""
    return card(f"{run.name} is not told in {mirror.name} any more, by {by}.")


def gone_from(run: Run) -> Card:
    """What the summary becomes in a thread where the run is told no more."""
    home = next((mirror.home for mirror in run.mirrors), "")
    gone = card(
        line(bold(f"{run.name} · not told here any more")),
        f"It goes on in {home}. /sop {run.name} status says how it stands.",
    )
    return gone.model_copy(update={"pinned": False})


def not_here(run: Run) -> str:
    """To who goes on in a thread where the run is told no more, and so would not read what came of it."""
    return f"{run.name} is not told here any more. It goes on in {_where(run) or run.mirrors[0].home}."


def no_mirror(run: Run, wanted: str, there: Sequence[str]) -> str:
    if not there:
        return f"{run.name} is told in its own thread alone."
    return f"{printable(wanted)} is not one place where {run.name} is told too; there is {names(there)}."


def lost(run: Run, mirror: Mirror, error: str) -> Card:
    return card(f"{run.name} could not be shown in {mirror.name}: {printable(error)}. It is not told there any more.")


def echoed(handle: str, where: str, text: str) -> Card:
    """What somebody told the bot in another thread of the run."""
    said = " ".join(text.split())
    shown = said if len(said) <= LONGEST_ECHO else f"{said[:LONGEST_ECHO]}…"
    return card(line(bold(handle), f" in {where}: ", Span(text=shown)))


def no_chat(wanted: str, there: Sequence[str]) -> str:
    return f"I am in no chat called {printable(wanted)}; I am in {names(there, 'and')}."


def no_channel(wanted: str, there: Sequence[str]) -> str:
    """The channel is unknown, or none that this bot serves."""
    known = f"There is {names(there)}" if there else "There is none there"
    return f"I serve no channel {printable(wanted)}. {known}."


def which(wanted: str, there: Sequence[str]) -> str:
    return f"{printable(wanted)} may be {names(there)}; say which: {names([f'!mirror {each}' for each in there])}."
