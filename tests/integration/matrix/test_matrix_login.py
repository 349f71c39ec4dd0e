"""A bot that has a password logs in once, as one device, whatever happens between."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.matrix.login import Login, kept_login
from bot.settings import MatrixSettings
from bot.wiring.matrix import examined, matrix
from sops.kit.errors import ConfigurationError, FarEndError
from tests.standins.synapse import PASSWORD, Client, Synapse


def _devices(bot: Client) -> list[str]:
    return sorted(each["device_id"] for each in bot.ask("GET", "devices")["devices"])


async def _logged_in(
    homeserver: Synapse, bot: Client, file: Path, *, password: str = PASSWORD, device: str = ""
) -> Login:
    return await kept_login(homeserver.url, bot.user, password, device, file)


async def test_it_logs_in_once_and_is_the_same_device_after_each_start(homeserver: Synapse, tmp_path: Path) -> None:
    bot, file = homeserver.account("sopwith"), tmp_path / "there" / "login.json"
    first = await _logged_in(homeserver, bot, file)
    again = await _logged_in(homeserver, bot, file, password="changed meanwhile")
    assert again == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert _devices(bot) == sorted([bot.device, first.device_id])
    assert first.access_token not in repr(first)


async def test_a_kill_between_the_login_and_keeping_it_makes_no_second_device(
    homeserver: Synapse, tmp_path: Path
) -> None:
    bot, file = homeserver.account("sopwith"), tmp_path / "login.json"
    first = await _logged_in(homeserver, bot, file)
    file.write_text(json.dumps({**json.loads(file.read_text()), "access_token": ""}))  # what such a kill leaves
    again = await _logged_in(homeserver, bot, file)
    assert (again.device_id, again.access_token != first.access_token) == (first.device_id, True)
    assert _devices(bot) == sorted([bot.device, first.device_id])


async def test_a_wrong_password_is_named_and_the_right_one_works_afterwards(
    homeserver: Synapse, tmp_path: Path
) -> None:
    bot, file = homeserver.account("sopwith"), tmp_path / "login.json"
    with pytest.raises(ConfigurationError, match="SOPWITH_MATRIX__PASSWORD") as told:
        await _logged_in(homeserver, bot, file, password="wrong one")
    assert "wrong one" not in str(told.value)
    assert (await _logged_in(homeserver, bot, file)).access_token


async def test_a_file_that_keeps_another_login_or_none_is_left_alone(homeserver: Synapse, tmp_path: Path) -> None:
    bot, other, file = homeserver.account("sopwith"), homeserver.account("sopwith"), tmp_path / "login.json"
    await _logged_in(homeserver, bot, file)
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match=f"keeps the login of {bot.user}"):
        await _logged_in(homeserver, other, file)
    with pytest.raises(ConfigurationError, match="remove it to log in anew"):
        await _logged_in(homeserver, bot, file, device="ANOTHER")
    assert file.read_bytes() == before
    for broken in ("{", '{"user": 3}', "[]"):
        file.write_text(broken)
        with pytest.raises(ConfigurationError, match="does not hold a login"):
            await _logged_in(homeserver, bot, file)
        assert file.read_text() == broken


async def test_a_homeserver_that_is_down_is_asked_again_later(homeserver: Synapse, tmp_path: Path) -> None:
    bot, file = homeserver.account("sopwith"), tmp_path / "login.json"
    with pytest.raises(FarEndError):
        await kept_login("http://127.0.0.1:9", bot.user, PASSWORD, "", file)
    assert (await _logged_in(homeserver, bot, file)).user == bot.user


async def test_the_bot_and_its_doctor_get_along_with_a_password_alone(homeserver: Synapse, tmp_path: Path) -> None:
    bot, file = homeserver.account("sopwith"), tmp_path / "login.json"
    told = {"homeserver": homeserver.url, "user": bot.user, "password": PASSWORD, "login_file": file}
    settings = MatrixSettings.model_validate(told)
    assert PASSWORD not in repr(settings)
    account = await matrix(settings, (), "UTC", lambda: None)  # type: ignore[arg-type,return-value]
    await account.close()
    assert await examined(settings) == ["No rooms are named: the bot serves only what matrix.rooms names."]
    kept = json.loads(file.read_text())
    replace(bot, token=kept["access_token"]).ask("POST", "logout", {})
    with pytest.raises(ConfigurationError, match="login_file is to be removed"):
        await matrix(settings, (), "UTC", lambda: None)  # type: ignore[arg-type,return-value]
    file.unlink()
    assert await examined(settings) == ["No rooms are named: the bot serves only what matrix.rooms names."]
