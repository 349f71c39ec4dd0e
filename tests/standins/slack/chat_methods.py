"""chat.*: what the bot says, and what it does to what it said."""

from dataclasses import replace
from typing import Any

from tests.standins.slack import events
from tests.standins.slack.block_rules import check_message_blocks
from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.methods import Context, existing, method, required
from tests.standins.slack.requests import flag
from tests.standins.slack.text import normalised
from tests.standins.slack.view_rules import with_ids
from tests.standins.slack.wire import message_wire
from tests.standins.slack.workspace import HOME_DOMAIN, Channel, Message, Workspace

TRUNCATED_AT = 40_000
UPDATE_LIMIT = 4_000


def thread_root(workspace: Workspace, channel: Channel, thread_ts: Any) -> str | None:
    """The ts to reply under. Of a root that was deleted without replies Slack was seen both to say
    `thread_not_found` and to post into the channel instead; which, `workspace.unthreads_orphans` decides."""
    if thread_ts in (None, ""):
        return None
    root = channel.messages.get(str(thread_ts))
    if root is not None and root.deleted and not channel.replies(root.ts) and workspace.unthreads_orphans:
        return None
    if root is None or (root.deleted and not channel.replies(root.ts)):
        raise SlackError("thread_not_found")
    return root.thread_ts or root.ts


def content(context: Context, params: Json) -> dict[str, Any]:
    """Text, blocks, attachments and metadata of a message to be, checked against Slack's limits."""
    text = str(params.get("text") or "")
    blocks = check_message_blocks(params.get("blocks") or [])
    attachments = params.get("attachments") or []
    if not (text or blocks or attachments):
        raise SlackError("no_text")
    return {
        "text": normalised(text[:TRUNCATED_AT]),
        "blocks": with_ids(context.workspace, blocks),
        "attachments": attachments,
        "metadata": metadata_of(params),
    }


def metadata_of(params: Json) -> Json | None:
    metadata = params.get("metadata")
    if not metadata:
        return None
    well_formed = isinstance(metadata, dict) and isinstance(metadata.get("event_payload"), dict)
    if not well_formed or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def from_bot(context: Context, channel: Channel, **what: Any) -> Message:
    space = context.workspace
    return Message(
        ts=space.next_ts(),
        channel=channel.id,
        user=space.bot.id,
        bot_id=space.bot.bot_id,
        app_id=space.app_id,
        **what,
    )


def told(context: Context, channel: Channel, message: Message) -> None:
    wire = message_wire(context.workspace, message)
    context.announce(channel, wire | {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts})


def changed(context: Context, channel: Channel, before: Message, after: Message) -> None:
    context.announce(channel, events.changed(context.workspace, channel, before, after))


def removed(context: Context, channel: Channel, message: Message) -> None:
    context.announce(channel, events.removed(context.workspace, channel, message))


def _addressed(context: Context, wanted: str) -> Channel:
    """A person's id stands for the direct messages with them."""
    person = context.workspace.users.get(wanted)
    return context.writable(wanted) if person is None else context.workspace.direct_with(person)


@method("chat.postMessage", "chat:write")
def post_message(context: Context, params: Json) -> Json:
    channel = _addressed(context, required(params, "channel", "channel_not_found"))
    thread = thread_root(context.workspace, channel, params.get("thread_ts"))
    what = content(context, params)
    message = from_bot(context, channel, thread_ts=thread, **what)
    message.broadcast = thread is not None and flag(params, "reply_broadcast")
    message.unfurls = str(params.get("unfurl_links", "")).lower() not in ("0", "false")
    message.subtype = "thread_broadcast" if message.broadcast else ""
    context.workspace.add(message)
    told(context, channel, message)
    answer: Json = {"ok": True, "channel": channel.id, "ts": message.ts}
    answer["message"] = message_wire(context.workspace, message)
    if len(str(params.get("text") or "")) > TRUNCATED_AT:
        answer["response_metadata"] = {"messages": ["[WARN] message_truncated"], "warnings": ["message_truncated"]}
    return answer


@method("chat.update", "chat:write")
def update(context: Context, params: Json) -> Json:
    """Text without blocks takes the blocks away; blocks do not mark the message as edited."""
    channel = context.writable(required(params, "channel", "channel_not_found"))
    message = existing(channel, required(params, "ts"))
    space = context.workspace
    if message.bot_id != space.bot.bot_id:
        raise SlackError("cant_update_message")
    if not any(params.get(name) for name in ("text", "blocks", "attachments")):
        raise SlackError("no_text")
    text = str(params.get("text") or "")
    if len(text) > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    blocks = with_ids(space, check_message_blocks(params.get("blocks") or []))
    before = replace(message)
    if blocks or text:
        message.blocks = blocks
    if text:
        message.text = normalised(text[:TRUNCATED_AT])
    if not blocks:
        message.edited = {"user": space.bot.id, "ts": space.next_ts()}
    if "metadata" in params:
        message.metadata = metadata_of(params)
    if "attachments" in params:
        message.attachments = params["attachments"] or []
    changed(context, channel, before, message)
    wire = message_wire(space, message)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text, "message": wire}


@method("chat.delete", "chat:write")
def delete(context: Context, params: Json) -> Json:
    channel = context.joined(required(params, "channel", "channel_not_found"))
    message = existing(channel, required(params, "ts"))
    if message.bot_id != context.workspace.bot.bot_id:
        raise SlackError("cant_delete_message")
    removed(context, channel, message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(context: Context, params: Json) -> Json:
    channel = context.writable(required(params, "channel", "channel_not_found"))
    user = str(required(params, "user", "user_not_in_channel"))
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread = thread_root(context.workspace, channel, params.get("thread_ts"))
    message = from_bot(context, channel, thread_ts=thread, only_for=user, **content(context, params))
    context.workspace.ephemerals.append(message)
    return {"ok": True, "message_ts": message.ts}


@method("chat.getPermalink")
def permalink(context: Context, params: Json) -> Json:
    channel = context.workspace.visible_channel(str(params.get("channel", "")))
    message = existing(channel, params.get("message_ts"))
    link = f"https://{HOME_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}
