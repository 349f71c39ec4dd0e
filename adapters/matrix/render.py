"""A card as a Matrix message: a plain body, and HTML in which nothing a person typed is markup.

What has buttons elsewhere has its text equivalents here, in small print. Commands begin with `!`, since clients keep
slash commands they do not know to themselves.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters.matrix.text import escaped, literal
from sops.kit.message import Card, Span

#: Bytes of a message. An event may have 64 kB, and carries the text twice, escaped, and a third longer where sealed.
LONGEST = 9_000


class Renderer:
    """Renders for one homeserver. `user` finds the account of a handle, `room` the name of a room."""

    def __init__(
        self, zone: str, user: Callable[[str], str | None], room: Callable[[str], str], commands: Sequence[str]
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._user = user
        self._room = room
        self._command = re.compile(rf"(?<![\w/])/(?=(?:{'|'.join(map(re.escape, commands))})\b)") if commands else None

    def content(self, card: Card, *, pings: bool = True) -> dict[str, Any]:
        """The message. Whom it mentions it calls, unless it must not ping; then and elsewhere it is a notice.

        A mention in a notice calls nobody (the push rule .m.rule.suppress_notices comes first), so what calls somebody
        is a message like any other.
        """
        called = self._called(card) if pings else []
        return {
            "msgtype": "m.text" if called else "m.notice",
            "body": self.plain(card),
            "format": "org.matrix.custom.html",
            "formatted_body": self.html(card),
            "m.mentions": {"user_ids": called} if called else {},
        }

    def plain(self, card: Card) -> str:
        lines = ["".join(self._plain(span) for span in line) for line in card.lines]
        return "\n".join([*lines, *(literal(each) for each in self._below(card))])

    def html(self, card: Card) -> str:
        lines = ["".join(self._marked(span) for span in line) for line in card.lines]
        return "<br>".join([*lines, *(f"<em>{escaped(each)}</em>" for each in self._below(card))])

    def _below(self, card: Card) -> list[str]:
        """How it ended, and what may be said."""
        return [each for each in (card.closed, self._typed(card.hint)) if each]

    def _called(self, card: Card) -> list[str]:
        spans = (span for line in card.lines for span in line if span.kind == "person")
        users = (self._user(span.target) for span in spans)
        return list(dict.fromkeys(user for user in users if user))

    def _marked(self, span: Span) -> str:
        match span.kind:
            case "bold":
                return f"<strong>{_shown(span.text)}</strong>"
            case "code":
                return f"<code>{_shown(self._typed(span.text))}</code>"
            case "person":
                user = self._user(span.target)
                name = escaped(f"@{span.target}")
                return f'<a href="https://matrix.to/#/{escaped(quote(user, safe="@:"))}">{name}</a>' if user else name
            case "channel":
                return f'<a href="https://matrix.to/#/{escaped(quote(span.target, safe="!:"))}">{self._named(span)}</a>'
            case "link" if span.target.startswith(("https://", "http://")):
                return f'<a href="{escaped(span.target)}">{_shown(span.text)}</a>'
            case "time" if span.at is not None:
                return self._time(span.at)
            case _:
                return _shown(span.text)

    def _plain(self, span: Span) -> str:
        if span.at is not None:
            return self._time(span.at)
        match span.kind:
            case "person":
                return literal(f"@{span.target}")
            case "channel":
                return literal(self._room(span.target))
            case "link":
                return literal(f"{span.text} ({span.target})")
            case "code":
                return literal(self._typed(span.text))
            case _:
                return literal(span.text)

    def _named(self, span: Span) -> str:
        return escaped(self._room(span.target))

    def _typed(self, text: str) -> str:
        """A command as it is typed here."""
        return self._command.sub("!", text) if self._command else text

    def _time(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


def _shown(text: str) -> str:
    """A line break inside a text is one, and columns stay columns."""
    return escaped(text).replace("\n", "<br>").replace("  ", "&nbsp; ")
