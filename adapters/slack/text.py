"""Text to and from Slack: nothing a person typed becomes a mention, a link or formatting, in either direction."""

import html
from collections.abc import Callable

from sops.kit.patterns import Found, Pattern, unescape

#: Embeddings, overrides and isolates, by which text reads otherwise than it is. Plain marks (LRM, RLM) stay.
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = (*range(0x09), *range(0x0B, 0x20), 0x7F, 0xFEFF)
_DROPPED = dict.fromkeys((*_TURNING, *_CONTROL))
_TOKEN = Pattern(r"<([^<>]*)>")


def literal(text: str) -> str:
    """Text as people typed it, without characters that would change how its surroundings read."""
    return text.translate(_DROPPED)


def escaped(text: str) -> str:
    """The same where Slack looks for markup: `&`, `<` and `>` are all it needs (formatting-message-text)."""
    return html.escape(literal(text), quote=False)


def read(text: str, bot: str, handle: Callable[[str], str]) -> tuple[str, bool]:
    """What somebody typed, and whether it speaks to the bot, which it does when it begins with a mention of it.

    `handle` names an account (a user's id) as the settings do. Links become their address, channels their name.
    """
    begins = len(text) - len(text.lstrip())
    addressed = text[begins:].startswith((f"<@{bot}>", f"<@{bot}|"))

    def token(found: Found[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith("@"):
            ours = target[1:] == bot
            return (
                ""
                if ours and addressed and found.start() <= begins
                else ("@sopwith" if ours else f"@{handle(target[1:])}")
            )
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return f"@{label.removeprefix('@') or target[1:].partition('^')[0]}"
        return label if target.startswith("mailto:") else target

    plain = unescape(_TOKEN.sub(token, text))
    return plain.replace("\xa0", " ").strip(), addressed


#: The reactions that mean something to us; any other is told by its name.
_EMOJI = {"white_check_mark": "✅", "heavy_check_mark": "✔", "ballot_box_with_check": "☑", "eyes": "👀"}


def emoji(name: str) -> str:
    return _EMOJI.get(name.partition("::")[0], f":{name}:")
