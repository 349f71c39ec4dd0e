"""What commands do, a module for each kind of run. `bot.chat.dispatch` finds them in `HANDLERS`."""

from bot.chat.commands import Ack, Close, Command, Report, SignOff
from bot.chat.handlers import (
    approvals,
    cancelling,
    cleanup,
    common,
    endings,
    facts,
    incident,
    leaking,
    mirroring,
    override,
    paging,
    public_words,
    redo,
    reland,
    release,
    undo,
)
from bot.chat.handlers.base import Handler
from sops.kit.run import Run

HANDLERS: dict[type[Command], Handler] = {
    **common.HANDLERS,
    **approvals.HANDLERS,
    **cancelling.HANDLERS,
    **release.HANDLERS,
    **incident.HANDLERS,
    **paging.HANDLERS,
    **endings.HANDLERS,
    **public_words.HANDLERS,
    **facts.HANDLERS,
    **leaking.HANDLERS,
    **undo.HANDLERS,
    **override.HANDLERS,
    **redo.HANDLERS,
    **cleanup.HANDLERS,
    **reland.HANDLERS,
    **mirroring.HANDLERS,
}


def rephrased(run: Run, command: Command) -> Command:
    """`!done triage text` is `!triage text`: a step that has a word of its own is signed off by that word alone."""
    if not isinstance(command, SignOff):
        return command
    step = run.find(command.step)
    wanted = common.signature(step) if step else None
    if wanted is None or not wanted.verb:
        return command
    if wanted.verb == "ack":
        return Ack()
    if wanted.verb == "close":
        return Close()
    return Report(wanted.verb, command.evidence) if command.evidence else command
