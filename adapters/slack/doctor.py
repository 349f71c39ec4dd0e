"""What is wrong between the bot and its workspace, each with what to do about it."""

from collections.abc import Mapping, Sequence

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import speaking
from adapters.slack.home import who_we_are
from adapters.slack.manifest import SCOPES
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused


async def examine(client: AsyncWebClient, app_token: str, channels: Mapping[str, str]) -> Sequence[str]:
    """Every finding, as a sentence; empty when all is well. `channels` maps our channels' names to Slack's ids."""
    try:
        identity = await who_we_are(client)
    except (ConfigurationError, FarEndError) as problem:
        return [str(problem)]
    findings = [
        f"The scope {scope} is missing; it is needed {why}. Add it under “OAuth & Permissions”, install the app again."
        for scope, why in SCOPES.items()
        if scope not in identity.scopes
    ]
    if app_token:
        findings += await _socket(client, app_token)
    for name, channel in channels.items():
        findings += await _channel(client, name, channel)
    return findings


async def _socket(client: AsyncWebClient, app_token: str) -> list[str]:
    try:
        async with speaking(writes=False):
            await client.apps_connections_open(app_token=app_token)
    except (FarEndError, FarEndRefused) as problem:
        needs = "The app-level token (xapp-) needs the scope connections:write, and Socket Mode must be switched on"
        return [f"Socket Mode does not open: {problem}. {needs}."]
    return []


async def _channel(client: AsyncWebClient, name: str, channel: str) -> list[str]:
    try:
        async with speaking(writes=False):
            found = (await client.conversations_info(channel=channel))["channel"]
    except FarEndRefused as refusal:
        wanted = "Use the channel's id (C…), and invite the bot there: /invite @sopwith"
        return [f"channels.{name} is {channel}: {refusal}. {wanted}"]
    except FarEndError as problem:
        return [f"channels.{name} could not be looked at: {problem}"]
    called, lines = f"#{found.get('name', channel)} (channels.{name})", []
    if found.get("is_archived"):
        lines.append(f"{called} is archived; nothing can be posted there.")
    if not found.get("is_member"):
        lines.append(f"The bot is no member of {called}: /invite @sopwith there.")
    if name == "security" and not found.get("is_private"):
        lines.append(f"{called} is public; security runs need a private channel.")
    if found.get("is_ext_shared"):
        lines.append(f"{called} is shared with another organisation.")
    elif found.get("is_pending_ext_shared"):
        lines.append(f"{called} is about to be shared with another organisation.")
    return lines
