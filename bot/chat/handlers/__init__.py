"""What commands do, a module for each kind of run. `bot.chat.dispatch` finds them in `HANDLERS`."""

from bot.chat.commands import Command
from bot.chat.handlers import approvals, common, incident, release
from bot.chat.handlers.base import Handler

HANDLERS: dict[type[Command], Handler] = {
    **common.HANDLERS,
    **approvals.HANDLERS,
    **release.HANDLERS,
    **incident.HANDLERS,
}
