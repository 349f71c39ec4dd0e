"""What somebody who was called answers in an incident's channel instead of its thread. Pure."""

from collections.abc import Sequence

from bot.chat import commands, half_asleep, permissions
from bot.chat.around import told_in
from bot.chat.asked import Which
from bot.chat.privacy import hidden
from bot.chat.replies import paging as words
from sops.kit.conversation import Event
from sops.kit.message import Card
from sops.kit.patterns import Pattern
from sops.kit.people import Person
from sops.kit.response import commanding, unanswered
from sops.kit.run import Run

_RUN = Pattern(r"[a-z]{3}-[1-9][0-9]{0,8}")


def named(text: str) -> tuple[str, str]:
    """The one run that a short message names, and what is said of it; both empty if there is none, or several."""
    if len(text) > half_asleep.LONGEST_WORD:
        return "", ""
    spoken = [(each, each.strip(".,;:!*_`\"'").lower()) for each in text.split()]
    runs = {bare for _, bare in spoken if _RUN.fullmatch(bare)}
    if len(runs) != 1:
        return "", ""
    run = runs.pop()
    return run.upper(), " ".join(each for each, bare in spoken if bare != run)


def answers(text: str) -> bool:
    """It may answer a page: what acknowledges and says no more, or a run's name and what sounds like that."""
    name, rest = named(text)
    if not name:
        return half_asleep.whole(text) or half_asleep.alone(text)
    return not rest or half_asleep.heard(rest, (), ()) in {half_asleep.Heard.ACK, half_asleep.Heard.HINT}


def said(
    going: Sequence[Run], parsed: commands.Parsed, event: Event, who: Person | None
) -> tuple[Run | None, commands.Command | Card | Which] | None:
    """The run that is acknowledged there, or what is told to who may mean it; None for anything else.

    A run that is named is acknowledged by the word alone; other words that sound like it are told how it is said.
    """
    spoken = isinstance(parsed, commands.Talk) or (isinstance(parsed, commands.Problem) and parsed.kind == "no-run")
    if not spoken or event.kind != "message" or event.place.thread is not None:
        return None
    here = [each for each in going if commanding(each) is not None and told_in(each, event.place)]
    here = [each for each in here if not hidden(each, event.place)]
    name, rest = named(event.text)
    run = next((each for each in here if each.name == name), None)
    if run is not None and half_asleep.whole(rest):
        return run, commands.Ack()
    mine = [each for each in here if unanswered(each) and permissions.in_turn(who, each)]
    if name:
        return (None, words.how_to_ack(run)) if run in mine and run is not None and answers(event.text) else None
    if not mine or not half_asleep.alone(event.text):
        return None
    return None, words.how_to_ack(mine[0]) if len(mine) == 1 else Which("ack", tuple(mine))
