"""The organisation's SOP document, a Markdown file, held against our procedures row by row.

A procedure begins at a heading such as `## SOP-03 — Title` and ends at the next heading of that level or above.
Its rows are, wherever they stand in it at the top level:

- rows of step tables: the header's first cell is `#`, or the first cells are 1, 2, 3 …; other tables are not steps;
- items of numbered lists;
- only in a procedure without a step table, and only below one of its subheadings: lines of code blocks of
  commands (a comment is a line too) and bullets.

Tables of contents and other lists of mere links are no rows. Where rows stand below more than one heading, those
below a subheading have a letter before their numbers: the first letter of the subheading; if that is taken, its
first consonant that is not; then any letter of it, then of the alphabet, that is not.

A few lines longer than other modules: reading and comparing rest on the same rules above.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from string import ascii_uppercase
from typing import Any

from markdown_it.token import Token

from sops.kit.errors import InvalidText
from sops.kit.markdown import Markdown, blocks, line_of, one_line
from sops.kit.model import Sop
from sops.kit.patterns import Pattern

SHOWN = 60
LONGEST_RANGE = 100

_HEADING = Pattern(r"(?i)(?:[0-9]+[.)]?[\s\pZ]+)?SOP[- ]?([0-9]{1,4})\b[\s\pZ:—–-]*(.*)")
_RANGE = Pattern(r"([A-Z]?)([0-9]{1,4})\s*[-–—]\s*([A-Z]?)([0-9]{1,4})")
_CHECKBOX = Pattern(r"\[[ xX]\]\s+")
_COMMANDS = frozenset({"", "bash", "sh", "shell", "console", "zsh", "powershell"})
_VOWELS = frozenset("AEIOU")


@dataclass(frozen=True)
class DocumentRow:
    """A row as steps name it ("4", "C2"), its text without markup, and its line in the document (from 1).

    `cells` are the other columns of a table, by small name; `more` what rows without a number say that continue it.
    """

    row: str
    text: str
    line: int
    cells: dict[str, str] = field(default_factory=dict, compare=False)
    more: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class DocumentSop:
    """A procedure of the document: "SOP-03", its title, the line of its heading, its rows in order."""

    id: str
    title: str
    line: int
    rows: tuple[DocumentRow, ...]


@dataclass(frozen=True)
class ServedRow(DocumentRow):
    """A row of the document and the ids of the steps that serve it, none if it is uncovered."""

    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class SopReport:
    """One procedure on both sides. `unknown` are (step, row) where the document lacks the row a step names."""

    id: str
    title: str
    rows: tuple[ServedRow, ...]
    unknown: tuple[tuple[str, str], ...]
    without_row: tuple[str, ...]

    @property
    def covered(self) -> tuple[ServedRow, ...]:
        return tuple(row for row in self.rows if row.steps)

    @property
    def uncovered(self) -> tuple[ServedRow, ...]:
        return tuple(row for row in self.rows if not row.steps)


@dataclass(frozen=True)
class Report:
    """The comparison. `missing` are procedures only the document has, `only_ours` ids only we have."""

    sops: tuple[SopReport, ...]
    missing: tuple[DocumentSop, ...]
    only_ours: tuple[str, ...]

    @property
    def uncovered(self) -> bool:
        """Document and procedures disagree: a row or a procedure is not covered, or a step names no row there is.

        A document in which no procedure was found counts as uncovered: it is the wrong file, or not read.
        """
        return bool(self.missing or not self.sops or any(sop.uncovered or sop.unknown for sop in self.sops))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: `uncovered`, `sops` with all their rows, `missing`, `only_ours`."""
        plain = asdict(self)
        for each in (*plain["sops"], *plain["missing"]):
            for row in each["rows"]:
                del row["cells"], row["more"]
        return {"uncovered": self.uncovered, **plain}

    def lines(self) -> list[str]:
        """The same for people, one short sentence a line."""
        lines = [line for sop in self.sops for line in _sop_lines(sop)]
        lines += [f"{sop.id} {sop.title}: no procedure here (line {sop.line})." for sop in self.missing]
        lines += [f"{sop_id}: not in the document." for sop_id in self.only_ours]
        if not self.sops and not self.missing:
            lines.append("The document has no procedure; each begins with a heading such as: ## SOP-01 — Title")
        return lines


