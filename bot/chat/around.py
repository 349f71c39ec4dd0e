"""Words that only look, said where no run is: of which run they are asked. Pure."""

from collections.abc import Sequence

from bot.chat import commands
from bot.chat.asked import Which
from bot.chat.privacy import seen
from sops.kit.conversation import Event, Place
from sops.kit.run import Run

SHORT = 200


def overheard(event: Event) -> bool:
    """Somebody says one of them alone in a channel, as they would in a thread."""
    return event.kind == "message" and event.place.thread is None and commands.look(event.text) is not None


def of_which(open_runs: Sequence[Run], said: str, place: Place) -> Run | Which | None:
    """The only run that is told there, else the only one that may be shown there; None where there is none."""
    shown = seen(open_runs, place)
    here = [each for each in shown if told_in(each, place)] or shown
    if len(here) > 1:
        return Which(said, tuple(here))
    return here[0] if here else None


def say_there(open_runs: Sequence[Run], said: str, place: Place) -> commands.Problem:
    """To who speaks to a run where none is: where to say it, by the name of the only run that is told there."""
    here = [each for each in seen(open_runs, place) if told_in(each, place)]
    return commands.Problem("say-in-run", here[0].name, _again(said)) if len(here) == 1 else commands.Problem("no-run")


def _again(said: str) -> str:
    return said if len(said) <= SHORT else "and the same words"


def told_in(run: Run, place: Place) -> bool:
    return any((each.platform, each.channel) == (place.platform, place.channel) for each in run.places)
