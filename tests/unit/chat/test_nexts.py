"""When the next update comes, however people say it."""

from datetime import time, timedelta

import pytest

from bot.chat.nexts import Next, next_of


@pytest.mark.parametrize(
    ("said", "span"),
    [
        ("looking, next 15m", timedelta(minutes=15)),
        ("looking, next in 10m", timedelta(minutes=10)),
        ("looking; next update in 20 minutes.", timedelta(minutes=20)),
        ("looking. Next one in 6h", timedelta(hours=6)),
    ],
)
def test_a_span_is_understood(said: str, span: timedelta) -> None:
    assert next_of(said) == Next("looking", span=span)


def test_a_time_is_of_the_day() -> None:
    assert next_of("looking, next at 10:20") == Next("looking", at=time(10, 20))
    assert next_of("looking, next update at 9.05.") == Next("looking", at=time(9, 5))


@pytest.mark.parametrize(
    "said", ["looking, next soon", "looking, next in a bit", "looking, next at 25:00", "looking, next at 9:05 tomorrow"]
)
def test_what_says_when_and_cannot_be_read_is_known(said: str) -> None:
    assert next_of(said) == Next(said, unread=True)


@pytest.mark.parametrize(
    "said",
    [
        "what comes next is open",
        "restoring over the next 20m",
        "done within the next 2h",
        "context in 5m",
        "what comes next",
    ],
)
def test_other_words_are_text(said: str) -> None:
    assert next_of(said) == Next(said)


def test_long_texts_take_no_longer_than_they_are() -> None:
    assert next_of("next in " * 20_000).span is None
