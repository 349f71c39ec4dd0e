"""Text as Slack's client sends what people type, and as it shows what was sent."""

import re
from collections.abc import Callable

from tests.standins.slack.errors import Json
from tests.standins.slack.workspace import Workspace

BROADCASTS = ("channel", "here", "everyone")
TOP_LEVEL_DOMAINS = "com|org|net|io|dev|md|rs|py"
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_LINK = re.compile(
    r"(?P<url>https?://[^\s<>|]+[^\s<>|.,;:!?)])"
    r"|(?P<mail>[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    rf"|(?<![\w@./-])(?P<bare>(?:[\w-]+\.)+(?:{TOP_LEVEL_DOMAINS}))(?![\w.-]*\w)"
    r"|(?<!\w)@(?P<person>[\w.-]*\w)"
    r"|(?<!\w)#(?P<channel>[\w-]+)"
)
_ENTITY = re.compile(r"<([^<>]+)>")
_LONE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(workspace: Workspace, text: str, *, labels: bool = False, links: bool = True) -> str:
    """What the client makes of typed text: three characters escaped, known names, channels and addresses linked.

    In code nothing is linked. `labels` is how slash commands get people: `<@U1|name>`.
    """
    parts = _CODE.split(text)
    return "".join(
        escape(part) if position % 2 else _linked(workspace, part, labels=labels, links=links)
        for position, part in enumerate(parts)
    )


def _linked(workspace: Workspace, text: str, *, labels: bool, links: bool) -> str:
    pieces, end = [], 0
    for match in _LINK.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        pieces.append(_link(workspace, match, labels=labels, links=links))
        end = match.end()
    return "".join(pieces) + escape(text[end:])


def _link(workspace: Workspace, match: re.Match[str], *, labels: bool, links: bool) -> str:
    written = escape(match.group())
    if (name := match["person"]) is not None:
        if name in BROADCASTS:
            return f"<!{name}>"
        person = workspace.named_user(name)
        if person is None:
            return written
        return f"<@{person.id}|{person.name}>" if labels else person.mention
    if match["channel"] is not None:
        channel = workspace.named_channel(match["channel"])
        return f"<#{channel.id}|{channel.name}>" if channel is not None else written
    if not links:
        return written
    if match["mail"] is not None:
        return f"<mailto:{written}|{written}>"
    return f"<{written}>" if match["url"] is not None else f"<http://{written}|{written}>"


def normalised(text: str) -> str:
    """A bot's text as Slack stores it: a lone ampersand or bracket becomes an entity, well-formed links stay."""
    kept = _LONE_AMPERSAND.sub("&amp;", text)
    pieces, end = [], 0
    for match in _ENTITY.finditer(kept):
        pieces.append(_brackets(kept[end : match.start()]))
        pieces.append(match.group() if _is_entity(match[1]) else _brackets(match.group()))
        end = match.end()
    return "".join(pieces) + _brackets(kept[end:])


def _brackets(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _is_entity(inside: str) -> bool:
    return bool(re.match(r"[@#][A-Z0-9]+|!|[a-z][a-z0-9+.-]*:", inside))


def shown(workspace: Workspace, text: str) -> str:
    """Marked-up text as a reader sees it: names for ids, labels for links, a date's fallback, entities undone."""
    return unescape(_ENTITY.sub(lambda match: _shown_entity(workspace, match[1]), text))


def _shown_entity(workspace: Workspace, inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return label
    if target.startswith("!subteam^"):
        return label or "@" + target.removeprefix("!subteam^")
    if target.startswith("!"):
        return "@" + target[1:]
    named: dict[str, Callable[[str], str]] = {
        "@": lambda key: "@" + (workspace.users[key].name if key in workspace.users else key),
        "#": lambda key: "#" + (workspace.channels[key].name if key in workspace.channels else label or key),
    }
    if target[:1] in named:
        return named[target[0]](target[1:])
    return label or target


def rich_text(workspace: Workspace, text: str) -> Json:
    """The block Slack's client sends beside a person's text. Styles are left out; people and channels are not."""
    elements: list[Json] = []
    end = 0
    for match in _ENTITY.finditer(text):
        if before := text[end : match.start()]:
            elements.append({"type": "text", "text": unescape(before)})
        elements.append(_rich_element(match[1]))
        end = match.end()
    if rest := text[end:]:
        elements.append({"type": "text", "text": unescape(rest)})
    section: Json = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": workspace.new_id("r"), "elements": [section]}


def _rich_element(inside: str) -> Json:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    return {"type": "link", "url": unescape(target)} | ({"text": label} if label else {})
