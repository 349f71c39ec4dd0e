"""Who may say what, as one table: a command that is not in it fails the first test."""

from datetime import timedelta

import pytest

from bot.chat import commands
from bot.chat.commands import parse
from bot.chat.permissions import commands_it, declared_it, may, roles_for, takes, turns_to
from bot.wiring.sandbox import SANDBOX_ROLES, sandbox_people
from sops.kit.model import Role, Severity
from sops.kit.people import People
from tests.unit.chat.test_commands import TYPED, every_command
from tests.unit.runs import a_release, an_incident

PEOPLE = People(sandbox_people())
ANYBODY = set(SANDBOX_ROLES)
WITH_A_ROLE = ANYBODY - {"guest"}
MANAGERS = {"rm", "rm2"}
RESPONDERS = {"oncall1", "oncall2", *MANAGERS}
SOAK_WATCHERS = {*MANAGERS, "seclead", "maint"}

#: command → who may say it in an incident, who in a release
TABLE = {
    **dict.fromkeys(
        (commands.Status, commands.Plan, commands.Todo, commands.Timeline, commands.Help), (ANYBODY, ANYBODY)
    ),
    # who counts here depends on the request, which the handlers check
    **dict.fromkeys((commands.Approve, commands.Reject, commands.Withdraw), (ANYBODY, ANYBODY)),
    **dict.fromkeys(
        (commands.Note, commands.Page, commands.Stop, commands.Hold, commands.Take, commands.Seen),
        (WITH_A_ROLE, WITH_A_ROLE),
    ),
    commands.NotMe: (ANYBODY, ANYBODY),  # it is for whoever has command, which its handler checks
    **dict.fromkeys((commands.Blocker, commands.Dismiss), (SOAK_WATCHERS, SOAK_WATCHERS)),
    **dict.fromkeys(
        (
            commands.Start,
            commands.SignOff,
            commands.Skip,
            commands.Waive,
            commands.Adopt,
            commands.Redo,
            commands.ByHand,
            commands.Resume,
            commands.Retry,
            commands.Snooze,
            commands.Cancel,
            commands.Ack,
            commands.Pass,
            commands.SetSeverity,
            commands.Retitle,
            commands.Assign,
            commands.Handoff,
            commands.Accept,
            commands.Report,
            commands.Publish,
            commands.Confirm,
            commands.Correct,
            commands.SetFact,
            commands.AddAction,
            commands.DropAction,
            commands.Duplicate,
            commands.FalseAlarm,
            commands.Reopen,
            commands.Close,
            commands.Cleanup,
            commands.Reland,
            commands.Mirror,
            commands.Unmirror,
            commands.Undo,
        ),
        (RESPONDERS, MANAGERS),
    ),
    commands.Override: (RESPONDERS, RESPONDERS),
    commands.Restrict: ({*RESPONDERS, "seclead"}, {*MANAGERS, "seclead"}),
    commands.Leaked: ({*RESPONDERS, "seclead"}, {*RESPONDERS, "seclead"}),
}
#: They begin or find a run, so there is no run yet whose rules could apply; `bot.chat.roots` checks the starter.
ROOTS = {
    commands.Declare,
    commands.StartCandidate,
    commands.StartStable,
    commands.StartRollback,
    commands.StartHotfix,
    commands.ReportVulnerability,
    commands.StartUpdate,
    commands.Onboard,
    commands.Freeze,
    commands.Unfreeze,
    commands.Overview,
    commands.ListSops,
    commands.ShowSop,
    commands.ListRuns,
    commands.StartOwn,
    commands.InRun,
    commands.OfIncident,
}


def allowed(command, run):
    roles = roles_for(command, run)
    return {handle for handle in SANDBOX_ROLES if may(PEOPLE.named(handle), roles, PEOPLE)}


def test_the_table_names_every_command():
    assert set(TABLE) | ROOTS == every_command()


@pytest.mark.parametrize(
    "command", [command for _, command in TYPED if type(command) not in ROOTS], ids=lambda each: type(each).__name__
)
def test_the_right_people_may_say_it_and_nobody_else(command):
    in_incident, in_release = TABLE[type(command)]
    assert allowed(command, an_incident()) == in_incident
    assert allowed(command, a_release()) == in_release


@pytest.mark.parametrize("command", [commands.Ack(), commands.Pass(), commands.Snooze(timedelta(minutes=30))])
def test_whoever_was_called_for_an_incident_may_answer_whatever_their_roles(command):
    run = an_incident(owners=(), facts={"paged": [["rev1", "2026-04-20T08:00:00Z"]]})
    assert {handle for handle in SANDBOX_ROLES if turns_to(PEOPLE.named(handle), command, run)} == {"rev1"}
    assert not turns_to(PEOPLE.named("rev1"), commands.Close(), run)
    assert not turns_to(None, command, run)


