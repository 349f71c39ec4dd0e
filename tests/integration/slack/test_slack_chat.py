"""Slack's side of the chat port, asked directly: what is private, what is found again, what is told to one person."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from adapters.slack import Renderer, SlackChat, client_for
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError
from sops.kit.message import Card, line
from tests.standins.slack import Channel, Fault, SlackStandIn


@dataclass
class Clock:
    """Stands still until told otherwise."""

    instant: datetime = field(default=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Spoken:
    slack: SlackStandIn
    chat: SlackChat
    clock: Clock


@pytest.fixture
async def here() -> AsyncIterator[Spoken]:
    clock = Clock()
    async with SlackStandIn(clock) as slack, client_for(slack.bot_token, slack.api_url) as client:
        yield Spoken(slack, SlackChat(client, Renderer("UTC", lambda _: None, {}), clock, None), clock)


def at(channel: Channel, thread: str | None = None) -> Place:
    return Place(platform="slack", channel=channel.id, thread=thread)


def _shared(channel: Channel) -> None:
    channel.is_ext_shared = True


def _soon_shared(channel: Channel) -> None:
    channel.is_pending_ext_shared = True


def _public(channel: Channel) -> None:
    channel.private = False


def _without_the_bot(channel: Channel) -> None:
    channel.members.clear()


def _seen_from_outside(channel: Channel) -> None:
    channel.members.clear()
    channel.seen_from_outside = True


@pytest.mark.parametrize("change", [_shared, _soon_shared, _public, _without_the_bot, _seen_from_outside])
async def test_a_channel_is_private_only_where_the_bot_is_in_it_and_nobody_else_reads(
    here: Spoken, change: Callable[[Channel], None]
) -> None:
    security = here.slack.channel("#security", private=True)
    assert await here.chat.is_private(at(security))
    change(security)
    assert not await here.chat.is_private(at(security))


async def test_while_slack_may_not_be_asked_nobody_says_whether_a_channel_is_private(here: Spoken) -> None:
    security = here.slack.channel("#security", private=True)
    here.slack.withdraw("groups:read")
    with pytest.raises(FarEndError, match="groups:read"):
        await here.chat.is_private(at(security))


async def commanded(here: Spoken) -> tuple[Actor, Place]:
    """Somebody gave a command where the bot is no member."""
    guest = here.slack.user("guest")
    away = here.slack.channel("#elsewhere", members=[guest], with_bot=False)
    url = here.slack.workspace.new_response_url(away, guest)
    here.chat.remember_answer(away.id, guest.id, f"{here.slack.base_url}/hooks/{url}")
    return Actor(platform="slack", id=f"{guest.team}/{guest.id}"), at(away)


def card(text: str) -> Card:
    return Card(lines=(line(text),))


async def test_a_command_is_answered_where_it_was_given_and_directly_once_its_address_serves_no_more(
    here: Spoken,
) -> None:
    guest, away = await commanded(here)
    for number in range(6):
        await here.chat.whisper(f"k{number}", away, guest, card(f"answer {number}"))
    assert [seen.plain() for seen in here.slack.ephemerals("guest")] == [f"answer {number}" for number in range(5)]
    assert [seen.plain() for seen in here.slack.messages(here.slack.direct("guest"))] == ["answer 5"]


@pytest.mark.parametrize("fault", [Fault.HTTP_500, Fault.HTTP_503, Fault.CLOSED_BEFORE])
async def test_an_answer_slack_failed_to_take_is_one_request_and_worth_another_try(here: Spoken, fault: Fault) -> None:
    guest, away = await commanded(here)
    here.slack.fail("response_url", fault)
    with pytest.raises(FarEndError):
        await here.chat.whisper("k", away, guest, card("answer"))
    assert len(here.slack.calls("response_url")) == 1
    await here.chat.whisper("k", away, guest, card("answer"))
    assert [seen.plain() for seen in here.slack.ephemerals("guest")] == ["answer"]


async def test_an_answer_slack_wants_later_says_how_much_later(here: Spoken) -> None:
    guest, away = await commanded(here)
    here.slack.limit("response_url", next_calls=1, retry_after=30)
    with pytest.raises(FarEndError) as problem:
        await here.chat.whisper("k", away, guest, card("answer"))
    assert problem.value.retry_after == 30
