"""The grammar as tables: what people type, and the one command it is."""

import dataclasses
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import commands, replies
from bot.chat.commands import Problem, Talk, parse
from bot.chat.replies import misread
from bot.chat.words import bare
from sops.kit.model import Severity
from sops.rollback import ROLLBACK
from sops.security_response import SECURITY_RESPONSE
from tests.unit.runs import a_release, a_run_of, an_incident

#: Every command, as somebody might type it in a run's thread. The tests below keep this complete.
TYPED = [
    ("/incident declare P1 payments return 500", commands.Declare(Severity.P1, "payments return 500")),
    ("/release rc 1.4.0", commands.StartCandidate("1.4.0")),
    ("/release stable 1.4.0", commands.StartStable("1.4.0")),
    ("/release rollback 1.4.0 --to 1.3.2", commands.StartRollback("1.4.0", "1.3.2")),
    ("/release rollback v1.4.0 --image-only --retract", commands.StartRollback("v1.4.0", "", True, True)),
    ("/release rollback 1.4.0 --republish", commands.StartRollback("1.4.0", republish=True)),
    ("/release freeze holidays", commands.Freeze("holidays")),
    ("/release unfreeze", commands.Unfreeze()),
    ("/hotfix 1.4.1 P0 wal-corruption", commands.StartHotfix("1.4.1", Severity.P0, "wal-corruption")),
    ("/hotfix 1.4.1 p1 WAL --security", commands.StartHotfix("1.4.1", Severity.P1, "wal", True)),
    ("/deps update rocksdb 9.7.3", commands.StartUpdate("rocksdb", "9.7.3")),
    ("/deps update rocksdb 9.7.3 --cve cve-2026-12345", commands.StartUpdate("rocksdb", "9.7.3", "CVE-2026-12345")),
    ("/security report the check can be skipped", commands.ReportVulnerability("the check can be skipped")),
    ("/onboard octocat #412", commands.Onboard("octocat", 412)),
    ("/onboard @octocat", commands.Onboard("octocat")),
    ("/sop", commands.Overview()),
    ("/sop list", commands.ListSops()),
    ("/sop show sop-03", commands.ShowSop("SOP-03")),
    ("/sop runs", commands.ListRuns()),
    ("/sop start sop-42 spring", commands.StartOwn("SOP-42", "spring")),
    ("/sop INC-7 ack", commands.InRun("INC-7", "ack")),
    ("/incident note the disk is full", commands.OfIncident("note the disk is full")),
    ("ack", commands.Ack()),
    ("!take", commands.Take()),
    ("!seen", commands.Seen()),
    ("!not me", commands.NotMe()),
    ("approve 7f3a", commands.Approve("7f3a")),
    ("approve", commands.Approve()),
    ("status", commands.Status()),
    ("plan", commands.Plan()),
    ("todo", commands.Todo()),
    ("timeline", commands.Timeline()),
    ("help", commands.Help()),
    ("!start", commands.Start()),
    ("!stop", commands.Stop()),
    ("!stop the changelog is wrong", commands.Stop(said="the changelog is wrong")),
    ("!done blockers see #512", commands.SignOff("blockers", "see #512")),
    ("!done row 4 all green", commands.SignOff("row 4", "all green")),
    ("!skip triage not needed", commands.Skip("triage", "not needed")),
    ("!override merge nobody answers", commands.Override("merge", "nobody answers")),
    ("!adopt tag", commands.Adopt("tag")),
    ("!redo tag it is gone", commands.Redo("tag", "it is gone")),
    ("!byhand announce I wrote it", commands.ByHand("announce", "I wrote it")),
    ("!waive soak we must", commands.Waive("soak", "we must")),
    ("!reject 7f3a not yet", commands.Reject("7f3a", "not yet")),
    ("!reject not yet", commands.Reject("", "not yet")),
    ("!withdraw", commands.Withdraw()),
    ("!severity P0 all is lost", commands.SetSeverity(Severity.P0, "all is lost")),
    ("!title payments fail everywhere", commands.Retitle("payments fail everywhere")),
    ("!assign @oncall2", commands.Assign("oncall2")),
    ("!handoff oncall2", commands.Handoff("oncall2")),
    ("!accept", commands.Accept()),
    ("!page @rm", commands.Page("rm")),
    ("!pass", commands.Pass()),
    ("!update two of three nodes are back", commands.Report("update", "two of three nodes are back")),
    ("!update back soon, next 2h", commands.Report("update", "back soon", timedelta(hours=2))),
    ("!update back soon next 90m.", commands.Report("update", "back soon", timedelta(minutes=90))),
    ("!update what comes next is open", commands.Report("update", "what comes next is open")),
    ("!triage half of Europe", commands.Report("triage", "half of Europe")),
    ("!mitigate restarted", commands.Report("mitigate", "restarted")),
    ("!fix patched", commands.Report("fix", "patched")),
    ("!verify graphs are flat", commands.Report("verify", "graphs are flat")),
    ("!publish we are on it", commands.Publish("we are on it")),
    ("!confirm 4b1d", commands.Confirm("4b1d")),
    ("!correct it is over", commands.Correct("it is over")),
    ("!note called the vendor", commands.Note("called the vendor")),
    ("!set cause a full disk", commands.SetFact("cause", "a full disk")),
    ("!action @oncall2 add an alert by 2026-05-04", commands.AddAction("oncall2", "add an alert", date(2026, 5, 4))),
    ("!action @oncall2 add an alert", commands.AddAction("oncall2", "add an alert", None)),
    ("!action drop 2", commands.DropAction(2)),
    ("!falsealarm the old page", commands.FalseAlarm("the old page")),
    ("!false-alarm the old page", commands.FalseAlarm("the old page")),
    ("!action remove #2", commands.DropAction(2)),
    ("!blocker #512", commands.Blocker(512)),
    ("!dismiss 512 harmless", commands.Dismiss(512, "harmless")),
    ("!duplicate inc-6", commands.Duplicate("INC-6")),
    ("!restrict it is an attack", commands.Restrict("it is an attack")),
    ("!leaked their talk shows it", commands.Leaked("their talk shows it")),
    ("!false alarm a test", commands.FalseAlarm("a test")),
    ("!hold waiting for the vendor", commands.Hold("waiting for the vendor")),
    ("!resume", commands.Resume()),
    ("!retry", commands.Retry()),
    ("!snooze 30m", commands.Snooze(timedelta(minutes=30))),
    ("!reopen it is back", commands.Reopen("it is back")),
    ("!close", commands.Close()),
    ("!cancel not now", commands.Cancel("not now")),
    ("!cleanup", commands.Cleanup()),
    ("!reland", commands.Reland()),
    ("!mirror matrix:#ops", commands.Mirror("matrix:#ops")),
    ("!unmirror matrix:#ops", commands.Unmirror("matrix:#ops")),
    ("!undo", commands.Undo()),
]


