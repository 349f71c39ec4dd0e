"""What an emoji that is taken away again means: the yes it stood for, of the request it stood on, and no other."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot.chat import commands
from bot.chat.signs import reaction
from bot.engine.threads import request_message
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.conversation import Actor, Event, Place
from sops.kit.model import Role
from sops.kit.run import Run
from sops.kit.stores import Sent, Transaction
from tests.unit.runs import a_release

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
OPS = Place(platform="slack", channel="C1")
MINE, OTHERS = "slack:U1", "slack:U2"


def asked(seq: int, *accounts: str) -> Request:
    yeses = tuple(Yes(person="rev1", account=account, at=NOW) for account in accounts)
    return Request(
        seq=seq, code=f"aa0{seq}", step="merge", iteration=1, role=Role.REVIEWER, quorum=2, subject={}, digest="",
        effects=(), excluded={}, made_at=NOW, expires_at=NOW + timedelta(days=1), yeses=yeses,
    )  # fmt: skip


class OneMessage:
    """A store that knows the message the emoji stands on: the second request's."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.outbox = self

    def sent_as(self, platform: str, channel: str, ref: str) -> Sent:
        return Sent(request_message(self.run.id, 2), self.run.id, OPS, ref, NOW)


@pytest.mark.parametrize(
    ("first", "second", "meant"),
    [
        ((MINE,), (MINE,), commands.Withdraw("aa02")),
        ((), (MINE,), commands.Withdraw("aa02")),
        ((MINE,), (), commands.Talk()),
        ((), (OTHERS,), commands.Talk()),
    ],
    ids=["said to both", "said to this", "said to another", "said from another account"],
)
def test_an_emoji_taken_away_takes_back_its_own_yes(first: Any, second: Any, meant: commands.Parsed) -> None:
    run = a_release(requests=(asked(1, *first), asked(2, *second)))
    gone = Event(
        dedupe_key="1", kind="unreaction", place=OPS, actor=Actor(platform="slack", id="U1"), text="✅", about="7.1",
        at=NOW,
    )  # fmt: skip
    assert reaction(cast("Transaction", OneMessage(run)), run, gone) == meant


@pytest.mark.parametrize(
    ("sign", "meant"),
    [("🛑", commands.Talk(sign="🛑")), (":hand:", commands.Talk(sign=":hand:")), ("🎉", commands.Talk())],
)
def test_an_emoji_on_a_request_may_sound_like_a_stop(sign: str, meant: commands.Parsed) -> None:
    run = a_release(requests=(asked(1), asked(2)))
    said = Event(
        dedupe_key="1", kind="reaction", place=OPS, actor=Actor(platform="slack", id="U1"), text=sign, about="7.1",
        at=NOW,
    )  # fmt: skip
    assert reaction(cast("Transaction", OneMessage(run)), run, said) == meant


def test_the_grace_begins_with_the_last_yes_and_is_over_with_the_request() -> None:
    granted = asked(1, MINE).but(state=RequestState.GRANTED, grace_until=NOW + timedelta(seconds=30))
    assert granted.in_grace(NOW)
    assert not granted.in_grace(NOW - timedelta(seconds=1))  # said of something else
    assert not granted.but(grace_until=None).in_grace(NOW)  # something is in the way, and it begins later
    assert not granted.but(state=RequestState.CONSUMED).in_grace(NOW)
    overridden = asked(1).but(override_by="rm", override_at=NOW + timedelta(minutes=5))
    assert overridden.in_grace(NOW)
    assert not asked(1, MINE).in_grace(NOW)
