"""The disclosure is an instant: what people type, what runs hold, and how both are shown."""

from datetime import UTC, date, datetime

import pytest

from sops.kit.disclosure import Disclosure, suggested
from sops.kit.errors import InvalidText


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("2026-04-21", "Tue 21 Apr 2026 16:00 UTC (18:00 CEST)"),
        (" 2026-01-22 ", "Thu 22 Jan 2026 16:00 UTC (17:00 CET)"),
        ("2026-04-21 9:30", "Tue 21 Apr 2026 09:30 UTC (11:30 CEST)"),
        ("2026-04-21T09:30:00Z", "Tue 21 Apr 2026 09:30 UTC (11:30 CEST)"),
        ("2026-04-21 09:30 utc", "Tue 21 Apr 2026 09:30 UTC (11:30 CEST)"),
        ("2026-04-21 18:00 Europe/Berlin", "Tue 21 Apr 2026 16:00 UTC (18:00 CEST)"),
        ("2026-04-21 18:00 America/New_York", "Tue 21 Apr 2026 22:00 UTC (18:00 EDT)"),
        ("2026-04-21 01:00 Asia/Tokyo", "Mon 20 Apr 2026 16:00 UTC (Tue 21 Apr 01:00 JST)"),
        ("2026-04-21 18:00 +02:00", "Tue 21 Apr 2026 16:00 UTC (18:00 UTC+02:00)"),
        ("2026-04-21T18:00-0330", "Tue 21 Apr 2026 21:30 UTC (18:00 UTC-03:30)"),
        # The hour that comes twice is the first of the two, and the offset says which.
        ("2026-10-25 02:30 Europe/Berlin", "Sun 25 Oct 2026 00:30 UTC (02:30 CEST)"),
    ],
)
def test_what_is_typed_is_shown_in_utc_and_in_its_zone(typed: str, shown: str) -> None:
    found = Disclosure.parse(typed)
    assert found.shown("Europe/Berlin") == shown
    assert Disclosure.read(found.stored()) == found


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        *((text, "The disclosure is written YYYY-MM-DD, or") for text in ("", "soon", "21.4.2026", "2026-04-21 soon")),
        *((text, "The disclosure is written") for text in ("2026-04-21 16", "2026-04-21 16:00 UTC x", "9" * 5000)),
        *((text, "no such day or time") for text in ("2026-02-30", "2026-04-21 25:00", "0000-01-01")),
        ("2026-04-21 16:00 +99:00", "no such day or time"),
        ("9999-12-31 23:59 America/New_York", "no such day or time"),
        ("2026-04-21 16:00 Europe/Berln", "There is no time zone 'Europe/Berln'. Did you mean Europe/Berlin"),
        ("2026-04-21 16:00 ../../etc/passwd", "The disclosure is written"),
        ("2026-03-29 02:30 Europe/Berlin", "There is no 02:30 on 2026-03-29 in Europe/Berlin"),
    ],
)
def test_what_is_no_instant_is_refused_with_why(typed: str, why: str) -> None:
    with pytest.raises(InvalidText, match=why.replace("(", r"\(")):
        Disclosure.parse(typed)


def test_a_day_that_an_earlier_build_stored_is_that_day_at_16_utc() -> None:
    assert Disclosure.read("2026-04-21") == Disclosure(datetime(2026, 4, 21, 16, tzinfo=UTC))


@pytest.mark.parametrize("stored", ["2026-04-21T16:00:00[UTC", "::[UTC]", "nonsense", ""])
def test_what_no_build_stored_is_said_to_be_no_instant(stored: str) -> None:
    with pytest.raises(InvalidText):
        Disclosure.read(stored)


def test_tuesday_to_thursday_are_usual_and_the_next_of_them_that_leaves_a_week_is_suggested() -> None:
    days = [Disclosure(datetime(2026, 4, 20 + n, 16, tzinfo=UTC)) for n in range(7)]
    assert [each.unusual for each in days] == [True, False, False, False, True, True, True]
    assert suggested(datetime(2026, 4, 20, 10, tzinfo=UTC)) == date(2026, 4, 28)
    assert suggested(datetime(2026, 4, 22, 10, tzinfo=UTC)) == date(2026, 4, 29)