def every_command() -> set[type[commands.Command]]:
    kinds = (commands.Telling, commands.Holding)
    return {each for kind in (commands.Command, *kinds) for each in kind.__subclasses__()} - set(kinds)


@pytest.mark.parametrize(("text", "command"), TYPED, ids=[text for text, _ in TYPED])
def test_the_grammar_reads_what_people_type(text, command):
    assert parse(text, in_run=True) == command


def test_every_command_can_be_typed():
    assert {type(command) for _, command in TYPED} == every_command()


def test_every_command_shows_an_example_that_is_read_as_itself():
    for command in every_command():
        example = (command.__doc__ or "").partition(",")[0].removesuffix(".")
        words = example.replace("STEP", "triage").replace("GATE", "soak")
        if command is not commands.Report:
            assert isinstance(parse(words, in_run=True), command), words


def test_every_word_of_a_thread_is_in_the_help_of_some_run():
    shown = (
        " ".join(
            replies.lists.help_in(run).plain()
            for run in (an_incident(), a_release(), a_run_of(ROLLBACK), a_run_of(SECURITY_RESPONSE))
        )
        .replace("!", " ")
        .split()
    )
    # `!confirm` is said with the code the preview shows; whoever reads the help has found `help`.
    assert set(commands.VERBS) - set(shown) == {"confirm", "help"}


@pytest.mark.parametrize("word", ["ack", "approve", "status", "plan", "todo", "timeline", "help"])
def test_a_bare_word_acts_alone_and_in_any_case(word):
    assert parse(f"  {word.upper()} ", in_run=True) == parse(f"!{word}", in_run=True)


