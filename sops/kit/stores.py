"""The ports to the memory. A transaction is a plain function: it cannot await, so it cannot span remote I/O.

`await store.transact(work)` runs `work(tx)` in one database transaction on the storage's own thread and commits
when it returns; state, ledger, outbox and deadlines change together or not at all. Whatever `work` raises rolls
back and is raised to the caller. Longer than other modules: whoever writes a storage reads it from top to bottom.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from sops.kit.conversation import Actor, Event, Place
from sops.kit.message import Card
from sops.kit.run import Run
from sops.kit.unreadable import Unreadable

T = TypeVar("T")

#: How the name of a conversation begins that waits for something else than its turn.
HELD = "held:"


@dataclass(frozen=True)
class InboxItem:
    """An accepted event. `seq` is the order of arrival; `attempts` counts how often handling it failed.

    `fence` is that of its conversation's claim, if the event was taken to be handled.
    """

    seq: int
    conversation: str
    event: Event
    attempts: int
    fence: int | None = None


@dataclass(frozen=True)
class Outgoing:
    """A message to be delivered. `logical_id` is unique among posts and names the message for later edits.

    `root` names the logical id of the thread's root. Without one it goes to `place` as that stands: to the thread
    `place.thread`, which is a reference of the platform's, or to the channel.
    An `edit` shows `card` in the message `logical_id`; a newer edit replaces an undelivered older one.
    A `whisper` is for `to` alone, has no root and waits for nothing. A `private` message is shown only while its
    channel is private. One that `calls` somebody goes before whatever else waits for its channel, its root with it.
    """

    kind: Literal["post", "edit", "whisper"]
    logical_id: str
    place: Place
    card: Card
    run_id: str | None = None
    root: str | None = None
    to: Actor | None = None
    private: bool = False
    calls: bool = False


@dataclass(frozen=True)
class Delivery:
    """An outbox row that may be delivered now: its thread's root is known and nothing older of its rank before it.

    `ref` is the platform's reference of the message to edit; `thread` of the thread to post in. An `uncertain` one was
    sent before and may be there already. `queue` is what it waits in line with, `fence` that of the queue's claim, if
    it was taken to be delivered.
    """

    row: int
    queue: str
    message: Outgoing
    thread: str | None
    ref: str | None
    attempts: int
    uncertain: bool
    queued_at: datetime
    fence: int | None = None


@dataclass(frozen=True)
class Sent:
    """A message that has a platform reference."""

    logical_id: str
    run_id: str | None
    place: Place
    ref: str
    delivered_at: datetime


@dataclass(frozen=True)
class Deadline:
    """An instant a clock of a run gives. Unique by (run, clock, generation, threshold); fires once."""

    run_id: str
    clock: str
    generation: int
    threshold: int
    due_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class LedgerEntry:
    """One link of a run's chain. `hash` covers every field before it, the payload through `payload_hash`."""

    run_id: str
    seq: int  # 1 is the first entry of the run
    at: datetime
    kind: str
    actor: str
    payload: Mapping[str, Any]
    payload_hash: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Fault:
    """What an audit found wrong, named by run and entry."""

    run: str
    seq: int | None
    what: str


@dataclass(frozen=True)
class Seal:
    """A link of the global chain; `heads` is the exact text of a list of [run id, seq, hash]."""

    number: int  # 1 is the first
    at: str
    heads: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Audit:
    """What a look at the whole record found. `signed` is the newest signature of each seal that has one.

    `before` names runs of builds that recorded no states, `unread` those this build cannot read: what is stored of
    them was not held against the record. `open_entries` stand under no seal yet.
    """

    faults: Sequence[Fault]
    runs: int
    entries: int
    open_entries: int
    seals: Sequence[Seal]
    signed: Mapping[int, str]
    before: Sequence[str] = ()
    unread: Sequence[str] = ()


