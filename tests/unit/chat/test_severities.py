"""How bad it is, as people type it, and where in a title."""

import pytest

from bot.chat import commands
from bot.chat.commands import Declare, Problem, parse
from bot.chat.severities import severity_of
from sops.kit.model import Severity

P0, P1, P2 = Severity.P0, Severity.P1, Severity.P2


@pytest.mark.parametrize(
    "text",
    [
        "P1",
        "p1",
        "P1:",
        "P1,",
        "[P1]",
        "(p1)",
        "**P1**",
        "`P1`",
        "SEV1",
        "sev1",
        "sev-1",
        "Sev_1",
        "sev 1",
        "severity 1",
    ],
)
def test_a_severity_is_read_whatever_stands_around_it(text):
    assert severity_of(text) is P1


@pytest.mark.parametrize("text", ["P4", "P11", "p", "P1a", "1", "API1", "sev", "", "P١", "p-1x", "P" * 100])
def test_anything_else_is_none(text):
    assert severity_of(text) is None


@pytest.mark.parametrize(
    ("typed", "severity", "title"),
    [
        ("P1 payments fail", P1, "payments fail"),
        ("P1: payments fail", P1, "payments fail"),
        ("p1 - payments fail", P1, "payments fail"),
        ("[P1] payments fail", P1, "payments fail"),
        ("P1 --output=x -y", P1, "--output=x -y"),
        ("payments fail - P1", P1, "payments fail"),
        ("payments fail: P1", P1, "payments fail"),
        ("SEV1 payments fail", P1, "payments fail"),
        ("sev-0: payments fail", P0, "payments fail"),
        ("sev 2 payments fail", P2, "payments fail"),
        ("payments fail P1", P1, "payments fail"),
        ("payments fail (P1)", P1, "payments fail"),
        ("payments fail, sev-1", P1, "payments fail"),
        ("payments fail: p1!", P1, "payments fail"),
        ("payments fail sev 1", P1, "payments fail"),
        ("P1 payments fail P1", P1, "payments fail"),
        ("payments fail", None, "payments fail"),
        # In the middle it is a part of the sentence, and so is what is no severity.
        ("the P1 of yesterday is back", None, "the P1 of yesterday is back"),
        ("upgrade to P9", None, "upgrade to P9"),
        ("room SEV12 is dark", None, "room SEV12 is dark"),
        ("API1 is down", None, "API1 is down"),
        # Two that differ: the bot asks, and calls as for a P1 until somebody says.
        ("P1 payments fail P0", None, "P1 payments fail P0"),
    ],
)
def test_a_title_has_it_first_or_last(typed, severity, title):
    for before in ("declare ", "decalre ", *([] if typed.startswith("sev 2") else [""])):  # /incident sev is a word
        assert parse(f"/incident {before}{typed}", in_run=False) == Declare(severity, title)


def test_declaring_anyway_is_said_in_front():
    assert parse("/incident declare anyway P1 payments fail", in_run=False) == Declare(P1, "payments fail", anyway=True)


@pytest.mark.parametrize("text", ["P1", "p1.", "SEV1", "sev-1!"])
def test_the_question_how_bad_it_is_is_answered_so(text):
    assert commands.answer(text, asked_severity=True) == commands.SetSeverity(P1, "")
    assert commands.answer(text, asked_severity=False) is None
    assert commands.answer(f"{text}?", asked_severity=True) is None


def test_a_severity_alone_is_no_incident():
    assert parse("/incident declare P1", in_run=False) == Problem("missing", "incident declare")
