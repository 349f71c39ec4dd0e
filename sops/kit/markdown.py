"""Markdown as other modules need it: blocks with their lines, and inline text read only when asked for."""

from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark")


class Markdown:
    """A parsed text (CommonMark and tables). Lines end as for Markdown: \\n, \\r\\n or \\r, nothing else."""

    def __init__(self, text: str) -> None:
        self._definitions: dict[str, Any] = {}
        self.tokens = _BLOCKS.parse(text.removeprefix("\ufeff"), self._definitions)

    def plain(self, inline: Token) -> str:
        """The words of an inline token without markup and control characters, on one line."""
        return one_line("".join(child.content or " " * child.type.endswith("break") for child in self._read(inline)))

    def is_mere_link(self, inline: Token) -> bool:
        """Nothing is there but links, blanks and punctuation."""
        depth = 0
        links = 0
        for child in self._read(inline):
            if child.type in {"link_open", "link_close"}:
                depth += child.nesting
                links += child.nesting == 1
            elif depth == 0 and any(character.isalnum() for character in child.content):
                return False
        return links > 0

    def _read(self, inline: Token) -> Sequence[Token]:
        return _INLINE.parseInline(inline.content, self._definitions)[0].children or []


def blocks(tokens: Sequence[Token]) -> Iterator[tuple[Token, list[Token]]]:
    """The outermost blocks among `tokens`: the token that opens each, and the tokens inside it."""
    opening: Token | None = None
    inside: list[Token] = []
    for token in tokens:
        if opening is None:
            if token.nesting == 1:
                opening, inside = token, []
            else:
                yield token, []
        elif token.nesting == -1 and token.level == opening.level:
            yield opening, inside
            opening = None
        else:
            inside.append(token)


def line_of(token: Token) -> int:
    """The line a block begins on, counted from 1."""
    return token.map[0] + 1 if token.map else 0


def one_line(text: str) -> str:
    """`text` with every run of blanks and control characters as one blank."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
