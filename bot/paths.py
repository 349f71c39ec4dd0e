"""What a relative path counts from: in a settings file from the file's folder, elsewhere from the working directory."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

_FILE = ":///"
#: Settings that are paths, by the sections they stand in.
_PATHS: Sequence[tuple[str, ...]] = (
    ("home",),
    ("procedures",),
    ("matrix", "login_file"),
    ("matrix", "store"),
    ("signing", "trust"),
    ("signing", "key"),
    ("record", "seals"),
    ("record", "key"),
    ("record", "trust"),
)


def placed(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same settings, as a file or the environment spells them, with every path in them counted from `folder`.

    What has another shape than it should have is left as it is, for the validation to refuse.
    """
    found, folder = deepcopy(dict(values)), folder.absolute()
    for *sections, name in _PATHS:
        inside: Any = found
        for section in sections:
            inside = inside.get(section) if isinstance(inside, dict) else None
        if isinstance(inside, dict) and name in inside:
            inside[name] = _at(inside[name], folder)
    if isinstance(found.get("storage"), str):
        found["storage"] = database_at(found["storage"], folder)
    return found


def database_at(url: str, folder: Path) -> str:
    """The same database, the file of a SQLite one counted from `folder`."""
    scheme, at, path = url.partition(_FILE)
    if not scheme.startswith("sqlite") or not at or not path or path.startswith((":", "file:")):
        return url
    return f"{scheme}{_FILE}{folder / path}"


def _at(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_at(each, folder) for each in value]
    return str(folder / value) if isinstance(value, str) and value and not _is_fingerprint(value) else value


def _is_fingerprint(key: str) -> bool:
    """Whether that names a GPG key; an SSH key is named by its file."""
    return 16 <= len(key) <= 40 and all(each in "0123456789abcdefABCDEF" for each in key)