@pytest.mark.parametrize(
    "text",
    [
        "ack, looking",
        "“approve”",
        "> approve",
        "~approve~",
        "approve 👎",
        "approve 7f3a?",
        "`!close`",
        "update me later",
        "verify it's down?",
        "done 3 customers hit",
        "close",
        "start with the logs",
        "approve?",
        "approve 7f3a please",
        "approved it already 7f3a",
        "status page is red",
        "plan b",
        "help me",
        "the plan",
        "",
        "   ",
        "ack\nlooking",
    ],
)
def test_ordinary_talk_in_a_thread_is_talk(text):
    assert parse(text, in_run=True) == Talk(yes=False)


@pytest.mark.parametrize("text", ["start", "Resume", "go on!", "please continue", "start it"])
def test_what_sounds_like_going_on_is_talk_that_says_so(text):
    assert parse(text, in_run=True) == Talk(go=True)


@pytest.mark.parametrize(
    "text", ["help", "Help!", "`help`", "*help?*", "“HELP”", "!help", "/help", "🆘 help", "--help"]
)
@pytest.mark.parametrize("in_run", [True, False])
def test_help_alone_is_asked_for_whatever_stands_around_it(text, in_run):
    assert parse(text, in_run=in_run) == commands.Help()


@pytest.mark.parametrize("text", ["", "?", "help", ": help!", "help me, please", "sop help release", "incident help"])
def test_who_turns_to_the_bot_for_help_gets_it(text):
    assert parse(text, in_run=False, addressed=True) == commands.Help()


@pytest.mark.parametrize("text", ["help me", "@help", "#help", "> help", "no help", "helpful"])
def test_help_among_other_words_is_talk(text):
    assert parse(text, in_run=False) == commands.Talk()


@pytest.mark.parametrize("word", ["decalre", "delcare", "declared", "DECLRE"])
def test_a_mistyped_declare_declares(word):
    assert parse(f"/incident {word} P1 the API is down", in_run=False) == commands.Declare(
        Severity.P1, "the API is down"
    )


@pytest.mark.parametrize("title", ["decline of traffic", "clear the queue", "payments down"])
def test_other_words_behind_incident_are_its_title(title):
    assert parse(f"/incident {title}", in_run=False) == commands.Declare(None, title)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/release stabel 1.4.0", "Did you mean /release stable 1.4.0?"),
        ("/release rolback 1.4.0", "Did you mean /release rollback 1.4.0?"),
        ("/release 1.4.0", "I do not know /release 1.4.0. There are"),
        ("/sop lisst", "Did you mean /sop list?"),
        ("/sop sart SOP-42", "Did you mean /sop start?"),
        ("/sop lunch", "It goes like this: /sop list"),
    ],
)
def test_a_mistyped_word_behind_a_root_is_guessed_at(text, meant):
    assert meant in misread.problem(parse(text, in_run=False)).plain()


@pytest.mark.parametrize("text", ["lgtm", "LGTM!", "yes", "+1", "👍", "✅", "ship it", "looks good to me.", "go ahead"])
def test_what_sounds_like_a_yes_is_talk_that_says_so(text):
    assert parse(text, in_run=True) == Talk(yes=True)


@pytest.mark.parametrize("text", ["aprove", "approve zzzz", "approve 7f3", "Approv 7f3a"])
def test_a_mistyped_approval_sounds_like_a_yes(text):
    assert parse(text, in_run=True) == Talk(yes=True)


@pytest.mark.parametrize("text", ["hold on", "stop", "Stop it!", "wait.", "please hold on", "no"])
def test_a_bare_stop_is_talk_to_the_grammar(text):
    """Whether it acts, the run decides (`stopping`)."""
    assert parse(text, in_run=True) == Talk()


@pytest.mark.parametrize("text", ["ack", "approve", "lgtm", "status", "hello", "!wow", "stop"])
def test_outside_a_thread_only_roots_act(text):
    assert parse(text, in_run=False) == Talk()


@pytest.mark.parametrize("text", ["!start", "!cancel now"])
def test_outside_a_thread_a_word_of_threads_is_told_where_it_belongs(text):
    assert parse(text, in_run=False) == Problem("no-run")


