"""What a run says, in each of its threads: the copies of a message, and how a mirror begins and ends.

Looked up in the outbox as it goes, since an edit may be of what was put just before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat import replies
from bot.chat.replies import mirrors
from bot.engine.offers import OFFERS
from bot.engine.threads import Thread, request_message, root_of, threads
from sops.kit.message import Card
from sops.kit.run import Run
from sops.kit.stores import Outbox, Outgoing


def copies(run: Run, message: Outgoing, outbox: Outbox) -> Iterator[Outgoing]:
    """The message in each thread of the run; an edit only where what it edits was said."""
    for thread in threads(run):
        copy = thread.copied(message)
        if not thread.number or message.kind != "edit" or outbox.card(copy.logical_id) is not None:
            yield copy


def begun_and_ended(before: Run, run: Run, outbox: Outbox, now: datetime) -> Iterator[Outgoing]:
    """What the threads are told that are new, and those that are none any more."""
    was, now_told = threads(before), threads(run)
    for thread in now_told:
        if thread.number and thread not in was:
            yield from _begun(run, thread, outbox, now)
    for thread in was:
        if thread.number and thread not in now_told:
            yield from _ended(run, thread, outbox)


def _begun(run: Run, thread: Thread, outbox: Outbox, now: datetime) -> Iterator[Outgoing]:
    """The summary, and everything that can still be answered."""
    summary = Outgoing("post", root_of(run.id), run.place, replies.summary.summary(run, now), run.id)
    yield thread.copied(replace(summary, private=run.embargoed))
    for logical_id in _answerable(run):
        card = _as_it_stands(run, logical_id, outbox)
        if card is not None:
            said = Outgoing("post", logical_id, run.place, card, run.id, root=root_of(run.id))
            yield thread.copied(replace(said, private=run.embargoed))


def _ended(run: Run, thread: Thread, outbox: Outbox) -> Iterator[Outgoing]:
    """The summary says where it goes on, and nothing can be pressed any more."""
    summary = Outgoing("edit", root_of(run.id), run.place, mirrors.gone_from(run), run.id)
    yield thread.copied(replace(summary, private=run.embargoed))
    for logical_id in _answerable(run):
        card = outbox.card(thread.named(logical_id))
        if card is not None:
            edit = Outgoing("edit", logical_id, run.place, card.used(mirrors.NOT_HERE_ANY_MORE), run.id)
            yield thread.copied(replace(edit, private=run.embargoed))


def _as_it_stands(run: Run, logical_id: str, outbox: Outbox) -> Card | None:
    """As it reads by now: a request that was granted has no buttons."""
    card = outbox.card(logical_id)
    asked = next((each for each in run.requests if request_message(run.id, each.seq) == logical_id), None)
    closed = replies.approvals.request_closed(asked) if asked else ""
    return card.used(closed) if card and closed else card


def _answerable(run: Run) -> Sequence[str]:
    asked = (request_message(run.id, request.seq) for request in run.requests if request.live)
    return (*run.facts.get(OFFERS, {}), *asked)
