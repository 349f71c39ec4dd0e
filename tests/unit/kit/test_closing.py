"""What an incident waits for: who offers the close, who refuses it, and who shows what is next look at the same."""

from bot.chat.replies import incident as words
from bot.chat.replies import news, summary
from sops.kit.action import News
from sops.kit.closing import next_row, still_open
from sops.kit.model import Severity
from sops.kit.run import Run, RunState, StepState
from tests.unit.runs import NOW, an_incident

DONE = StepState.DONE


def _after(*done: str, severity: Severity = Severity.P1) -> Run:
    run = an_incident(severity)
    for step in ("detect", *done):
        run = run.with_record(step, state=DONE)
    return run


def _next(run: Run) -> str:
    found = next_row(run)
    return found.title if found else ""


def _hint(run: Run) -> str:
    return summary.summary(run, NOW).hint or ""


def test_next_is_what_matters_now_and_not_a_row_of_before_the_resolution() -> None:
    assert _next(an_incident()) == "acknowledge"
    assert _next(_after("acknowledge")) == "communicate"
    assert _next(_after("acknowledge", "communicate", "triage")) == "mitigate"
    resolved = _after("acknowledge", "mitigate", "verify")
    assert _next(resolved) == "post-mortem draft"
    written = resolved.with_record("post-mortem", state=DONE)
    assert _next(written) == "post-mortem merged"
    merged = written.with_record("post-mortem-merged", state=DONE)
    assert _next(merged) == "communicate"
    for step in ("communicate", "triage", "fix"):
        merged = merged.with_record(step, state=StepState.SKIPPED)
    assert _next(merged) == "close"
    assert _next(merged.with_record("close", signed=True)) == ""


def test_of_a_small_one_no_post_mortem_is_next_though_the_bot_has_not_left_it_out_yet() -> None:
    assert _next(_after("acknowledge", "verify", severity=Severity.P3)) == "communicate"


def test_the_close_is_offered_only_when_nothing_is_in_its_way() -> None:
    done = ("acknowledge", "communicate", "mitigate", "fix", "verify", "post-mortem")
    drafted = _after(*done)
    told = News("post-mortem-drafted", {"pr": 45, "url": "https://forge/45"})
    assert "!close" not in _hint(drafted)
    assert "!triage …" in _hint(drafted)
    assert "Before !close these are open as well: triage." in news.news(drafted, told).plain()
    ready = drafted.with_record("triage", state=DONE)
    assert "merge it; then !close." in news.news(ready, told).plain()
    assert "!close" not in _hint(ready), "the post-mortem is not merged yet"
    ready = ready.with_record("post-mortem-merged", state=DONE)
    assert not still_open(ready)
    assert _hint(ready) == "!close · !reopen reason"
    assert words.before_closing(ready) == "everything is settled; say !close"
    held = ready.but(state=RunState.HELD)
    assert still_open(held)
    assert "!close" not in _hint(held)
    assert words.before_closing(held) == "once somebody said !resume"


def test_what_is_restricted_says_so_and_nothing_else() -> None:
    run = _after("acknowledge").but(state=RunState.CANCELLED)
    run = run.with_facts({"restricted": "c0ffee", "ended": "it goes on elsewhere", "cancelled": True})
    shown = summary.summary(run, NOW).plain()
    assert "INC-1 · RESTRICTED, GOES ON IN PRIVATE" in shown
    assert "CANCELLED" not in shown
    assert "c0ffee" not in shown
    assert "payments" not in shown