def test_outside_a_thread_whoever_addresses_the_bot_is_told_where_to_speak():
    assert parse("ack", in_run=False, addressed=True) == Problem("no-run")


@pytest.mark.parametrize("sign", ["/", "!"])
def test_roots_act_anywhere_with_a_slash_or_an_exclamation_mark(sign):
    for in_run in (True, False):
        assert parse(f"{sign}incident P2 slow", in_run=in_run) == commands.Declare(Severity.P2, "slow")


@pytest.mark.parametrize("text", ["/tmp is full", "/deploy now", "/relaese rc 1.4.0"])
def test_an_unknown_root_is_told_to_who_gave_it_as_a_command_and_is_talk_otherwise(text):
    word = text[1:].split()[0]
    assert parse(text, in_run=True) == parse(text, in_run=False) == Talk()
    assert parse(text, in_run=True, slash=True) == Problem("unknown-root", word)
    assert parse(text, in_run=False, addressed=True) == Problem("unknown-root", word)


@pytest.mark.parametrize(("text", "word"), [("!relaese rc 1.4.0", "relaese"), ("!incidnet declare P1", "incidnet")])
def test_a_root_mistyped_after_an_exclamation_mark_is_told_and_talk_is_not(text, word):
    assert parse(text, in_run=False) == Problem("unknown-root", word)
    assert parse("!important: lunch", in_run=False) == Talk()
    assert parse("!note that", in_run=False) == Problem("no-run")


@pytest.mark.parametrize("text", ["/incident declare P1 slow", "/release rc 1.4.0", "/hotfix 1.4.1 P0 wal"])
def test_sop_before_a_root_does_the_same(text):
    assert parse(f"/sop {text[1:]}", in_run=False) == parse(text, in_run=False)
    assert parse(text[1:], in_run=False, addressed=True) == parse(text, in_run=False)


@pytest.mark.parametrize("text", ["the check can be skipped", "repotr the check can be skipped"])
@pytest.mark.parametrize("root", ["/security", "!security", "/sop security"])
def test_whatever_stands_behind_security_is_a_report(root, text):
    assert parse(f"{root} {text}", in_run=False) == commands.ReportVulnerability(text)
    assert parse(f"/security-report {text}", in_run=False) == commands.ReportVulnerability(text)


@pytest.mark.parametrize(
    "root",
    [
        "/secuirty",
        "!securty",
        "/secuirty-report",
        "/securityreport",
        "/sec report",
        "!secutiry report:",
        "/incident security report",
        "/incident secuirty reprot",
        "/onboard security report",
        "!release security report",
        "/sop start SOP-05",
    ],
)
@pytest.mark.parametrize("in_run", [True, False])
def test_a_report_behind_a_mistyped_root_is_one(root, in_run):
    found = parse(f"{root} the check can be skipped", in_run=in_run)
    assert isinstance(found, commands.ReportVulnerability)
    assert found.text.endswith("the check can be skipped")


@pytest.mark.parametrize("text", ["/tmp is full", "/secrets are leaking", "/service report is slow", "!severty P1"])
def test_what_only_looks_a_little_like_it_is_none(text):
    assert parse(text, in_run=False) == Talk()
    assert not isinstance(parse(text, in_run=True), commands.ReportVulnerability)
    assert isinstance(parse("/incident declare P1 security report page is down", in_run=False), commands.Declare)
    assert parse("!note security report came in", in_run=True) == commands.Note("security report came in")


def test_a_run_named_behind_incident_is_that_run():
    assert parse("/incident INC-7", in_run=False) == commands.InRun("INC-7", "status")
    assert parse("/incident INC-7 ack", in_run=False) == commands.InRun("INC-7", "ack")


def test_a_mention_alone_asks_for_help():
    assert parse("", in_run=True, addressed=True) == parse(" ", in_run=False, addressed=True) == commands.Help()


def test_addressing_the_bot_stands_for_the_exclamation_mark():
    assert parse("update all is well", in_run=True, addressed=True) == commands.Report("update", "all is well")


