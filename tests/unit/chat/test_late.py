"""What the bot reads long after it was said: what tells acts, what orders does not."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.chat import late
from bot.chat.commands import parse
from bot.engine.desk import Desk
from bot.engine.mail import Intake
from sops.kit import timing
from sops.kit.approvals import Request
from sops.kit.conversation import Actor, Event, Place
from sops.kit.model import Severity
from sops.kit.people import People, Role
from sops.kit.run import Run
from sops.kit.timing import ACKNOWLEDGE
from tests.unit.runs import a_release, an_incident

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        *("ack", "!note x", "!update x", "!verify x", "!mitigate x", "!severity P0"),
        *("!stop", "!hold x", "!reject x", "!take", "!seen", "!pass", "!reopen x", "!restrict x", "!blocker #1"),
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
        *("!undo", "!done soak x", "!set cause x", "!withdraw", "!not me"),
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


MINUTE = timedelta(minutes=1)
SAID = NOW - timedelta(minutes=30)
BEFORE, SINCE = SAID - MINUTE, SAID + MINUTE


def _overtaken(words: str, run: Run, *, shown: datetime | None = None, **ledger: datetime) -> bool:
    """Whether these words, said at `SAID`, were of something else; `ledger` is what it tells of, and when."""
    entries = [
        SimpleNamespace(kind=kind.partition("_")[0], at=at, payload={"what": kind.partition("_")[2]})
        for kind, at in ledger.items()
    ]
    tx: Any = SimpleNamespace(
        ledger=SimpleNamespace(entries=lambda _: entries),
        outbox=SimpleNamespace(sent=lambda _: SimpleNamespace(delivered_at=shown) if shown else None),
    )
    parsed: Any = parse(words, in_run=True)
    assert late.acts(parsed)
    return late.overtaken(Desk(tx, run, NOW, People([]), heard_at=SAID), parsed)


def _calling(since: datetime, *, calls_from: datetime | None = None) -> Run:
    return timing.started(an_incident(Severity.P1, created_at=BEFORE), ACKNOWLEDGE, since, calls_from=calls_from)


@pytest.mark.parametrize("words", ["ack", "!take", "!pass"])
def test_a_late_answer_to_calls_counts_only_for_the_calls_it_was_said_of(words: str) -> None:
    assert not _overtaken(words, _calling(BEFORE))
    assert not _overtaken(words, _calling(SAID))
    assert not _overtaken(words, _calling(BEFORE), reopened=BEFORE, severity=SINCE, undo_verify=SINCE)
    assert _overtaken(words, _calling(SINCE))  # declared, or open again, only since
    assert _overtaken(words, _calling(BEFORE, calls_from=SINCE))  # it got worse
    assert _overtaken(words, _calling(BEFORE), reopened=SINCE)
    assert _overtaken(words, _calling(BEFORE), undo_ack=SINCE)  # an acknowledgment was taken back


def test_a_late_severity_only_raises_and_overrules_no_later_one() -> None:
    run = an_incident(Severity.P1)
    assert not _overtaken("!severity P0 worse", run, severity=BEFORE)
    assert not _overtaken("!severity P3 cosmetic", an_incident(None))
    assert _overtaken("!severity P3 cosmetic", run)
    assert _overtaken("!severity P0 worse", run, severity=SINCE)
    assert _overtaken("!severity P0 worse", run, **{"undo_severity P0": SINCE})


def test_a_late_verify_resolves_only_what_waited_for_it() -> None:
    waited, only_now = (an_incident().with_record("verify", since=since) for since in (BEFORE, SINCE))
    assert not _overtaken("!verify all good", waited, reopened=BEFORE)
    assert _overtaken("!verify all good", only_now)
    assert _overtaken("!verify all good", an_incident())
    assert _overtaken("!verify all good", waited, reopened=SINCE)
    assert _overtaken("!verify all good", waited, undo_verify=SINCE)


def test_other_late_words_of_record_count_unless_open_again_or_said_anew_since() -> None:
    run = an_incident()
    assert not _overtaken("!mitigate moved", run, reopened=BEFORE, mitigate=BEFORE)
    assert _overtaken("!mitigate moved", run, reopened=SINCE)
    assert _overtaken("!mitigate moved", run, mitigate=SINCE)
    for words in ("!update x", "!note x", "!hold x", "!stop", "!reopen x", "!seen"):
        assert not _overtaken(words, run, reopened=SINCE, update=SINCE), words


def test_a_late_no_counts_only_for_a_request_that_was_shown_before() -> None:
    asked = Request(
        seq=1,
        code="7f3a",
        step="merge",
        iteration=1,
        role=Role.REVIEWER,
        quorum=1,
        subject={},
        digest="0" * 64,
        effects=(),
        excluded={},
        made_at=BEFORE,
        expires_at=NOW + timedelta(days=1),
    )
    run = a_release(requests=(asked,))
    assert not _overtaken("!reject no", run, shown=BEFORE)
    assert not _overtaken("!reject 7f3a no", run, shown=SAID)
    assert _overtaken("!reject no", run, shown=SINCE)
    assert _overtaken("!reject no", run)
