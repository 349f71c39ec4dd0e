"""Slack's payloads as events: who, where, what, and a key that a second delivery has too.

A message is known by its channel and time, not by the delivery's id, because a mention comes twice: as a message and
as a mention. What other bots say, and what Slack says by itself, is no event. What lacks what it must have, or has
something else in its place, raises one of `MALFORMED`; a thread that is none counts as none.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from adapters.slack.accounts import Accounts, account
from adapters.slack.chat import PLATFORM, instant
from adapters.slack.render import ASKS
from adapters.slack.text import emoji, read
from sops.kit.conversation import Actor, Event, Place
from sops.kit.message import Button, Form
from sops.kit.outside import needed_id, readable, usable_id

Payload = dict[str, Any]

#: What a payload that is not as it should be raises here, and nothing else.
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)

#: What a person's message may be; every other subtype is Slack speaking, or a bot.
_LONGEST_NAME = 100  # characters of a reaction's
#: What people say; what they say that they do (`/me approve`) is talk.
_TYPED = frozenset({None, "file_share", "thread_broadcast"})


def workspaces(body: Payload) -> frozenset[str]:
    """Those a delivery concerns: where it happened, and whose installation of the app it was sent to.

    Of several installations that see an event Slack names one, whichever; a form tells where its app is installed only
    when it was opened in another workspace.
    """
    view, sent_to = body.get("view") or {}, body.get("authorizations") or ()
    if body.get("type") == "event_callback":
        teams = [body.get("team_id"), body.get("context_team_id"), *(each.get("team_id") for each in sent_to)]
    else:
        at = body.get("team") or {}
        teams = [view.get("app_installed_team_id") or at.get("id") or body.get("team_id")]
    return frozenset(str(team) for team in teams if team)


class Translator:
    """For one workspace. `roots` maps the names its commands have here to ours: `/sop-incident` to `incident`."""

    def __init__(self, accounts: Accounts, bot: str, roots: dict[str, str], now: Callable[[], datetime]) -> None:
        self._accounts = accounts
        self._bot = bot
        self._roots = roots
        self._now = now

    def event(self, body: Payload) -> Event | None:
        """The event of an Events API delivery; None if it is none of ours."""
        inner = body.get("event") or {}
        match inner.get("type"):
            case "message" if inner.get("subtype") == "message_changed":
                return self._changed(body, inner)
            case "message" if inner.get("subtype") == "message_deleted":
                return self._deleted(body, inner)
            case "message" | "app_mention":
                return self._message(body, inner)
            case "reaction_added" | "reaction_removed":
                return self._reaction(body, inner)
            case _:
                return None

    def command(self, body: Payload) -> Event:
        """The event of a slash command, under our own name for it."""
        name = readable(body["command"]).removeprefix("/")
        text, _ = read(readable(body.get("text")), self._bot, self._accounts.handle)
        return Event(
            dedupe_key=f"{PLATFORM}/command/{needed_id(body['trigger_id'])}",
            kind="command",
            place=self._place(body["channel_id"]),
            actor=self._actor(body["user_id"], body.get("team_id")),
            text=f"/{self._roots.get(name, name)} {text}".strip(),
            at=self._now(),
        )

    def press(self, body: Payload) -> Event:
        """The event of a button that says all there is to say."""
        action = body["actions"][0]
        where = self.pressed_at(body)
        return Event(
            dedupe_key=f"{PLATFORM}/action/{needed_id(body['trigger_id'])}",
            kind="choice",
            place=self._place(where["channel"], where["thread"] or None),
            actor=self._actor(body["user"]["id"], body["user"].get("team_id")),
            text=readable(action.get("value")),
            at=instant(str(action.get("action_ts", ""))) or self._now(),
            about=where["about"],
        )

    def form(self, body: Payload) -> Form | None:
        """The form of a button that lacks something; None if it lacks nothing."""
        action = body["actions"][0]
        kind, _, rest = str(action["action_id"]).partition(":")
        asks = tuple(part for part in rest.partition(":")[2].split(",") if part)
        if kind != ASKS or not asks:
            return None
        return Button(label=str(action["text"]["text"]), says=str(action["value"]), asks=asks).form()

    def pressed_at(self, body: Payload) -> dict[str, str]:
        """Where a button stands: its channel, its thread and its message."""
        container, message = body.get("container") or {}, body.get("message") or {}
        ts = usable_id(container.get("message_ts") or message.get("ts")) or ""
        thread = usable_id(message.get("thread_ts") or container.get("thread_ts")) or ""
        shown = "" if container.get("is_ephemeral") else ts  # nobody else sees it, so it is no message to speak of
        channel = needed_id(container.get("channel_id") or (body.get("channel") or {}).get("id"))
        return {"channel": channel, "thread": thread or shown, "about": shown}

    def submitted(self, body: Payload, back: dict[str, str], text: str) -> Event:
        """The event of a form that was filled in. `back` is where it was asked."""
        return Event(
            dedupe_key=f"{PLATFORM}/view/{needed_id(body['view']['id'])}",
            kind="choice" if back["about"] else "command",
            place=self._place(back["channel"], back["thread"] or None),
            actor=self._actor(body["user"]["id"], body["user"].get("team_id")),
            text=readable(text),
            at=self._now(),
            about=back["about"],
        )

    def _message(self, body: Payload, inner: Payload) -> Event | None:
        if inner.get("subtype") not in _TYPED or self._not_a_person(inner) or inner.get("edited"):
            return None  # an edit that names the bot is announced as a mention once more
        text, addressed = read(readable(inner.get("text")), self._bot, self._accounts.handle)
        ts = needed_id(inner["ts"])
        return Event(
            dedupe_key=self._key(inner["channel"], ts),
            kind="message",
            place=self._place(inner["channel"], inner.get("thread_ts")),
            actor=self._actor(inner["user"], inner.get("user_team") or inner.get("team") or body.get("team_id")),
            text=text,
            at=instant(ts) or self._now(),
            message_ref=ts,
            addressed=addressed,
        )

    def _changed(self, body: Payload, inner: Payload) -> Event | None:
        """A person's own edit. Slack also tells of link previews and of replies in this way."""
        new, old = inner.get("message") or {}, inner.get("previous_message") or {}
        if self._not_a_person(new) or not new.get("edited") or new.get("text") == old.get("text"):
            return None
        return self._afterwards("edit", body, inner, new, readable(new.get("text")))

    def _deleted(self, body: Payload, inner: Payload) -> Event | None:
        old = inner.get("previous_message") or {}
        return None if self._not_a_person(old) else self._afterwards("deletion", body, inner, old, "")

    def _afterwards(self, kind: Any, body: Payload, inner: Payload, message: Payload, said: str) -> Event:
        text, addressed = read(said, self._bot, self._accounts.handle)
        original = self._key(inner["channel"], needed_id(message["ts"]))
        when = needed_id(inner.get("event_ts") or inner["ts"])
        return Event(
            dedupe_key=f"{original}/{kind}/{when}",
            kind=kind,
            place=self._place(inner["channel"], message.get("thread_ts")),
            actor=self._actor(message["user"], message.get("user_team") or message.get("team") or body.get("team_id")),
            text=text,
            at=instant(when) or self._now(),
            original=original,
            addressed=addressed,
        )

    def _reaction(self, body: Payload, inner: Payload) -> Event | None:
        item = inner.get("item") or {}
        if item.get("type") != "message" or inner.get("user") == self._bot:
            return None
        return Event(
            dedupe_key=f"{PLATFORM}/{needed_id(body['event_id'])}",
            kind="reaction" if inner["type"] == "reaction_added" else "unreaction",
            place=self._place(item["channel"]),
            actor=self._actor(inner["user"], inner.get("user_team") or body.get("team_id")),
            text=emoji(readable(inner["reaction"], _LONGEST_NAME)),
            at=instant(str(inner.get("event_ts", ""))) or self._now(),
            about=needed_id(item["ts"]),
        )

    def _not_a_person(self, message: Payload) -> bool:
        return bool(message.get("bot_id")) or message.get("user") in {None, self._bot, "USLACKBOT"}

    def _key(self, channel: str, ts: str) -> str:
        return f"{PLATFORM}/{self._accounts.team}/{needed_id(channel)}/{ts}"

    def _place(self, channel: object, thread: object = None) -> Place:
        return Place(platform=PLATFORM, channel=needed_id(channel), thread=usable_id(thread))

    def _actor(self, user: object, team: object) -> Actor:
        return Actor(platform=PLATFORM, id=account(needed_id(team or self._accounts.team), needed_id(user)))