@pytest.mark.parametrize(
    ("alias", "verb"),
    [
        ("!sev P1 worse", "!severity P1 worse"),
        ("!resolved all green", "!verify all green"),
        ("!resolve all green", "!verify all green"),
        ("!mitigated restarted", "!mitigate restarted"),
        ("!fixed patched", "!fix patched"),
        ("!acknowledge", "!ack"),
        ("!escalate rm", "!page rm"),
    ],
)
def test_an_alias_means_its_verb(alias, verb):
    assert parse(alias, in_run=True) == parse(verb, in_run=True)


@pytest.mark.parametrize("severity", ["P0", "p1", "P2", "p3"])
def test_a_severity_may_be_written_small(severity):
    assert parse(f"!severity {severity}", in_run=True) == commands.SetSeverity(Severity(severity.upper()), "")


@pytest.mark.parametrize("text", ["!severity P4", "!severity high", "!severity", "/incident declare P9 down"])
def test_a_severity_that_does_not_exist_is_a_problem(text):
    found = parse(text, in_run=True)
    assert isinstance(found, Problem)
    assert found.kind == "severity"


def test_an_incident_may_be_declared_before_anybody_knows_how_bad_it_is():
    assert parse("/incident payments down", in_run=False) == commands.Declare(None, "payments down")
    assert parse("/incident declare payments down", in_run=False) == commands.Declare(None, "payments down")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/incident", "missing"),
        ("/incident declare P1", "missing"),
        ("/release rc", "missing"),
        ("/release everything 1.4.0", "unknown-release"),
        ("/sop nonsense", "unknown-sop"),
        ("/incident note it is as in INC-7", "say-in-run"),
        ("/incident resolv", "like-a-word"),
        ("/incident P7 payments fail", "severity"),
        ("!page @rm @rm2", "one-at-a-time"),
        ("/release rollback 1.4.0 --to", "missing"),
        ("/release rollback 1.4.0 --to=", "missing"),
        ("/deps update rocksdb latest", "bad-dependency"),
        ("!frobnicate", "unknown-verb"),
        ("!", "unknown-verb"),
        ("!done", "missing"),
        ("!done ../../etc x", "bad-step"),
        ("!skip triage", "missing"),
        ("!start now please", "extra"),
        ("!update", "missing"),
        ("!reject", "missing"),
        ("!reject 7f3a", "missing"),
        ("!approve 7f3az", "bad-code"),
        ("!confirm maybe", "bad-code"),
        ("!assign", "missing"),
        ("!assign two+people", "missing"),
        ("!set colour blue", "bad-fact"),
        ("!set cause", "missing"),
        ("!action @oncall2 add an alert by 2026-13-40", "bad-date"),
        ("!action nobody", "missing"),
        ("!blocker everything", "missing"),
        ("!blocker #0", "missing"),
        ("!dismiss #512", "missing"),
        ("!duplicate that one", "missing"),
        ("!false", "missing"),
        ("!snooze forever", "missing"),
        ("!snooze 0m", "missing"),
        ("!cancel", "missing"),
    ],
)
def test_what_cannot_be_understood_is_a_problem_with_a_name(text, kind):
    found = parse(text, in_run=True)
    assert isinstance(found, Problem)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("typed", "meant"), [("!updaet x", "update"), ("!cancle x", "cancel"), ("!pubish x", "publish")]
)
def test_a_near_miss_names_the_word_that_was_meant(typed, meant):
    found = parse(typed, in_run=True)
    assert isinstance(found, Problem)
    assert found.more == meant


@pytest.mark.parametrize("verb", ["update", "publish", "correct", "note", "hold", "cancel", "reopen", "set cause"])
def test_a_text_has_a_limit_and_the_refusal_names_it(verb):
    longest = commands.LONGEST_TEXT
    assert not isinstance(parse(f"!{verb} {'x' * longest}", in_run=True), Problem)
    assert parse(f"!{verb} {'x' * (longest + 1)}", in_run=True) == Problem("too-long", str(longest), str(longest + 1))


def test_a_title_has_a_limit_of_its_own():
    longest = commands.LONGEST_TITLE
    assert isinstance(parse(f"/incident P1 {'x' * longest}", in_run=False), commands.Declare)
    assert parse(f"/incident P1 {'x' * (longest + 1)}", in_run=False) == Problem(
        "too-long", str(longest), str(longest + 1)
    )


