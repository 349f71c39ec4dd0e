"""What the bot keeps is for its own eyes, and one SQLite file serves one bot."""

from pathlib import Path

import pytest

from bot.settings import given
from bot.wiring.closed import close_to_others
from sops.kit.errors import ConfigurationError
from storage import owned


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_others_could_read_is_closed_and_what_is_not_the_bots_is_left(tmp_path: Path) -> None:
    settings = given(
        storage=f"sqlite:///{tmp_path / 'sopwith.db'}",
        home=tmp_path / "home",
        matrix={
            "homeserver": "https://matrix.example",
            "user": "@sopwith:example",
            "login_file": tmp_path / "login.json",
            "store": tmp_path / "keys",
        },
    )
    for folder in ("home/mirror", "keys"):
        (tmp_path / folder).mkdir(parents=True, mode=0o755)
    for name in ("sopwith.db", "sopwith.db-wal", "login.json", "sopwith.toml"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o664)
    close_to_others(settings)
    assert mode(tmp_path / "sopwith.db") == mode(tmp_path / "sopwith.db-wal") == mode(tmp_path / "login.json") == 0o600
    assert mode(tmp_path / "home" / "mirror") == mode(tmp_path / "keys") == 0o700
    assert mode(tmp_path / "sopwith.toml") == 0o664


def test_what_is_somebody_elses_and_open_is_told_and_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "sopwith.db"
    database.touch()
    database.chmod(0o644)

    def refused(path: Path, wanted: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    with pytest.raises(ConfigurationError, match=r"sopwith\.db can be read by others .*chmod go-rwx"):
        close_to_others(given(storage=f"sqlite:///{database}", home=tmp_path))


def test_of_two_bots_on_one_file_the_second_is_told_of_the_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sopwith.db'}"
    with owned(url):
        with (
            pytest.raises(ConfigurationError, match=r"sopwith\.db is in use by process \d+ on .*PostgreSQL"),
            owned(url),
        ):
            pass
        with owned(f"sqlite:///{tmp_path / 'another.db'}"), owned("postgresql://db.example/sopwith"):
            pass
    with owned(url):
        pass


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/sopwith.db", "mysql://db.example/sopwith"])
def test_a_file_that_cannot_be_locked_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"storage\.url"), owned(url):
        pass
