"""What `!restrict` does to runs begun for the incident: they stop where they are, and the security response has them.

They are in the open, so nothing said there says why.
"""

from datetime import datetime

from bot.chat.handlers.base import Speaker
from bot.chat.replies import security
from bot.engine.desk import Desk
from sops.kit.people import People
from sops.kit.run import Run, RunState
from sops.kit.stores import Transaction


def take_children(tx: Transaction, old: Run, new: Run, now: datetime, people: People, me: Speaker) -> None:
    """Hold every open child of `old`, and make it one of `new`, which from now on shows where it stands."""
    going = [child for child in old.children if child.open]
    for child in going:
        desk = Desk(tx, tx.runs.get(child.id), now, people)
        run = desk.run.but(parent=new.id)
        held = run.state is RunState.ACTIVE
        desk.run = (run.but(state=RunState.HELD) if held else run).with_facts({"restrained": True})
        desk.note("hold" if held else "parent-ended", me.record, text=security.elsewhere(old))
        desk.say(security.restricted_child(old, held=held))
        desk.finish()
    if going:
        left = Desk(tx, tx.runs.get(old.id), now, people)
        left.run = left.run.but(children=tuple(child for child in left.run.children if not child.open))
        left.finish()
