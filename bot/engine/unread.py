"""A run that cannot be read stops nobody: what comes for it is put off, and its thread is told once."""

from datetime import datetime, timedelta

from bot.chat.replies import news
from bot.engine.threads import root_of
from sops.kit.conversation import Place
from sops.kit.stores import Deadline, Outgoing, Transaction
from sops.kit.unreadable import Unreadable

ASKED_AGAIN = timedelta(minutes=10)


def put_off(tx: Transaction, run: Unreadable, now: datetime) -> None:
    """Look away until somebody wakes it again; those in its thread are told so, once."""
    tx.runs.asleep(run.id, since=tx.runs.wakes(run.id))
    root = tx.outbox.posted(root_of(run.id))
    if root is None or run.over:
        return
    said = news.unreadable(run)
    logical = f"{run.id}/unreadable"
    tx.outbox.put(Outgoing("post", logical, root.place, said, run.id, root=root_of(run.id), private=root.private), now)


def keep(tx: Transaction, run: Unreadable, deadline: Deadline, now: datetime) -> None:
    """A promise of such a run comes again later, so that the version that can read the run finds it."""
    put_off(tx, run, now)
    if not run.over:
        tx.deadlines.again(deadline, now + ASKED_AGAIN)


def is_private(tx: Transaction, run: Unreadable) -> bool:
    """Its thread is shown only while its channel is private; so is one of which nobody can say."""
    root = tx.outbox.posted(root_of(run.id))
    return root is None or root.private


def hidden(tx: Transaction, run: Unreadable, place: Place) -> bool:
    """Who speaks there may not learn of it."""
    root = tx.outbox.posted(root_of(run.id))
    here = root is not None and (root.place.platform, root.place.channel) == (place.platform, place.channel)
    return is_private(tx, run) and not here
