"""Slack's side of the chat port: posts, edits, whispers and files, by the web API.

A post carries its key as message metadata, so that one whose outcome is unknown can be found again. Nothing here
repeats a write.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.accounts import user_of
from adapters.slack.errors import speaking, taken
from adapters.slack.origin import slacks_own
from adapters.slack.render import LONGEST, Renderer
from sops.kit.conversation import Actor, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.message import Card
from sops.kit.ports import Pace, Traits

PLATFORM = "slack"
METADATA = "sopwith_message"
#: One message a second and channel, and short bursts (web-api/rate-limits).
PACE = Pace(every=timedelta(seconds=1), burst=3)
_PAGE = 200
_PAGES = 20  # of one look; what lies further back stays unsure
_KEPT = 200  # answers to slash commands that may still be sent where the bot is no member
_NO_PREVIEWS: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
_NOT_THERE = ("channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived")


def traits(pace: Pace | None = PACE) -> Traits:
    """In what Slack differs, written to at that pace."""
    return Traits(keyed=False, overtaken=True, inline_files=False, longest=LONGEST, pace=pace)


class SlackChat:
    """One workspace. `client` has the bot's token and `bot` its user id; `now` says when an answer's address is old."""

    def __init__(
        self,
        client: AsyncWebClient,
        bot: str,
        renderer: Renderer,
        now: Callable[[], datetime],
        pace: Pace | None = PACE,
    ) -> None:
        self._client = client
        self._bot = bot
        self._renderer = renderer
        self._now = now
        self._traits = traits(pace)
        self._answers: OrderedDict[tuple[str, str], tuple[str, datetime]] = OrderedDict()

    @property
    def platform(self) -> str:
        return PLATFORM

    @property
    def traits(self) -> Traits:
        return self._traits

    async def post(self, key: str, place: Place, card: Card) -> str:
        if card.file is not None and not card.lines:
            return await self._upload(key, place, *card.file)
        async with speaking(writes=True, waits=True):
            answer = await self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread,
                metadata={"event_type": METADATA, "event_payload": {"key": key}},
                **_NO_PREVIEWS,
                **self._shown(card),
            )
        return str(answer["ts"])

    async def find(self, key: str, place: Place, since: datetime) -> str | None:
        """Looks through what the bot said there since; a file is known by its title, which anybody can give to theirs.

        Raises FarEndError while it may not look, or where there is more than it can look through.
        """
        async for message in self._messages(place, since - timedelta(minutes=1)):
            if message.get("user", self._bot) != self._bot:
                continue
            payload = message.get("metadata", {}).get("event_payload", {})
            titles = {file.get("title") for file in message.get("files", ())}
            if payload.get("key") == key or key in titles:
                return str(message["ts"])
        return None

    def shown_at(self, ref: str) -> datetime | None:
        return instant(ref)

    async def edit(self, key: str, place: Place, ref: str, card: Card) -> None:
        async with speaking(writes=False, waits=True):  # twice the same edit is one
            await self._client.chat_update(
                channel=place.channel,
                ts=ref,
                metadata={"event_type": METADATA, "event_payload": {"key": key}},
                **self._shown(card),
            )

    async def whisper(self, key: str, place: Place, to: Actor, card: Card) -> None:
        """To one person where they spoke; where the bot is no member, as the answer to their command or directly."""
        user = user_of(to.id)
        try:
            async with speaking(writes=False):  # seen twice, it does no harm
                await self._client.chat_postEphemeral(
                    channel=place.channel, user=user, thread_ts=place.thread, **self._shown(card)
                )
        except FarEndRefused as refusal:
            if not any(word in str(refusal) for word in _NOT_THERE):
                raise
            await self._answer(place.channel, user, card)

    async def called(self, name: str, among: Sequence[str]) -> str | None:
        """A channel the bot cannot see has no name for it."""
        for channel in among:
            try:
                async with speaking(writes=False):
                    found = (await self._client.conversations_info(channel=channel))["channel"]
            except FarEndRefused:
                continue
            if found.get("name") == name.removeprefix("#"):
                return channel
        return None

    async def is_private(self, place: Place) -> bool:
        """A private channel the bot is in and no other organisation shares, nor soon will."""
        try:
            async with speaking(writes=False):
                channel = (await self._client.conversations_info(channel=place.channel))["channel"]
        except FarEndRefused as refusal:
            if "channel_not_found" in str(refusal):
                return False  # to whoever is not in it, a private channel does not exist
            # A scope or a token, which somebody can mend: what is private waits for that.
            raise FarEndError(str(refusal)) from refusal
        shared = channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")
        return bool(channel.get("is_private") and channel.get("is_member")) and not shared

    async def remove(self, place: Place, ref: str) -> bool:
        """Slack lets a bot delete its own messages alone."""
        return False

    def remember_answer(self, channel: str, user: str, url: str) -> None:
        """Where a slash command may be answered for half an hour; kept in memory only, since it needs no token.

        An address outside Slack is none: what is said to one person would be said to strangers.
        """
        if not slacks_own(url, self._client.base_url):
            return
        self._answers[(channel, user)] = (url, self._now() + timedelta(minutes=29))
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)

    async def _answer(self, channel: str, user: str, card: Card) -> None:
        """As the answer to their command while its address serves; else directly."""
        url, until = self._answers.get((channel, user), ("", self._now()))
        async with speaking(writes=False):
            if url and self._now() < until and await self._respond(url, card):
                return
            await self._client.chat_postMessage(channel=user, **_NO_PREVIEWS, **self._shown(card))

    async def _respond(self, url: str, card: Card) -> bool:
        client = AsyncWebhookClient(url, session=self._client.session, retry_handlers=[])
        return taken(await client.send(response_type="ephemeral", **self._shown(card)))

    def _shown(self, card: Card) -> dict[str, Any]:
        return {"text": self._renderer.notice(card), "blocks": self._renderer.blocks(card)}

    async def _upload(self, key: str, place: Place, name: str, text: str) -> str:
        """The file's own message is not told; its id stands for it. The key is its title, by which it is found."""
        async with speaking(writes=True, waits=True):
            answer = await self._client.files_upload_v2(
                channel=place.channel, thread_ts=place.thread, filename=name, title=key, content=text
            )
        return str(answer["file"]["id"])

    async def _messages(self, place: Place, since: datetime) -> Any:
        cursor, oldest = "", f"{since.timestamp():.6f}"
        for _ in range(_PAGES):
            asked: dict[str, Any] = {"channel": place.channel, "oldest": oldest, "limit": _PAGE, "cursor": cursor}
            async with speaking(writes=False, waits=True):
                if place.thread is None:
                    page = await self._client.conversations_history(**asked, include_all_metadata=True)
                else:
                    page = await self._client.conversations_replies(**asked, ts=place.thread, include_all_metadata=True)
            for message in page["messages"]:
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return
        raise FarEndError("more was said there than can be looked through")


def instant(ts: str) -> datetime | None:
    """When a message was sent: its ts is seconds since 1970, to the microsecond. None for what is no ts."""
    seconds, dot, fraction = ts.partition(".")
    if not (dot and seconds.isdigit() and fraction.isdigit()):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(Decimal(f"0.{fraction}") * 1_000_000))
