import json

import pytest

from sops.kit.document import compare, parse_document
from sops.kit.errors import InvalidText
from sops.kit.model import Role, Sop, Step

DOCUMENT = """# Handbook

1. [SOP-01 — Bread](#bread)
2. [SOP-02 — Fire](#fire)

## SOP-01 — Bread

**Owner:** the baker

### Steps

| # | Action | Who |
|---|---|---|
| 1 | Mix `flour` and **water** | Baker |
| 2 | Wait [long](x.md) \\| longer | Oven |
| 3 | Bake | Oven |

- Only a remark

## SOP-02 — Fire

- **Trigger:** smoke

### Levels

| Level | Meaning |
|---|---|
| P0 | Flames |
| P1 | Smell |

### Cutting off (kitchen)

```bash
close valve
# Open the window

shout --to \\
  everyone
```

### Dousing

3. Fetch water
4. Pour
   - not on oil

### Calling

- [ ] Ring the brigade
- Tell the guests

### See also

- [Bread](#bread)
- [The valve](valve.md), [the window](window.md)

## History

| # | Change |
|---|---|
| 1 | First |
"""


def rows_of(text):
    [sop] = parse_document(text)
    return [row.row for row in sop.rows]


def sop(sop_id, *rows):
    steps = tuple(Step(f"step-{number}", row, "does it") for number, row in enumerate(rows, 1))
    return Sop(sop_id, "Ours", command="x", prefix="X", owner=Role.MAINTAINER, steps=steps)


def test_a_step_table_gives_its_numbers_texts_and_lines():
    bread = parse_document(DOCUMENT)[0]
    assert (bread.id, bread.title, bread.line) == ("SOP-01", "Bread", 6)
    assert [(row.row, row.text, row.line) for row in bread.rows] == [
        ("1", "Mix flour and water", 14),
        ("2", "Wait long | longer", 15),
        ("3", "Bake", 16),
    ]


def test_rows_below_several_headings_get_the_headings_letter():
    fire = parse_document(DOCUMENT)[1]
    assert [(row.row, row.text, row.line) for row in fire.rows] == [
        ("C1", "close valve", 34),
        ("C2", "# Open the window", 35),
        ("C3", "shout --to \\", 37),
        ("D3", "Fetch water", 43),
        ("D4", "Pour", 44),
        ("L1", "Ring the brigade", 49),
        ("L2", "Tell the guests", 50),
    ]


def test_a_document_reads_the_same_with_any_line_ending_and_a_byte_order_mark():
    assert parse_document("\ufeff" + DOCUMENT.replace("\n", "\r\n")) == parse_document(DOCUMENT)


@pytest.mark.parametrize(
    ("headings", "letters"),
    [
        (["Community", "Docker image", "Communication"], "CDM"),
        (["Image", "Incident", "io", "IO"], "INOA"),
        (["Änderung", "2. Prüfung", "日本"], "NPA"),
        (["A", "A", "A", "A"], "ABCD"),
    ],
)
def test_each_heading_finds_a_letter(headings, letters):
    text = "# SOP-09\n" + "".join(f"## {heading}\n1. do\n\n" for heading in headings)
    assert rows_of(text) == [f"{letter}1" for letter in letters]


def test_a_numbered_list_below_one_heading_keeps_plain_numbers():
    assert rows_of("## SOP-7: Guests\n### Steps\n1. Greet\n1. Seat\n\n   kindly\n1. Feed\n") == ["1", "2", "3"]


def test_rows_right_below_the_title_keep_plain_numbers():
    assert rows_of("## SOP-7\n1. Greet\n2. Seat\n\n### Leaving\n1. Wave\n") == ["1", "2", "L1"]


@pytest.mark.parametrize(
    "table",
    [
        "| Nr | Do |\n|-|-|\n| 1. | a |\n| **2** | b |\n",
        "| # | Do |\n|-|-|\n| 1 | a |\n| | more of a |\n| 2 | b |\n",
        "#|Do\n-|-\n1|a\n2\n",
    ],
)
def test_a_step_table_is_known_by_its_header_or_its_numbers(table):
    assert rows_of(f"## SOP-07\n{table}") == ["1", "2"]


@pytest.mark.parametrize(
    "no_rows",
    [
        "| Level | Means |\n|-|-|\n| P0 | bad |\n",
        "| Attempt | Wait |\n|-|-|\n| 1 | 5 |\n| 3 | 7 |\n",
        "| Nr | Do |\n|-|-|\n",
        "- Trigger: a bell\n",
        "### More\n- [one](a) · [two](b)\n",
        '### Answer\n```json\n{"a": 1}\n```\n',
        "### Careful\n> 1. quoted\n",
        "```\n### Steps\n1. in code\n```\n",
        "<!--\n1. commented out\n-->\n",
        "## Another chapter\n1. a\n",
    ],
)
def test_what_is_not_a_step_is_not_a_row(no_rows):
    assert rows_of(f"## SOP-07 Guests\n{no_rows}") == []


