"""Lives of candidates: approvals, moving heads, blockers, rc2."""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from sops.kit.approvals import RequestState
from sops.kit.run import Run, RunState, StepState
from sops.kit.world import CheckState
from tests.property.life import DAY, DOUBTS, FAULTS, HOUR, MINUTE, PEOPLE, Life
from tests.property.reach import Fault, Kind, On


class ReleaseLife(Life):
    """Candidates: approvals, moving heads, blockers, rc2."""

    prefix = "REL"
    reached: ClassVar[Counter[str]] = Counter()

    @initialize(deletes=st.booleans(), reviews=st.sampled_from([0, 0, 1]), fault=FAULTS)
    def begin(self, deletes: bool, reviews: int, fault: Fault | None) -> None:
        self.open(deletes_branches=deletes, required_reviews=reviews)
        self.say("rm", "/release rc 1.4.0", "#releases", fault)
        self.say("rm", "!start")

    def meanwhile(self) -> None:
        """Somebody pushes to the candidate's branch."""
        branch = f"release/v{self.run.version}-rc1"
        if branch in self.world.branches:
            self.world.push(branch, "guest", "one more thing")

    @rule(bad=st.booleans(), fault=FAULTS)
    def go_on(self, bad: bool, fault: Fault | None) -> None:
        self._go_on(bad, fault)

    @rule(bad=st.booleans(), fault=FAULTS)
    def go_on_too(self, bad: bool, fault: Fault | None) -> None:
        self._go_on(bad, fault)
        self._go_on(bad, None)

    @rule(when=st.integers(0, 11), bad=st.booleans(), fault=FAULTS)
    def go_on_to_the_end(self, when: int, bad: bool, fault: Fault | None) -> None:
        for number in range(12):
            self._go_on(bad, fault if number == when else None)
            if self.run.state.over:
                return

    @rule(times=st.integers(3, 8))
    def it_dies_after_every_deed(self, times: int) -> None:
        for _ in range(times):
            self._go_on(False, Fault(Kind.DIE_AFTER, On.WRITE, 0))

    @rule(kind=st.sampled_from([*DOUBTS, Kind.UNREACHABLE]), times=st.integers(3, 8))
    def no_deed_is_answered(self, kind: Kind, times: int) -> None:
        for _ in range(times):
            self._go_on(False, Fault(kind, On.WRITE, 0))

    def _go_on(self, bad: bool, fault: Fault | None) -> None:
        """`bad`: a candidate that soaks has a regression."""
        run = self.run
        step = next(iter(run.current()), None)
        asked = run.requests[-1] if run.requests else None
        if run.state.over:
            minor = 4 + len(self.picture.runs)
            self.say("rm", f"/release rc 1.{minor}.0", "#releases", fault)
        elif run.state is RunState.PLANNED:
            self.say("rm2", "!start", fault=fault)
        elif run.state is RunState.HELD:
            self.say("rm", "!resume", fault=fault)
        elif step is not None and run.record(step.id).state is StepState.FAILED:
            self._mend(run, fault)
        elif asked is not None and asked.state is RequestState.OPEN:
            able = [name for name in ("rev1", "rev2") if name not in asked.excluded]
            if self.world.required_reviews:
                self.world.review(asked.subject["pull request"], "rev3", "APPROVED")
            self.say(able[0], f"approve {asked.code}", fault=fault)
        elif asked is not None and asked.state in {RequestState.EXPIRED, RequestState.REJECTED}:
            self.say("rm", "!retry", fault=fault)
        elif step is not None and step.id == "soak":
            self._soak(run, bad, fault)
        elif step is not None and step.id == "blockers":
            self._fix(run, fault)
        else:
            self._get_green(run)
            self.pass_time(20 * MINUTE, fault)

    def _mend(self, run: Run, fault: Fault | None) -> None:
        self.reached[f"conflict at {run.current()[0].id}"] += 1
        self.say("rm", "!retry", fault=fault)
        if self.run.state is RunState.ACTIVE and self.run.record(run.current()[0].id).state is StepState.FAILED:
            self.say("rm", "!cancel cannot be mended")

    def _get_green(self, run: Run) -> None:
        head = self.world.branches.get(f"release/v{run.version}-rc1")
        if head and CheckState.RED in self.world.checks.get(head, {}).values():
            self.world.settle_checks(head, CheckState.GREEN)

    def _soak(self, run: Run, bad: bool, fault: Fault | None) -> None:
        for number in run.facts.get("soak.blockers", {}):
            self.say("rm", f"!dismiss #{number} harmless")
        if bad and run.iteration < 3:
            issue = self.world.file_issue("it crashes", ("regression",))
            self.pass_time(DAY)
            self.world.close_issue(issue.number, "completed")
            self.theatre.do(lambda stage: stage.settle(), fault)
            self.look()
        else:
            self.pass_time(8 * DAY, fault)

    def _fix(self, run: Run, fault: Fault | None) -> None:
        branch = f"release/v{run.version}-rc1"
        if self.world.branches[branch] == run.facts["head"]:
            self.world.push(branch, "maint", "Fix the crash")
        for issue in [i for i in self.world.issues.values() if i.labels and i.state == "open"]:
            self.world.close_issue(issue.number, "completed")
        self.say("rm", "!done blockers see the branch", fault=fault)

    @rule(who=PEOPLE, which=st.integers(0, 5), bare=st.booleans(), fault=FAULTS)
    def somebody_says_yes(self, who: str, which: int, bare: bool, fault: Fault | None) -> None:
        """To the newest request, or to an old one of any run."""
        asked = [request for run in self.picture.runs.values() for request in run.requests]
        code = asked[-1 - min(which, len(asked) - 1)].code if asked and not bare else ""
        self.say(who, f"approve {code}".strip(), fault=fault)

    @rule(
        who=st.one_of(PEOPLE, st.sampled_from(["rm", "rm2", "rev1"])),
        text=st.sampled_from(
            ["!start", "!stop", "!withdraw", "!reject not yet", "!retry", "!skip checks slow", "!waive soak hurry"]
            + ["!waive published by hand", "!done checks yes", "!done blockers yes", "!blocker #41", "!resume"]
            + ["!cancel enough", "ack", "!close", "!severity P0", "!approve", "/release rc 1.4.0", "/sop REL-1 !stop"]
        ),
        fault=FAULTS,
    )
    def somebody_commands(self, who: str, text: str, fault: Fault | None) -> None:
        self.say(who, text, fault=fault)

    @rule(author=st.sampled_from(["guest", "maint", "rev3", "rm"]), fault=FAULTS)
    def somebody_pushes(self, author: str, fault: Fault | None) -> None:
        branch = f"release/v{self.run.version}-rc1"
        if branch in self.world.branches:
            self.world.push(branch, author, "One more thing")
            self.theatre.do(lambda stage: stage.settle(), fault)
            self.look()

    @rule(fault=FAULTS)
    def the_candidate_turns_out_bad(self, fault: Fault | None) -> None:
        for _ in range(8):
            soaking = "soak" in {step.id for step in self.run.current()}
            self._go_on(soaking, fault if soaking else None)
            if soaking:
                return

    @rule()
    def the_branch_moves_as_the_merge_arrives(self) -> None:
        self._moves_after_the_yes("guest", Fault(Kind.MEANWHILE, On.WRITE, 0))

    @rule(author=st.sampled_from(["guest", "rev3"]), kind=st.sampled_from([Kind.UNREACHABLE, Kind.LOST_REQUEST]))
    def the_branch_moves_while_nothing_arrives(self, author: str, kind: Kind) -> None:
        self._moves_after_the_yes(author, Fault(kind, On.WRITE, 0, lasts=True))

    def _moves_after_the_yes(self, author: str, fault: Fault) -> None:
        """Approved and begun; then the branch moves, its checks get green, and the forge answers again."""
        for _ in range(8):
            if self.run.requests and self.run.requests[-1].state is RequestState.GRANTED:
                self.pass_time(MINUTE, fault)
                self.somebody_pushes(author, None)
                self.checks_end(CheckState.GREEN, None)
                self.pass_time(HOUR)
                self.reached["pushed after the approval was used up"] += 1
                return
            self._go_on(False, None)

    @rule(state=st.sampled_from([CheckState.RED, CheckState.GREEN]), fault=FAULTS)
    def checks_end(self, state: CheckState, fault: Fault | None) -> None:
        head = self.world.branches.get(f"release/v{self.run.version}-rc1")
        if head in self.world.checks:
            self.world.settle_checks(head, state)
            self.theatre.do(lambda stage: stage.settle(), fault)
            self.look()

    @rule(label=st.sampled_from(["regression", "rc-blocker", "wish"]), span=st.sampled_from([MINUTE, HOUR]))
    def an_issue_is_filed(self, label: str, span: timedelta) -> None:
        self.world.file_issue("something", (label,))
        self.pass_time(span)

    @rule(
        which=st.integers(0, 3), how=st.sampled_from(["completed", "not_planned", "unlabel", "dismiss"]), fault=FAULTS
    )
    def an_issue_is_settled(self, which: int, how: str, fault: Fault | None) -> None:
        found = [issue for issue in self.world.issues.values() if issue.state == "open" and issue.labels]
        if not found:
            return
        issue = found[which % len(found)]
        if how == "dismiss":
            self.say("rm", f"!dismiss #{issue.number} no", fault=fault)
            return
        if how == "unlabel":
            self.world.change_issue(issue.number, labels=())
        else:
            self.world.close_issue(issue.number, how)
        self.theatre.do(lambda stage: stage.settle(), fault)
        self.look()

    @rule(span=st.sampled_from([MINUTE, 10 * MINUTE, HOUR, DAY, 3 * DAY]), fault=FAULTS)
    def time_passes(self, span: timedelta, fault: Fault | None) -> None:
        self.pass_time(span, fault)

    def count(self) -> None:
        super().count()
        for run in self.picture.runs.values():
            self.reached[f"candidates up to rc{min(run.iteration, 3)}"] += 1
        self.reached["pull requests"] += len(self.world.pulls)
