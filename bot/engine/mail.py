"""The inbox's end of the post: it journals before anybody acknowledges, and answers where somebody spoke."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.chat import around, asked, beside, commands
from bot.chat.words import asks_for_help
from bot.engine import unread
from sops.kit.conversation import Event, Place
from sops.kit.message import Card
from sops.kit.response import commanding, unanswered
from sops.kit.stores import HELD, InboxItem, Outgoing, Store, Transaction
from sops.kit.unreadable import Unreadable

FORGE, _RUN, _BESIDE = "forge", "run:", " beside "
#: How the name of a tally begins that counts, by platform, events nobody could read.
PASSED_OVER = "passed-over/"
#: How long after it was said everything acts; see `bot.chat.late` for what does later.
ACTS_WITHIN = timedelta(minutes=10)


class Intake:
    """Stores events. Once `accept` returns, the event survives anything, and its platform may be told.

    What was said longer than `acts_within` before it is accepted, by the clock `now`, is late.
    """

    def __init__(
        self, store: Store, now: Callable[[], datetime] | None = None, acts_within: timedelta = ACTS_WITHIN
    ) -> None:
        self.store = store
        self._now = now
        self._acts_within = acts_within

    async def accept(self, event: Event) -> bool:
        """Journal the event; False if it is known already, or is talk between people that the bot has no part in."""
        stamped = self.stamped(event)
        return await self.store.transact(lambda tx: admit(tx, stamped), urgent=True)

    def stamped(self, event: Event) -> Event:
        """The event as it is to be journaled now."""
        late = self._now is not None and self._now() - event.at > self._acts_within
        return event.model_copy(update={"late": True}) if late else event

    async def passed_over(self, platform: str) -> None:
        """An event of that platform could not be read; the log says why, and `doctor post` how often."""
        await self.store.transact(lambda tx: tx.tallies.add(f"{PASSED_OVER}{platform}", 1))

    async def known(self, dedupe_key: str) -> Event | None:
        """The event that was journaled under that key."""
        item = await self.store.read(lambda tx: tx.inbox.accepted(dedupe_key))
        return item.event if item else None


def admit(tx: Transaction, event: Event) -> bool:
    """Journal the event where it belongs; False if it is known, or nothing to the bot."""
    where = destination(tx, event)
    return where is not None and tx.inbox.accept(event, where)


def destination(tx: Transaction, event: Event) -> str | None:
    """The conversation an event belongs to, which may be a held one; None for talk that the bot has no part in."""
    conversation, place = conversation_of(tx, event), event.place
    known = conversation.startswith(_RUN)
    if not known and (place.thread or event.about) and tx.outbox.unsure(place.platform, place.channel):
        return held_in(place)
    ours = _concerns_us(event, conversation) or _asks_around(event) or _answers(tx, event)
    return conversation if ours else None


def _concerns_us(event: Event, conversation: str) -> bool:
    """It stands in a run's thread, or is meant for the bot; else it is talk between people."""
    meant = event.addressed or event.text.startswith(("!", "/"))
    return conversation.startswith(_RUN) or event.kind not in _OVERHEARD or meant


def _asks_around(event: Event) -> bool:
    """Somebody says "help" or "status" in a channel, as one does who does not know yet how the bot is spoken to."""
    spoken = event.kind == "message" and event.place.thread is None
    return spoken and (asks_for_help(event.text) or around.overheard(event))


def _answers(tx: Transaction, event: Event) -> bool:
    """It answers a page, or a question of the bot's own."""
    return _answers_a_page(tx, event) or asked.answer(tx, event, event.at) is not None


def _answers_a_page(tx: Transaction, event: Event) -> bool:
    """Somebody answers beside the thread, in a channel where an incident waits for just that, or is named."""
    place = event.place
    if event.kind != "message" or place.thread is not None or not beside.answers(event.text):
        return False
    here = (place.platform, place.channel)
    name, _ = beside.named(event.text)
    waiting = (run for run in tx.runs.open() if (commanding(run) and run.name == name) or unanswered(run))
    return any((told.platform, told.channel) == here for run in waiting for told in run.places)


def release(tx: Transaction, place: Place) -> None:
    """A message's reference was learned, or it was given up: what waited for that may now be known."""
    if tx.outbox.unsure(place.platform, place.channel):
        return
    for item in tx.inbox.held(held_in(place)):
        conversation = conversation_of(tx, item.event)
        if _concerns_us(item.event, conversation):
            tx.inbox.refile(item, conversation)
        else:
            tx.inbox.drop(item)


def held_in(place: Place) -> str:
    """The conversation of events that may be about a message which may have been posted; it is not handled."""
    return f"{HELD}{place.platform}:{place.channel}"


#: Kinds that chats report of everybody in a channel, whether or not the bot was meant; not kept without need.
_OVERHEARD = frozenset({"message", "reaction", "unreaction", "edit", "deletion"})


def conversation_of(tx: Transaction, event: Event) -> str:
    """Events of one conversation are handled in order: a run's thread, else the thread or channel.

    What begins a run looks at the far end first, for as long as that takes, and nothing said after it depends on it:
    it is a conversation of its own beside the one it stands in, so that an `ack` does not wait for it.
    """
    if event.kind == "forge":
        return FORGE
    run_id = run_of(tx, event)
    place = event.place
    here = f"{_RUN}{run_id}" if run_id else f"{place.platform}:{place.channel}:{place.thread or ''}"
    return f"{here}{_BESIDE}{event.dedupe_key}" if _begins(event) else here


def is_beside(conversation: str) -> bool:
    """It is that of one event, which begins a run."""
    return _BESIDE in conversation


def _begins(event: Event) -> bool:
    slash, meant = event.kind == "command", event.addressed or event.kind == "choice"
    if event.kind not in {"message", "command", "choice"}:
        return False
    return isinstance(commands.parse(event.text, in_run=False, addressed=meant, slash=slash), commands.BEGINNINGS)


def run_of(tx: Transaction, event: Event) -> str | None:
    """The run whose thread the event stands in, or one of whose messages it is about."""
    place = event.place
    for ref in (place.thread, event.about):
        root = tx.outbox.sent_as(place.platform, place.channel, ref) if ref else None
        if root is not None:
            return root.run_id
    return None


def put_answer(tx: Transaction, item: InboxItem, card: Card, at: datetime, *, once: str = "") -> None:
    """Queue a whisper to who spoke, where they spoke; `once` names what is not whispered to them there again."""
    event, place = item.event, item.event.place
    if place.thread is None and event.about:  # a reaction says which message it is on, not in which thread
        sent = tx.outbox.sent_as(place.platform, place.channel, event.about)
        place = place.model_copy(update={"thread": sent.place.thread or sent.ref}) if sent else place
    private = _is_private(tx, item)
    here = f"{place.platform}:{place.channel}:{place.thread or ''}"
    key = f"{once}/{here}/{event.actor}" if once else f"event/{item.seq}"
    tx.outbox.put(Outgoing("whisper", key, place, card, to=event.actor, private=private), at)


def _is_private(tx: Transaction, item: InboxItem) -> bool:
    """An answer there may tell of what nobody outside may learn, of the run spoken to or of one told there."""
    if item.conversation.startswith(_RUN):
        run = tx.runs.find(item.conversation.removeprefix(_RUN).partition(_BESIDE)[0])
        if unread.is_private(tx, run) if isinstance(run, Unreadable) else run.embargoed:
            return True
    here = (item.event.place.platform, item.event.place.channel)
    return any((place.platform, place.channel) == here for run in tx.runs.embargoed() for place in run.places)
