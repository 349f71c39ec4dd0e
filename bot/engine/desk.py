"""One transaction on one run: what it was, what it becomes, and all that is said and written with it.

Everything here is synchronous, so nothing in it can wait for the outside. `finish` stores the run, keeps the
deadline rows in step with its clocks, and queues an edit of the summary if that now reads differently.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.chat import replies
from bot.engine.caught import caught
from bot.engine.copies import begun_and_ended, copies
from bot.engine.offers import OFFERS, offered, taken_back, without
from bot.engine.threads import original, request_message, root_of
from sops.kit import paging, timing
from sops.kit.approvals import RequestState
from sops.kit.conversation import Place
from sops.kit.errors import SopwithError
from sops.kit.message import Card
from sops.kit.people import People
from sops.kit.ports import Clock
from sops.kit.retold import told_of
from sops.kit.run import Child, Mirror, Run, RunState
from sops.kit.stores import Deadline, Outgoing, Store, Transaction

T = TypeVar("T")
SET_ASIDE = timedelta(minutes=10)


def claim_of(run_id: str) -> str:
    """The claim under which one worker at a time advances a run."""
    return f"run:{run_id}"


def renewal(run_id: str, fence: int, seconds: float) -> Callable[[Transaction], bool]:
    """That claim is kept by whoever has it still."""
    return lambda tx: tx.claims.renew(claim_of(run_id), fence, seconds)


def _moved(before: Run, now: Run) -> bool:
    """What other runs may wait for: that it begins or ends, that a yes of it was used, that it paid what it owed."""
    begun = before.state is RunState.PLANNED and now.state is not RunState.PLANNED
    used, uses = (sum(each.state is RequestState.CONSUMED for each in run.requests) for run in (before, now))
    owed, owes = ({debt.id for debt in run.obligations if debt.open} for run in (before, now))
    return begun or before.state.over is not now.state.over or used != uses or bool(owed - owes)


class Desk:
    """Change `run` by assigning it; say and note things; the transaction makes it all true together."""

    def __init__(
        self,
        tx: Transaction,
        run: Run,
        now: datetime,
        people: People,
        *,
        new: bool = False,
        heard_at: datetime | None = None,
        heard_in: Place | None = None,
    ) -> None:
        self.tx = tx
        self.before = run
        self.run = run
        self.now = now
        self.people = people
        self.heard_at = heard_at or now  # when the command being handled was sent
        self.heard_in = heard_in  # and where
        self._new = new
        self._said = 0
        self._heard: dict[str, tuple[str, str]] = {}  # what those who read that channel know already
        self._messages: list[Outgoing] = []

    def note(self, kind: str, actor: str = "sopwith", **payload: Any) -> None:
        """Add to the run's ledger."""
        self.tx.ledger.append(self.run.id, at=self.now, kind=kind, actor=actor, payload=payload)

    def say(self, card: Card, *, key: str | None = None) -> str:
        """Post in the run's thread; `key` names the message where only one of its kind may exist."""
        logical = f"{self.run.id}/{key or self._next_key()}"
        self._put(Outgoing("post", logical, self.run.place, card, self.run.id, root=root_of(self.run.id)))
        if not (key or "").startswith("request/"):  # a request is rewritten as it is answered
            self.run = offered(self.run, logical, card)
        return logical

    def say_elsewhere(self, card: Card, place: Place) -> None:
        """Post, before anything else of this desk, in every thread of the run but the one in that channel."""
        logical = f"{self.run.id}/{self._next_key()}"
        said = Outgoing("post", logical, self.run.place, card, self.run.id, root=root_of(self.run.id))
        self._heard[logical] = (place.platform, place.channel)
        self._messages.insert(0, replace(said, private=self.run.embargoed))

    def mirror(self, place: Place, name: str, home: str) -> None:
        """From now on the run is told there as well; what can still be answered is said there at once."""
        number = 1 + max((mirror.number for mirror in self.run.mirrors), default=0)
        mirror = Mirror(place=place, number=number, name=name, home=home)
        self.run = self.run.but(mirrors=(*self.run.mirrors, mirror))

    def unmirror(self, mirror: Mirror) -> None:
        """From now on the run is not told there."""
        over = mirror.model_copy(update={"over": True})
        self.run = self.run.but(mirrors=tuple(over if each == mirror else each for each in self.run.mirrors))

    def tell(self, card: Card, *, key: str | None = None) -> None:
        """Post in the run's channel, beside its thread."""
        logical = f"{self.run.id}/channel/{key or self._next_key()}"
        self._put(Outgoing("post", logical, self.run.place, card, self.run.id))

    def look_at(self, at: datetime) -> None:
        """Have the engine look at the run again at that instant, instead of at any other it had noted."""
        self.tx.deadlines.look(self.run.id, at)

    def keep_reminding(self) -> None:
        """No running clock is without a next mark, as an older build leaves one whose marks are all spent."""
        going = {name for name, state in self.before.clocks.items() if state.running and not self.before.state.over}
        silent = going - {each.clock for each in self.tx.deadlines.pending(self.run.id)} if going else ()
        for name in silent:
            if (later := timing.following(self.before, name, self.now)) is not None:
                generation = self.before.clocks[name].generation
                self.tx.deadlines.put(Deadline(self.run.id, name, generation, later[0], later[1], {}))

    def finish(self) -> None:
        """Store what changed."""
        self._take_back_offers()
        if self._new:
            self.tx.runs.add(self.run)
            self._post_root()
        elif self.run != self.before or self._messages:
            # Also when only something was said: the revision is what keeps its logical id from being used again.
            self.tx.runs.save(self.run)
            self._edit_root()
            self._close_requests()
        self._record()
        for message in self._everywhere():
            if not self.tx.outbox.put(message, self.now):
                raise SopwithError(f"a message {message.logical_id} was queued before; this one would be lost")
        self._keep_deadlines()
        self._tell_parent()
        if not self._new and _moved(self.before, self.run):
            self.tx.runs.wake_open(but=self.run.id)

    def _record(self) -> None:
        """The record tells how the run stands now, after what says why."""
        if self._new or self.run != self.before:
            before = None if self._new else told_of(self.before)
            self.tx.ledger.become(self.run.id, at=self.now, before=before, now=told_of(self.run))

    def _everywhere(self) -> Iterator[Outgoing]:
        """What is said, in each thread."""
        if not self._new:
            yield from begun_and_ended(self.before, self.run, self.tx.outbox, self.now)
        for message in map(self._called_by, self._messages):
            heard = self._heard.get(message.logical_id)
            for copy in copies(self.run, message, self.tx.outbox):
                if (copy.place.platform, copy.place.channel) != heard:
                    yield copy

    def _called_by(self, message: Outgoing) -> Outgoing:
        """A post by which people are called that now says so: it goes first, whoever filled the channel."""
        return replace(message, calls=message.kind == "post" and paging.calls(self.run, message.card, self.now))

    def _take_back_offers(self) -> None:
        self.run, gone = taken_back(self.run)
        for logical in gone:
            self._take_buttons(logical)

    def _take_buttons(self, logical: str) -> None:
        said = {message.logical_id: message.card for message in self._messages}
        card = said.get(logical) or self.tx.outbox.card(logical)
        if card is not None:
            self._put(Outgoing("edit", logical, self.run.place, card.used(""), self.run.id))

    def _tell_parent(self) -> None:
        """The parent shows this run in one line, and looks again when that line changes."""
        run = self.run
        if not run.parent:
            return
        child = Child(
            id=run.id, name=run.name, sop=run.sop, title=run.title, state=run.state, now=replies.phrases.child_now(run)
        )
        parent = self.tx.runs.known(run.parent)
        if parent is None or child in parent.children:
            return
        desk = Desk(self.tx, parent, self.now, self.people)
        desk.run = parent.with_child(child)
        desk.finish()
        if not parent.state.over:
            self.tx.runs.wake(parent.id)

    def _post_root(self) -> None:
        card = replies.summary.summary(self.run, self.now)
        root = Outgoing("post", root_of(self.run.id), self.run.place, card, self.run.id)
        self._messages.insert(0, replace(root, private=self.run.embargoed))

    def _edit_root(self) -> None:
        card = replies.summary.summary(self.run, self.now)
        if card != replies.summary.summary(self.before, self.now):
            self._put(Outgoing("edit", root_of(self.run.id), self.run.place, card, self.run.id))

    def _close_requests(self) -> None:
        """A request that was answered or ended says so, and has its buttons while it can be answered."""
        before = {request.seq: replies.approvals.request_closed(request) for request in self.before.requests}
        for request in self.run.requests:
            closed = replies.approvals.request_closed(request)
            if closed == before.get(request.seq, ""):
                continue
            logical = request_message(self.run.id, request.seq)
            card = self.tx.outbox.card(logical)
            if card is not None:
                card = card.used(closed) if closed else card
                self._put(Outgoing("edit", logical, self.run.place, card, self.run.id))

    def offer_again(self, logical_id: str, card: Card, *, instead_of: str) -> None:
        """That message offers what older ones of the same kind did, whose logical ids begin so; they do no more."""
        for older in [each for each in self.run.facts.get(OFFERS, {}) if each.startswith(instead_of)]:
            self.run = without(self.run, older)
            self._take_buttons(older)
        self.run = offered(self.run, logical_id, card)

    def close_buttons(self, place: Place, ref: str, how: str) -> None:
        """The message with that reference had buttons, and one was pressed: it keeps none anywhere, and says which."""
        sent = self.tx.outbox.sent_as(place.platform, place.channel, ref)
        logical = original(sent.logical_id) if sent else ""
        card = self.tx.outbox.card(logical)
        if card is None or not card.buttons or logical == root_of(self.run.id):
            return  # the root is rewritten as the run goes on
        if any(logical == request_message(self.run.id, request.seq) for request in self.run.requests):
            return  # and so is a request
        self.run = without(self.run, logical)
        self._put(Outgoing("edit", logical, self.run.place, card.used(how), self.run.id))

    def _keep_deadlines(self) -> None:
        before = {} if self._new else self.before.clocks
        for name, state in self.run.clocks.items():
            if state == before.get(name):
                continue
            self.tx.deadlines.cancel(self.run.id, name)
            if state.running:
                for deadline in timing.deadlines(self.run, name, self.now):
                    self.tx.deadlines.put(deadline)
        if self.run.state.over and not self.before.state.over:
            for name in (timing.LOOK, *(name for name in self.run.clocks if not timing.lasting(name))):
                self.tx.deadlines.cancel(self.run.id, name)
            self.tx.ledger.seal(self.now)

    def _put(self, message: Outgoing) -> None:
        self._messages.append(replace(message, private=self.run.embargoed))

    def _next_key(self) -> str:
        self._said += 1
        return f"{0 if self._new else self.run.revision + 1}.{self._said}"


