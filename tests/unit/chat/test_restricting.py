"""What goes along when an incident is restricted, and what stays in the open."""

from datetime import timedelta

import pytest

from bot.chat import commands
from bot.chat.fitting import fits
from bot.chat.handlers.restricting import carried, those_in
from bot.wiring.sandbox import sandbox_people
from sops.kit import timing
from sops.kit.model import Severity
from sops.kit.people import People
from sops.kit.response import answered, commanding, hurts, unanswered
from sops.kit.run import StepState
from sops.security_response import SECURITY_RESPONSE
from tests.unit.runs import NOW, a_run_of, an_incident

PEOPLE = People(sandbox_people())
CALLED = {"paged": [["oncall1", NOW.isoformat()], ["oncall2", NOW.isoformat()]]}


def a_report():
    return a_run_of(SECURITY_RESPONSE, private=True, leaders=(SECURITY_RESPONSE.owner, *SECURITY_RESPONSE.leaders))


def led():
    run = an_incident(Severity.P0, owners=("oncall1", "oncall2"), starter="guest", facts=CALLED)
    run = run.with_record(
        "acknowledge", state=StepState.DONE, signed=True, by="oncall1", performed={"issue": {"n": 41}}
    )
    run = run.with_record("mitigate", signed=True, by="oncall2", text="shut")
    run = run.with_facts(
        {"update": ["shut", "oncall2", NOW.isoformat()], "issue": 41, "public.url": "https://x.example"}
    )
    return timing.started(timing.stopped(timing.started(run, "acknowledge", NOW), "acknowledge", NOW), "update", NOW)


def test_who_leads_it_how_bad_it_is_and_its_clocks_go_along():
    run = carried(led(), a_report())
    assert (run.severity, run.owner, answered(run)) == (Severity.P0, "oncall2", True)
    assert run.record("command").by == "oncall1"
    assert run.record("mitigate").text == "shut"
    assert run.clocks == led().clocks
    assert run.facts["update"][0] == "shut"
    assert hurts(run)


def test_what_stands_in_the_open_stays_there():
    run = carried(led(), a_report())
    assert {"issue", "public.url"}.isdisjoint(run.facts)
    assert run.record("command").performed == {}
    assert run.record("acknowledge").signed is False, "that is the report's row, and nobody took it"


def test_one_that_nobody_has_goes_on_calling_from_when_it_was_declared():
    old = timing.started(an_incident(Severity.P0, owners=(), facts=CALLED), timing.ACKNOWLEDGE, NOW)
    run = carried(old, a_report())
    assert unanswered(run)
    assert run.owner == ""
    marks = timing.deadlines(run, timing.ACKNOWLEDGE, NOW + timedelta(minutes=20))
    assert min(each.due_at for each in marks) <= NOW + timedelta(minutes=25)


def test_those_who_were_in_it_are_told_and_strangers_are_not():
    assert {person.handle for person in those_in(led(), PEOPLE)} == {"oncall1", "oncall2"}
    assert {person.handle for person in those_in(led().but(starter="rm"), PEOPLE)} == {"oncall1", "oncall2", "rm"}


@pytest.mark.parametrize("verb", ["update", "triage", "mitigate", "verify"])
def test_its_words_go_on_there(verb):
    run = carried(led(), a_report())
    assert fits(commands.Report(verb, "x"), run)
    assert not fits(commands.Report(verb, "x"), a_report()), "a report that was no incident has no such rows"
    assert fits(commands.Ack(), run)


@pytest.mark.parametrize(
    "command",
    [
        *(commands.Report("fix", "x"), commands.Publish("x"), commands.AddAction("rm", "x", None), commands.Close()),
        *(commands.Reopen("x"), commands.Restrict("x"), commands.Duplicate("INC-2")),
    ],
)
def test_what_would_be_read_by_everybody_does_not(command):
    assert not fits(command, carried(led(), a_report()))


def test_a_report_from_before_has_no_response():
    assert commanding(a_report()) is None
    assert not unanswered(a_report())
