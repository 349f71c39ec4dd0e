"""A newcomer's wrong turns on the command line: each ends at once, with a sentence that says what to do."""

import os
import sys
from pathlib import Path

import pytest

from bot import cli

EXAMPLE = (Path(__file__).parents[3] / "sopwith.example.toml").read_text("utf-8")
BOT, APP = "SOPWITH_SLACK__BOT_TOKEN", "SOPWITH_SLACK__APP_TOKEN"
TOKENS = {BOT: "xoxb-1-mine", APP: "xapp-1-mine"}
FILLED = EXAMPLE.replace("C00000000", "C02ABCDEF").replace("T0000000001/U00000000", "T02ABCDEF/U02ABCDEF")


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and nothing of Sopwith in the environment."""
    for name in [each for each in os.environ if each.startswith("SOPWITH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What is said to a command line, and its exit code."""

    def run(line: str, **secrets: str) -> tuple[str, int]:
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["sopwith", *line.split()])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        said = told.out + told.err
        assert "Traceback" not in said
        return said, int(ended.value.code or 0)

    return run


def test_it_says_which_version_it_is(typed) -> None:
    said, code = typed("--version")
    assert (said.split()[0], code) == ("sopwith", 0)


@pytest.mark.parametrize(("line", "meant"), [("serv", "serve"), ("doctor slak", "slack"), ("sops chek", "check")])
def test_a_mistyped_command_is_told_which_one_there_is(typed, line: str, meant: str) -> None:
    said, code = typed(line)
    assert f"Did you mean '{meant}'?" in said
    assert code == 2


@pytest.mark.parametrize("line", ["serve", "doctor slack", "doctor matrix"])
def test_without_settings_it_says_where_they_were_looked_for_and_what_to_do(typed, fresh: Path, line: str) -> None:
    said, code = typed(line)
    assert f"{fresh / 'sopwith.toml'} cannot be read: there is no such file." in said
    assert "Copy sopwith.example.toml there, or name your settings with --settings." in said
    assert code == 2


def test_settings_in_no_folder_and_settings_that_are_a_folder(typed, fresh: Path) -> None:
    assert "there is no such folder" in typed("serve --settings nowhere/sopwith.toml")[0]
    assert "is a folder; name the file in it" in typed(f"serve --settings {fresh}")[0]


def test_missing_tokens_are_named_with_what_they_look_like(typed, fresh: Path) -> None:
    (fresh / "sopwith.toml").write_text(EXAMPLE, "utf-8")
    for line in ("serve", "doctor slack"):
        said, code = typed(line)
        assert f"{BOT} (xoxb-…, from “OAuth & Permissions” of the app) and {APP} (xapp-…" in said
        assert code == 2


@pytest.mark.parametrize("line", ["serve", "doctor slack"])
def test_a_token_in_the_place_of_another_is_told_which_it_is_before_anything_connects(
    typed, fresh: Path, line: str
) -> None:
    (fresh / "sopwith.toml").write_text(EXAMPLE, "utf-8")
    said, code = typed(line, **{BOT: "xapp-1-secret", APP: "xoxb-1-secret"})
    assert f"{BOT} holds an app-level token (xapp-) and wants xoxb-…" in said
    assert f"{APP} holds a bot token (xoxb-) and wants xapp-…" in said
    assert f"{BOT} holds a user's token (xoxp-)" in typed(line, **{BOT: "xoxp-1-secret"})[0]
    assert "1-secret" not in said
    assert code == 2


def test_what_is_left_of_the_example_is_named_at_the_start(typed, fresh: Path) -> None:
    (fresh / "sopwith.toml").write_text(EXAMPLE, "utf-8")
    said, code = typed("serve", **TOKENS)
    assert "Still as in sopwith.example.toml: slack.channels.ops (C0000000001)" in said
    assert "ada's slack account (T0000000001/U0000000001)" in said
    assert code == 2
    assert not (fresh / "sopwith-data").exists()


@pytest.mark.parametrize(
    ("home", "says"),
    [("taken", "which is a file; it wants a folder"), ("taken/below", "Nothing can be written to home")],
)
def test_a_home_that_cannot_be_one_is_named(typed, fresh: Path, home: str, says: str) -> None:
    (fresh / "taken").write_text("")
    text = FILLED.replace('home = "sopwith-data"', f'home = "{home}"')
    (fresh / "sopwith.toml").write_text(text, "utf-8")
    said, code = typed("serve", **TOKENS)
    assert says in said
    assert str(fresh / home) in said
    assert code == 2


@pytest.mark.parametrize(
    ("was", "written", "says"),
    [
        ("sandbox = true", "sandbox = 'perhaps'", "sandbox: Input should be a valid boolean"),
        ("sandbox = true", "sandbx = true", "there is no setting sandbx; did you mean sandbox?"),
        ('mode = "socket"', 'mode = "sockets"', "slack.mode: Input should be 'socket' or 'http'"),
        ('ops = "C', 'opps = "C', "there is no channel opps; did you mean ops?"),
        ('roles = ["reviewer"', 'roles = ["reviewers"', "people.1.roles.0"),
        ('country = "DE"', 'country = "Germny"', "country"),
        ("sandbox = true", "sandbox = ", "is no settings file"),
    ],
)
def test_a_wrong_setting_is_named(typed, fresh: Path, was: str, written: str, says: str) -> None:
    assert was in FILLED
    (fresh / "sopwith.toml").write_text(FILLED.replace(was, written), "utf-8")
    said, code = typed("serve", **TOKENS)
    assert says in said
    assert code == 2