@pytest.mark.parametrize(
    ("heading", "sop_id", "title"),
    [
        ("## SOP-03 — Baking `bread`", "SOP-03", "Baking bread"),
        ("# sop 3: Baking", "SOP-03", "Baking"),
        ("#### 4. **SOP-12** - Baking", "SOP-12", "Baking"),
        ("SOP-03\n======", "SOP-03", ""),
    ],
)
def test_a_procedure_is_known_by_its_heading(heading, sop_id, title):
    [found] = parse_document(f"{heading}\n\nText\n")
    assert (found.id, found.title) == (sop_id, title)


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "Only prose", "# A\n## B\n1. c\n", "## SOP-X\n", "## SOP-12345\n", "\x00"]
)
def test_a_text_without_procedures_gives_none(text):
    assert parse_document(text) == []


def test_two_procedures_of_one_id_are_named_by_line():
    with pytest.raises(InvalidText, match="Two procedures are called SOP-01, on lines 1 and 5 "):
        parse_document("## SOP-01 a\n\ntext\n\n## SOP-1 b\n")


def test_two_rows_of_one_number_are_named_by_line():
    with pytest.raises(InvalidText, match="Two rows of SOP-01 are numbered 2, on lines 3 and 5 "):
        parse_document("## SOP-01\n1. a\n2. b\n\n2) c\n")


def test_a_megabyte_is_read():
    text = "## SOP-01\n" + "lorem ipsum [dolor\n" * 50_000 + "\n1. sit\n"
    assert rows_of(text) == ["1"]


def test_every_row_covered_is_told_with_its_steps():
    report = compare(parse_document(DOCUMENT)[:1], [sop("SOP-01", "1, 2", "3", "3")])
    assert [(row.row, row.steps) for row in report.sops[0].covered] == [
        ("1", ("step-1",)),
        ("2", ("step-1",)),
        ("3", ("step-2", "step-3")),
    ]
    assert not report.uncovered
    assert report.lines() == [
        "SOP-01 Ours: 3 of 3 rows covered.",
        "  row 1: step-1",
        "  row 2: step-1",
        "  row 3: step-2, step-3",
    ]


@pytest.mark.parametrize("rows", ["C1–C3, D3-D4, L1 — L2", "C1-3,D3,D4 , L1-2"])
def test_a_step_may_name_a_range_of_rows(rows):
    assert not compare(parse_document(DOCUMENT)[1:], [sop("SOP-02", rows)]).uncovered


def test_a_row_without_a_step_is_uncovered():
    report = compare(parse_document(DOCUMENT)[:1], [sop("SOP-01", "1", "3")])
    assert report.uncovered
    assert [row.row for row in report.sops[0].uncovered] == ["2"]
    assert report.lines() == [
        "SOP-01 Ours: 2 of 3 rows covered.",
        "  row 1: step-1",
        "  row 2 has no step: Wait long | longer (line 15)",
        "  row 3: step-2",
    ]


@pytest.mark.parametrize("name", ["4", "1 and 2", "3–1", "C1–D2", "1–9999"])
def test_a_step_that_names_no_row_of_the_document_is_found(name):
    report = compare(parse_document(DOCUMENT)[:1], [sop("SOP-01", "1–3", name)])
    assert report.uncovered
    assert report.sops[0].unknown == (("step-2", name),)
    assert report.lines()[4:] == [f"  step step-2 names row {name}, which the document does not have."]


@pytest.mark.parametrize("none", ["", "—", "–", "-", " "])
def test_a_step_of_our_own_is_no_failure(none):
    report = compare(parse_document(DOCUMENT)[:1], [sop("SOP-01", "1–3", none)])
    assert not report.uncovered
    assert report.sops[0].without_row == ("step-2",)
    assert report.lines()[4:] == ["  steps of our own: step-2"]


def test_a_procedure_only_the_document_has_is_missing_and_one_only_we_have_is_not():
    document = parse_document(DOCUMENT)
    covered = sop("SOP-01", "1–3")
    assert not compare(document[:1], [covered, sop("SOP-09", "1")]).uncovered
    report = compare(document, [covered, sop("SOP-09", "1")])
    assert report.uncovered
    assert report.lines()[4:] == ["SOP-02 Fire: no procedure here (line 20).", "SOP-09: not in the document."]


def test_a_document_without_procedures_does_not_pass():
    report = compare(parse_document("# Notes\n"), [sop("SOP-01", "1")])
    assert report.uncovered
    assert "has no procedure" in report.lines()[-1]


def test_a_long_row_is_shortened_and_cannot_disturb_a_terminal():
    [found] = parse_document("## SOP-01\n1. \x1b[31m" + "word " * 100)
    line = compare([found], [sop("SOP-01")]).lines()[1]
    assert len(line) < 120
    assert line.isprintable()


def test_the_report_is_plain_data():
    report = compare(parse_document(DOCUMENT), [sop("SOP-01", "1", "7"), sop("SOP-09", "1")])
    data = json.loads(json.dumps(report.as_dict()))
    assert data["uncovered"] is True
    assert data["sops"][0]["rows"][0] == {
        "row": "1",
        "text": "Mix flour and water",
        "line": 14,
        "steps": ["step-1"],
    }
    assert data["sops"][0]["unknown"] == [["step-2", "7"]]
    assert [missing["id"] for missing in data["missing"]] == ["SOP-02"]
    assert data["only_ours"] == ["SOP-09"]
