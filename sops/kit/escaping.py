"""People's words where others read them: as Markdown, in a file, as a title, in a file's name; never as markup."""

import unicodedata

from sops.kit.patterns import Pattern

_BLOCK = Pattern(r"^([0-9]{1,9}[.)]|[-+=])")  # what would begin a list, a rule or a heading
_JOINERS = "\u200c\u200d"  # control characters that spell words and emoji
_SPECIAL = {ord(char): f"\\{char}" for char in "\\`*_[]<>#|~!"}
_OTHERS = Pattern(r"[^a-z0-9]+")


def quoted(text: str) -> str:
    """A person's words as Markdown text: shown as typed, without headings, links, tags or mentions."""
    escaped = printable(text).replace("&", "&amp;").translate(_SPECIAL)
    return _BLOCK.sub(lambda found: f"{found[1][:-1]}\\{found[1][-1]}", escaped).replace("@", "@\u200b")


def entry(text: str) -> str:
    """A person's words as one entry of a file: as typed, in one line, without control characters."""
    return "".join(char for char in " ".join(text.split()) if char in _JOINERS or printable(char) or char == " ")


def printable(text: str) -> str:
    """Without control and bidirectional-override characters; line breaks become spaces."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"})


def titled(text: str) -> str:
    """A person's words as a title, where no markup is read: shown as typed, without mentions of anybody."""
    return printable(text).replace("@", "@\u200b").replace("<!", "<\u200b!")


def slug(text: str, otherwise: str, limit: int = 40) -> str:
    """A file name's part: lower-case ASCII letters, digits and single dashes; `otherwise` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHERS.sub("-", plain).strip("-")[:limit].strip("-") or otherwise
