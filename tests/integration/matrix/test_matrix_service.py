"""`sopwith serve` with Matrix, alone and beside Slack, once in real time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings import Settings, read_settings
from bot.wiring.serve import serve
from sops.kit.errors import ConfigurationError
from tests.conversation.matrix_room import MatrixRoom, settings_in
from tests.conversation.slack_room import SlackRoom
from tests.standins.slack import SlackStandIn
from tests.standins.synapse import Synapse


def _settings(room: MatrixRoom, home: Path) -> Settings:
    bare = Settings.model_validate(
        {
            "storage": f"sqlite:///{home / 'sopwith.db'}",
            "home": home,
            "sandbox": True,
            "people": [{"handle": "oncall1", "roles": ["on call"]}],
        }
    )
    return settings_in(room, bare)


async def _until(holds: Callable[[], bool], serving: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(90):
        while not holds():
            assert not serving.done(), serving
            await asyncio.sleep(0.1)  # the bot lives in real time here


async def _started(settings: Settings) -> "asyncio.Task[None]":
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(settings, rehearse=False, ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, timeout=90, return_when=asyncio.FIRST_COMPLETED)
    assert ready.is_set(), serving
    return serving


async def test_it_serves_hears_what_was_said_while_it_was_down_and_ends_when_logged_out(
    homeserver: Synapse, tmp_path: Path
) -> None:
    room = MatrixRoom(homeserver, tmp_path)
    settings = _settings(room, tmp_path)
    serving = await _started(settings)
    room.who("guest", room.rooms["general"]).say(room.rooms["general"], "!incident declare P1 payments fail")
    await _until(lambda: room.count("Acknowledge by") == 1, serving)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    thread = room.thread("INC-1")
    assert thread is not None
    room.who("oncall1", thread[0]).say(thread[0], "ack", thread[1])
    again = await _started(settings)
    await _until(lambda: room.count("oncall1 has it") >= 1, again)
    room.bot.ask("POST", "logout")
    with pytest.raises(ConfigurationError, match="SOPWITH_MATRIX__ACCESS_TOKEN wants a new one"):
        await asyncio.wait_for(again, 90)


async def test_slack_and_matrix_are_served_at_once(homeserver: Synapse, tmp_path: Path) -> None:
    room = MatrixRoom(homeserver, tmp_path)
    async with SlackStandIn(lambda: datetime.now(UTC)) as server:
        in_slack = SlackRoom(server)
        told = {
            "bot_token": server.bot_token,
            "app_token": server.app_token,
            "api_url": server.api_url,
            "channels": {name: channel.id for name, channel in in_slack.channels.items()},
        }
        both = Settings.model_validate(
            {**_settings(room, tmp_path).model_dump(), "slack": told, "storage": f"sqlite:///{tmp_path / 'sopwith.db'}"}
        )
        serving = await _started(both)
        room.who("guest", room.rooms["general"]).say(room.rooms["general"], "!incident declare P1 in Matrix")
        await _until(lambda: room.count("Acknowledge by") == 1, serving)
        await server.slash(in_slack.users["guest"], in_slack.channels["general"], "/incident", "declare P1 in Slack")
        await server.until(lambda: in_slack.thread("INC-2") is not None, 60)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_an_encrypted_room_ends_it_before_anything_is_said(homeserver: Synapse, tmp_path: Path) -> None:
    room = MatrixRoom(homeserver, tmp_path)
    settings = _settings(room, tmp_path)
    room.bot.join(room.rooms["ops"])
    room.owner.put_state(room.rooms["ops"], "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    with pytest.raises(ConfigurationError, match=r"matrix\.rooms\.ops .*encrypted"):
        await serve(settings, rehearse=False)


def test_the_token_comes_from_the_environment_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sopwith.toml"
    file.write_text('[matrix]\nhomeserver = "https://h"\nuser = "@s:h"\nrooms = { ops = "!a" }\n', encoding="utf-8")
    monkeypatch.setenv("SOPWITH_MATRIX__ACCESS_TOKEN", "syt_secret")
    settings = read_settings(file)
    assert settings.matrix is not None
    assert settings.matrix.access_token.get_secret_value() == "syt_secret"
    assert "syt_secret" not in repr(settings)
    assert settings.channels_by_chat()["matrix"] == {"ops": "!a"}
