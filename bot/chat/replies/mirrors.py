"""What is said of runs that are told in more than one chat."""

from collections.abc import Sequence

from bot.chat.replies.parts import card, names
from sops.kit.message import Card, Span, bold, line
from sops.kit.run import Mirror, Run
from sops.kit.texts import printable

LONGEST_ECHO = 500
HERE_ALREADY = "It is told there already."
NOT_PRIVATE = (
    "This run is seen by those who were let in, and by nobody else. I could not see that the channel is private: it "
    "must be invite-only, closed to other organisations, not encrypted, and I must be in it."
)


def mirrored(run: Run, mirror: Mirror, by: str) -> Card:
    """In every thread, the new one included."""
    return card(
        f"{run.name} is told in {mirror.home} and in {mirror.name} from now on, by {by}. "
        "Commands, approvals and buttons count from either; a person counts once. What people say to each other stays where they say it."
    )


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
    return f"{printable(wanted)} may be {names(there)}; say which."
