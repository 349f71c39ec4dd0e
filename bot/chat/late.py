"""What still acts although the bot reads it long after it was said, because it was away.

What tells something acts: a declaration, a report, a word of record, and that somebody takes that word back. So does
what only makes the bot stand still, or call people: acting on it too late does no harm, not acting on it does. What
would have the bot do something is said again, by people who know how things are by now.
"""

from bot.chat import commands

#: Everything else is answered "say it again".
ACTS = (
    *(commands.Declare, commands.ReportVulnerability, commands.Reopen, commands.Restrict),
    *(commands.Note, commands.Report, commands.SetFact, commands.SetSeverity, commands.SignOff, commands.Blocker),
    *(commands.Ack, commands.Take, commands.Seen, commands.NotMe, commands.Pass, commands.Undo),
    *(commands.Stop, commands.Hold, commands.Reject, commands.Withdraw, commands.Freeze),
)


def acts(parsed: commands.Parsed) -> bool:
    """Whether that may be obeyed when it is heard late."""
    return isinstance(parsed, ACTS)
