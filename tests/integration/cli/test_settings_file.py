"""A settings file on the command line: its policy and procedures count, and what is wrong in it is named."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.chat.commands import InRun, parse
from bot.cli import app
from bot.procedures import load
from sops import ALL, OWN
from sops.kit.errors import SopwithError

run = CliRunner()

SETTINGS = """
procedures = ["ours.md"]
modules = ["tests.conversation.own_procedure"]

[policy.off]
"SOP-06.benchmarks" = "we are fast enough"

[[policy.inserted]]
sop = "SOP-06"
after = "notes"
id = "legal"
title = "The licence was read"
"""
OURS = "## SOP-42 — Key ceremony\n\n| # | Action |\n|---|---|\n| 1 | Book the room |\n"
UPDATE = "## SOP-06 — Updates\n\n| # | Action |\n|---|---|\n" + "".join(f"| {n} | part {n} |\n" for n in range(1, 9))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "ours.md").write_text(OURS)
    file = tmp_path / "sopwith.toml"
    file.write_text(SETTINGS)
    return file


def test_list_and_show_know_ones_own_procedures_and_steps(settings: Path) -> None:
    listed = run.invoke(app, ["sops", "list", "--settings", str(settings)]).output
    assert "SOP-42  Key ceremony             /sop start SOP-42" in listed
    assert "SOP-77  Tea                      /sop start SOP-77" in listed
    shown = run.invoke(app, ["sops", "show", "SOP-06", "--settings", str(settings)]).output
    assert "wait for anyone to say: The licence was read" in shown
    assert "benchmarks: left out by the settings (we are fast enough)" in shown
    assert "Book the room" in run.invoke(app, ["sops", "show", "sop-42", "--settings", str(settings)]).output


def test_check_counts_them(settings: Path, tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(f"{OURS}\n{UPDATE}")
    assert run.invoke(app, ["sops", "check", str(document)]).exit_code == 1
    checked = run.invoke(app, ["sops", "check", str(document), "--settings", str(settings)])
    assert checked.exit_code == 0, checked.output
    assert "SOP-06 Dependency update: 8 of 8 rows covered." in checked.output
    assert "row 1: notes, legal, breaking-changes" in checked.output
    assert "SOP-06.benchmarks is left out by the settings: we are fast enough" in checked.output


def test_the_demo_plays_by_them(settings: Path, tmp_path: Path) -> None:
    script = tmp_path / "story.sop"
    script.write_text(
        "@maint #maintainers: /deps update rocksdb 9.7.3\n@maint in DEP-1: !start\n%state DEP-1 legal waiting\n"
        '@maint #ops: /sop show SOP-06\n%expect "The licence was read"\n@maint #ops: /sop list\n%expect "SOP-42"\n'
    )
    arguments = ["demo", "--script", str(script), "--home", str(tmp_path / "home"), "--settings", str(settings)]
    done = run.invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("polcy = 1", "there is no setting polcy; did you mean policy?"),
        ('[policy]\nblocker_label = ["x"]', "there is no setting policy.blocker_label; did you mean blocker_labels?"),
        ('[[people]]\nhandel = "rm"', "there is no setting people.0.handel; did you mean handle?"),
        ("zzzzzz = 1", "there is no setting zzzzzz."),
        ('storage = ["hunter2"]', "storage: Input should be a valid string"),
        ("storage = ", "is no settings file"),
        ('[policy.off]\n"SOP-06.pin" = "never"', "which cannot be left out"),
        ('[[policy.inserted]]\nsop = "SOP-06"\nafter = "nothing"\nid = "x"\ntitle = "x"', "no step nothing"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "sopwith.toml"
    file.write_text(text)
    wrong = run.invoke(app, ["sops", "list", "--settings", str(file)])
    assert isinstance(wrong.exception, SopwithError)
    assert says in str(wrong.exception)
    assert "hunter2" not in str(wrong.exception)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('prefix="INC"', "SOP-77: runs of SOP-08 are called INC already"),
        ('prefix="FRZ"', "called FRZ already"),
        ('prefix="TEAS"', "SOP-77: its runs cannot be called 'TEAS'; a prefix is three capitals"),
        ('prefix="tea"', "'tea'; a prefix is three capitals"),
    ],
)
def test_a_prefix_nobody_could_use_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, says: str
) -> None:
    source = (Path(__file__).parents[2] / "conversation" / "own_procedure.py").read_text()
    (tmp_path / "my_tea.py").write_text(source.replace('prefix="TEA"', change))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "my_tea", raising=False)
    with pytest.raises(SopwithError) as problem:
        load([], ["my_tea"])
    assert says in str(problem.value)


@pytest.mark.parametrize("sop", [*ALL, *OWN], ids=lambda sop: sop.id)
def test_a_run_of_every_procedure_can_be_spoken_of(sop) -> None:
    assert parse(f"/sop {sop.prefix}-12 status", in_run=False, addressed=False) == InRun(f"{sop.prefix}-12", "status")