def test_whoever_declares_may_say_how_bad_it_is_until_somebody_has():
    command = commands.SetSeverity(Severity.P1, "")
    assert allowed(command, an_incident(severity=None)) == ANYBODY
    assert allowed(command, an_incident()) == RESPONDERS


def test_whoever_declares_may_say_what_it_is_about_until_somebody_has_it():
    run = an_incident(starter="guest")
    assert declared_it("guest", commands.Retitle("payments"), run)
    assert not declared_it("rev1", commands.Retitle("payments"), run)
    assert not declared_it("guest", commands.Retitle("payments"), run.with_record("acknowledge", signed=True))


def test_that_it_is_less_than_it_counts_as_is_said_by_those_who_respond_or_who_declared_it():
    command = commands.SetSeverity(Severity.P3, "")
    assert allowed(command, an_incident(severity=None)) == RESPONDERS
    unrated = an_incident(severity=None, starter="guest")
    assert declared_it("guest", command, unrated)
    assert not declared_it("another", command, unrated)
    assert not declared_it("guest", command, an_incident(starter="guest"))


def test_a_stranger_may_only_say_what_anyone_may():
    assert may(None, (Role.ANYONE,), PEOPLE)
    assert not any(may(None, (role,), PEOPLE) for role in Role if role is not Role.ANYONE)


def test_a_command_nobody_listed_is_not_open_to_everybody():
    for run in (an_incident(), a_release()):
        assert Role.ANYONE not in roles_for(commands.Command(), run)


def test_who_took_an_incident_without_being_on_call_leads_it():
    taken = an_incident(owners=("rev1",)).with_record("acknowledge", signed=True, by="rev1")
    led = {type(each) for _, each in TYPED if commands_it(PEOPLE.named("rev1"), each, taken)}
    assert {commands.Report, commands.SetSeverity, commands.Handoff, commands.Close} <= led
    assert led.isdisjoint(
        {commands.Publish, commands.Confirm, commands.Correct, commands.Approve, commands.Blocker, commands.Dismiss}
    )
    for run in (an_incident(owners=("rev1",)), a_release(owners=("rev1",)), taken.but(owners=("rev1", "oncall1"))):
        assert not any(commands_it(PEOPLE.named("rev1"), each, run) for _, each in TYPED)
    assert not commands_it(None, commands.Close(), taken)


def test_who_has_no_role_and_took_an_incident_leads_the_response_and_nothing_else():
    guest = PEOPLE.named("guest")
    taken = an_incident(owners=("guest",)).with_record("acknowledge", signed=True, by="guest")
    led = {type(each) for _, each in TYPED if commands_it(guest, each, taken)}
    assert {commands.Ack, commands.Report, commands.Note, commands.Handoff, commands.Accept, commands.Page} <= led
    for ends in (commands.Cancel, commands.FalseAlarm, commands.Duplicate, commands.Restrict, commands.Reopen):
        assert ends not in led
    assert led.isdisjoint({commands.Close, commands.Waive, commands.Skip, commands.Hold, commands.Assign})
    assert commands_it(guest, commands.SetSeverity(Severity.P0, ""), taken)
    assert not commands_it(guest, commands.SetSeverity(Severity.P2, "small"), taken)


def test_who_was_called_may_take_it_and_nothing_else():
    called = an_incident(facts={"paged": [["rev1", "2026-04-20T08:00:00+00:00"]]})
    may_say = {type(each) for _, each in TYPED if commands_it(PEOPLE.named("rev1"), each, called)}
    assert may_say == {commands.Ack}
    assert not commands_it(PEOPLE.named("rev2"), commands.Ack(), called)


@pytest.mark.parametrize(
    "text", ["!update x", "!triage x", "!resolved x", "!note x", "!set cause x", "!action @rm x", "!mitigated: x"]
)
def test_a_word_of_work_takes_what_nobody_acknowledged_if_it_is_theirs_to_answer(text):
    run, command = (
        an_incident().with_facts({"paged": [["rev1", "2026-04-23T08:02:00+00:00"]]}),
        parse(text, in_run=True),
    )
    assert isinstance(command, commands.Command)
    taking = {handle for handle in SANDBOX_ROLES if takes(PEOPLE.named(handle), command, run)}
    assert taking == {"rev1", "oncall1", "oncall2"}
    assert turns_to(PEOPLE.named("rev1"), command, run)
    assert not takes(PEOPLE.named("oncall1"), command, run.with_record("acknowledge", signed=True))
    assert not takes(PEOPLE.named("oncall1"), command, a_release())


@pytest.mark.parametrize("text", ["!severity P2 x", "!page @rm", "!seen", "!pass", "!hold x", "status", "!snooze 5m"])
def test_a_word_of_the_pager_takes_nothing(text):
    command = parse(text, in_run=True)
    assert isinstance(command, commands.Command)
    assert not takes(PEOPLE.named("oncall1"), command, an_incident())
