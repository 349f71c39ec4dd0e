"""What is not urgent and calls nobody is told of once each business day, in the channels it is told in."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.replies import daily
from bot.engine.threads import threads
from sops.kit.calendar import BusinessCalendar
from sops.kit.conversation import Place
from sops.kit.policy import Policy
from sops.kit.ports import Clock
from sops.kit.response import listed_daily
from sops.kit.run import Run
from sops.kit.stores import Outgoing, Store, Transaction

DIGEST = "digest"  # what the day of the last one is kept under


class Digests:
    """A list of the open P3 incidents for each channel, at the hour that the settings name; none where there are none.

    After downtime that went over that hour, of one day or of several, there is one, for the day it is by then.
    """

    def __init__(self, store: Store, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._days = BusinessCalendar(policy.country, policy.region, policy.zone)
        self._hour = policy.digest_hour
        self._next: datetime | None = None

    async def tell(self) -> bool:
        """Tell if its hour came since the last time; False if it did not, or there is nothing to tell."""
        now = self._clock.now()
        if self._next is not None and now < self._next:
            return False
        told = await self._store.transact(lambda tx: self._tell(tx, now))
        self._next = self._days.next_hour(now, self._hour)
        return told

    def due(self) -> datetime | None:
        """When there may be something to do, as far as is known."""
        return self._next

    def _tell(self, tx: Transaction, now: datetime) -> bool:
        tx.claims.alone(DIGEST)  # so that of two processes one tells, and each channel once
        today = self._days.local(now).date()
        at, day = self._days.hour_of(today, self._hour), today.isoformat()
        if now < at or not self._days.is_business_day(today) or (tx.cursors.get(DIGEST) or "") >= day:
            return False
        tx.cursors.put(DIGEST, day)
        listed: dict[tuple[str, str], list[Run]] = {}
        for run in tx.runs.open():
            if listed_daily(run) and run.created_at < at:
                for channel in dict.fromkeys((each.place.platform, each.place.channel) for each in threads(run)):
                    listed.setdefault(channel, []).append(run)
        for channel, runs in listed.items():
            self._put(tx, channel, day, runs, now)
        return bool(listed)

    def _put(self, tx: Transaction, channel: tuple[str, str], day: str, runs: Sequence[Run], now: datetime) -> None:
        """What is under embargo is listed in its own channel alone, and only while that is private."""
        place = Place(platform=channel[0], channel=channel[1])
        said, private = daily.open_incidents(runs, now), any(run.embargoed for run in runs)
        tx.outbox.put(Outgoing("post", f"{DIGEST}/{day}/{':'.join(channel)}", place, said, private=private), now)
