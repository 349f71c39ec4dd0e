"""What is not urgent, told once each business day: one line an incident, disturbing nobody."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.replies import phrases
from bot.chat.replies.parts import card, duration
from sops.kit.escaping import printable
from sops.kit.message import Card, Line, Span, bold, line
from sops.kit.policy import DAY
from sops.kit.response import answered
from sops.kit.run import Run


def open_incidents(runs: Sequence[Run], now: datetime) -> Card:
    """Those nobody has first, each group the oldest first."""
    loose = [run for run in runs if not answered(run)]
    taken = [run for run in runs if answered(run)]
    count = f"P3 incidents open: {len(runs)}" + (f", of which nobody has: {len(loose)}" if loose else "")
    return card(
        line(bold(count)),
        *(_one(run, now) for run in (*loose, *taken)),
        hint="ack in its thread takes one" if loose else "",
    )


def _one(run: Run, now: datetime) -> Line:
    age = now - run.created_at
    whose = f"{run.owner or 'somebody'} has it, {phrases.state_word(run).lower()}" if answered(run) else "nobody has it"
    return line(
        bold(run.name),
        " ",
        Span(text=printable(run.title)),
        f" · {duration(age - age % DAY if age >= DAY else age)} · {whose}",
    )