class Runs(Protocol):
    def next_name(self, prefix: str) -> str:
        """REL-1, REL-2, … never handed out twice, also when the transaction that asked is the only user."""
        ...

    def add(self, run: Run) -> None: ...
    def get(self, run_id: str) -> Run:
        """The run, its row locked until the transaction ends. Raises KeyError, also where it cannot be read."""
        ...

    def find(self, run_id: str) -> Run | Unreadable:
        """The same, or what is known of one that cannot be read. Raises KeyError where there is none."""
        ...

    def known(self, run_id: str) -> Run | None:
        """The same; None where there is none that can be read."""
        ...

    def by_name(self, name: str) -> Run | Unreadable | None: ...
    def unreadable(
        self, *, sop: str = "", owing: bool = False, version: str = "", going: bool = False
    ) -> Sequence[Unreadable]:
        """Every run that cannot be read, oldest first; the lists below leave them out.

        With `version` only those about it (see `Run.about`), with `sop` only the open ones of that procedure, with
        `owing` only those the database says owe something, with `going` only those that are not over.
        """
        ...

    def save(self, run: Run) -> None:
        """Store `run`, whose `revision` must be the stored one, and raise that by one; else StaleRun."""
        ...

    def open(self) -> Sequence[Run]:
        """Every run that is not over, oldest first."""
        ...

    def embargoed(self) -> Sequence[Run]:
        """Those of which nobody outside their channels may learn; whatever else is open is not read for it."""
        ...

    def all(self) -> Sequence[Run]: ...
    def of_version(self, version: str) -> Sequence[Run]:
        """Every run about that version (see `Run.about`), open or over, oldest first."""
        ...

    def owing(self) -> Sequence[Run]:
        """Every run with an open obligation, also those that are over, oldest first."""
        ...

    def wake(self, run_id: str) -> None:
        """Ask the engine to look at this run."""
        ...

    def wake_open(self, *, but: str = "") -> None:
        """Ask the engine to look at every run that is not over, except the one of that id."""
        ...

    def awake(self) -> Sequence[str]:
        """Ids of runs somebody asked to look at, oldest request first."""
        ...

    def asleep(self, run_id: str, *, since: int) -> None:
        """The engine has looked; forget the request unless the run was woken after `since` (see `wakes`)."""
        ...

    def wakes(self, run_id: str) -> int:
        """How often the run was woken so far."""
        ...


class Claims(Protocol):
    """Leases by the database's clock; the fence rises with every take, so that a late holder is found out."""

    def take(self, key: str, owner: str, seconds: float) -> int | None:
        """The new fence, or None while somebody else's lease runs."""
        ...

    def check(self, key: str, fence: int) -> None:
        """Raises ClaimLost unless `fence` is still the highest of `key`."""
        ...

    def renew(self, key: str, fence: int, seconds: float) -> bool:
        """The lease runs for so long from now; False if somebody took the claim since, or it was released."""
        ...

    def release(self, key: str, fence: int) -> None: ...
    def alone(self, key: str) -> None:
        """Wait until no other transaction is alone with that key; from then on this one is, until it ends.

        For what is looked up first and then written, where no row could be locked.
        """
        ...

    def forget_all(self) -> None:
        """Drop every lease; right only at the start of the one process of a SQLite database."""
        ...


