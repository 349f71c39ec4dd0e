"""Messages, people and channels as Slack writes them into answers and events."""

from tests.standins.slack.errors import Json
from tests.standins.slack.workspace import HOME, Channel, Message, User, Workspace


def message_wire(workspace: Workspace, message: Message, *, metadata: bool = True) -> Json:
    """One message. Without `metadata` as in a history that was not asked for all of it."""
    if message.deleted:
        return _tombstone(workspace, message)
    wire: Json = {"type": "message", "text": message.text, "ts": message.ts}
    optional: Json = {
        "subtype": message.subtype,
        "user": message.user,
        "team": message.team if message.user else "",
        "client_msg_id": message.client_msg_id,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "username": message.username,
        "thread_ts": message.thread_ts,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": [file.wire() for file in message.files],
        "edited": message.edited,
        "reactions": reactions_wire(message),
        "metadata": message.metadata if metadata else None,
    }
    wire |= {name: value for name, value in optional.items() if value}
    if message.files:
        wire["upload"] = False
    if message.bot_id and message.user:
        wire["bot_profile"] = _bot_profile(workspace, message)
    return wire | _thread_facts(workspace, message)


def reactions_wire(message: Message) -> list[Json]:
    return [{"name": name, "users": list(who), "count": len(who)} for name, who in message.reactions.items() if who]


def _bot_profile(workspace: Workspace, message: Message) -> Json:
    user = workspace.users.get(message.user, workspace.bot)
    return {
        "id": message.bot_id,
        "app_id": message.app_id,
        "name": user.name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": HOME,
    }


def _thread_facts(workspace: Workspace, message: Message) -> Json:
    channel = workspace.channels.get(message.channel)
    if channel is None or message.only_for:
        return {}
    if message.is_reply:
        root = channel.messages.get(message.thread_ts or "")
        return {"parent_user_id": root.user} if root is not None and root.user else {}
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.user or reply.bot_id for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def _tombstone(workspace: Workspace, message: Message) -> Json:
    said = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}
    return said | {"ts": message.ts, "hidden": True} | _thread_facts(workspace, message)


def user_wire(user: User) -> Json:
    wire: Json = {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": False,
        "real_name": user.name,
        "tz": "Etc/UTC",
        "tz_offset": 0,
        "profile": {"real_name": user.name, "display_name": user.name, "team": user.team},
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if user.bot_id:
        wire["profile"] |= {"bot_id": user.bot_id}
    if user.team != HOME:
        wire["is_stranger"] = True
    return wire | user.flags


def channel_wire(workspace: Workspace, channel: Channel) -> Json:
    if channel.is_im:
        other = next((member for member in channel.members if member != workspace.bot.id), "")
        return {"id": channel.id, "created": 0, "is_im": True, "is_org_shared": False, "user": other}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.private,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.private,
        "created": 0,
        "is_archived": channel.archived,
        "is_general": False,
        "is_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "is_member": workspace.bot.id in channel.members,
        "context_team_id": HOME,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
