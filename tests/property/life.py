"""Lives of a bot: what may happen to it, as rules a machine picks from. Every rule ends with the bot at rest.

A rule that lets the bot work takes a fault that may strike meanwhile. `go_on` does what sensible people would do
next, so that long lives get somewhere; everything else gets in its way.
"""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.sandbox.clock import VirtualClock
from bot.engine.advance import Advancer
from bot.wiring.sandbox import sandbox_people
from sops.kit.run import Run, RunState
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
