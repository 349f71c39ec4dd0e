"""When a hole and its patch become public: an instant, agreed on with the reporter, in a zone that people named.

By itself it is 16:00 UTC: morning in America, evening in Asia, working hours in Europe. Tuesday to Thursday leave who
must update a day before the weekend (SOP-05 row 6).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from sops.kit.calendar import zone_named
from sops.kit.errors import ConfigurationError, InvalidText
from sops.kit.patterns import Pattern

USUAL = time(16)  # in UTC
SUGGESTED = (1, 2, 3)  # Tuesday to Thursday, as Python numbers the days
HOW = "YYYY-MM-DD, or YYYY-MM-DD HH:MM ZONE with a zone such as UTC, +02:00 or Europe/Berlin"
LONGEST = 80  # characters
AHEAD = 7  # days from now until what is suggested, at least

_TYPED = Pattern(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:(?:T|\s+)([0-9]{1,2}:[0-9]{2})(?::00)?\s*([A-Za-z0-9_+:/-]*))?")
_OFFSET = Pattern(r"([+-])([0-9]{2}):?([0-9]{2})")
_STORED = Pattern(r"([0-9T:+-]+)\[([A-Za-z0-9_+:/-]+)\]")


@dataclass(frozen=True)
class Disclosure:
    """`at` is in UTC; `zone` is how people named theirs, "UTC" where they named none."""

    at: datetime
    zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> "Disclosure":
        """What somebody typed; a day alone is that day at 16:00 UTC, a time without a zone is in UTC.

        Raises InvalidText where it is none, also of a time that a change of clocks leaves out.
        """
        found = _TYPED.fullmatch(text.strip()) if len(text) <= LONGEST else None
        if found is None:
            raise InvalidText(f"The disclosure is written {HOW}.")
        name = (found[3] or "UTC").upper() if (found[3] or "").lower() in {"", "z", "utc"} else found[3]
        name = "UTC" if name == "Z" else name
        try:
            day = date.fromisoformat(found[1])
            clock = time.fromisoformat(found[2].rjust(5, "0")) if found[2] else USUAL
            here = datetime.combine(day, clock, _zone(name))
            at = here.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise InvalidText(f"There is no such day or time; the disclosure is written {HOW}.") from error
        except ConfigurationError as error:
            raise InvalidText(f"{error} Or write the offset, such as +02:00.") from error
        if at.astimezone(here.tzinfo).replace(tzinfo=None) != here.replace(tzinfo=None):
            raise InvalidText(f"There is no {found[2]} on {found[1]} in {name}: clocks go forward then.")
        return cls(at, name)

    @classmethod
    def read(cls, stored: str) -> "Disclosure":
        """What a run holds; earlier builds stored the day alone. Raises InvalidText where it is neither."""
        found = _STORED.fullmatch(stored)
        if found is None:
            return cls.parse(stored)
        try:
            return cls(datetime.fromisoformat(found[1]).astimezone(UTC), found[2])
        except (ValueError, OverflowError) as error:
            raise InvalidText(f"{stored!r} is no instant") from error

    def stored(self) -> str:
        """As a run holds it: the instant, and the zone in brackets (RFC 9557)."""
        return f"{self.at.isoformat()}[{self.zone}]"

    def shown(self, zone: str) -> str:
        """In UTC, and in the zone that people named; where they named none, in `zone`, the organisation's."""
        there = self.at.astimezone(_zone(self.zone if self.zone != "UTC" else zone))
        utc = in_utc(self.at)
        if there.utcoffset() == timedelta(0):
            return utc
        day = "" if there.date() == self.at.date() else f"{there:%a} {there.day} {there:%b} "
        return f"{utc} ({day}{there:%H:%M} {there:%Z})"

    @property
    def unusual(self) -> bool:
        """On a day that leaves few working days to update; by the calendar of UTC."""
        return self.at.weekday() not in SUGGESTED


def in_utc(at: datetime) -> str:
    """An instant in words, in UTC."""
    at = at.astimezone(UTC)
    return f"{at:%a} {at.day} {at:%b %Y %H:%M} UTC"


def suggested(now: datetime) -> date:
    """The next usual day that leaves a week."""
    day = now.astimezone(UTC).date() + timedelta(days=AHEAD)
    while day.weekday() not in SUGGESTED:
        day += timedelta(days=1)
    return day


def _zone(name: str) -> tzinfo:
    """Raises ConfigurationError where there is no such zone, ValueError where there is no such offset."""
    if name == "UTC":
        return UTC
    found = _OFFSET.fullmatch(name)
    if found is None:
        return zone_named(name)
    span = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(span if found[1] == "+" else -span)