@dataclass
class _Procedure:
    """A procedure as it stands in the document: its heading's opening token, and the blocks after it."""

    id: str
    title: str
    opening: Token
    blocks: list[tuple[Token, list[Token]]] = field(default_factory=list)


@dataclass
class _Place:
    """The rows below one subheading (none: ""), those with numbers of their own apart from code lines and bullets."""

    heading: str
    numbered: list[DocumentRow] = field(default_factory=list)
    loose: list[DocumentRow] = field(default_factory=list)
    has_table: bool = False

    def rows(self, *, loose_too: bool) -> list[DocumentRow]:
        return self.numbered + (self.loose if loose_too and self.heading else [])


def parse_document(text: str) -> list[DocumentSop]:
    """The procedures of a Markdown document, in its order; none for a text without such headings.

    Raises InvalidText, naming the lines, when two procedures share an id or two rows of one share a number.
    """
    source = Markdown(text)
    found = [_read_sop(procedure, source) for procedure in _procedures(source)]
    _check_unique([(sop.id, sop.line) for sop in found], "procedures are called")
    return found


def compare(document: Sequence[DocumentSop], sops: Sequence[Sop]) -> Report:
    """Hold every row of the document against the `row` of our steps ("4", "4, 5", "C1–C4"; "" or "—" is none)."""
    ours = {sop.id: sop for sop in sops}
    ids = {sop.id for sop in document}
    return Report(
        sops=tuple(_compare(sop, ours[sop.id]) for sop in document if sop.id in ours),
        missing=tuple(sop for sop in document if sop.id not in ours),
        only_ours=tuple(sop_id for sop_id in ours if sop_id not in ids),
    )


def _procedures(source: Markdown) -> list[_Procedure]:
    found: list[_Procedure] = []
    current: _Procedure | None = None
    for token, inside in blocks(source.tokens):
        if token.type == "heading_open":
            named = _HEADING.fullmatch(source.plain(inside[0]))
            if named:
                current = _Procedure(f"SOP-{int(named[1]):02d}", named[2], token)
                found.append(current)
                continue
            if current and token.tag <= current.opening.tag:
                current = None
        if current:
            current.blocks.append((token, inside))
    return found


def _read_sop(procedure: _Procedure, source: Markdown) -> DocumentSop:
    places = _places(procedure, source)
    loose_too = not any(place.has_table for place in places)
    filled = [(place.heading, rows) for place in places if (rows := place.rows(loose_too=loose_too))]
    letters = _letters([heading for heading, _ in filled]) if len(filled) > 1 else [""]
    rows = [
        replace(row, row=f"{letter}{row.row}")
        for letter, (_, rows) in zip(letters, filled, strict=False)
        for row in rows
    ]
    _check_unique([(row.row, row.line) for row in rows], f"rows of {procedure.id} are numbered")
    return DocumentSop(procedure.id, procedure.title, line_of(procedure.opening), tuple(rows))


def _places(procedure: _Procedure, source: Markdown) -> list[_Place]:
    place = _Place("")
    places = [place]
    for token, inside in procedure.blocks:
        if token.type == "heading_open":
            place = _Place(source.plain(inside[0]))
            places.append(place)
        elif token.type == "table_open":
            rows = list(_table_rows(inside, source))
            place.numbered += rows
            place.has_table = place.has_table or bool(rows)
        elif token.type == "ordered_list_open":
            place.numbered += _list_rows(inside, source, int(token.attrs.get("start", 1)))
        elif token.type == "bullet_list_open":
            place.loose += _list_rows(inside, source, len(place.loose) + 1)
        elif token.type in {"fence", "code_block"} and token.info.strip().partition(" ")[0].lower() in _COMMANDS:
            place.loose += _code_rows(token, len(place.loose) + 1)
    return places


