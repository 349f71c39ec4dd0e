"""The outbox's end of the post: in order within a thread, at the pace a channel bears, retrying what may yet arrive.

Calls go first, so that a page never waits behind what anybody can fill a channel with.
Any number of processes deliver side by side: each message under a claim on its queue, and only by whoever has that
still is it noted how it went.
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.chat import replies
from bot.chat.replies import mirrors, refusals
from bot.engine.caught import caught
from bot.engine.desk import Desk
from bot.engine.keeping import Keeping
from bot.engine.mail import release
from bot.engine.threads import Thread, number_of, original, root_of
from bot.engine.turns import Turns
from sops.kit.conversation import Actor, Place
from sops.kit.errors import ClaimLost, FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.message import Card
from sops.kit.people import People
from sops.kit.ports import Chat, Clock, Pace
from sops.kit.run import Run
from sops.kit.stores import Delivery, Outgoing, Store, Transaction

LEASE = 60.0  # seconds a process may be silent before another takes its message over; see `keeping`
AT_ONCE = 8  # then it is looked again what goes first
LONGEST_WAIT = 60  # seconds between two tries
MOST_ATTEMPTS = 1440  # a day of them
TOLD_AT = 2  # after so many tries it is no passing trouble
MOST_TOLD = 5
ASKED_EVERY = timedelta(minutes=1)  # whether a private channel still is one
_log = structlog.get_logger(__name__)


class Postman:
    """Delivers to every chat, or with `only` to that one. Whatever cannot arrive in a day is given up, and listed."""

    def __init__(
        self, store: Store, clock: Clock, chats: Mapping[str, Chat], people: People, owner: str, keeping: Keeping
    ) -> None:
        self._owner = owner
        self._keeping = keeping
        self._turns = Turns()
        self._store = store
        self._clock = clock
        self._chats = chats
        self._people = people
        self._private: dict[tuple[str, str], datetime] = {}
        self._free_at: dict[tuple[str, str], datetime] = {}
        self._waiting: dict[str | None, set[datetime]] = {}

    @property
    def platforms(self) -> tuple[str, ...]:
        return tuple(self._chats)

    async def deliver(self, only: str | None = None) -> bool:
        """Deliver some of what can be delivered now, calls first; False if there was nothing."""
        now = self._clock.now()
        waiting = await self._store.read(lambda tx: tx.outbox.deliverable(now))
        mine = [each for each in waiting if only is None or each.message.place.platform == only]
        self._waiting[only] = {at for each in mine if (at := self._held_until(each)) is not None}
        went = 0
        for delivery in mine:
            if went == AT_ONCE:
                break
            if self._held_until(delivery) is None:
                async with self._turns.of(delivery.queue):
                    went += await self._take_along(delivery)
        return went > 0

    async def _take_along(self, found: Delivery) -> bool:
        """Deliver what was found, if it is there to be taken; False if it was, or is being, by somebody else."""
        message = found.message
        chat = self._chats.get(message.place.platform)
        sending = chat is not None and chat.traits.overtaken and message.kind == "post"

        def take(tx: Transaction) -> Delivery | None:
            return tx.outbox.take(found.row, self._owner, LEASE, self._clock.now(), sending=sending)

        delivery = await self._store.transact(take)
        if delivery is None:
            return False
        sent = self._keeping.during(self._deliver(delivery), lambda tx: tx.outbox.renew(delivery, LEASE), LEASE)
        problem = await caught(self._unless_lost(sent, delivery), message=message.logical_id)
        if problem is not None:
            await self._unless_lost(self._postpone(delivery, problem, uncertain=True), delivery)
        return True

    async def _unless_lost(self, work: Awaitable[None], delivery: Delivery) -> None:
        """What somebody else took over meanwhile is theirs to note."""
        try:
            await work
        except ClaimLost as lost:
            _log.warning("a message is somebody else's", message=delivery.message.logical_id, reason=str(lost))

    async def next_due(self, looked: datetime, only: str | None = None) -> datetime | None:
        """When the next message may go that was held back as `deliver` looked, for a failure or its channel's pace."""
        retried = await self._store.read(lambda tx: tx.outbox.next_due(looked, only))
        paced = min(self._waiting.get(only, ()), default=None)
        return min((at for at in (retried, paced) if at is not None), default=None)

    def _held_until(self, delivery: Delivery) -> datetime | None:
        """Until when its channel is to be left alone; None if it may be written to."""
        if delivery.message.kind == "whisper":
            return None
        at = self._free_at.get(_channel(delivery))
        return at if at is not None and at > self._clock.now() else None

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            ref = await self._send(delivery)
        except OutcomeUnknown as problem:
            await self._postpone(delivery, str(problem), uncertain=True, wanted=problem.retry_after)
            return
        except FarEndError as problem:
            if problem.retry_after is not None:
                self._leave_alone(delivery, timedelta(seconds=problem.retry_after))
            await self._postpone(delivery, str(problem), wanted=problem.retry_after)
            return
        except FarEndRefused as refusal:
            error = str(refusal)
            _log.error("message cannot be delivered", message=delivery.message.logical_id, reason=error)
            await self._store.transact(lambda tx: self._given_up(tx, delivery, error))
            return
        await self._store.transact(lambda tx: self._delivered(tx, delivery, ref))

    def _delivered(self, tx: Transaction, delivery: Delivery, ref: str) -> None:
        message, now = delivery.message, self._clock.now()
        chat = self._chats[message.place.platform]
        tx.outbox.delivered(delivery, ref, (chat.shown_at(ref) if ref else None) or now)
        release(tx, message.place)
        file = _shaped(chat, delivery)[1]
        if file is not None:
            place = message.place.model_copy(update={"thread": delivery.thread})
            card = Card(lines=(), file=file)
            key, private = f"{message.logical_id}/file", message.private
            tx.outbox.put(Outgoing("post", key, place, card, message.run_id, root=message.root, private=private), now)

    def _given_up(self, tx: Transaction, delivery: Delivery, error: str) -> None:
        tx.outbox.dead(delivery, error)
        release(tx, delivery.message.place)
        self._lose_mirror(tx, delivery.message, error)

    def _lose_mirror(self, tx: Transaction, message: Outgoing, error: str) -> None:
        """A mirror that could not be begun is given up, and the run's other threads are told."""
        if not (message.run_id and message.kind == "post" and number_of(message.logical_id) and _is_root(message)):
            return
        run = tx.runs.known(message.run_id)
        if run is None:
            return
        desk = Desk(tx, run, self._clock.now(), self._people)
        for mirror in desk.run.mirrors:
            if mirror.number == number_of(message.logical_id) and not mirror.over:
                desk.unmirror(mirror)
                desk.note("mirror-lost", channel=mirror.name, why=error)
                desk.say(mirrors.lost(desk.run, mirror, error))
        desk.finish()

    async def _postpone(
        self, delivery: Delivery, error: str, *, uncertain: bool = False, wanted: float | None = None
    ) -> None:
        """Try again later and later, and no sooner than `wanted`; after a day of failures the message is given up.

        What may have arrived once may have arrived, however the later tries fail.
        """
        if delivery.attempts >= MOST_ATTEMPTS:
            await self._store.transact(lambda tx: self._given_up(tx, delivery, error))
            return
        own_root = _is_root(delivery.message) and not number_of(delivery.message.logical_id)
        if delivery.attempts == TOLD_AT and (delivery.message.private or own_root):
            await self._store.transact(lambda tx: self._tell(tx, delivery.message, error))
        pause = max(min(2 ** min(delivery.attempts, 9), LONGEST_WAIT), wanted or 0)
        later, unsure = self._clock.now() + timedelta(seconds=pause), uncertain or delivery.uncertain

        def retry(tx: Transaction) -> None:
            tx.outbox.retry(delivery, later, error, uncertain=unsure)
            if not unsure:
                release(tx, delivery.message.place)

        await self._store.transact(retry)

    def _tell(self, tx: Transaction, message: Outgoing, error: str) -> None:
        """A run cannot be shown where it belongs: those who must know hear of it directly, once."""
        run = tx.runs.known(message.run_id) if message.run_id else None
        if run is None:
            return
        unnamed = run.embargoed and self._chats[message.place.platform].traits.overheard
        for number, actor in enumerate(audience(run, self._people, message.place.platform)):
            card = refusals.hidden_cannot_be_shown(error) if unnamed else refusals.cannot_be_shown(run, error)
            logical_id = Thread(message.place, number_of(message.logical_id)).named(f"{run.id}/unseen/{number}")
            told = Outgoing("whisper", logical_id, message.place, card, run.id, to=actor)
            tx.outbox.put(told, self._clock.now())

    async def _check_private(self, chat: Chat, place: Place) -> None:
        """Raises FarEndError where others can read by now."""
        key, now = (place.platform, place.channel), self._clock.now()
        if self._private.get(key, now) > now:
            return
        if not await chat.is_private(place):
            raise FarEndError("the channel is not private any more")
        self._private[key] = now + ASKED_EVERY

    async def _send(self, delivery: Delivery) -> str:
        message = delivery.message
        chat = self._chats.get(message.place.platform)
        if chat is None:
            raise FarEndRefused(f"no chat named {message.place.platform} is configured")
        place = message.place.model_copy(update={"thread": delivery.thread})
        card, _ = _shaped(chat, delivery)
        if message.private:
            await self._check_private(chat, place)
        if message.kind == "whisper" and message.to is not None:
            await chat.whisper(message.logical_id, place, message.to, card)
            return ""
        self._take_a_slot(delivery, chat.traits.pace)
        if message.kind == "edit":
            await chat.edit(message.logical_id, place, delivery.ref or "", card)
            return delivery.ref or ""
        if not chat.traits.keyed and delivery.uncertain and (found := await self._found(chat, delivery)) is not None:
            return found
        return await chat.post(message.logical_id, place, card)

    async def _found(self, chat: Chat, delivery: Delivery) -> str | None:
        """An uncertain post that arrived after all. While nobody can say, it stays uncertain."""
        place = delivery.message.place.model_copy(update={"thread": delivery.thread})
        try:
            return await chat.find(delivery.message.logical_id, place, delivery.queued_at)
        except FarEndError as problem:
            raise OutcomeUnknown(str(problem), retry_after=problem.retry_after) from problem

    def _take_a_slot(self, delivery: Delivery, pace: Pace | None) -> None:
        """After a burst the channel rests for a moment."""
        if pace is None:
            return
        key, rested = _channel(delivery), self._clock.now() - pace.every * (pace.burst - 1)
        self._free_at[key] = max(self._free_at.get(key, rested), rested) + pace.every

    def _leave_alone(self, delivery: Delivery, span: timedelta) -> None:
        self._free_at[_channel(delivery)] = self._clock.now() + span


