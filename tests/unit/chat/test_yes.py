"""A yes: each reason why it does not count, alone and with the others."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.chat.commands import Approve
from bot.chat.handlers.approvals import approve
from bot.chat.handlers.base import Refused, Speaker
from bot.engine.desk import Desk
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.conversation import Actor, Place
from sops.kit.people import People, Person, Role
from tests.unit.runs import a_release

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HERE = Place(platform="matrix", channel="!r", thread="$t")
REV1 = Person(handle="rev1", roles=(Role.REVIEWER,), accounts={})
GUEST = Person(handle="guest", roles=(), accounts={})
ASKED = Request(
    seq=1,
    code="7f3a",
    step="merge",
    iteration=1,
    role=Role.REVIEWER,
    quorum=2,
    subject={},
    digest="0" * 64,
    effects=(),
    excluded={"rm": "starter"},
    made_at=NOW - MINUTE,
    expires_at=NOW + timedelta(days=1),
)
RM = Person(handle="rm", roles=(Role.REVIEWER,), accounts={})
MINE = Yes(person="rev1", account="matrix:@rev1", at=NOW)


def said(command: Approve, who: Person = REV1, *, shown: datetime | None = NOW, **asked: Any) -> str:
    """What a yes said at `NOW` is answered with; empty where it counts."""
    run = a_release(requests=(ASKED.but(**asked),))
    tx: Any = SimpleNamespace(
        outbox=SimpleNamespace(
            sent=lambda _: SimpleNamespace(delivered_at=shown) if shown else None, put=lambda *_: True
        ),
        ledger=SimpleNamespace(entries=lambda _: (), append=lambda *_, **__: None),
        deadlines=SimpleNamespace(),
    )
    desk = Desk(tx, run, NOW, People((REV1, GUEST, RM)), heard_at=NOW, heard_in=HERE)
    refused = approve(desk, Speaker(Actor(platform="matrix", id="@x"), who), command)
    counted = [yes.person for yes in desk.run.requests[0].yeses if yes is not MINE]
    assert counted == ([] if refused else [who.handle])
    return str(refused.card) if isinstance(refused, Refused) else ""


def test_a_yes_of_who_may_counts() -> None:
    assert said(Approve()) == ""
    assert said(Approve("7f3a")) == ""


@pytest.mark.parametrize("shown", [NOW + MINUTE, None])
def test_a_bare_yes_counts_only_for_a_request_that_was_shown_before(shown: datetime | None) -> None:
    assert "before the request was shown" in said(Approve(), shown=shown)


def test_who_names_the_code_has_seen_it_whatever_the_clocks_say() -> None:
    assert said(Approve("7f3a"), shown=NOW + MINUTE) == ""


def test_what_is_not_open_any_more_takes_no_yes() -> None:
    for state in RequestState:
        if state is not RequestState.OPEN:
            assert said(Approve("7f3a"), state=state), state
    assert said(Approve("7f3a"), expires_at=NOW)
    assert said(Approve("7f3a"), expires_at=NOW + MINUTE) == ""


def test_roles_exclusions_and_one_yes_each() -> None:
    assert "reviewer" in said(Approve("7f3a"), GUEST)
    assert "You started REL-1" in said(Approve("7f3a"), RM)
    assert "no request with that code" in said(Approve("7f3b"))
    assert "rev1 (matrix:@rev1)" in said(Approve("7f3a"), yeses=(MINE,))


def test_every_reason_is_named_at_once() -> None:
    told = said(Approve(), GUEST, shown=None, excluded={"guest": "author"})
    assert all(words in told for words in ("reviewer", "You wrote commits in REL-1", "before the request was shown"))
