"""The table of supported versions in a security policy: whether a line is in it, and a row for one that is not.

The table is the first in Markdown whose first column is called Version. Only whole rows are inserted.
"""

from sops.kit.errors import InvalidText
from sops.kit.patterns import Pattern

_ROW = Pattern(r"\s*\|(?P<first>[^|]*)\|(?P<rest>.*)\|\s*")
_RULE = Pattern(r"\s*:?-+:?\s*")


def lists(data: bytes, line: str) -> bool:
    """Some row is about that line (`1.3`), whatever it says of it. Raises InvalidText where there is no table."""
    return any(_about(row, line) for row in _rows(data)[1])


def with_line(data: bytes, line: str) -> bytes:
    """The file with a first row for that line, marked as the row below it; as it was if the line is listed.

    Raises InvalidText where there is no such table, or none with a row to take the mark from.
    """
    if lists(data, line):
        return data
    at, rows = _rows(data)
    found = _ROW.fullmatch(rows[0]) if rows else None
    if found is None:
        raise InvalidText("The table of supported versions has no row yet; write the first one by hand.")
    lines = data.decode().splitlines(keepends=True)
    width = len(found["first"])
    row = f"|{f' {line}.x '.ljust(width)}|{found['rest']}|"
    ending = lines[at - 1][len(lines[at - 1].rstrip("\r\n")) :]
    return "".join([*lines[:at], f"{row}{ending}", *lines[at:]]).encode()


def _rows(data: bytes) -> tuple[int, list[str]]:
    """Where the rows of the table begin (a line's number, from 0), and they."""
    try:
        lines = data.decode().removeprefix("\ufeff").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidText("The security policy is not UTF-8; save it as UTF-8.") from error
    for number, text in enumerate(lines[:-1]):
        if "|" not in text:
            continue
        head, rule = _ROW.fullmatch(text), _ROW.fullmatch(lines[number + 1])
        if head and rule and head["first"].strip().lower() == "version" and _RULE.fullmatch(rule["first"]):
            rows = []
            for row in lines[number + 2 :]:
                if not _ROW.fullmatch(row):
                    break
                rows.append(row)
            return number + 2, rows
    raise InvalidText("The security policy has no table whose first column is called Version.")


def _about(row: str, line: str) -> bool:
    found = _ROW.fullmatch(row)
    first = found["first"].strip().removeprefix("v") if found else ""
    return first == line or first.startswith(f"{line}.")