class Inbox(Protocol):
    def accept(self, event: Event, conversation: str) -> bool:
        """Store the event; False if its dedupe key is known, and then nothing changed."""
        ...

    def waiting(self) -> Sequence[str]:
        """Conversations with unhandled events that are not held, the longest waiting first."""
        ...

    def held(self, conversation: str) -> Sequence[InboxItem]:
        """Every unhandled event of a held conversation, in order."""
        ...

    def refile(self, item: InboxItem, conversation: str) -> None:
        """The held event belongs to that conversation after all; nothing changes if it is not held there any more."""
        ...

    def readmit(self, item: InboxItem, conversation: str) -> None:
        """The held event belongs to that conversation, and comes after everything that was accepted so far."""
        ...

    def drop(self, item: InboxItem) -> None:
        """The held event concerns nobody; nothing changes if it is not held there any more."""
        ...

    def oldest(self, conversation: str) -> InboxItem | None:
        """Its oldest unhandled event, to be looked at."""
        ...

    def unreadable(self) -> Sequence[int]:
        """The numbers of parked events that cannot be read."""
        ...

    def take(self, conversation: str, owner: str, seconds: float) -> InboxItem | None:
        """Its oldest unhandled event, to be handled; None if there is none, or while another's lease on it runs.

        Events before it that cannot be read are parked.

        Whoever took it handles it in transactions that end with `done` or `failed`, and with them the lease.
        """
        ...

    def renew(self, item: InboxItem, seconds: float) -> bool:
        """Whoever took the event is still at work on it; see `Claims.renew`."""
        ...

    def check(self, item: InboxItem) -> None:
        """Raises ClaimLost unless the event still waits (AlreadyHandled) and nobody took its conversation since."""
        ...

    def done(self, item: InboxItem) -> None:
        """It is handled, by what the transaction holds; raises as `check` does, so that this is undone with it."""
        ...

    def failed(self, item: InboxItem, error: str) -> int:
        """Note a failure; returns the attempts so far. Raises as `check` does."""
        ...

    def park(self, item: InboxItem) -> None:
        """Set the event aside so that it blocks nobody; it stays visible. Raises as `check` does."""
        ...

    def parked(self) -> Sequence[InboxItem]: ...
    def accepted(self, dedupe_key: str) -> InboxItem | None:
        """The event with that key, handled or not."""
        ...

    def forget(self, seq: int) -> None:
        """Keep of the event that it came, and from whom, but not a word of it."""
        ...


class Outbox(Protocol):
    def put(self, message: Outgoing, at: datetime) -> bool:
        """Queue a message; False if a post of that logical id exists already, and then nothing changed."""
        ...

    def deliverable(self, now: datetime) -> Sequence[Delivery]:
        """At most one message per thread, the oldest undelivered one whose time has come; calls before all others."""
        ...

    def take(self, row: int, owner: str, seconds: float, now: datetime, *, sending: bool = False) -> Delivery | None:
        """That message as it is now, to be delivered; None if it may not be, or while another has a lease on its queue.

        With `sending` it is uncertain from then on. Whoever took it notes with `delivered`, `retry` or `dead` how it
        went, and ends the lease with that. All three raise ClaimLost if somebody took the queue since.
        """
        ...

    def renew(self, delivery: Delivery, seconds: float) -> bool:
        """Whoever took the message is still delivering it; see `Claims.renew`."""
        ...

    def delivered(self, delivery: Delivery, ref: str, at: datetime) -> None: ...
    def retry(self, delivery: Delivery, not_before: datetime, error: str, *, uncertain: bool = False) -> None:
        """It did not arrive, or nobody knows; try again then."""
        ...

    def withdraw(self, logical_id: str) -> bool:
        """Drop a post that did not arrive yet, and its edits, for one that says the same.

        False, and nothing changed, if it may have arrived: also while somebody has taken it to be delivered.
        """
        ...

    def dead(self, delivery: Delivery, error: str) -> None:
        """Give up on this message; the thread goes on, the row stays listed."""
        ...

    def next_due(self, after: datetime, platform: str | None = None) -> datetime | None:
        """When, after that instant, the next message held back by `retry` may be tried again; of that chat, or of any.

        What may be tried already waits for something else: its channel's pace, or a chat that is not configured.
        """
        ...

    def bury(self) -> int:
        """Give up what waits and cannot be read, for whatever waits behind it; returns how many that were."""
        ...

    def posted(self, logical_id: str) -> Outgoing | None:
        """The post of that id, as it was put; None also where it cannot be read."""
        ...

    def card(self, logical_id: str) -> Card | None:
        """What the post of that id said when it was put."""
        ...

    def unsure(self, platform: str, channel: str) -> bool:
        """A post into that channel was sent and may have arrived; nobody knows its reference yet.

        Nobody notes how one of that channel went before this transaction ends.
        """
        ...

    def sent(self, logical_id: str) -> Sent | None: ...
    def sent_as(self, platform: str, channel: str, ref: str) -> Sent | None:
        """The message with this platform reference: how a thread is traced to its run."""
        ...

    def dead_letters(self) -> Sequence[tuple[Outgoing, str]]: ...


