"""What people mean without typing: a reaction, a pressed button, a message edited or deleted afterwards.

A ✅ under a request is a yes where nothing of what it covers is seen by the world; taking it away is taking back
the yes. On any other message of a run an emoji may say that a page was heard (`answering` knows). An edit is never read
as a new command, and is kept in the record where the old text had been one.
"""

from bot.chat import commands, replies
from bot.chat.half_asleep import Heard, heard
from bot.chat.stopping import Halt, halt
from bot.engine.desk import Desk
from bot.engine.threads import original, request_message
from sops.kit.action import Action
from sops.kit.approvals import Request
from sops.kit.conversation import Event
from sops.kit.gate import Approved
from sops.kit.message import Card
from sops.kit.people import People
from sops.kit.response import unanswered
from sops.kit.run import Run
from sops.kit.stores import InboxItem, Transaction

YES = "✅"


def reaction(tx: Transaction, run: Run, event: Event) -> commands.Parsed:
    """What a reaction asks for: a yes, its withdrawal, or nothing."""
    asked = _request_at(tx, run, event)
    if asked is None:
        return commands.Talk(sign=event.text)
    if event.text != YES:
        return commands.Talk(sign=event.text) if halt(event.text) is Halt.STOP else commands.Talk()
    if event.kind == "unreaction":
        mine = any(yes.account == str(event.actor) for yes in asked.yeses)
        return commands.Withdraw(asked.code) if asked.live and mine else commands.Talk()
    return commands.Talk(yes=True) if seen_by_the_world(run, asked) else commands.Approve(asked.code)


def seen_by_the_world(run: Run, asked: Request) -> bool:
    """Whether anything that the request covers is public, so that a slip of the finger must not do it."""
    asking = run.step(asked.step)
    gates = [piece for piece in (asking.waits if asking else ()) if isinstance(piece, Approved)]
    names = {asked.step, *(name for gate in gates for name in gate.covers)}
    deeds = [piece for step in run.steps if step.id in names for piece in step.deeds]
    return any(isinstance(piece, Action) and piece.public for piece in deeds)


def _request_at(tx: Transaction, run: Run, event: Event) -> Request | None:
    sent = tx.outbox.sent_as(event.place.platform, event.place.channel, event.about)
    if sent is None:
        return None
    return next((r for r in run.requests if original(sent.logical_id) == request_message(run.id, r.seq)), None)


def changed(tx: Transaction, item: InboxItem, desk: Desk) -> Card | None:
    """Note that a message which had acted was edited or deleted; what its author should be told."""
    event = item.event
    before = tx.inbox.accepted(event.original) if event.original else None
    acted = before is not None and _acts(before.event)
    if before is not None and acted and before.event.text != event.text:
        desk.note(event.kind, str(event.actor), was=before.event.text, text=event.text)
    if event.kind == "deletion":
        return replies.approvals.deleting_changes_nothing() if acted else None
    acts = _acts(event) or (unanswered(desk.run) and heard(event.text, (), ()) is Heard.ACK)
    changed = before is None or before.event.text != event.text
    return replies.approvals.edits_do_not_act() if acts and changed else None


def _acts(event: Event) -> bool:
    return not isinstance(commands.parse(event.text, in_run=True, addressed=event.addressed), commands.Talk)


def used(desk: Desk, event: Event, people: People) -> None:
    """The message whose button was pressed says by whom, and has none any more."""
    if event.kind == "choice" and event.about:
        person = people.who(event.actor)
        desk.close_buttons(
            event.place, event.about, replies.approvals.pressed(person.handle if person else event.actor.id, event.text)
        )
