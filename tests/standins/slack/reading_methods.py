"""conversations.*, users.*, auth.test: what the bot may look up."""

import base64
from typing import Any

from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.methods import Context, method, required
from tests.standins.slack.requests import flag
from tests.standins.slack.wire import channel_wire, message_wire, user_wire
from tests.standins.slack.workspace import HOME, HOME_DOMAIN, Channel, Message

DEFAULT_PAGE = 100
LARGEST_PAGE = 999


@method("auth.test")
def auth_test(context: Context, params: Json) -> Json:
    bot = context.workspace.bot
    return {
        "ok": True,
        "url": f"https://{HOME_DOMAIN}.slack.com/",
        "team": HOME_DOMAIN,
        "user": bot.name,
        "team_id": HOME,
        "user_id": bot.id,
        "bot_id": bot.bot_id,
        "is_enterprise_install": context.workspace.org_wide,
    }


@method("conversations.info")
def conversations_info(context: Context, params: Json) -> Json:
    channel = context.readable(params, "read")
    wire = channel_wire(context.workspace, channel)
    if flag(params, "include_num_members"):
        wire["num_members"] = len(channel.members)
    return {"ok": True, "channel": wire}


@method("conversations.open", "im:write")
def conversations_open(context: Context, params: Json) -> Json:
    """Direct messages with one person; groups of people are not known here."""
    user = context.workspace.users.get(str(required(params, "users", "users_list_not_supplied")))
    if user is None or user.is_bot:
        raise SlackError("user_not_found" if user is None else "cannot_dm_bot")
    return {"ok": True, "channel": {"id": context.workspace.direct_with(user).id}}


@method("conversations.list")
def conversations_list(context: Context, params: Json) -> Json:
    """Public channels, and private ones the bot is in, of the `types` asked for."""
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im"}
    asked = {kinds.get(kind.strip(), "") for kind in str(params.get("types") or "public_channel").split(",")}
    space = context.workspace
    listed = [c for c in space.channels.values() if c.kind in asked and _listed(context, c, params)]
    page, cursor = _page(listed, params)
    wires = [channel_wire(space, channel) for channel in page]
    return {"ok": True, "channels": wires, "response_metadata": {"next_cursor": cursor}}


def _listed(context: Context, channel: Channel, params: Json) -> bool:
    context.need_for(channel, "read")
    if channel.archived and flag(params, "exclude_archived"):
        return False
    return channel.kind == "channel" or context.workspace.bot.id in channel.members


@method("conversations.members")
def conversations_members(context: Context, params: Json) -> Json:
    channel = context.readable(params, "read")
    page, cursor = _page(channel.members, params)
    return {"ok": True, "members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.history")
def conversations_history(context: Context, params: Json) -> Json:
    channel = context.readable(params, "history")
    context.joined(channel.id)
    told = [m for m in channel.messages.values() if not m.is_reply or m.broadcast]
    seen = [m for m in told if not m.deleted or channel.replies(m.ts)]
    within = [message for message in seen if _within(message, params)]
    page, cursor = _page(list(reversed(within)), params)
    return _messages(context, params, page, cursor) | {"pin_count": len(channel.pins)}


@method("conversations.replies")
def conversations_replies(context: Context, params: Json) -> Json:
    """The root first, whatever the bounds, then its replies in order."""
    channel = context.readable(params, "history")
    context.joined(channel.id)
    asked = channel.messages.get(str(params.get("ts", "")))
    if asked is None or (asked.deleted and not channel.replies(asked.ts)):
        raise SlackError("thread_not_found")
    root = channel.messages.get(asked.thread_ts or asked.ts, asked)
    within = [root, *(reply for reply in channel.replies(root.ts) if _within(reply, params))]
    page, cursor = _page(within, params)
    return _messages(context, params, page, cursor)


def _messages(context: Context, params: Json, page: list[Message], cursor: str) -> Json:
    with_metadata = flag(params, "include_all_metadata")
    wires = [message_wire(context.workspace, message, metadata=with_metadata) for message in page]
    answer: Json = {"ok": True, "messages": wires, "has_more": bool(cursor)}
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _within(message: Message, params: Json) -> bool:
    oldest, latest = str(params.get("oldest") or "0"), str(params.get("latest") or "")
    if flag(params, "inclusive") and message.ts in (oldest, latest):
        return True
    return _order(message.ts) > _order(oldest) and (not latest or _order(message.ts) < _order(latest))


def _order(ts: str) -> tuple[int, int]:
    seconds, _, micros = ts.partition(".")
    return int(seconds), int(micros.ljust(6, "0")[:6] or 0)


def _page(items: list[Any], params: Json) -> tuple[list[Any], str]:
    try:
        limit = int(params.get("limit") or DEFAULT_PAGE)
        start = int(base64.b64decode(params.get("cursor") or "MA==").decode())
    except ValueError as problem:
        raise SlackError("invalid_cursor" if params.get("cursor") else "invalid_limit") from problem
    if not 0 < limit <= LARGEST_PAGE + 1:
        raise SlackError("invalid_limit")
    end = start + limit
    return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else ""


@method("users.info", "users:read")
def users_info(context: Context, params: Json) -> Json:
    user = context.workspace.users.get(str(required(params, "user", "user_not_found")))
    if user is None:
        raise SlackError("user_not_found")
    return {"ok": True, "user": user_wire(user)}
