"""Business days of an organisation: weekends and public holidays of its country and region, in its zone."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from holidays import HolidayBase, country_holidays
from holidays.registry import COUNTRIES

from sops.kit.errors import ConfigurationError

DAY = timedelta(days=1)
#: A promise for a day is due in its last minute: "Wed 6 May 23:59" reads as that Wednesday, "Thu 00:00" does not.
#: Where a clock change repeats that minute, the second one counts.
END_OF_DAY = time(23, 59, fold=1)
#: A calendar works a year out when first asked about it, and says so before it is done: one thread at a time.
_YEARS = threading.Lock()


class BusinessCalendar:
    """`country` and `region` as ISO 3166 writes them ("DE", "BY"); without a country only weekends are off.

    Weekends, holidays moved to a Monday and working Saturdays are the country's own. Raises ConfigurationError
    for an unknown country, region or zone, naming the nearest ones.
    """

    def __init__(self, country: str | None, region: str | None, zone: str) -> None:
        self._zone = zone_named(zone)
        self._holidays = _holidays(country or None, region or None)

    def is_business_day(self, day: date) -> bool:
        with _YEARS:
            return self._holidays.is_working_day(day)

    def local(self, instant: datetime) -> datetime:
        """The same instant in the organisation's zone. `instant` is aware, else ValueError."""
        if instant.tzinfo is None:
            raise ValueError("an instant must be aware")
        return instant.astimezone(self._zone)

    def business_days_after(self, start: datetime, n: int) -> datetime:
        """23:59 local time of the n-th business day after start's local day, in UTC.

        The day of `start` does not count, even at its first minute. `start` is aware and n ≥ 1, else ValueError.
        """
        if n < 1:
            raise ValueError("count at least one business day")
        day = self.local(start).date()
        for _ in range(n):
            day = self._next(day)
        return self.end_of(day)

    def end_of_next_business_day(self, start: datetime) -> datetime:
        """23:59 local time of the first business day after start's local day, in UTC."""
        return self.business_days_after(start, 1)

    def end_of(self, day: date) -> datetime:
        """23:59 local time of that day, in UTC."""
        return datetime.combine(day, END_OF_DAY, self._zone).astimezone(UTC)

    def hour_of(self, day: date, hour: int) -> datetime:
        """That hour of that day there, in UTC."""
        return datetime.combine(day, time(hour), self._zone).astimezone(UTC)

    def next_hour(self, instant: datetime, hour: int) -> datetime:
        """When, after that instant, a business day next has that hour, in UTC."""
        day = self.local(instant).date()
        later = not self.is_business_day(day) or self.hour_of(day, hour) <= instant
        return self.hour_of(self._next(day) if later else day, hour)

    def working(self, instant: datetime, hours: tuple[int, int]) -> datetime:
        """The instant itself if it lies in the `hours` (from, to) of a business day, else when those next begin."""
        here = self.local(instant)
        first, last = hours
        if self.is_business_day(here.date()) and first <= here.hour < last:
            return instant
        later = not self.is_business_day(here.date()) or here.hour >= last
        day = self._next(here.date()) if later else here.date()
        return self.hour_of(day, first)

    def _next(self, day: date) -> date:
        day += DAY
        while not self.is_business_day(day):
            day += DAY
        return day


def zone_named(name: str) -> ZoneInfo:
    """Raises ConfigurationError where there is none of that name, naming the nearest ones."""
    try:
        return ZoneInfo(name)
    # A folder of the zone data ("Europe") is an OSError, a name that is no path a ValueError, the rest a KeyError.
    except (KeyError, ValueError, OSError) as error:
        names = available_timezones()
        known = {zone.rpartition("/")[2]: zone for zone in names} | {zone: zone for zone in names}
        raise ConfigurationError(f"There is no time zone {name!r}.{_nearest(name, known)}") from error


@lru_cache(maxsize=32)
def _holidays(country: str | None, region: str | None) -> HolidayBase:
    """Kept, since making one costs as much as reading a run."""
    if country is None:
        if region is not None:
            raise ConfigurationError(f"The region {region!r} needs a country; set both or neither.")
        return HolidayBase()
    known = {name: codes[1] for codes in COUNTRIES.values() for name in codes}
    if country not in known:
        raise ConfigurationError(f"There is no holiday calendar of country {country!r}.{_nearest(country, known)}")
    try:
        return country_holidays(country, subdiv=region)
    except NotImplementedError as error:
        whole = country_holidays(country)
        regions = {region: region for region in whole.subdivisions}
        regions |= {alias: code for code, aliases in whole.get_subdivision_aliases().items() for alias in aliases}
        raise ConfigurationError(f"{country} has no region {region!r}.{_nearest(str(region), regions)}") from error


def _nearest(wrong: str, known: dict[str, str]) -> str:
    """ " Did you mean …?" with up to three of the names in `known` (spelling → the name to set), or nothing."""
    folded: dict[str, str] = {}
    for spelling, name in known.items():
        folded.setdefault(spelling.casefold(), name)
    close = get_close_matches(wrong.casefold(), folded, n=3)
    names = dict.fromkeys(folded[spelling] for spelling in close)
    return f" Did you mean {' or '.join(names)}?" if names else ""
