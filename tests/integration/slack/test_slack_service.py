"""`sopwith serve`: the settings, the manifest, and the whole thing once, in real time."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from adapters.slack.manifest import EVENTS, SCOPES
from bot.settings import Settings, read_settings
from bot.wiring.serve import serve
from bot.wiring.slack import manifest_text
from sops.kit.errors import ConfigurationError
from tests.conversation.slack_room import SlackRoom
from tests.standins.slack import SlackStandIn

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "sopwith.example.toml"


def test_the_example_can_be_used_as_it_is() -> None:
    settings = read_settings(EXAMPLE)
    assert settings.sandbox
    assert settings.slack is not None
    assert settings.slack.channels["security"] == "C0000000004"
    assert [person.handle for person in settings.people] == ["ada", "grace"]


def test_every_line_of_the_example_can_be_switched_on(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?=\[|\"?[\w.-]+\"? = )", "", EXAMPLE.read_text(encoding="utf-8"))
    file = tmp_path / "sopwith.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="registry_user and registry_password go together"):
        read_settings(file)
    file.write_text(text.replace('registry_user = "sopwith"', ""), encoding="utf-8")
    settings = read_settings(file)
    assert settings.signing is not None
    assert settings.policy.off == {"SOP-03.announce": "we write to our users ourselves"}


def test_a_key_that_does_not_exist_is_refused_with_the_nearest_that_does(tmp_path: Path) -> None:
    file = tmp_path / "sopwith.toml"
    file.write_text('[slack]\nchanels = { ops = "C1" }\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"no setting slack\.chanels; did you mean channels\?"):
        read_settings(file)


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sopwith.toml"
    file.write_text('[slack]\nmode = "socket"\n', encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "sopwith_slack__app_token").write_text("xapp-file", encoding="utf-8")
    monkeypatch.setenv("SOPWITH_SECRETS", str(tmp_path / "secrets"))
    monkeypatch.setenv("SOPWITH_SLACK__BOT_TOKEN", "xoxb-environment")
    settings = read_settings(file)
    assert settings.slack is not None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-environment"
    assert settings.slack.app_token.get_secret_value() == "xapp-file"
    assert "xoxb" not in repr(settings)


def test_the_manifest_in_the_repository_is_the_one_the_code_makes() -> None:
    kept = (ROOT / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8")
    assert kept == manifest_text({})
    told = yaml.safe_load(kept)
    assert set(told["oauth_config"]["scopes"]["bot"]) == set(SCOPES)
    assert told["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert len(told["display_information"]["name"]) <= 35
    assert len(told["display_information"]["description"]) <= 140


def test_renamed_commands_and_http_mode_are_in_the_manifest() -> None:
    told = yaml.safe_load(manifest_text({"incident": "sop-incident"}, "https://bot.example/slack/events"))
    commands = {each["command"]: each["url"] for each in told["features"]["slash_commands"]}
    assert "/incident" not in commands
    assert commands["/sop-incident"] == "https://bot.example/slack/events"
    assert not told["settings"]["socket_mode_enabled"]


async def test_it_serves_in_a_sandbox_until_it_is_told_to_stop(tmp_path: Path) -> None:
    async with SlackStandIn(lambda: datetime.now(UTC)) as server:
        room = SlackRoom(server)
        settings = _settings(server, room, tmp_path)
        ready = asyncio.Event()
        serving = asyncio.create_task(serve(settings, rehearse=False, ready=ready.set))
        await asyncio.wait_for(ready.wait(), 60)
        guest, general = room.users["guest"], room.channels["general"]
        await server.slash(guest, general, "/sop-incident", "declare P1 payments <!channel> fail")
        await server.until(lambda: room.thread("INC-1") is not None, 60)
        await server.until(lambda: any("INC-1 is open" in seen.plain() for seen in server.ephemerals(guest)), 60)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        again = asyncio.create_task(serve(settings, rehearse=True, ready=ready.set))
        thread = room.thread("INC-1")
        assert thread is not None
        ready.clear()
        await asyncio.wait_for(ready.wait(), 60)
        await server.say(room.users["oncall1"], room.channels["ops"], "ack", thread_ts=thread[1])
        told = lambda: [seen.plain() for seen in server.thread(room.channels["ops"], thread[1])]  # noqa: E731
        await server.until(lambda: any("oncall1 has it" in text for text in told()), 60)
        assert next(text for text in told() if "oncall1 has it" in text).startswith("REHEARSAL")
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_what_the_settings_lack_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[slack\]"):
        await serve(Settings(home=tmp_path), rehearse=False)
    tokens = {"bot_token": "xoxb-1", "app_token": "xapp-1"}
    bare = Settings.model_validate({"home": tmp_path, "slack": tokens, "repository": "acme/skylark"})
    with pytest.raises(ConfigurationError, match="lacks token and signing"):
        await serve(bare, rehearse=False)


def _settings(server: SlackStandIn, room: SlackRoom, home: Path) -> Settings:
    user = room.users["oncall1"]
    return Settings.model_validate(
        {
            "storage": f"sqlite:///{home / 'sopwith.db'}",
            "home": home,
            "sandbox": True,
            "people": [
                {"handle": "oncall1", "roles": ["on call"], "accounts": {"slack": [f"{user.team}/{user.id}"]}},
            ],
            "slack": {
                "bot_token": server.bot_token,
                "app_token": server.app_token,
                "api_url": server.api_url,
                "commands": {"incident": "sop-incident"},
                "channels": {name: channel.id for name, channel in room.channels.items() if name != "general"},
            },
        }
    )
