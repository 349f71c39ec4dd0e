"""What a chat told, and what it left out and is read from its history: page by page, each channel in its own order.

Where a channel's history has been read to is a row beside the cursor, put in the transaction that holds the page. What
is said in a channel that is behind waits, stored, until its history has come that far; what is said elsewhere does not.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from bot.engine.mail import PASSED_OVER, Intake, admit, destination
from sops.incident import INCIDENT
from sops.kit.conversation import Event, Place
from sops.kit.reading import News, Page
from sops.kit.stores import HELD, InboxItem, Transaction


class History:
    """The door of a chat that tells its events in order, by the name `cursor`, which begins with the chat's."""

    def __init__(self, intake: Intake, cursor: str) -> None:
        self._intake = intake
        self._store = intake.store
        self._cursor = cursor
        self._platform = cursor.partition("/")[0]

    async def read_upto(self) -> str | None:
        """Where to go on reading; None if nothing was read yet."""
        return await self._store.read(lambda tx: tx.cursors.get(self._cursor))

    async def accept(self, news: News) -> None:
        """Journal what was told, how far, and what is missing, in one transaction."""
        events = [self._intake.stamped(event) for event in news.events]
        await self._store.transact(partial(self._accept, replace(news, events=events)), urgent=True)

    async def behind(self) -> Mapping[str, str]:
        """The channels whose history is not read yet, and from where to go on."""
        return await self._store.read(self._behind)

    async def page(self, channel: str, page: Page) -> None:
        """Journal a page of the channel's history and where it ends. With the last one the channel is no more behind,
        and what was said there meanwhile comes after it.
        """
        events = [self._intake.stamped(event) for event in page.events]
        await self._store.transact(partial(self._turn_over, channel, replace(page, events=events)))

    async def pressing(self) -> frozenset[str]:
        """The channels in which incidents are told that are not over."""

        def look(tx: Transaction) -> frozenset[str]:
            open_now = (run for run in tx.runs.open() if run.prefix == INCIDENT.prefix)
            places = (place for run in open_now for place in run.places)
            return frozenset(place.channel for place in places if place.platform == self._platform)

        return await self._store.read(look)

    def _accept(self, news: News, tx: Transaction) -> None:
        behind = set(self._behind(tx))
        for channel, since in news.missing.items():
            if channel not in behind:
                tx.cursors.put(self._mark(channel), since)
        behind.update(news.missing)
        for event in news.events:
            if event.place.channel in behind:
                _keep_waiting(tx, event)
            else:
                admit(tx, event)
        tx.cursors.put(self._cursor, news.upto)
        self._count(tx, news.odd)

    def _turn_over(self, channel: str, page: Page, tx: Transaction) -> None:
        waits = _waiting_in(Place(platform=self._platform, channel=channel))
        for event in page.events:
            told = tx.inbox.accepted(event.dedupe_key)
            if told is None:
                admit(tx, event)
            elif told.conversation == waits:
                _let_in(tx, told)
        if page.upto is not None:
            tx.cursors.put(self._mark(channel), page.upto)
        else:
            for item in tx.inbox.held(waits):
                _let_in(tx, item)
            tx.cursors.drop(self._mark(channel))
        self._count(tx, page.odd)

    def _behind(self, tx: Transaction) -> Mapping[str, str]:
        begin = self._mark("")
        return {name.removeprefix(begin): value for name, value in tx.cursors.under(begin).items()}

    def _mark(self, channel: str) -> str:
        return f"{self._cursor}/behind/{channel}"

    def _count(self, tx: Transaction, odd: int) -> None:
        if odd:
            tx.tallies.add(f"{PASSED_OVER}{self._platform}", odd)


def _waiting_in(place: Place) -> str:
    return f"{HELD}behind:{place.platform}:{place.channel}"


def _keep_waiting(tx: Transaction, event: Event) -> None:
    if destination(tx, event) is not None:
        tx.inbox.accept(event, _waiting_in(event.place))


def _let_in(tx: Transaction, item: InboxItem) -> None:
    """Behind everything that was accepted so far; by now it may be nothing to the bot."""
    where = destination(tx, item.event)
    if where is not None:
        tx.inbox.readmit(item, where)
    else:
        tx.inbox.forget(item.seq)
        tx.inbox.drop(item)
