"""A document's rows become steps; what cannot be run is refused with its line."""

import re

import pytest

from sops.hotfix import HOTFIX
from sops.kit.checklist import CheckGreen, DispatchWorkflow, TimePassed, checklist, with_insertions
from sops.kit.document import parse_document
from sops.kit.errors import ConfigurationError
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Role, Sop
from sops.kit.policy import ExtraStep, Policy
from tests.unit.runs import a_run_of

DOCUMENT = """
# Ours

## SOP-42 — Key ceremony

| # | Action | Kind | Who | Due |
|---|---|---|---|---|
| 1 | Book the room | | RM | 3d |
| 2 | Everybody agrees | approval(2, security lead) | | |
| 3 | Rotate | dispatch(rotate.yml) | | |
| 4 | Let it settle | wait(2h) | | |
| 5 | The check is green | checks(keys) | | |

## SOP-43 — Plain list

1. First this
2. Then **that**
"""


def both() -> tuple[Sop, Sop]:
    first, second = map(checklist, parse_document(DOCUMENT))
    return first, second


def test_each_kind_becomes_what_it_says() -> None:
    sop, _ = both()
    assert (sop.id, sop.title) == ("SOP-42", "Key ceremony")
    book, agree, rotate, settle, green = (sop.step(f"row-{number}") for number in range(1, 6))
    assert book.waits == (SignedOff(Role.RELEASE_MANAGER, ask="Book the room"),)
    assert sop.step("begin").starts == book.stops == "due:row-1:3d"
    assert agree.waits[1] == Approved(2, by=Role.SECURITY_LEAD, covers=("row-2", "row-3"))
    assert rotate.deeds == (DispatchWorkflow("row-3", "rotate.yml"),)
    assert settle.waits == (TimePassed("row-4", 7200),)
    assert settle.waits[0].says(a_run_of(sop)) == "wait for 2 h"
    assert green.waits == (CheckGreen("keys"),)


def test_a_list_is_signed_off_by_anybody() -> None:
    _, sop = both()
    assert [step.title for step in sop.steps[1:]] == ["First this", "Then that"]
    assert all(
        piece.by is Role.ANYONE for step in sop.steps[1:] for piece in step.waits if isinstance(piece, SignedOff)
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("| 1 | x | magic | | |", "is no kind"),
        ("| 1 | x | approval | | |", "not how it is written"),
        ("| 1 | x | approval(many, reviewer) | | |", "needs a number and a role"),
        ("| 1 | x | approval(0, reviewer) | | |", "needs a number and a role"),
        ("| 1 | x | approval(1, king) | | |", "is no role"),
        ("| 1 | x | | the pope | |", "is no role"),
        ("| 1 | x | wait(soon) | | |", "no span of time"),
        ("| 1 | x | | | tomorrow |", "no span of time"),
        ("| 1 | x | sign-off(me) | | |", "not how it is written"),
        ("| 1 | x | dispatch(go.yml) | | |", "put a row of kind approval"),
    ],
)
def test_what_cannot_be_run_is_said_with_its_line(row: str, why: str) -> None:
    table = f"## SOP-44 — T\n\n| # | Action | Kind | Who | Due |\n|---|---|---|---|---|\n{row}\n"
    with pytest.raises(ConfigurationError, match=why):
        checklist(parse_document(table)[0])


def test_a_document_without_rows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no rows"):
        checklist(parse_document("## SOP-44 — T\n\nNothing.\n")[0])


def test_a_step_is_inserted_behind_another() -> None:
    extra = ExtraStep(
        sop="SOP-02", after="tag", id="press", title="The press is told", kind="sign-off", who="maintainer"
    )
    sop = with_insertions(HOTFIX, Policy(inserted=(extra,)))
    ids = [step.id for step in sop.steps]
    assert ids[ids.index("tag") + 1] == "press"
    assert sop.step("press").waits == (SignedOff(Role.MAINTAINER, ask="The press is told"),)
    assert sop.step("press").row == "8"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"after": "nowhere"}, "no step nowhere"),
        ({"id": "merge"}, "a step merge already"),
        ({"kind": "dispatch(go.yml)"}, "cannot dispatch"),
        ({"who": "king"}, "is no role"),
    ],
)
def test_an_insertion_that_fits_nowhere_is_refused(change: dict[str, str], why: str) -> None:
    extra = ExtraStep(**{"sop": "SOP-02", "after": "tag", "id": "press", "title": "The press is told", **change})
    with pytest.raises(ConfigurationError, match=why):
        with_insertions(HOTFIX, Policy(inserted=(extra,)))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("| 1 | Book the room | |\n| | Tell the guests | |", "what follows it has no number: 'Tell the guests'"),
        ("| 1 | | |", "it does not say what is to be done"),
        ("| 1 | Let it settle | wait(0h) |", "'0h' is no span of time"),
    ],
)
def test_a_row_that_would_be_run_as_less_than_it_says_is_refused(rows: str, why: str) -> None:
    text = f"## SOP-42 — Spring cleaning\n\n| # | Action | Kind |\n|---|---|---|\n{rows}\n"
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        checklist(parse_document(text)[0])
