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
_MOST_PILLS = 50  # nobody calls more people in one message


def literal(text: str) -> str:
    """Text as people typed it, without characters that would change how its surroundings read."""
    return text.translate(_DROPPED)


def escaped(text: str) -> str:
    """The same where Matrix looks for HTML."""
    return html.escape(literal(text))


def read(content: Mapping[str, Any], bot: str, handle: Callable[[str], str]) -> tuple[str, bool]:
    """What somebody typed, and whether it is addressed to the bot; that mention is taken out.

    Who is mentioned is read off the ids, never off the names that stand for them. A reply mentions whomever it answers
    without anybody having typed so; that alone addresses nobody.
    """
    relation = _dict(content.get("m.relates_to"))
    reply = "m.in_reply_to" in relation and not relation.get("is_falling_back")
    body = str(content.get("body", ""))
    body = _QUOTED.sub("", body) if reply else body
    named: list[str] = []

    def call(user: str) -> str:
        named.append(user)
        return "" if user == bot else f"@{handle(user)}"

    for target, label in _pills(content):
        if label and label in body and target not in body:
            body = body.replace(label, target, 1)
    body = _MARKDOWN.sub(lambda found: unquote(found[2]) if found[2].startswith(("%40", "@")) else found[1], body)
    body = _USER.sub(lambda found: call(found[0]), body)
    mentions = _dict(content.get("m.mentions")).get("user_ids")
    meant = isinstance(mentions, list) and bot in mentions and not reply
    addressed = bot in named or meant
    text = body.strip()
    if addressed:
        name = escape(bot[1:].partition(":")[0])
        text = Pattern(rf"(?i)\A@?{name}\b").sub("", text, 1).lstrip(" :,\xa0")
    return text.replace("\xa0", " ").strip(), addressed


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
