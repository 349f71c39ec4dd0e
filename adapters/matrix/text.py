"""Text to and from Matrix: nothing a person typed becomes a mention, a link or markup, in either direction."""

import html
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote

from sops.kit.patterns import Pattern, escape, unescape

#: Embeddings, overrides and isolates, by which text reads otherwise than it is. Plain marks (LRM, RLM) stay.
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = (*range(0x09), *range(0x0B, 0x20), 0x7F, 0xFEFF)
_DROPPED = dict.fromkeys((*_TURNING, *_CONTROL))

_USER = Pattern(r"@[^\s\pZ:\"'<>()\[\]]+:[A-Za-z0-9.:\[\]-]*[A-Za-z0-9\]]")
_PILL = Pattern(r"(?is)<a\s[^>]*?href=[\"']https://matrix\.to/#/([^\"'?]+)[^>]*>(.*?)</a>")
_MARKDOWN = Pattern(r"\[([^\]]*)\]\(<?https://matrix\.to/#/([^)>?]+)[^)]*\)")
_TAG = Pattern(r"<[^>]*>")
_QUOTED = Pattern(r"\A(?:>[^\n]*\n)+\n?")
_ANSWERED = Pattern(r"(?s)<mx-reply>.*</mx-reply>")
_BOT = "\ufdd0"  # no character, so nobody types it: where the bot is mentioned
_MOST_PILLS = 50  # nobody calls more people in one message


def literal(text: str) -> str:
    """Text as people typed it, without characters that would change how its surroundings read."""
    return text.translate(_DROPPED)


def escaped(text: str) -> str:
    """The same where Matrix looks for HTML."""
    return html.escape(literal(text))


def read(content: Mapping[str, Any], bot: str, handle: Callable[[str], str]) -> tuple[str, bool]:
    """What somebody typed, and whether it speaks to the bot, which it does when it begins with a mention of it.

    That mention is taken out. Who is mentioned is read off the ids, never off the names that stand for them. A reply
    mentions whomever it answers without anybody having typed so; that alone addresses nobody.
    """
    relation = _dict(content.get("m.relates_to"))
    reply = "m.in_reply_to" in relation and not relation.get("is_falling_back")
    body = str(content.get("body", "")).replace(_BOT, "")
    body = _QUOTED.sub("", body) if reply else body
    for target, label in _pills(content):
        if label and label in body and target not in body:
            body = body.replace(label, target, 1)
    body = _MARKDOWN.sub(lambda found: unquote(found[2]) if found[2].startswith(("%40", "@")) else found[1], body)
    body = _USER.sub(lambda found: _BOT if found[0] == bot else f"@{handle(found[0])}", body)
    text, name = body.strip(), bot[1:].partition(":")[0]
    mentions = _dict(content.get("m.mentions")).get("user_ids")
    if isinstance(mentions, list) and bot in mentions and not reply:  # by its name alone, as some clients spell it
        text = Pattern(rf"(?i)\A@?{escape(name)}(?:[\s:,]|\z)").sub(f"{_BOT} ", text, 1)
    addressed = text.startswith(_BOT)
    text = text.removeprefix(_BOT).lstrip(" :,\xa0") if addressed else text
    return text.replace(_BOT, f"@{name}").replace("\xa0", " ").strip(), addressed


def _pills(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Users who are mentioned in the formatted text, each with the name that stands for them in the plain one."""
    if content.get("format") != "org.matrix.custom.html":
        return []
    formatted = _ANSWERED.sub("", str(content.get("formatted_body", "")))
    found = islice(_PILL.finditer(formatted), _MOST_PILLS)
    named = ((unquote(pill[1]), unescape(_TAG.sub("", pill[2])).strip()) for pill in found)
    return [(target, label) for target, label in named if _USER.fullmatch(target)]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def emoji(key: str) -> str:
    """A reaction, without the mark that asks for its coloured form."""
    return key.removesuffix("\ufe0f")