def _table_rows(tokens: Sequence[Token], source: Markdown) -> Iterator[DocumentRow]:
    """The rows of a step table, nothing for another one. A row without a number continues the one above it."""
    cells: list[list[Token]] = []
    for token in tokens:
        if token.type == "tr_open":
            cells.append([])
        elif token.type == "inline":
            cells[-1].append(token)
    header, *body = [[source.plain(cell) for cell in row] for row in cells]
    numbers = [row[0].rstrip(".)") for row in body]
    if header[0] != "#" and numbers != [str(number) for number in range(1, len(numbers) + 1)]:
        return
    found: list[DocumentRow] = []
    for number, texts, row in zip(numbers, body, cells[1:], strict=True):
        text = texts[1] if len(texts) > 1 else ""
        if number:
            more = {name.lower(): cell for name, cell in zip(header[2:], texts[2:], strict=False)}
            found.append(DocumentRow(number, text, line_of(row[0]), more))
        elif found:
            found[-1] = replace(found[-1], more=(*found[-1].more, text))
    yield from found


def _list_rows(tokens: Sequence[Token], source: Markdown, first: int) -> list[DocumentRow]:
    """The items of a list, by their first paragraph; none if all of them are mere links."""
    items = [(item, [token for token in inside if token.type == "inline"][:1]) for item, inside in blocks(tokens)]
    if all(content and source.is_mere_link(content[0]) for _, content in items):
        return []
    return [
        DocumentRow(str(number), _CHECKBOX.sub("", "".join(map(source.plain, content)), count=1), line_of(item))
        for number, (item, content) in enumerate(items, first)
    ]


def _code_rows(token: Token, first: int) -> list[DocumentRow]:
    """The lines of a code block; a line that ends in a backslash goes on in the next."""
    rows: list[DocumentRow] = []
    continues = False
    for number, line in enumerate(token.content.split("\n"), line_of(token) + (token.type == "fence")):
        if line.strip() and not continues:
            rows.append(DocumentRow(str(first + len(rows)), one_line(line), number))
        continues = line.endswith("\\")
    return rows


def _letters(headings: Sequence[str]) -> list[str]:
    taken: list[str] = []
    for heading in headings:
        own = [letter for letter in heading.upper() if letter in ascii_uppercase]
        consonants = [letter for letter in own if letter not in _VOWELS]
        free = (letter for letter in (*own[:1], *consonants, *own, *ascii_uppercase) if letter not in taken)
        taken.append(next(free, f"{len(taken) + 1}.") if heading else "")
    return taken


def _compare(theirs: DocumentSop, ours: Sop) -> SopReport:
    known = {row.row for row in theirs.rows}
    named = [(step.id, row) for step in ours.steps for row in _named_rows(step.row)]
    steps = {row: tuple(dict.fromkeys(step for step, name in named if name == row)) for row in known}
    return SopReport(
        id=theirs.id,
        title=ours.title,
        rows=tuple(ServedRow(row.row, row.text, row.line, row.cells, row.more, steps[row.row]) for row in theirs.rows),
        unknown=tuple((step, row) for step, row in named if row not in known),
        without_row=tuple(step.id for step in ours.steps if not _named_rows(step.row)),
    )


def _named_rows(spec: str) -> list[str]:
    """ "4, 5" → 4 and 5; "C1–C4" → C1 to C4; what is neither is taken as it is, and so found unknown."""
    rows: list[str] = []
    for part in (part.strip() for part in spec.split(",")):
        match = _RANGE.fullmatch(part)
        if match and match[3] in {"", match[1]} and 0 <= int(match[4]) - int(match[2]) < LONGEST_RANGE:
            rows += [f"{match[1]}{number}" for number in range(int(match[2]), int(match[4]) + 1)]
        elif part.strip("-–—"):
            rows.append(part)
    return rows


def _sop_lines(sop: SopReport) -> Iterator[str]:
    yield f"{sop.id} {sop.title}: {len(sop.covered)} of {len(sop.rows)} rows covered."
    for row in sop.rows:
        text = row.text if len(row.text) <= SHOWN else row.text[: SHOWN - 1] + "…"
        served = f": {', '.join(row.steps)}" if row.steps else f" has no step: {text} (line {row.line})"
        yield f"  row {row.row}{served}"
    for step, name in sop.unknown:
        yield f"  step {step} names row {name}, which the document does not have."
    if sop.without_row:
        yield f"  steps of our own: {', '.join(sop.without_row)}"


def _check_unique(names: Sequence[tuple[str, int]], what: str) -> None:
    first: dict[str, int] = {}
    for name, line in names:
        if name in first:
            raise InvalidText(f"Two {what} {name}, on lines {first[name]} and {line} of the document; rename one.")
        first[name] = line
