"""The people's side: who is there, and what they say and do."""

from collections.abc import Sequence
from dataclasses import replace

from tests.standins.slack import events
from tests.standins.slack.chat_methods import thread_root
from tests.standins.slack.delivery import Delivery
from tests.standins.slack.errors import Json, NotOffered
from tests.standins.slack.marking_methods import react, unreact
from tests.standins.slack.server import Server
from tests.standins.slack.text import rich_text, typed
from tests.standins.slack.wire import message_wire
from tests.standins.slack.workspace import HOME, Channel, File, Message, User

Who = User | str
Where = Channel | str


class People(Server):
    """Each deed returns once the bot acked it, or when no ack can come any more."""

    @property
    def bot(self) -> User:
        return self.workspace.bot

    def user(self, name: str, team: str = HOME, **flags: bool) -> User:
        """An account. Flags are users.info's: is_restricted, is_ultra_restricted, is_stranger, deleted, is_admin."""
        user = User(self.workspace.new_id("U"), name, team, is_bot=flags.pop("is_bot", False), flags=flags)
        self.workspace.users[user.id] = user
        return user

    def other_bot(self, name: str) -> User:
        """Another app's bot. It speaks by `say_as_bot`."""
        bot = self.user(name, is_bot=True)
        bot.bot_id = self.workspace.new_id("B")
        return bot

    def channel(
        self,
        name: str,
        *,
        private: bool = False,
        members: Sequence[Who] = (),
        with_bot: bool = True,
        is_ext_shared: bool = False,
        archived: bool = False,
    ) -> Channel:
        """A channel; `with_bot` puts the bot in it."""
        channel_id = self.workspace.new_id("G" if private else "C")
        channel = Channel(channel_id, name.lstrip("#"), private, archived=archived, is_ext_shared=is_ext_shared)
        channel.members = [self._person(who).id for who in members] + ([self.bot.id] if with_bot else [])
        self.workspace.channels[channel.id] = channel
        return channel

    def direct(self, who: Who) -> Channel:
        """The conversation one person has with the bot alone."""
        return self.workspace.direct_with(self._person(who))

    async def say(self, who: Who, where: Where, text: str, thread_ts: str | None = None) -> Message:
        """Type and send. The bot hears `message`, and `app_mention` as well when it is named."""
        return await self.say_sent(who, where, typed(self.workspace, text), thread_ts)

    async def say_sent(self, who: Who, where: Where, sent: str, thread_ts: str | None = None) -> Message:
        """Say what is already as Slack's client sends it."""
        person, channel = self._person(who), self._member_of(who, where)
        message = Message(
            ts=self.workspace.next_ts(),
            channel=channel.id,
            user=person.id,
            text=sent,
            blocks=[rich_text(self.workspace, sent)],
            thread_ts=thread_root(self.workspace, channel, thread_ts),
            team=person.team,
            client_msg_id=f"{self.workspace.new_id('')}-client",
        )
        self.workspace.add(message)
        await self.post.deliver(*self._heard(channel, message, person))
        return message

    def _heard(self, channel: Channel, message: Message, person: User) -> list[Delivery]:
        said = message_wire(self.workspace, message) | {"channel": channel.id, "event_ts": message.ts}
        told = [said | {"channel_type": channel.kind}, *self._mention(channel, message)]
        return self.post.events(channel, *told, by=person)

    def _mention(self, channel: Channel, message: Message) -> list[Json]:
        if self.bot.mention not in message.text or channel.kind == "im":
            return []
        at = message.edited["ts"] if message.edited else message.ts
        said = message_wire(self.workspace, message)
        return [said | {"type": "app_mention", "channel": channel.id, "event_ts": at}]

    async def share(
        self, who: Who, where: Where, name: str, content: bytes, text: str = "", thread_ts: str | None = None
    ) -> Message:
        """Put a file into the channel; the bot hears subtype file_share and may fetch the bytes with its token."""
        person, channel = self._person(who), self._member_of(who, where)
        space = self.workspace
        file = File(space.new_id("F"), name, len(content), content, user=person.id, shared=True, created=space.now())
        file.url = f"{self.base_url}/files/{file.id}"
        space.files[file.id] = file
        message = Message(
            ts=space.next_ts(),
            channel=channel.id,
            user=person.id,
            text=typed(space, text),
            thread_ts=thread_root(space, channel, thread_ts),
            team=person.team,
            subtype="file_share",
            files=[file],
        )
        space.add(message)
        await self.post.deliver(*self._heard(channel, message, person))
        return message

    async def say_as_bot(self, who: Who, where: Where, text: str, thread_ts: str | None = None) -> Message:
        """Another bot speaks, as an old-style integration does: subtype bot_message, a bot_id, no user."""
        bot, channel = self._person(who), self._channel(where)
        message = Message(
            ts=self.workspace.next_ts(),
            channel=channel.id,
            user="",
            text=text,
            thread_ts=thread_root(self.workspace, channel, thread_ts),
            bot_id=bot.bot_id,
            username=bot.name,
            subtype="bot_message",
        )
        self.workspace.add(message)
        await self.post.deliver(*self._heard(channel, message, bot))
        return message

    async def edit(self, who: Who, where: Where, ts: str, text: str) -> Message:
        """The bot hears `message_changed`; and while it is named in the new text, `app_mention` again, now `edited`."""
        person, channel = self._person(who), self._member_of(who, where)
        message = self._own(person, channel, ts)
        before = replace(message)
        message.text = typed(self.workspace, text)
        message.blocks = [rich_text(self.workspace, message.text)]
        message.edited = {"user": person.id, "ts": self.workspace.next_ts()}
        told = [events.changed(self.workspace, channel, before, message), *self._mention(channel, message)]
        await self.post.deliver(*self.post.events(channel, *told, by=person))
        return message

    async def delete(self, who: Who, where: Where, ts: str) -> None:
        """A root with replies becomes a tombstone; the bot is told by `message_changed` then."""
        person, channel = self._person(who), self._member_of(who, where)
        await self._tell(channel, events.removed(self.workspace, channel, self._own(person, channel, ts)), person)

    async def react(self, who: Who, where: Where, ts: str, name: str) -> None:
        await self._reaction("reaction_added", who, where, ts, name)

    async def unreact(self, who: Who, where: Where, ts: str, name: str) -> None:
        await self._reaction("reaction_removed", who, where, ts, name)

    async def _reaction(self, kind: str, who: Who, where: Where, ts: str, name: str) -> None:
        channel, person = self._member_of(who, where), self._person(who)
        message = self._message(channel, ts)
        (react if kind == "reaction_added" else unreact)(message, person, name)
        await self._tell(channel, events.reaction(self.workspace, kind, channel, message, person, name), person)

    async def archive(self, who: Who, where: Where) -> None:
        channel, person = self._member_of(who, where), self._person(who)
        channel.archived = True
        kind = "group_archive" if channel.private else "channel_archive"
        event = {"type": kind, "channel": channel.id, "user": person.id, "event_ts": self.workspace.next_ts()}
        await self._tell(channel, event, person)

    async def join(self, who: Who, where: Where) -> None:
        channel, person = self._channel(where), self._person(who)
        channel.members.append(person.id)
        await self._tell(channel, self._membership("member_joined_channel", channel, person), person)

    async def leave(self, who: Who, where: Where) -> None:
        """For the bot itself: it was removed, and hears `channel_left` (`group_left`) as its last word from there."""
        channel, person = self._member_of(who, where), self._person(who)
        event = self._membership("member_left_channel", channel, person)
        if person.id == self.bot.id:
            kind = "group_left" if channel.private else "channel_left"
            event = {"type": kind, "channel": channel.id, "event_ts": self.workspace.next_ts()}
        deliveries = self.post.events(channel, event, by=person)
        channel.members.remove(person.id)
        await self.post.deliver(*deliveries)

    def _membership(self, kind: str, channel: Channel, person: User) -> Json:
        return {
            "type": kind,
            "user": person.id,
            "channel": channel.id,
            "channel_type": "G" if channel.private else "C",
            "team": person.team,
            "event_ts": self.workspace.next_ts(),
        }

    async def _tell(self, channel: Channel, event: Json, person: User) -> None:
        await self.post.deliver(*self.post.events(channel, event, by=person))

    def _person(self, who: Who) -> User:
        if isinstance(who, User):
            return who
        found = self.workspace.users.get(who) or self.workspace.named_user(who.lstrip("@"))
        if found is None:
            raise NotOffered(f"nobody is called {who}")
        return found

    def _channel(self, where: Where) -> Channel:
        if isinstance(where, Channel):
            return where
        found = self.workspace.channels.get(where) or self.workspace.named_channel(where.lstrip("#"))
        if found is None:
            raise NotOffered(f"there is no {where}")
        return found

    def _member_of(self, who: Who, where: Where) -> Channel:
        channel, person = self._channel(where), self._person(who)
        if person.id not in channel.members:
            raise NotOffered(f"{person.name} is not in #{channel.name}")
        if channel.archived:
            raise NotOffered(f"#{channel.name} is archived")
        return channel

    def _message(self, where: Where, ts: str) -> Message:
        message = self._channel(where).alive(ts)
        if message is None:
            raise NotOffered(f"there is no message {ts}")
        return message

    def _own(self, person: User, channel: Channel, ts: str) -> Message:
        message = self._message(channel, ts)
        if message.user != person.id:
            raise NotOffered(f"{ts} is not {person.name}'s")
        return message
