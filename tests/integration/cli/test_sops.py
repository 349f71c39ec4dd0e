"""`sopwith sops`: the procedures, and a document held against them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from sops import ALL

run = CliRunner()

COVERED = """# Procedures
## SOP-03 — Candidates
| # | Action |
|---|---|
""" + "\n".join(f"| {n} | do part {n} |" for n in range(1, 10))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.md"
    path.write_text(COVERED)
    return path


def test_list_names_what_starts_each_procedure():
    answer = run.invoke(app, ["sops", "list"])
    assert "SOP-03  Release candidate        /release rc" in answer.output
    assert "SOP-08  Incident                 /incident" in answer.output


@pytest.mark.parametrize("name", ["SOP-03", "sop-03"])
def test_show_reads_like_the_document(name: str):
    answer = run.invoke(app, ["sops", "show", name])
    assert "row 7   soak                soak for 7 days without an open blocker" in answer.output
    assert "push signed tag vX.Y.0-rc1 (permanent)" in answer.output


def test_an_unknown_procedure_is_a_sentence():
    answer = run.invoke(app, ["sops", "show", "SOP-99"])
    assert answer.exit_code == 2
    assert "sopwith sops list" in answer.output


def test_a_covered_document_passes_and_names_the_steps(document: Path):
    answer = run.invoke(app, ["sops", "check", str(document)])
    assert answer.exit_code == 0
    assert "9 of 9 rows covered" in answer.output
    assert "row 5: merge, tag, release, published" in answer.output


def test_a_row_no_step_covers_fails(document: Path):
    document.write_text(f"{COVERED}\n| 10 | water the plants |\n")
    answer = run.invoke(app, ["sops", "check", str(document)])
    assert answer.exit_code == 1
    assert "row 10 has no step: water the plants" in answer.output


def test_machines_read_json(document: Path):
    answer = run.invoke(app, ["sops", "check", "--json", str(document)])
    report = json.loads(answer.output)
    assert report["uncovered"] is False
    assert report["only_ours"] == [sop.id for sop in ALL if sop.id != "SOP-03"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"# nothing here\n"])
def test_a_wrong_file_does_not_pass(document: Path, content: bytes):
    document.write_bytes(content)
    assert run.invoke(app, ["sops", "check", str(document)]).exit_code != 0


def test_a_missing_file_is_a_sentence(tmp_path: Path):
    answer = run.invoke(app, ["sops", "check", str(tmp_path / "none.md")])
    assert answer.exit_code == 2
    assert "cannot be read" in answer.output


ROWS = {1: 15, 2: 11, 3: 9, 5: 11, 6: 8, 7: 5, 8: 9}
FOURTH = """## SOP-04 — Going back

### Code

1. one
2. two
3. three
4. four
5. five

### Docker image

1. one
2. two
3. three

### Messages

1. one
2. two
"""


def test_a_document_with_all_eight_is_covered(document: Path):
    tables = [
        f"## SOP-{number:02} — Number {number}\n\n| # | Action |\n|---|---|\n"
        + "".join(f"| {row} | part {row} |\n" for row in range(1, count + 1))
        for number, count in ROWS.items()
    ]
    document.write_text("\n".join([*tables[:3], FOURTH, *tables[3:]]))
    answer = run.invoke(app, ["sops", "check", str(document)])
    assert answer.exit_code == 0, answer.output
    assert all(f"{count} of {count} rows covered" in answer.output for count in (*ROWS.values(), 10))
    assert "not in the document" not in answer.output
