"""response_url: where the bot may answer one interaction, five times within half an hour."""

from dataclasses import replace

from tests.standins.slack.chat_methods import changed, content, from_bot, removed, thread_root, told
from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.methods import Context
from tests.standins.slack.requests import flag
from tests.standins.slack.workspace import RESPONSE_URL_USES, Channel, Message, ResponseUrl


def respond(context: Context, key: str, body: Json) -> None:
    """Do what was posted to the response_url, or refuse."""
    space = context.workspace
    url = space.response_urls.get(key)
    if url is None:
        raise SlackError("no_service")
    if space.clock() > url.until:
        raise SlackError("expired_url")
    if url.uses >= RESPONSE_URL_USES:
        raise SlackError("used_url")
    say(context, url, body)
    url.uses += 1


def say(context: Context, url: ResponseUrl, body: Json) -> None:
    """Also what an ack's own payload does: speak to one person, or to all, or change the message at hand."""
    channel = context.workspace.channels[url.channel]
    original = url.original
    if original is not None and flag(body, "delete_original"):
        if original.only_for:
            original.deleted = True
        else:
            removed(context, channel, original)
    elif original is not None and flag(body, "replace_original"):
        _replace(context, channel, original, body)
    else:
        _add(context, channel, url, body)


def _replace(context: Context, channel: Channel, original: Message, body: Json) -> None:
    before = replace(original)
    what = content(context, body)
    original.text, original.blocks = what["text"], what["blocks"]
    if "metadata" in body:
        original.metadata = what["metadata"]
    if not original.only_for:
        changed(context, channel, before, original)


def _add(context: Context, channel: Channel, url: ResponseUrl, body: Json) -> None:
    thread = thread_root(context.workspace, channel, body.get("thread_ts"))
    message = from_bot(context, channel, thread_ts=thread, **content(context, body))
    if body.get("response_type") == "in_channel":
        context.workspace.add(message)
        told(context, channel, message)
    else:
        message.only_for = url.user
        context.workspace.ephemerals.append(message)
