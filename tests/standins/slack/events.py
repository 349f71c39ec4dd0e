"""The events that both people's deeds and the bot's own set off."""

from dataclasses import replace

from tests.standins.slack.errors import Json
from tests.standins.slack.wire import message_wire
from tests.standins.slack.workspace import Channel, Message, User, Workspace


def changed(workspace: Workspace, channel: Channel, before: Message, after: Message) -> Json:
    return _hidden(workspace, channel, before) | {
        "subtype": "message_changed",
        "message": message_wire(workspace, after),
    }


def removed(workspace: Workspace, channel: Channel, message: Message) -> Json:
    """Deletes the message. A root with replies stays as a tombstone, which Slack tells as a change."""
    before = replace(message)
    message.deleted = True
    if channel.replies(message.ts):
        return changed(workspace, channel, before, message)
    return _hidden(workspace, channel, before) | {"subtype": "message_deleted", "deleted_ts": message.ts}


def _hidden(workspace: Workspace, channel: Channel, before: Message) -> Json:
    ts = workspace.next_ts()
    return {
        "type": "message",
        "previous_message": message_wire(workspace, before),
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.kind,
    }


def reaction(workspace: Workspace, kind: str, channel: Channel, message: Message, user: User, name: str) -> Json:
    """`kind` is reaction_added or reaction_removed."""
    event: Json = {
        "type": kind,
        "user": user.id,
        "reaction": name,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "event_ts": workspace.next_ts(),
    }
    return event | ({"item_user": message.user} if message.user else {})
