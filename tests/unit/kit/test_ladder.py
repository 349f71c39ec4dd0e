from datetime import timedelta

import pytest

from sops.kit.ladder import ladder
from sops.kit.model import Severity
from sops.kit.policy import PAGING, Policy

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def minutes(severity, most):
    """When the first so many calls are due."""
    calls = ladder(PAGING[severity])
    return [calls.at(number) // MINUTE for number in range(most)]


def test_a_p0_calls_every_five_minutes_to_the_hour_every_quarter_to_the_fourth_then_every_half_hour():
    first = [0, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]
    later = [*range(75, 241, 15), 270, 300, 330]
    assert minutes(Severity.P0, len(first) + len(later)) == first + later


def test_a_p1_calls_each_hour_in_the_end():
    assert minutes(Severity.P1, 8) == [0, 15, 30, 60, 90, 150, 210, 270]


def test_it_widens_and_stays_as_wide():
    calls = ladder(PAGING[Severity.P0])
    assert [calls.rung(number).calls for number in (0, 2, 3, 4, 400)] == [
        ("first",),
        ("first", "second"),
        ("on call", "release manager"),
        ("everyone", "other chat"),
        ("everyone", "other chat"),
    ]


@pytest.mark.parametrize("severity", [Severity.P0, Severity.P1, Severity.P2])
def test_every_call_is_the_last_one_until_the_next(severity):
    """Whatever the instant, the call that is due by then is found, years later too."""
    calls = ladder(PAGING[severity])
    for number in [*range(60), 1000, 100_000]:
        at, then = calls.at(number), calls.at(number + 1)
        assert at < then
        assert calls.last_by(at) == calls.last_by(then - timedelta(seconds=1)) == number
    assert calls.last_by(-MINUTE) == -1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "at least one rung"),
        (("0m: first",), "ends with `every 30m`"),
        (("every 30m",), "at least one rung"),
        (("0m: first", "every 30m until 4h"), "each but the last has an `until`"),
        (("0m: first", "every 30m", "every 1h"), "each but the last has an `until`"),
        (("0m: first", "every 5m until 4h", "every 15m until 1h", "every 1h"), "each later than the one before"),
        (("5m: first", "5m: second", "every 1h"), "later than the one before"),
        (("0m: first", "every 1h", "2h: everyone"), "stands behind an `every`"),
        (("0m: frist", "every 1h"), "nobody is called 'frist'"),
        (("0m first", "every 1h"), "nobody is called ''"),
        (("soon: first", "every 1h"), "'soon' is no time"),
        (("0m: first", "every 0m"), "a minute at least"),
        (("0m: first", "every 5m till 1h", "every 1h"), "is no pace"),
        (("0m: anyone", "every 1h"), "nobody is called 'anyone'"),
    ],
)
def test_a_ladder_that_would_call_nobody_or_end_is_refused(lines, says):
    with pytest.raises(ValueError, match=says):
        ladder(lines)


def test_settings_change_one_severity_and_leave_the_others():
    policy = Policy(paging={Severity.P1: ("0m: on call", "every 10m")})
    assert policy.ladder(Severity.P1).at(3) == 30 * MINUTE
    assert policy.ladder(Severity.P0) == ladder(PAGING[Severity.P0])
    assert policy.ladder(Severity.P3) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"paging": {"P0": ["0m: nobody", "every 1h"]}},
        {"late_days": ()},
        {"late_days": (3, 1)},
        {"late_every": 0},
        {"working_hours": (18, 9)},
    ],
)
def test_settings_that_would_fall_silent_are_refused(wrong):
    with pytest.raises(ValueError, match=r"nobody is called|late_days|late_every|working_hours"):
        Policy(**wrong)


def test_the_settings_of_a_run_of_the_first_release_have_the_ladder_as_well():
    stored = {name: value for name, value in Policy().model_dump(mode="json").items() if name != "paging"}
    assert Policy.model_validate(stored).ladder(Severity.P0) == ladder(PAGING[Severity.P0])
