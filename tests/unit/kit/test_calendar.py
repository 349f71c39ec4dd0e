from datetime import UTC, date, datetime

import pytest

from sops.kit.calendar import BusinessCalendar
from sops.kit.errors import ConfigurationError

GERMANY = BusinessCalendar("DE", None, "Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text)


def test_five_business_days_pass_over_a_weekend_and_labour_day():
    due = GERMANY.business_days_after(at("2026-04-28T14:00+02:00"), 5)
    assert GERMANY.local(due).isoformat() == "2026-05-06T23:59:00+02:00"
    assert due.tzinfo is UTC
    assert due == at("2026-05-06T21:59+00:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-04-20T00:00+02:00", "2026-04-21T23:59+02:00"),  # the day itself does not count, all of it
        ("2026-04-20T23:59:59+02:00", "2026-04-21T23:59+02:00"),
        ("2026-04-20T22:30+00:00", "2026-04-22T23:59+02:00"),  # Tuesday already in Berlin
        ("2026-04-24T10:00+02:00", "2026-04-27T23:59+02:00"),  # Friday
        ("2026-04-25T10:00+02:00", "2026-04-27T23:59+02:00"),  # Saturday
        ("2026-04-26T10:00+02:00", "2026-04-27T23:59+02:00"),  # Sunday
        ("2026-04-02T10:00+02:00", "2026-04-07T23:59+02:00"),  # Easter
        ("2026-12-23T10:00+01:00", "2026-12-24T23:59+01:00"),
        ("2026-12-24T10:00+01:00", "2026-12-28T23:59+01:00"),
        ("2026-12-31T10:00+01:00", "2027-01-04T23:59+01:00"),
        ("2026-10-02T10:00+02:00", "2026-10-05T23:59+02:00"),  # a holiday on a Saturday is not made up for
        ("2026-10-23T10:00+02:00", "2026-10-26T23:59+01:00"),  # summer time ends in between
        ("2026-03-27T10:00+01:00", "2026-03-30T23:59+02:00"),  # and begins
    ],
)
def test_the_next_business_day_ends_a_minute_before_midnight(start, due):
    assert GERMANY.end_of_next_business_day(at(start)) == at(due)


def test_days_are_counted_across_the_turn_of_the_year():
    assert GERMANY.business_days_after(at("2026-12-22T09:00+01:00"), 5) == at("2026-12-30T23:59+01:00")
    assert GERMANY.business_days_after(at("2026-12-29T09:00+01:00"), 5) == at("2027-01-06T23:59+01:00")


def test_a_region_has_holidays_of_its_own():
    bavaria = BusinessCalendar("DE", "BY", "Europe/Berlin")
    epiphany = date(2027, 1, 6)
    assert GERMANY.is_business_day(epiphany)
    assert not bavaria.is_business_day(epiphany)
    assert bavaria.business_days_after(at("2026-12-29T09:00+01:00"), 5) == at("2027-01-07T23:59+01:00")


def test_a_country_may_move_a_holiday_off_the_weekend():
    america = BusinessCalendar("US", None, "America/New_York")
    assert not america.is_business_day(date(2026, 7, 3))
    assert america.is_business_day(date(2026, 7, 6))


def test_a_country_may_have_another_weekend():
    israel = BusinessCalendar("IL", None, "Asia/Jerusalem")
    assert not israel.is_business_day(date(2026, 6, 5))
    assert israel.is_business_day(date(2026, 6, 7))


@pytest.mark.parametrize("country", ["", None])
def test_without_a_country_only_weekends_are_off(country):
    calendar = BusinessCalendar(country, "", "UTC")
    assert calendar.is_business_day(date(2026, 5, 1))
    assert not calendar.is_business_day(date(2026, 5, 2))
    assert calendar.business_days_after(at("2026-04-28T14:00+00:00"), 5) == at("2026-05-05T23:59+00:00")


def test_where_the_clock_repeats_the_last_minute_the_second_one_counts():
    cairo = BusinessCalendar("", None, "Africa/Cairo")
    due = cairo.end_of_next_business_day(at("2026-10-28T12:00+03:00"))
    assert due == at("2026-10-29T23:59+02:00")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("GER", None, "UTC"), "no holiday calendar of country 'GER'"),
        (("de", None, "UTC"), r"'de'\. Did you mean DE"),
        (("Germny", None, "UTC"), r"Did you mean DE"),
        (("HolidayBase", None, "UTC"), "no holiday calendar of country 'HolidayBase'"),
        (("DE", "Bavaria", "UTC"), "DE has no region 'Bavaria'"),
        (("DE", "by", "UTC"), r"no region 'by'\. Did you mean BY"),
        (("DE", "Bayren", "UTC"), r"Did you mean BY"),
        ((None, "BY", "UTC"), "'BY' needs a country"),
        (("DE", None, "Berlin"), r"no time zone 'Berlin'\. Did you mean Europe/Berlin"),
        (("DE", None, "europe/berln"), "Did you mean Europe/Berlin"),
        (("DE", None, ""), r"no time zone ''\.$"),
        (("DE", None, "Europe"), "no time zone 'Europe'"),
        (("DE", None, "../../etc/passwd"), "no time zone"),
        (("DE", None, "UTC\x00"), "no time zone"),
    ],
)
def test_a_setting_that_names_nothing_is_answered_with_what_is_near(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        BusinessCalendar(*settings)


def test_an_instant_without_a_zone_and_a_count_below_one_are_mistakes_of_the_caller():
    with pytest.raises(ValueError, match="aware"):
        GERMANY.end_of_next_business_day(datetime(2026, 4, 20))  # noqa: DTZ001  # that is the mistake
    with pytest.raises(ValueError, match="at least one"):
        GERMANY.business_days_after(at("2026-04-20T10:00+02:00"), 0)
