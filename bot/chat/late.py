"""What still acts although the bot reads it long after it was said, because it was away.

What tells something acts: a declaration, a report, a word of record. So does what only makes the bot stand still:
acting on it too late does no harm, not acting on it does. Each command says of itself which it is (`counts_late`). What
would have the bot do something, or changes what was said before, is said again, by people who know how things are by
now; and so is what was said of something that has begun anew since.
"""

from bot.chat import commands
from bot.chat.handlers.approvals import rejectable, was_shown
from bot.engine.desk import Desk
from sops.kit import paging
from sops.kit.timing import ACKNOWLEDGE


def acts(parsed: commands.Parsed) -> bool:
    """Whether that may be obeyed when it is heard late."""
    return isinstance(parsed, commands.Command) and parsed.counts_late


def overtaken(desk: Desk, command: commands.Command) -> bool:
    """What the late command is about began, or changed, after it was said: it was said of something else."""
    if isinstance(command, commands.Ack | commands.Take | commands.Pass):
        return _called_anew(desk) or _since(desk, "reopened", "not-me", "ack")
    if isinstance(command, commands.SetSeverity):
        return command.severity.below(desk.run.severity) or _since(desk, "severity")
    if isinstance(command, commands.Report) and command.verb != "update":
        return _since(desk, "reopened", command.verb) or (command.verb == "verify" and not _waited(desk, command.verb))
    if isinstance(command, commands.Reject):
        return not all(was_shown(desk, asked) for asked in rejectable(desk, command))
    return False


def _called_anew(desk: Desk) -> bool:
    """People have been called only since then for what the run is about now."""
    clock = desk.run.clocks.get(ACKNOWLEDGE)
    if clock is None:
        return desk.run.created_at > desk.heard_at
    worse = paging.raised(desk.run, clock)
    return max(clock.calls_from or clock.started_at, worse[-1] if worse else clock.started_at) > desk.heard_at


def _waited(desk: Desk, step: str) -> bool:
    """The step waited for that word already when it was said."""
    since = desk.run.record(step).since
    return since is not None and since <= desk.heard_at


def _since(desk: Desk, *kinds: str) -> bool:
    """The ledger tells of something of these kinds after it was said, or of the undoing of such an act."""
    later = [entry for entry in desk.tx.ledger.entries(desk.run.id) if entry.at > desk.heard_at]
    undone = {str(entry.payload["what"]).partition(" ")[0] for entry in later if entry.kind == "undo"}
    return not undone.union(entry.kind for entry in later).isdisjoint(kinds)
