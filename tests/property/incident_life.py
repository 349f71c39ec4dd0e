"""Lives of incidents: clocks, severities, public words, post-mortems, reopening."""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from sops.kit.run import Run, RunState, StepState
from tests.property.life import DAY, DOUBTS, FAULTS, HOUR, MINUTE, PEOPLE, Life
from tests.property.reach import Fault, Kind, On


class IncidentLife(Life):
    """Incidents: clocks, severities, public words, post-mortems, reopening."""

    prefix = "INC"
    reached: ClassVar[Counter[str]] = Counter()

    @initialize(severity=st.sampled_from(["P0", "P1", "P2", "P3", ""]), deletes=st.booleans(), fault=FAULTS)
    def begin(self, severity: str, deletes: bool, fault: Fault | None) -> None:
        self.open(deletes_branches=deletes, required_reviews=0)
        self.say("maint", f"/incident declare {severity} payments return 500", "#ops", fault)

    @rule(fault=FAULTS)
    def go_on(self, fault: Fault | None) -> None:
        self._go_on(fault)

    @rule(times=st.integers(1, 4), fault=FAULTS)
    def go_on_a_while(self, times: int, fault: Fault | None) -> None:
        for number in range(times):
            self._go_on(fault if number == times - 1 else None)

    @rule(when=st.integers(0, 15), fault=FAULTS)
    def go_on_to_the_end(self, when: int, fault: Fault | None) -> None:
        for number in range(16):
            self._go_on(fault if number == when else None)
            if self.run.state.over:
                return

    @rule(times=st.integers(3, 8))
    def it_dies_after_every_deed(self, times: int) -> None:
        for _ in range(times):
            self._go_on(Fault(Kind.DIE_AFTER, On.WRITE, 0))

    @rule(kind=st.sampled_from([*DOUBTS, Kind.UNREACHABLE]), times=st.integers(3, 8))
    def no_deed_is_answered(self, kind: Kind, times: int) -> None:
        for _ in range(times):
            self._go_on(Fault(kind, On.WRITE, 0))

    def _go_on(self, fault: Fault | None) -> None:
        run = self.run
        if run.state.over:
            self.say("maint", "/incident declare P1 another one", "#ops", fault)
        elif run.state is RunState.HELD:
            self.say("oncall1", "!resume", fault=fault)
        else:
            self.say("oncall1", self._next_word(run), fault=fault)

    def _next_word(self, run: Run) -> str:
        if run.severity is None:
            return "!severity P1 quite bad"
        if not run.record("acknowledge").signed:
            return "ack"
        if "draft" in run.facts:
            return f"!confirm {run.facts['draft']['code']}"
        if run.iteration == 1 and not any(step.id.startswith("publish-") for step in run.steps):
            return "!publish we are looking into it"
        words = {"communicate": "update", "triage": "triage", "mitigate": "mitigate", "fix": "fix", "verify": "verify"}
        for step in run.current():
            if step.id in words and not run.record(step.id).signed:
                return f"!{words[step.id]} we did something about it"
        return self._aftermath(run)

    def _aftermath(self, run: Run) -> str:
        current = {step.id for step in run.current()}
        if any(run.record(name).state is StepState.FAILED for name in current):
            return "!retry"
        if "post-mortem" in current:
            for name, word in (("cause", "!set cause a full disk"), ("impact", "!set impact half of all payments")):
                if name not in run.facts:
                    return word
            if "actions" not in run.facts:
                return "!action @oncall2 watch the disk by 2026-05-20"
            return "!done post-mortem"
        if "post-mortem-merged" in current and self.world.pulls[run.facts["post-mortem"]].state == "open":
            self.world.merge(run.facts["post-mortem"], None, "maint")
            self.reached["post-mortem merged"] += 1
            return "status"
        return "!close"

    @rule(
        who=st.one_of(PEOPLE, st.sampled_from(["oncall1", "oncall2", "rm"])),
        text=st.sampled_from(
            ["ack", "!update still down", "!triage all of it", "!mitigate restarted", "!fix patched", "!verify fine"]
            + ["!action @oncall1 more alerts", "!action none", "!set cause bad luck", "!done post-mortem", "!close"]
            + ["!page @oncall2", "!handoff @oncall2", "!assign @oncall2", "!accept", "!snooze 15m", "!retry"]
            + ["!skip triage not needed", "!waive post-mortem-merged no", "!duplicate INC-1", "!start", "!confirm"]
            + ["/sop INC-1 ack", "!resume", "!severity P9", "!verify", "!skip acknowledge alone", "!skip fix no"]
            + ["!cancel enough"]
        ),
        fault=FAULTS,
    )
    def somebody_commands(self, who: str, text: str, fault: Fault | None) -> None:
        self.say(who, text, fault=fault)

    @rule(severity=st.sampled_from(["P0", "P1", "P2", "P3"]), span=st.sampled_from([HOUR, DAY]), fault=FAULTS)
    def another_one_goes_unanswered(self, severity: str, span: timedelta, fault: Fault | None) -> None:
        if len(self.picture.runs) < 4:
            self.say("guest", f"/incident declare {severity} the site is slow", "#general")
            self.pass_time(span, fault)

    @rule(fault=FAULTS)
    def nobody_writes_it_up(self, fault: Fault | None) -> None:
        for _ in range(8):
            if self.run.record("verify").signed:
                self.pass_time(9 * DAY, fault)
                return
            self._go_on(None)

    @rule(severity=st.sampled_from(["P0", "P1", "P2", "P3"]), fault=FAULTS)
    def the_severity_changes(self, severity: str, fault: Fault | None) -> None:
        self.say("oncall2", f"!severity {severity} it looks so", fault=fault)

    @rule(text=st.sampled_from(["!publish we are on it", "!correct it is over"]), old=st.booleans(), fault=FAULTS)
    def a_public_word(self, text: str, old: bool, fault: Fault | None) -> None:
        """Said, and confirmed; or confirmed with the code of an earlier draft."""
        code = self.run.facts.get("draft", {}).get("code", "")
        self.say("oncall1", text)
        if not old:
            code = self.run.facts.get("draft", {}).get("code", "")
        self.say("oncall1", f"!confirm {code}".strip(), fault=fault)

    @rule(text=st.sampled_from(["!reopen it is back", "!false alarm a test"]), fault=FAULTS)
    def the_end_or_not(self, text: str, fault: Fault | None) -> None:
        self.say("oncall1", text, fault=fault)

    @precondition(lambda self: self.run.iteration > 1 and not self._worked_on())
    @rule(fault=FAULTS)
    def it_was_nothing_this_time(self, fault: Fault | None) -> None:
        if not self.run.facts.get("public.corrected"):
            self.say("oncall1", "!correct it is over")
            self.say("oncall1", "!confirm")
        self.say("oncall1", "!false alarm a test", fault=fault)

    def _worked_on(self) -> bool:
        """Something was recorded since it was last opened, so that it is no false alarm."""
        return any(
            self.run.record(step).signed or self.run.record(step).state.over for step in ("mitigate", "fix", "verify")
        )

    @rule(fault=FAULTS)
    def it_comes_back(self, fault: Fault | None) -> None:
        self.say("oncall2", "!reopen it is back", fault=fault)

    @rule(span=st.sampled_from([MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, 2 * DAY, 7 * DAY]), fault=FAULTS)
    def time_passes(self, span: timedelta, fault: Fault | None) -> None:
        self.pass_time(span, fault)

    def count(self) -> None:
        super().count()
        self.reached["issues by the bot"] += sum(issue.author != "guest" for issue in self.world.issues.values())
        self.reached["post-mortem pull requests"] += len(self.world.pulls)
        self.reached["reopened"] += sum(run.iteration > 1 for run in self.picture.runs.values())
