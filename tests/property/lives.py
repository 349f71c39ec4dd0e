"""Lives of a bot: what may happen to it, as rules a machine picks from. Every rule ends with the bot at rest.

A rule that lets the bot work takes a fault that may strike meanwhile. `go_on` does what sensible people would do
next, so that long lives get somewhere; everything else gets in its way.
"""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.sandbox.clock import VirtualClock
from bot.engine.advance import Advancer
from bot.wiring import sandbox_people
from sops.kit.approvals import RequestState
from sops.kit.run import Run, RunState, StepState
from sops.kit.world import CheckState
from tests.property import promises
from tests.property.reach import Fault, Kind, On
from tests.property.theatre import START, Picture, Theatre
from tests.property.witness import Witness
from tests.property.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CRASHES = (Kind.DIE_BEFORE, Kind.DIE_AFTER)
PEOPLE = st.sampled_from(["rm", "rm2", "rev1", "rev1-phone", "rev2", "rev3", "oncall1", "oncall2", "maint", "guest"])
DOUBTS = (Kind.LOST_ANSWER, Kind.LOST_REQUEST)
#: One flat list, so that no kind hides behind another; writes weigh most, since doubt about them costs most.
FAULTS = st.sampled_from(
    [None] * 12
    + [Fault(kind, On.WRITE, at) for kind in (*CRASHES, *DOUBTS) for at in (0, 0, 1, 2)]
    + [Fault(Kind.MEANWHILE, On.WRITE, at) for at in (0, 0, 1)]
    + [Fault(kind, On.WRITE, 0, lasts=True) for kind in (Kind.UNREACHABLE, Kind.LOST_REQUEST)]
    + [Fault(kind, On.COMMIT, at) for kind in (*CRASHES, Kind.DIE_INSIDE) for at in (0, 2, 3, 5, 8, 13)]
    + [Fault(kind, On.READ, at) for kind in (Kind.DIE_AFTER, Kind.UNREACHABLE, Kind.MEANWHILE) for at in (0, 2, 5, 9)]
    + [Fault(kind, On.SAY, at) for kind in (*CRASHES, *DOUBTS) for at in (0, 2)]
)
QUESTIONS = st.sampled_from(["status", "plan", "todo", "timeline", "help", "!note seen", "@sopwith help"])
TALK = st.sampled_from(
    ["ack, looking", "hold on", "update me later", "verify it's down?", "done 3 customers hit", "start now", "approve?"]
    + ["lgtm", "stop it", "please close this", "status?", "", "😀", "!", "cancel that", "approve 7f3a please"]
)


class Life(RuleBasedStateMachine):
    """What every life has: time, crashes, talk, and the promises that hold all along."""

    advancer: ClassVar[type[Advancer]] = Advancer
    world_class: ClassVar[type[World]] = World
    prefix: ClassVar[str]
    reached: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.theatre: Theatre
        self.witness: Witness
        self.picture: Picture
        self.before: dict[str, Run] = {}

    def open(self, *, deletes_branches: bool, required_reviews: int) -> None:
        world = self.world_class(VirtualClock(START), deletes_branches, required_reviews)
        self.theatre = Theatre(world, self.advancer)
        self.theatre.reach.meanwhile = self.meanwhile
        self.witness = Witness(self.theatre.database, world, sandbox_people())
        world.on_effect = self.witness.look
        self.look()

    @property
    def world(self) -> World:
        return self.theatre.world

    @property
    def run(self) -> Run:
        """The run of this life: the newest."""
        return list(self.picture.runs.values())[-1]

    def meanwhile(self) -> None:
        """What the world does in the middle of the bot's work."""
        self.world.file_issue("unrelated", ())

    def look(self) -> None:
        self.picture = self.theatre.picture()

    def say(self, who: str, text: str, where: str = "", fault: Fault | None = None) -> None:
        place = where or f"in {self.run.name}"
        if place.startswith("in ") and self.theatre.room.thread(place.removeprefix("in ")) is None:
            self.pass_time(MINUTE, fault)  # its root is held back, so nobody can speak there
            return
        self.theatre.do(lambda stage: stage.say(who, place, text), fault)
        self.look()

    def pass_time(self, span: timedelta, fault: Fault | None = None) -> None:
        self.theatre.do(lambda stage: stage.move(span), fault)
        self.look()

    @rule(who=PEOPLE, text=TALK)
    def ordinary_talk_changes_nothing(self, who: str, text: str) -> None:
        before = self.picture
        self.say(who, text)
        assert self.picture.runs == before.runs
        assert self.picture.entries == before.entries

    @rule()
    def crash(self) -> None:
        self.theatre.do(lambda stage: stage.crash())
        self.look()

    @rule(span=st.sampled_from([MINUTE, HOUR, DAY]))
    def down(self, span: timedelta) -> None:
        self.theatre.do(lambda stage: stage.down(span))
        self.reached["down"] += 1
        self.look()

    @rule(who=PEOPLE, text=QUESTIONS)
    def somebody_asks(self, who: str, text: str) -> None:
        self.say(who, text)

    @rule(fault=FAULTS)
    def somebody_holds_and_resumes(self, fault: Fault | None) -> None:
        self.say("rm", "!hold wait" if self.run.state is RunState.ACTIVE else "!resume", fault=fault)

    @invariant()
    def every_promise_is_kept(self) -> None:
        if not hasattr(self, "picture"):
            return
        now = self.theatre.clock.now()
        broken = [
            *self.witness.objections,
            *promises.every_effect_exists_once(self.world),
            *promises.nothing_accepted_is_lost(self.picture),
            *promises.the_record_is_whole(self.picture),
            *promises.what_is_over_stays_over(self.before, self.picture),
        ]
        for name, run in self.picture.runs.items():
            broken += promises.steps_are_done_in_order(run)
            broken += promises.a_step_is_done_only_if_its_gates_were_met(run, self.world)
            broken += promises.a_soak_is_as_long_as_promised(run, self.world, self.picture)
            broken += promises.a_reminder_comes_once_and_only_while_its_clock_runs(run, self.picture.entries[name])
            broken += promises.clocks_run_when_they_should(run, self.picture, now)
            broken += promises.what_is_under_way_is_looked_at_soon(run, self.picture, now)
            broken += promises.who_has_no_role_only_declares(self.picture.entries[name])
        assert not broken, "\n".join(broken)
        self.before = self.picture.runs

    def teardown(self) -> None:
        if not hasattr(self, "theatre"):
            return
        try:
            self.count()
        finally:
            self.witness.close()
            self.theatre.close()

    def count(self) -> None:
        """Add what this life reached to what the machine reached."""
        self.reached["lives"] += 1
        self.reached.update(self.theatre.reach.struck)
        self.reached.update({f"{kind} by the bot": n for kind, n in self.witness.seen.items()})
        for entries in self.picture.entries.values():
            self.reached.update(f"record: {entry.kind}" for entry in entries)
            self.reached.update(f"reminder: {e.payload['clock']}" for e in entries if e.kind == "reminder")
        for run in self.picture.runs.values():
            self.reached[f"run {run.state}"] += 1
            self.reached.update(f"request {request.state}" for request in run.requests)


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
