"""Rich text blocks: what may stand in them, and what a reader sees. Nothing in them is markup."""

from collections.abc import Iterator
from typing import Any

from tests.standins.slack.errors import Json
from tests.standins.slack.workspace import Workspace

#: What each part of a section has, and of that what it must have.
_PARTS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text", "style"}, {"text"}),
    "user": ({"user_id", "style"}, {"user_id"}),
    "channel": ({"channel_id", "style"}, {"channel_id"}),
    "usergroup": ({"usergroup_id", "style"}, {"usergroup_id"}),
    "broadcast": ({"range"}, {"range"}),
    "emoji": ({"name", "unicode", "style"}, {"name"}),
    "link": ({"url", "text", "unsafe", "style"}, {"url"}),
    "date": ({"timestamp", "format", "url", "fallback", "style"}, {"timestamp", "format"}),
    "color": ({"value"}, {"value"}),
}
_SECTIONS = {"rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text_list"}
_STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}


def complaints(block: Json, at: str) -> Iterator[str]:
    """What Slack would refuse, each with its pointer."""
    for position, section in enumerate(block.get("elements", [])):
        where = f"{at}/elements/{position}"
        if section.get("type") not in _SECTIONS:
            yield f"unsupported type: {section.get('type')} [json-pointer:{where}/type]"
        elif section["type"] == "rich_text_list":
            yield from complaints(section, where)
        else:
            for number, part in enumerate(section.get("elements", [])):
                yield from _about_part(part, f"{where}/elements/{number}")


def _about_part(part: Json, at: str) -> Iterator[str]:
    kind = part.get("type")
    if kind not in _PARTS:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    known, needed = _PARTS[kind]
    for name in part:
        if name not in known | {"type"}:
            yield f"additional property: {name} [json-pointer:{at}]"
    for name in needed:
        if part.get(name) in (None, ""):
            yield f"missing required field: {name} [json-pointer:{at}]"
    if unknown := set(part.get("style") or {}) - _STYLES:
        yield f"unknown style: {', '.join(sorted(unknown))} [json-pointer:{at}/style]"


def shown(workspace: Workspace, block: Json) -> str:
    """The words; a date by its fallback, a person and a channel by name."""
    return "\n".join("".join(_part(workspace, part) for part in section["elements"]) for section in block["elements"])


def _part(workspace: Workspace, part: Json) -> str:
    value: Any
    match part["type"]:
        case "text":
            return str(part["text"])
        case "user":
            value = workspace.users.get(part["user_id"])
            return f"@{value.name if value else part['user_id']}"
        case "channel":
            value = workspace.channels.get(part["channel_id"])
            return f"#{value.name if value else part['channel_id']}"
        case "link":
            told = part.get("text")
            return (
                f"{told} ({part['url']})" if told and str(part["url"]).startswith("http") else str(told or part["url"])
            )
        case "date":
            return str(part.get("fallback") or part["timestamp"])
        case "broadcast":
            return f"@{part['range']}"
        case kind:
            return f":{part.get('name', kind)}:"
