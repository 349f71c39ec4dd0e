"""The list of contributors, a Markdown file: one bullet for each person."""

from sops.kit.errors import InvalidText
from sops.kit.patterns import Pattern, escape

_ITEM = Pattern(rb"(?m)^([-*+])([ \t]+)(\S[^\r\n]*)(\r?\n|$)")


def names(data: bytes, login: str) -> bool:
    """An item of the list is this login's entry, in any case: it begins or ends with it, brackets it, or links it.

    Where it merely stands in a sentence, in an item or around the list, it does not count.
    """
    who = escape(login).encode()
    begins, brackets, links = rb"^[\[*_`]*@?%b(?:[^\w-]|$)" % who, rb"[(\[]@?%b[)\]]" % who, rb"/%b/?[)>]" % who
    entry = Pattern(b"(?i)" + b"|".join((begins, brackets, links, rb"(?:^|[^\w-])@%b[*_`]*$" % who)))
    return any(entry.search(item[3].rstrip(b" \t")) for item in _ITEM.finditer(data))


def add_contributor(data: bytes, login: str) -> bytes:
    """With `- @login` in the list, in its alphabetical place if the list is sorted, else at its end.

    Every other byte stays. Raises InvalidText when the file has no list with bullets.
    """
    if names(data, login):
        return data
    items = list(_ITEM.finditer(data))
    if not items:
        raise InvalidText("The list of contributors has no bullets; write one line such as: - @octocat")
    keys = [item[3].lower().lstrip(b"@[") for item in items]
    mark, space = items[0][1], items[0][2]
    newline = next((item[4] for item in items if item[4]), b"\n")
    entry = mark + space + b"@" + login.encode()
    later = next((item for item, key in zip(items, keys, strict=True) if key > login.lower().encode()), None)
    if keys == sorted(keys) and later is not None:
        return data[: later.start()] + entry + newline + data[later.start() :]
    last = items[-1]
    if not last[4]:
        return data[: last.end()] + newline + entry + data[last.end() :]
    return data[: last.end()] + entry + newline + data[last.end() :]
