"""A card as Block Kit: the lines are rich text, in which nothing is parsed; buttons mean what their text says.

The limits are Slack's (reference/block-kit): 25 elements of a row, 75 characters of a label, 2,000 of a value, 50
blocks. What a card is too long for goes into a file before it gets here (see `Traits.longest`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject, ContextBlock, PlainTextObject

from adapters.slack.text import escaped, literal
from sops.kit.message import Button, Card, Line, Span, spelled

Json = dict[str, object]

LONGEST = 9_000  # bytes of a message; Slack refuses blocks of about 13,000
_LONGEST_NOTICE = 2_900
_LONGEST_HINT = 1_900
SAYS, ASKS = "says", "asks"  # what an action id begins with


class Renderer:
    """Renders for one workspace. `zone` is for readers whose client cannot show their own time.

    `names` are our root commands as they are called here, where they are called otherwise.
    """

    def __init__(self, zone: str, user: Callable[[str], str | None], names: Mapping[str, str]) -> None:
        self._zone = ZoneInfo(zone)
        self._user = user
        self._names = names

    def blocks(self, card: Card) -> list[Json]:
        """The card's lines, how it ended, its buttons, and their text equivalents in small print."""
        found: list[Json] = [{"type": "rich_text", "elements": [self._section(card.lines)]}] if card.lines else []
        if card.closed:
            found.append(_small(card.closed))
        if card.buttons:
            found.append(ActionsBlock(elements=[_button(each, n) for n, each in enumerate(card.buttons)]).to_dict())
        if card.hint:
            found.append(_small(spelled(card.hint, self._names)))
        return found

    def notice(self, card: Card) -> str:
        """The words alone, for notifications and for clients without blocks."""
        lines = [*("".join(self._plain(span) for span in line) for line in card.lines), card.closed]
        return cut(escaped("\n".join(line for line in lines if line)), _LONGEST_NOTICE)

    def _section(self, lines: tuple[Line, ...]) -> Json:
        elements: list[Json] = []
        for number, line in enumerate(lines):
            spans = line if number == 0 else (Span(text="\n"), *line)
            elements += [self._element(span) for span in spans if span.kind != "text" or span.text]
        return {"type": "rich_text_section", "elements": _joined(elements) or [_text(" ")]}

    def _element(self, span: Span) -> Json:
        words = spelled(span.text, self._names) if span.own else span.text
        match span.kind:
            case "bold" | "code":
                return {**_text(words), "style": {span.kind: True}}
            case "person":
                user = self._user(span.target)
                return {"type": "user", "user_id": user} if user else _text(f"@{span.target}")
            case "channel":
                return {"type": "channel", "channel_id": span.target}
            case "link" if span.target.startswith(("https://", "http://")):
                return {"type": "link", "url": span.target, "text": literal(span.text)}
            case "time" if span.at is not None:
                shown = {"format": "{date_short_pretty} {time}", "fallback": self._time(span.at)}
                return {"type": "date", "timestamp": int(span.at.timestamp()), **shown}
            case _:
                return _text(words)

    def _plain(self, span: Span) -> str:
        if span.at is not None:
            return self._time(span.at)
        if span.own:
            return spelled(span.text, self._names)
        return f"@{span.target}" if span.kind == "person" else span.text

    def _time(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _text(text: str) -> Json:
    return {"type": "text", "text": literal(text)}


def _joined(elements: list[Json]) -> list[Json]:
    """Neighbouring plain texts as one; Slack has no use for empty ones."""
    found: list[Json] = []
    for element in elements:
        last = found[-1] if found else {}
        if element["type"] == last.get("type") == "text" and element.get("style") == last.get("style"):
            found[-1] = {**last, "text": f"{last['text']}{element['text']}"}
        elif element.get("text") != "":
            found.append(element)
    return found


def _small(text: str) -> Json:
    block: Json = ContextBlock(
        elements=[PlainTextObject(text=cut(literal(text), _LONGEST_HINT), emoji=False)]
    ).to_dict()
    return block


def _button(button: Button, number: int) -> ButtonElement:
    asks = f"{ASKS}:{number}:{','.join(button.asks)}" if button.asks else f"{SAYS}:{number}"
    confirm = (
        ConfirmObject(title="Are you sure?", text=PlainTextObject(text=cut(literal(button.confirm), 300)))
        if button.confirm
        else None
    )
    return ButtonElement(text=cut(button.label, 75), value=button.says, action_id=asks, confirm=confirm)
