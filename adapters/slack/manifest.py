"""What the app must be allowed: one list of scopes, events and commands, from which the manifest is made.

The app-level token (`connections:write`) is not part of a manifest; it is made by hand, once.
"""

from collections.abc import Mapping
from typing import Any

#: Every scope, and what breaks without it.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "to hear when it is mentioned",
    "channels:history": "to hear what is said in threads of public channels, and to find a message it may have sent",
    "channels:read": "to see whether a channel is private",
    "chat:write": "to speak",
    "commands": "for its slash commands",
    "files:write": "to put long texts into files",
    "groups:history": "to hear what is said in threads of private channels",
    "groups:read": "to see that the channel of security runs is private",
    "reactions:read": "to read a ✅ under a request",
    "im:write": "to answer somebody directly where it is no member of the channel",
}

EVENTS = (
    "app_mention",
    "message.channels",
    "message.groups",
    "reaction_added",
    "reaction_removed",
)

#: Our commands, what stands behind each as a hint, and what it is for.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "incident": ("declare P1 what is broken", "Declare an incident"),
    "release": ("rc|stable|rollback 1.4.0, freeze reason", "Candidates, releases, rollbacks"),
    "hotfix": ("1.4.1 P0 wal-corruption", "Patch a release"),
    "security": ("report text", "Report a vulnerability, in private"),
    "deps": ("update rocksdb 9.7.3", "Update a dependency"),
    "onboard": ("octocat #412", "Welcome a contributor"),
    "sop": ("list | runs | INC-7 status", "Everything, by any run's name"),
}

_NAME = "Sopwith"
_ABOUT = "Runs release, incident and security procedures in threads, and does their git work once approved."


def manifest(names: Mapping[str, str], *, url: str = "") -> dict[str, Any]:
    """The app as Slack creates it. `names` says what commands are called here; with `url` it is in HTTP mode."""
    where = {"url": url} if url else {}
    return {
        "display_information": {"name": _NAME, "description": _ABOUT},
        "features": {
            "bot_user": {"display_name": _NAME.lower(), "always_online": True},
            "slash_commands": [
                {
                    "command": f"/{names.get(root, root)}",
                    "description": about,
                    "usage_hint": hint,
                    "should_escape": True,
                    **where,
                }
                for root, (hint, about) in COMMANDS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS), **({"request_url": url} if url else {})},
            "interactivity": {"is_enabled": True, **({"request_url": url} if url else {})},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }
