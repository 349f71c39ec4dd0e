"""What the bot reads long after it was said: what tells acts, what orders does not."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.chat import late
from bot.chat.commands import parse
from bot.engine.mail import Intake
from sops.kit.conversation import Actor, Event, Place

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        *("ack", "!note x", "!update x", "!verify x", "!mitigate x", "!set cause x", "!severity P0", "!done soak x"),
        *("!stop", "!hold x", "!reject x", "!withdraw", "!reopen x", "!restrict x", "!undo", "!blocker #1"),
        *("!incident declare P0 x", "!security report x", "!release freeze x"),
    ],
)
def test_what_tells_or_holds_back_acts(words: str) -> None:
    assert late.acts(parse(words, in_run=True))


@pytest.mark.parametrize(
    "words",
    [
        *("approve", "approve 7f3a", "!start", "!skip merge x", "!waive checks x", "!override merge x", "!resume"),
        *("!cancel x", "!close", "!retry", "!redo merge x", "!byhand merge x", "!cleanup", "!reland", "!confirm"),
        *("!publish x", "!correct x", "!dismiss #1 x", "!snooze 30m", "!false alarm x", "!duplicate INC-1"),
        *("!action @a x", "!mirror matrix:#ops", "!release rc 1.4.0", "!release unfreeze", "status", "help", "lgtm"),
        *("!hotfix 1.3.1 P0 x", "!release rollback 1.3.0 x", "!deps update a 1", "!onboard @x", "!aprove"),
    ],
)
def test_what_orders_or_asks_does_not(words: str) -> None:
    assert not late.acts(parse(words, in_run=True))


def test_what_is_late_is_told_by_when_it_was_said_and_when_the_bot_was_told() -> None:
    intake = Intake(None, lambda: NOW, timedelta(minutes=10))  # type: ignore[arg-type]
    where, who = Place(platform="slack", channel="C1"), Actor(platform="slack", id="T/U")

    def said(at: datetime) -> Event:
        return Event(dedupe_key="1", kind="message", place=where, actor=who, text="approve", at=at)

    assert not intake.stamped(said(NOW - timedelta(minutes=10))).late
    assert intake.stamped(said(NOW - timedelta(minutes=10, seconds=1))).late
    assert not intake.stamped(said(NOW + timedelta(hours=1))).late