class Cursors(Protocol):
    """How far the bot has read where a far end tells its events in order, by the name of that reading."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None:
        """Put beside the events up to there, in their transaction, so that none is skipped and none read twice."""
        ...

    def under(self, beginning: str) -> Mapping[str, str]:
        """Every reading whose name begins so, in the order of names."""
        ...

    def drop(self, name: str) -> None:
        """That reading is over."""
        ...


class Tallies(Protocol):
    """How often something happened that is not kept one by one."""

    def add(self, name: str, count: int) -> None: ...
    def under(self, beginning: str) -> Mapping[str, int]:
        """Every tally whose name begins so."""
        ...


class Deadlines(Protocol):
    def put(self, deadline: Deadline) -> bool:
        """Store it; False if one with its key exists already, fired or not, and then nothing changed."""
        ...

    def look(self, run_id: str, at: datetime) -> None:
        """Note that the run is to be looked at then, in place of any other such note; not a promise, so it may move."""
        ...

    def cancel(self, run_id: str, clock: str | None = None) -> None:
        """Drop pending deadlines of the run (of that clock)."""
        ...

    def postpone(self, run_id: str, clock: str, *, until: datetime, below: int) -> None:
        """Pending deadlines of the clock with threshold < `below` and due before `until` become due then."""
        ...

    def take_due(self, now: datetime, limit: int, *, lasting: bool | None = None) -> Sequence[Deadline]:
        """Mark due deadlines as fired and return them, earliest first; nobody else gets the same ones.

        Only those of clocks that outlive their run (see `timing.lasting`), or only others, where `lasting` says so.
        """
        ...

    def again(self, deadline: Deadline, at: datetime) -> None:
        """One that was taken is pending again, and due then."""
        ...

    def pass_over(self, deadline: Deadline) -> bool:
        """Mark it as fired; False if it is not pending any more, and then nothing changed."""
        ...

    def next_due(self, *, lasting: bool | None = None) -> datetime | None: ...
    def pending(self, run_id: str) -> Sequence[Deadline]: ...


class Ledger(Protocol):
    def append(self, run_id: str, *, at: datetime, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        """Add the next entry to the run's chain."""
        ...

    def become(self, run_id: str, *, at: datetime, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
        """Add what changed in what is told of the run (see `sops.kit.retold`), with what says why; `before`: it is new.

        Where the run was found other than the record told, the entry says so.
        """
        ...

    def entries(self, run_id: str) -> Sequence[LedgerEntry]: ...
    def seal(self, at: datetime) -> str:
        """Link the heads of all runs that grew into the global chain; returns the chain's head."""
        ...

    def unsealed(self) -> bool:
        """An entry stands under no seal yet."""
        ...

    def last_seal(self) -> Seal | None: ...
    def sealed(self, after: int) -> Sequence[tuple[Seal, str]]:
        """The seals after that number, some of them, in order, each with its signature; empty where it has none."""
        ...

    def sign(self, number: int, signature: str) -> None:
        """Keep the signature of that seal, if it has none yet."""
        ...

    def seal_of(self, digest: str) -> Seal | None:
        """The seal with that hash."""
        ...

    def verify(self) -> Sequence[Fault]:
        """Every changed, removed or inserted entry, and what is stored otherwise than it was told."""
        ...

    def audit(self) -> Audit:
        """The same, with what was looked at; belongs in `read`, where nothing moves while it looks."""
        ...


class Transaction(Protocol):
    @property
    def runs(self) -> Runs: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def tallies(self) -> Tallies: ...
    @property
    def deadlines(self) -> Deadlines: ...
    @property
    def ledger(self) -> Ledger: ...


class Store(Protocol):
    """Both raise StoreTrouble, beside what `work` raises, where the database cannot be used for now."""

    async def transact(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        """Where writers wait for one another an `urgent` one goes first: somebody outside waits for its commit."""
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Like `transact`, for work that only reads; it never blocks a writer."""
        ...

    async def close(self) -> None: ...
