"""Slack's side of the chat port, asked directly: what is private, what is found again, what is told to one person."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from adapters.slack import Renderer, SlackChat, client_for
from adapters.slack.chat import METADATA
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.message import Button, Card, line
from tests.standins.slack import Channel, Fault, Message, SlackStandIn


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
        chat = SlackChat(client, slack.bot.id, Renderer("UTC", lambda _: None, {}), clock, None)
        yield Spoken(slack, chat, clock)


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


async def test_what_is_told_directly_makes_slack_fetch_no_previews_either(here: Spoken) -> None:
    guest = here.slack.user("guest")
    away = at(here.slack.channel("#elsewhere", members=[guest], with_bot=False))
    await here.chat.whisper("k", away, Actor(platform="slack", id=f"T1/{guest.id}"), card("see https://example.org"))
    (told,) = here.slack.messages(here.slack.direct(guest))
    assert not told.message.unfurls


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


def key(number: int) -> dict[str, object]:
    return {"event_type": METADATA, "event_payload": {"key": f"k{number}"}}


def filled(here: Spoken, channel: Channel, count: int, thread: str | None = None) -> list[str]:
    """So many posts of the bot's, each with its key; the times they have."""
    space, bot = here.slack.workspace, here.slack.bot
    posts = [
        Message(space.next_ts(), channel.id, bot.id, "x", bot_id=bot.bot_id, metadata=key(n), thread_ts=thread)
        for n in range(count)
    ]
    return [space.add(post).ts for post in posts]


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_post_is_found_far_back_and_nobody_says_it_is_not_there_before_all_was_read(
    here: Spoken, monkeypatch: pytest.MonkeyPatch, threaded: bool
) -> None:
    monkeypatch.setattr("adapters.slack.chat._PAGE", 3)
    monkeypatch.setattr("adapters.slack.chat._PAGES", 2)
    ops = here.slack.channel("#ops")
    root = filled(here, ops, 9)[-1] if threaded else None
    here.clock.forward(hours=1)
    since = here.clock.instant
    times = filled(here, ops, 5, root)
    assert await here.chat.find("k0", at(ops, root), since) == times[0]
    assert await here.chat.find("other", at(ops, root), since) is None
    filled(here, ops, 2, root)
    with pytest.raises(FarEndError, match="more was said"):
        await here.chat.find("other", at(ops, root), since)


async def test_a_file_somebody_else_gave_the_name_of_ours_is_not_ours(here: Spoken) -> None:
    ops, since = here.slack.channel("#ops", members=[here.slack.user("guest")]), here.clock.instant
    await here.slack.share("guest", ops, "event/7/file", b"theirs")
    assert await here.chat.find("event/7/file", at(ops), since) is None
    await here.chat.post("event/7/file", at(ops), Card(lines=(), file=("timeline.md", "ours")))
    (ours,) = [seen for seen in here.slack.messages(ops) if seen.author == "sopwith"]
    assert await here.chat.find("event/7/file", at(ops), since) == ours.ts


async def test_what_was_said_long_before_is_not_read(here: Spoken) -> None:
    ops = here.slack.channel("#ops")
    filled(here, ops, 300)
    here.clock.forward(hours=1)
    assert await here.chat.find("k0", at(ops), here.clock.instant) is None
    assert len(here.slack.calls("conversations.history")) == 1


async def test_without_the_scope_to_look_a_post_is_not_said_to_be_missing(here: Spoken) -> None:
    ops = here.slack.channel("#ops")
    here.slack.withdraw("channels:history")
    with pytest.raises(FarEndError, match="channels:history"):
        await here.chat.find("k0", at(ops), here.clock.instant)


async def test_what_block_kit_has_no_room_for_is_refused_at_once_and_not_taken_for_perhaps_sent(here: Spoken) -> None:
    ops = here.slack.channel("#ops")
    long = card("x").model_copy(update={"buttons": (Button(label="Go", says="x" * 3000),)})
    with pytest.raises(FarEndRefused, match="2000"):
        await here.chat.post("k", at(ops), long)
    assert here.slack.calls("chat.postMessage") == []
