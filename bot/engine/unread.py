"""A run that cannot be read stops nobody: what comes for it is put off, and its thread is told once.

Its clocks call nobody either. So where it may be a response that nobody took, everybody who answers for it is called
again and again, by a clock of its own, until somebody there says that they know, and once more if it still cannot be
read hours after that. What the database says of it besides
its body is all there is to go by: its procedure, its state, which of its clocks wait, and its thread.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.chat.replies import news
from bot.chat.replies import unread as words
from bot.engine.threads import root_of
from sops.kit import timing
from sops.kit.conversation import Place
from sops.kit.message import Card
from sops.kit.model import Role
from sops.kit.people import People
from sops.kit.stores import Deadline, Outgoing, Transaction
from sops.kit.unreadable import Unreadable

ASKED_AGAIN = timedelta(minutes=10)
KNOWN_FOR = timedelta(hours=4)  # so long nobody else is called once somebody knows
KNOWN = "known"  # in the payload of the call that comes after that
CLOCK = "unreadable"  # calls for such a run; its generation is the revision that cannot be read
#: Pending while nobody took it.
_WAITING = frozenset({timing.ACKNOWLEDGE, timing.REPORT})
#: Pending only once somebody had.
_TAKEN = frozenset({timing.UPDATE, timing.POST_MORTEM})


def put_off(tx: Transaction, run: Unreadable, now: datetime) -> None:
    """Look away until somebody wakes it again; those in its thread are told so, once."""
    tx.runs.asleep(run.id, since=tx.runs.wakes(run.id))
    if run.over:
        return
    _say(tx, run, news.unreadable(run), "", now)
    tx.deadlines.put(Deadline(run.id, CLOCK, run.revision, 0, now, {"since": now.isoformat()}))


def _say(tx: Transaction, run: Unreadable, said: Card, key: str, now: datetime, *, calls: bool = False) -> None:
    """In its thread, once."""
    root = tx.outbox.posted(root_of(run.id))
    if root is None:
        return
    logical = f"{run.id}/unreadable/{run.revision}{key}"
    said_there = Outgoing("post", logical, root.place, said, run.id, root=root_of(run.id), private=root.private)
    tx.outbox.put(replace(said_there, calls=calls), now)


@dataclass(frozen=True)
class Calls:
    """`answering`: who answers for a procedure whose runs call people until somebody has them; of these, runs of
    `incidents` do so from their beginning. `operators`: where those read who can mend it. `then` is how often people
    are called, until when, as on the last rung of a ladder.
    """

    people: People
    answering: Mapping[str, Sequence[Role]]
    incidents: Collection[str]
    then: Sequence[tuple[timedelta, timedelta]]
    operators: Sequence[Place]

    def call(self, tx: Transaction, run: Unreadable, deadline: Deadline, now: datetime) -> None:
        """Call everybody who answers for it, and note when again; nobody if there is no need, or no more."""
        roles, number = self.answering.get(run.sop, ()), deadline.threshold
        over = run.over or deadline.generation != run.revision
        if deadline.payload.get(KNOWN):
            tx.cursors.put(_known_by(run), "")
        if over or not roles or not _alarming(tx, run, run.sop in self.incidents):
            return
        since = datetime.fromisoformat(deadline.payload["since"])
        whom = [person.handle for person in self.people.holding(*roles)]
        _say(tx, run, words.call(run, whom, since), f"/{number}", now, calls=True)
        for place in self.operators if number == 0 else ():
            key = f"{run.id}/unreadable/{run.revision}/operators/{place.platform}"
            tx.outbox.put(Outgoing("post", key, place, words.to_operators(run, secret=is_private(tx, run))), now)
        every = next(every for until, every in self.then if now - since < until)
        payload = {"since": deadline.payload["since"]}
        tx.deadlines.put(Deadline(run.id, CLOCK, run.revision, number + 1, now + every, payload))


def _alarming(tx: Transaction, run: Unreadable, incident: bool) -> bool:
    """Nobody said that they know of it, and nothing says that somebody has it."""
    if tx.cursors.get(_known_by(run)):
        return False
    waits = {each.clock for each in tx.deadlines.pending(run.id)}
    return bool(waits & _WAITING) or (incident and not waits & _TAKEN)


def calling(tx: Transaction, run: Unreadable) -> bool:
    """People are being called for it."""
    return not tx.cursors.get(_known_by(run)) and bool(_to_come(tx, run))


def _to_come(tx: Transaction, run: Unreadable) -> list[Deadline]:
    return [each for each in tx.deadlines.pending(run.id) if each.clock == CLOCK and each.generation == run.revision]


def known(tx: Transaction, run: Unreadable, who: str, record: str, now: datetime) -> None:
    """Somebody knows of it: nobody is called for hours while it stays as it is. `record`: how the ledger names them."""
    tx.cursors.put(_known_by(run), who)
    following = max(_to_come(tx, run), key=lambda each: each.threshold)
    number, payload = following.threshold + 1, {"since": following.payload["since"], KNOWN: who}
    tx.deadlines.cancel(run.id, CLOCK)
    tx.deadlines.put(Deadline(run.id, CLOCK, run.revision, number, now + KNOWN_FOR, payload))
    tx.ledger.append(run.id, at=now, kind="seen", actor=record, payload={})
    _say(tx, run, words.known(run, who, KNOWN_FOR), f"/known/{number}", now)


def _known_by(run: Unreadable) -> str:
    return f"unreadable/{run.id}/{run.revision}"


def going(tx: Transaction, place: Place) -> list[Unreadable]:
    """Those that are not over, and that somebody at `place` may know of."""
    return [run for run in tx.runs.unreadable(going=True) if not hidden(tx, run, place)]


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
