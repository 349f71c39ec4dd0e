"""Whatever ends the command line too early is a sentence on standard error, and a code that is not 0."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.ending import run_to_its_end, told_how_it_ends
from sops.kit.errors import ConfigurationError, FarEndError


def ends(command: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        told_how_it_ends(command)
    assert ended.value.code == 2
    return capsys.readouterr().err.strip()


def raising(problem: BaseException) -> Callable[[], object]:
    def command() -> None:
        raise problem

    return command


def in_a_loop(problem: BaseException) -> Callable[[], object]:
    async def work() -> None:
        raise problem

    return lambda: run_to_its_end(work())


def several(*problems: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("tasks", [ValueError("other"), ExceptionGroup("more", list(problems))])


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (ConfigurationError("There is no chat."), "There is no chat."),
        (several(KeyError("x"), FarEndError("it hangs")), "it hangs"),
        (FileNotFoundError(2, "No such file or directory", "/srv/a"), "/srv/a: No such file or directory."),
        (BrokenPipeError(32, "Broken pipe"), "A program that Sopwith wrote to has ended."),
    ],
)
def test_what_is_known_is_said_in_its_own_words(
    problem: BaseException, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(in_a_loop(problem), capsys) == says


@pytest.mark.parametrize("problem", [ValueError("hunter2"), several(ValueError("hunter2")), OSError(28, "hunter2")])
def test_of_the_rest_kind_and_place_are_said_and_no_word_it_was_given(
    problem: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ends(in_a_loop(problem), capsys)
    assert said.startswith("Sopwith ended over what nobody foresaw: ")
    assert "hunter2" not in said
    assert "\n" not in said


def test_lines_of_ours_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "bot/ending.py:" in ends(in_a_loop(ValueError()), capsys)


def test_a_process_without_a_console_goes_on_and_ends_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as ended:
        told_how_it_ends(raising(ConfigurationError("no")))
    assert ended.value.code == 2
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_a_demo_below_a_relative_home_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.sop").write_text('@rm #releases: /release rc 1.4.0\n%expect "REL-1"\n')
    done = CliRunner().invoke(app, ["demo", "--script", "story.sop", "--home", "rel"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert (tmp_path / "rel" / "sopwith.db").exists()


def test_the_sandbox_has_settings_of_its_own_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sopwith.toml").write_text("[matrix]\nhomeserver = 3\n")
    (tmp_path / "story.sop").write_text('@rm #releases: /release rc 1.4.0\n%expect "REL-1"\n')
    monkeypatch.setenv("SOPWITH_MATRIX__PASSWORD", "hunter2")
    done = CliRunner().invoke(app, ["demo", "--script", "story.sop", "--home", str(tmp_path / "home")])
    assert done.exit_code == 0, (done.output, done.exception)