class Desks:
    """Opens desks. The only way the bot changes a run."""

    def __init__(self, store: Store, clock: Clock, people: People) -> None:
        self.store = store
        self.clock = clock
        self.people = people

    async def at(self, run_id: str, work: Callable[[Desk], T], *, fence: int | None = None) -> T:
        """Run `work` on the run in one transaction; ClaimLost if `fence` is no longer the run's."""

        def transaction(tx: Transaction) -> T:
            if fence is not None:
                tx.claims.check(claim_of(run_id), fence)
            desk = Desk(tx, tx.runs.get(run_id), self.clock.now(), self.people)
            result = work(desk)
            desk.finish()
            return result

        return await self.store.transact(transaction)

    async def set_aside(self, run_id: str, problem: str) -> None:
        """After an unexpected failure: tell the thread once, and look again in a while."""

        def later(tx: Transaction) -> None:
            tx.runs.asleep(run_id, since=tx.runs.wakes(run_id))
            tx.deadlines.look(run_id, self.clock.now() + SET_ASIDE)

        def tell(desk: Desk) -> None:
            if desk.run.facts.get("trouble") != problem:
                desk.run = desk.run.with_facts({"trouble": problem})
                desk.note("failure", what=problem)
                desk.say(replies.news.broken(desk.run))

        await self.store.transact(later)
        await caught(self.at(run_id, tell), run=run_id)  # a run that cannot even be read is only logged

    async def run(self, run_id: str) -> Run:
        return await self.store.read(lambda tx: tx.runs.get(run_id))
