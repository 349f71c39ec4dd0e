"""reactions.*, pins.*, views.*, apps.connections.open."""

from typing import Any

from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.events import reaction
from tests.standins.slack.methods import Context, existing, method, required
from tests.standins.slack.view_rules import check_view, view_wire, with_ids
from tests.standins.slack.wire import message_wire, reactions_wire
from tests.standins.slack.workspace import Channel, Message, User, View


def react(message: Message, user: User, name: str) -> None:
    """One person, one reaction of a kind on a message; said twice it is refused."""
    people = message.reactions.setdefault(name, [])
    if user.id in people:
        raise SlackError("already_reacted")
    people.append(user.id)


def unreact(message: Message, user: User, name: str) -> None:
    people = message.reactions.get(name, [])
    if user.id not in people:
        raise SlackError("no_reaction")
    people.remove(user.id)


def _target(context: Context, params: Json) -> tuple[Channel, Message]:
    channel = context.writable(required(params, "channel", "channel_not_found"))
    return channel, existing(channel, required(params, "timestamp", "bad_timestamp"))


def _name(params: Json) -> str:
    return str(required(params, "name", "invalid_name")).strip(":")


@method("reactions.add", "reactions:write")
def reactions_add(context: Context, params: Json) -> Json:
    channel, message = _target(context, params)
    space, name = context.workspace, _name(params)
    react(message, space.bot, name)
    context.announce(channel, reaction(space, "reaction_added", channel, message, space.bot, name))
    return {"ok": True}


@method("reactions.remove", "reactions:write")
def reactions_remove(context: Context, params: Json) -> Json:
    channel, message = _target(context, params)
    space, name = context.workspace, _name(params)
    unreact(message, space.bot, name)
    context.announce(channel, reaction(space, "reaction_removed", channel, message, space.bot, name))
    return {"ok": True}


@method("reactions.get", "reactions:read")
def reactions_get(context: Context, params: Json) -> Json:
    channel = context.joined(str(required(params, "channel", "channel_not_found")))
    message = existing(channel, params.get("timestamp"))
    wire = message_wire(context.workspace, message) | {"reactions": reactions_wire(message)}
    return {"ok": True, "type": "message", "channel": channel.id, "message": wire}


@method("pins.add", "pins:write")
def pins_add(context: Context, params: Json) -> Json:
    channel, message = _target(context, params)
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(message.ts)
    return {"ok": True}


def opened(context: Context, user: str, content: Any) -> View:
    space = context.workspace
    checked = dict(check_view(content))
    taken = {view.content.get("external_id") for view in space.views.values() if view.open}
    if checked.get("external_id") and checked["external_id"] in taken:
        raise SlackError("duplicate_external_id")
    checked["blocks"] = with_ids(space, checked["blocks"])
    view_id = space.new_id("V")
    view = View(view_id, user, checked, f"{space.now()}.{space.new_id('')}", view_id)
    space.views[view_id] = view
    return view


def replaced(context: Context, view: View, content: Any) -> None:
    space = context.workspace
    checked = dict(check_view(content))
    checked["blocks"] = with_ids(space, checked["blocks"])
    view.content = checked
    view.hash = f"{space.now()}.{space.new_id('')}"
    view.errors = {}


@method("views.open")
def views_open(context: Context, params: Json) -> Json:
    """The trigger is looked at before the view, and used up only when a view opens."""
    trigger_id = str(required(params, "trigger_id"))
    trigger = context.workspace.take_trigger(trigger_id)
    try:
        view = opened(context, trigger.user, params.get("view"))
    except SlackError:
        trigger.used = False
        raise
    return {"ok": True, "view": view_wire(context.workspace, view)}


@method("views.update")
def views_update(context: Context, params: Json) -> Json:
    wanted, external = params.get("view_id"), params.get("external_id")
    views = [view for view in context.workspace.views.values() if view.open]
    view = next((v for v in views if v.id == wanted or (external and v.content.get("external_id") == external)), None)
    if view is None:
        raise SlackError("not_found")
    if params.get("hash") not in (None, "", view.hash):
        raise SlackError("hash_conflict")
    replaced(context, view, params.get("view"))
    return {"ok": True, "view": view_wire(context.workspace, view)}


@method("apps.connections.open", "connections:write")
def connections_open(context: Context, params: Json) -> Json:
    return {"ok": True, "url": context.socket_url()}
