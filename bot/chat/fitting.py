"""Which commands make sense in which run."""

from bot.chat import commands
from bot.chat.handlers import endings, incident, paging, public_words, release
from bot.chat.handlers.common import signature
from bot.chat.replies import phrases
from sops.kit.late_blockers import looks_for_blockers
from sops.kit.response import commanding
from sops.kit.run import Run

#: Words of an incident, by which its response is led.
_RESPONDING = frozenset({*incident.HANDLERS, *paging.HANDLERS})
#: Words of an incident's own thread: how it ends, and what the public is told.
_INCIDENT = frozenset({commands.Restrict, *endings.HANDLERS, *public_words.HANDLERS})


def fits(command: commands.Command, run: Run) -> bool:
    """Commands of incidents make no sense in a release, and the other way round."""
    if isinstance(command, commands.SetFact):
        return command.name in commands.SETTABLE_IN.get(run.sop, ())
    if isinstance(command, commands.SetSeverity) and run.sop == "SOP-02":
        return True
    if isinstance(command, commands.Report) and run.prefix != phrases.INCIDENT:
        return _asks_for(run, command.verb)
    if isinstance(command, commands.AddAction | commands.DropAction):  # each becomes an issue that everybody reads
        return run.prefix == phrases.INCIDENT
    if type(command) in _RESPONDING:
        return commanding(run) is not None
    if isinstance(command, commands.Leaked):
        return run.private
    if type(command) in _INCIDENT:
        return run.prefix == phrases.INCIDENT
    if isinstance(command, commands.Reland):
        return run.sop == "SOP-04"
    if type(command) in release.HANDLERS:
        return run.sop == "SOP-03" or looks_for_blockers(run)
    return True


def _asks_for(run: Run, verb: str) -> bool:
    """One of its rows is signed off by that word."""
    wanted = (signature(step) for step in run.steps)
    return any(each is not None and each.verb == verb for each in wanted)
