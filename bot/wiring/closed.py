"""What the bot keeps is for its own eyes: what others could read is closed to them before anything is served."""

import stat
from collections.abc import Iterator
from pathlib import Path

from bot.settings import Settings
from sops.kit.errors import ConfigurationError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SQLITE = "sqlite:///"


def close_to_others(settings: Settings) -> None:
    """Take from everybody else what they may do with the database, the keys and the mirror.

    Raises ConfigurationError for what belongs to another account and is open to others.
    """
    for path in _kept(settings):
        try:
            mode = path.stat().st_mode
            if mode & _OTHERS:
                path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
        except FileNotFoundError:
            continue
        except OSError as problem:
            raise ConfigurationError(
                f"{path} can be read by others and could not be closed to them ({problem.strerror}): run "
                f"chmod go-rwx on it as its owner, or let the bot own it"
            ) from problem


def _kept(settings: Settings) -> Iterator[Path]:
    """A folder stands for all that is in it."""
    if settings.storage.startswith(_SQLITE):
        database = settings.storage.removeprefix(_SQLITE)
        yield from (Path(f"{database}{end}") for end in ("", "-wal", "-shm", "-journal"))
    yield settings.home / "mirror"
    yield settings.home / "world"
    if settings.matrix is not None:
        yield settings.matrix.login_file
        if settings.matrix.store is not None:
            yield settings.matrix.store