def audience(run: Run, people: People, platform: str) -> list[Actor]:
    """The accounts on that chat of whoever began the run and of those who answer for it."""
    roles = run.policy.escalation if run.prefix == replies.phrases.INCIDENT else run.leaders
    known = [person for person in (people.named(run.starter), *people.holding(*roles)) if person is not None]
    ids = [account for person in known for account in person.accounts.get(platform, ())[:1]]
    stranger = [run.starter] if people.named(run.starter) is None else []
    return [Actor(platform=platform, id=each) for each in dict.fromkeys([*stranger, *ids])][:MOST_TOLD]


def _is_root(message: Outgoing) -> bool:
    return message.run_id is not None and original(message.logical_id) == root_of(message.run_id)


def _channel(delivery: Delivery) -> tuple[str, str]:
    return (delivery.message.place.platform, delivery.message.place.channel)


def _shaped(chat: Chat, delivery: Delivery) -> tuple[Card, tuple[str, str] | None]:
    """The card as that chat can show it, and the file that follows in the thread, if one does."""
    card, traits, message = delivery.message.card, chat.traits, delivery.message
    lost = delivery.thread is None and message.root is None and message.kind == "whisper"
    if traits.inline_files or not card.lines or lost:
        return card, None
    follows = message.kind != "edit"  # an edit is as short as its post, whose file stands there already
    if card.file is not None:
        return card.model_copy(update={"file": None}), card.file if follows else None
    text = card.plain()
    if traits.longest and len(text.encode()) > traits.longest:
        return replies.approvals.in_a_file(card), (replies.approvals.LONG_FILE, text) if follows else None
    return card, None