texts = st.one_of(
    st.text(max_size=80),
    st.builds(
        lambda sign, word, rest: f"{sign}{word} {rest}",
        st.sampled_from(["", "!", "/", "! ", "!!"]),
        st.sampled_from([*commands.VERBS, *commands.ROOTS, "rc", "sev"]),
        st.one_of(st.text(max_size=60), st.sampled_from([text for text, _ in TYPED])),
    ),
)


@given(texts, st.booleans(), st.booleans())
def test_no_text_whatever_makes_the_grammar_fail(text, in_run, addressed):
    found = parse(text, in_run=in_run, addressed=addressed)
    assert isinstance(found, commands.Command | Problem | Talk)


@given(texts)
def test_what_is_stored_of_a_text_is_never_longer_than_the_limit(text):
    found = parse(text * 100, in_run=True)
    values = [getattr(found, field.name) for field in dataclasses.fields(found)]
    assert all(len(value) <= commands.LONGEST_TEXT for value in values if isinstance(value, str))


@given(st.text(max_size=60).filter(lambda text: not text.strip().startswith(("!", "/"))))
def test_without_a_sign_only_the_bare_words_ever_act(text):
    found = parse(text, in_run=True)
    words = bare(text).lower().split()
    alone = {"ack", "approve", "status", "plan", "todo", "timeline", "help"}
    assert isinstance(found, Talk) or (words[0] in alone and len(words) <= 2)


@pytest.mark.parametrize("text", ["aprove!", "aprove", "Aprove 7f3a."])
def test_a_yes_with_a_mark_after_it_is_told_how_it_is_said(text):
    assert parse(text, in_run=True) == commands.Talk(yes=True)


@pytest.mark.parametrize("word", ["rollback", "rc", "stable", "declare", "freeze"])
def test_what_begins_another_run_is_told_with_its_root(word):
    found = parse(f"!{word} 1.4.0", in_run=True)
    assert isinstance(found, commands.Problem)
    assert found.more.split()[1] == word
    assert f"Did you mean !{found.more}?" in misread.problem(found).plain()


@pytest.mark.parametrize(
    "text",
    ["`approve 7f3a`", "approve 7f3a.", "APPROVE 7f3a!", "*approve 7F3A*", "```approve 7f3a```", "!approve: 7f3a."],
)
def test_marks_around_a_bare_word_do_not_count(text):
    assert parse(text, in_run=True) == commands.Approve("7f3a")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("!update: text", commands.Report("update", "text")),
        ("!sev: p1", commands.SetSeverity(Severity.P1, "")),
        ("!sev sev-1 all of it", commands.SetSeverity(Severity.P1, "all of it")),
        ("!set cause: a full disk", commands.SetFact("cause", "a full disk")),
        ("!done row 4: all green", commands.SignOff("row 4", "all green")),
        ("!done blockers: none", commands.SignOff("blockers", "none")),
        ("!reject 7f3a: not yet", commands.Reject("7f3a", "not yet")),
        ("!dismiss #512: harmless", commands.Dismiss(512, "harmless")),
        ("!false alarm: a test", commands.FalseAlarm("a test")),
        ("!page @rm2 need the password", commands.Page("rm2", "need the password")),
        ("!page rm2, need it", commands.Page("rm2", "need it")),
        ("!handoff to @oncall2: the disk is full", commands.Handoff("oncall2", "the disk is full")),
        ("!assign @oncall2 you know it", commands.Assign("oncall2", "you know it")),
        ("!ack.", commands.Ack()),
        ("/incident ack INC-7", commands.InRun("INC-7", "ack")),
        ("/incident update INC-7 it works", commands.InRun("INC-7", "update it works")),
        ("/incident duplicate INC-7", commands.OfIncident("duplicate INC-7")),
        ("/incident ack", commands.OfIncident("ack")),
        ("/incident on it!", commands.OfIncident("ack")),
        ("/incident resolve: it works", commands.OfIncident("resolve: it works")),
        ("/incident status", commands.OfIncident("status")),
    ],
)
def test_what_people_type_at_night_is_understood(text, command):
    assert parse(text, in_run=True) == command


def test_a_colon_after_the_mention_is_the_mentions():
    assert parse(": ack", in_run=True, addressed=True) == commands.Ack()
    assert parse(": incident declare P1 smoke", in_run=False, addressed=True) == commands.Declare(Severity.P1, "smoke")
