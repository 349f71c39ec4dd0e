"""Numbers in the headers of a far end, which may send anything: only plain digits count, and only so many."""

from datetime import UTC, datetime

LONGEST = 3600.0  # seconds that anybody is left alone for at a time
LONGEST_FAILED = 300.0  # the same for who fails: that is no limit of ours, and may be over sooner
FAILED = 500  # and what is above it


def number_of(header: object, digits: int) -> int | None:
    """None where it is anything but so many ASCII digits at most (RFC 9110, `1*DIGIT`)."""
    text = str(header)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def seconds_of(header: object) -> float | None:
    """How long Retry-After says to wait, at most an hour; None where it names no seconds. A date is none."""
    found = number_of(header, 9)
    return None if found is None else min(float(found), LONGEST)


def wait_of(status: int, header: object) -> float | None:
    """`seconds_of`, and at most five minutes of a far end that fails."""
    found = seconds_of(header)
    return min(found, LONGEST_FAILED) if found is not None and status >= FAILED else found


def instant_of(header: object) -> datetime | None:
    """The time that seconds since 1970 name; None where it names none."""
    found = number_of(header, 10)
    return None if found is None else datetime.fromtimestamp(found, UTC)
