"""A run: one execution of a procedure. An immutable value; a transition returns the next one.

Longer than other modules: the value and what it is made of are read together.
"""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator

from sops.kit.approvals import Request
from sops.kit.clocks import ClockState
from sops.kit.conversation import Place
from sops.kit.errors import Unlearned
from sops.kit.model import Role, Severity, Sop, Step
from sops.kit.pinned import PinnedPolicy
from sops.kit.policy import Policy

PROCEDURE = "procedure"  # which of an organisation's own it is, and where that stands
#: Facts that stay when a run goes back for another iteration: what people decided about issues, and which messages
#: have buttons yet.
KEPT = frozenset({"soak.dismissed", "soak.named", "offers", PROCEDURE})


class RunState(StrEnum):
    """Where a run is; the values are what people see."""

    PLANNED = "planned"  # shown, nothing done; waits for !start
    ACTIVE = "active"
    HELD = "held"  # the bot keeps its hands off; clocks go on
    PARKED = "parked"  # met something this build does not know
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self in {RunState.DONE, RunState.CANCELLED}


class StepState(StrEnum):
    """Where a step is; the values are what people see."""

    PENDING = "pending"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in {StepState.DONE, StepState.SKIPPED}


class Facts(dict[str, Any]):
    """What a run knows, by name. Asking for what it never learned raises Unlearned, which stops the step that asked."""

    def __missing__(self, name: str) -> Any:
        raise Unlearned(name)


class Definition(tuple[dict[str, Any], ...]):
    """The stored steps of a run. They never change, so each is read once, however often somebody asks."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(Step.load(data) for data in self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the steps as they are stored, hexadecimal."""
        return hashlib.sha256(json.dumps(self, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")  # what another build added is kept


class Hold(_Value):
    """Who put a run on hold, when, and in which words."""

    by: str
    since: AwareDatetime
    why: str = ""


class Failing(_Value):
    """A far end, `at`, that fails at a step since then: what it `said` last, after how many `tries` in which it was
    asked. `told`: the run's thread knows.
    """

    at: str
    said: str
    since: AwareDatetime
    tries: int = 0
    told: bool = False


class StepRecord(_Value):
    """What happened to a step in this iteration.

    `performed` maps an action's key to its evidence; `intent` is the key of an action that was about to be
    performed when this was stored, and so may or may not have happened. `attempt` counts intents, `tries` how often
    in a row a far end was in trouble. `claimed`: two people say that it was done by hand.
    `stuck` is what no time will mend, as it was told; `halts` what a run that waits at such a gate is, in a word.
    `failing` is who the step waits for and cannot reach. `evidence` is the hash of what its gates were last recorded
    to see.
    """

    state: StepState = StepState.PENDING
    since: AwareDatetime | None = None
    by: str = ""
    text: str = ""
    note: str = ""
    remedy: str = ""
    attempt: int = 0
    tries: int = 0
    intent: str | None = None
    intended_at: AwareDatetime | None = None
    performed: dict[str, dict[str, Any]] = {}
    signed: bool = False
    claimed: bool = False
    stuck: str = ""
    halts: str = ""
    failing: Failing | None = None
    evidence: str = ""


_UNTOUCHED = StepRecord()


class Obligation(_Value):
    """Something owed that outlives its step, until it is met or waived.

    `probe` is a gate as values (see `sops.kit.debts`): what it sees meets the debt, and no sentence does. `whose` it is
    and until when it is `promised`, where that is more than the role and the policy. A `loose` one keeps no run open.
    """

    id: str
    text: str
    role: Role
    blocks: str = ""
    since: AwareDatetime
    met_by: str = ""
    evidence: str = ""
    probe: dict[str, Any] = {}
    whose: str = ""
    promised: AwareDatetime | None = None
    loose: bool = False

    @property
    def open(self) -> bool:
        return not self.met_by


class Child(_Value):
    """A run begun on behalf of this one, as it stood when it last changed. Its parent cannot end before it."""

    id: str
    name: str
    sop: str
    title: str
    state: RunState
    now: str = ""

    @property
    def open(self) -> bool:
        return not self.state.over


class Mirror(_Value):
    """Another thread in which this run is told, in a channel of any chat. Its number is never given again.

    `name` is how the channel is called ("matrix:#ops"), `home` how the run's own is. Once `over`, it is told there
    no more.
    """

    place: Place
    number: int
    name: str
    home: str
    over: bool = False


class Iteration(_Value):
    """An earlier iteration, kept as it ended (rc1, when rc2 is on its way)."""

    number: int
    facts: dict[str, Any]
    records: dict[str, StepRecord]


def pinned(
    sop: Sop,
    *,
    run_id: str,
    name: str,
    title: str,
    starter: str,
    place: Place,
    at: datetime,
    policy: Policy,
    owned: bool = True,
    version: str = "",
    severity: Severity | None = None,
    facts: dict[str, Any] | None = None,
    parent: "Run | None" = None,
    private: bool = False,
) -> "Run":
    """A new run of `sop`, planned, pinned to its steps and to these settings for good.

    `owned`: the starter is its first owner; an incident has none before somebody takes command.
    `facts` are what it knows from the beginning; `parent` is the run it is begun for. `private`: nobody outside its
    own channel may learn of it.
    """
    definition = tuple(step.dump() for step in sop.steps)
    return Run(
        id=run_id,
        name=name,
        sop=sop.id,
        sop_version=sop.version,
        sop_hash=hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest(),
        title=title,
        state=RunState.PLANNED,
        starter=starter,
        owners=(starter,) if owned else (),
        place=place,
        created_at=at,
        definition=definition,
        policy=PinnedPolicy.of(policy),
        version=version,
        severity=severity,
        facts={**(facts or {}), **({"since": parent.created_at.isoformat()} if parent else {})},
        parent=parent.id if parent else "",
        parent_name=parent.name if parent else "",
        ordered_by=parent.owners if parent else (),
        private=private,
        leaders=(sop.owner, *sop.leaders),
    )


class Run(_Value):
    """`definition` is the snapshot of steps the run is pinned to, with steps people added while it ran.

    `facts` are what the steps learned (numbers, SHAs, digests, texts), by short names the steps agree on.
    `owners` are everybody who owned the run, the present owner last; for an incident, its commanders.
    `place` is where it lives; `mirrors` are where else it is told, and listened to.
    `parent` is the id of the run it was begun for, `ordered_by` that run's owners then; `children` are the runs
    begun for this one. `leaders` are the roles that steer it. `hold` is of a held one, unless an older build held it.
    """

    id: str
    name: str
    sop: str
    sop_version: int
    sop_hash: str
    title: str
    state: RunState
    starter: str
    owners: tuple[str, ...]
    place: Place
    created_at: AwareDatetime
    definition: tuple[dict[str, Any], ...]
    policy: PinnedPolicy
    version: str = ""
    severity: Severity | None = None
    iteration: int = 1
    facts: dict[str, Any] = Facts()
    records: dict[str, StepRecord] = {}
    past: tuple[Iteration, ...] = ()
    requests: tuple[Request, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    clocks: dict[str, ClockState] = {}
    parent: str = ""
    parent_name: str = ""
    ordered_by: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()
    private: bool = False
    leaders: tuple[Role, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    hold: Hold | None = None
    ended_at: AwareDatetime | None = None
    revision: int = 0

    @field_validator("facts", mode="after")
    @classmethod
    def _known(cls, facts: dict[str, Any]) -> Facts:
        return Facts(facts)

    @field_validator("definition", mode="after")
    @classmethod
    def _read_once(cls, definition: tuple[dict[str, Any], ...]) -> Definition:
        """Raises ValueError where a step is none. A piece that is not known is, and parks the run at its turn."""
        if any(not Step.whole(data) for data in definition):
            raise ValueError("a step of the definition is none")
        return Definition(definition)

    @property
    def prefix(self) -> str:
        """What kind of run it is, as its name shows: REL, INC, …"""
        return self.name.partition("-")[0]

    @property
    def places(self) -> tuple[Place, ...]:
        """Every channel it is told in, its own first."""
        return (self.place, *(mirror.place for mirror in self.mirrors if not mirror.over))

    @property
    def embargoed(self) -> bool:
        """Nobody outside its channel may learn of it yet."""
        return self.private and not self.facts.get("disclosed")

    @property
    def release(self) -> str:
        """The version it is about, also where it learned that on its way."""
        return self.version or str(self.facts.get("patched", ""))

    @property
    def line(self) -> str:
        """The release line, `1.4` of 1.4.2."""
        return self.release.rpartition(".")[0]

    @property
    def about(self) -> str:
        """What runs are found by: the version, else what the run calls so from its beginning."""
        return self.version or str(self.facts.get("about", ""))

    @property
    def owing(self) -> bool:
        """Something it left behind is still owed."""
        return any(debt.open for debt in self.obligations)

    def held(self, by: str, at: datetime, why: str = "") -> Self:
        """The run on hold."""
        return self.but(state=RunState.HELD, hold=Hold(by=by, since=at, why=why))

    def with_child(self, child: Child) -> Self:
        """The run with that child as it stands now."""
        others = tuple(known for known in self.children if known.id != child.id)
        order = [known.id for known in self.children]
        if child.id not in order:
            return self.but(children=(*self.children, child))
        place = order.index(child.id)
        return self.but(children=(*others[:place], child, *others[place:]))

    @property
    def owner(self) -> str:
        return self.owners[-1] if self.owners else ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return (self.definition if isinstance(self.definition, Definition) else Definition(self.definition)).steps

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def find(self, name: str) -> Step | None:
        """A step by id, or the first open one of "row N"."""
        if not name.startswith("row "):
            return self.step(name)
        row = name.removeprefix("row ").strip()
        rows = [step for step in self.steps if row in step.row.replace(" ", "").split(",")]
        return next((step for step in rows if not self.record(step.id).state.over), rows[-1] if rows else None)

    def record(self, step_id: str) -> StepRecord:
        return self.records.get(step_id, _UNTOUCHED)

    def but(self, **changes: Any) -> Self:
        """This run with some fields changed."""
        if "facts" in changes:
            changes["facts"] = Facts(changes["facts"])
        if "definition" in changes:
            changes["definition"] = Definition(changes["definition"])
        return self.model_copy(update=changes)

    def with_facts(self, facts: dict[str, Any]) -> Self:
        return self.but(facts={**self.facts, **facts}) if facts else self

    def with_record(self, step_id: str, **changes: Any) -> Self:
        record = self.record(step_id).model_copy(update=changes)
        return self.but(records={**self.records, step_id: record})

    def current(self) -> tuple[Step, ...]:
        """The steps whose turn it is: not over, and the step each comes after is over.

        In a list read top to bottom that is one; where steps name what they come after, it may be several.
        """
        found, previous = [], None
        for step in self.steps:
            after = step.after or previous
            ready = after is None or self.record(after).state.over
            if ready and not self.record(step.id).state.over:
                found.append(step)
            previous = step.id
        return tuple(found)

    def next_iteration(self, back_to: str, at: datetime) -> Self:
        """The same run, its steps from `back_to` on before it again; what they were is kept in `past`."""
        ids = [step.id for step in self.steps]
        again = set(ids[ids.index(back_to) :])
        kept = Iteration(number=self.iteration, facts=self.facts, records=self.records)
        return self.but(
            iteration=self.iteration + 1,
            past=(*self.past, kept),
            records={name: record for name, record in self.records.items() if name not in again},
            facts={name: value for name, value in self.facts.items() if name in KEPT},
        )

    def with_step(self, step: Step, *, before: str | None = None) -> Self:
        """The run with one more step, at the end or before another."""
        steps = list(self.definition)
        place = next((i for i, data in enumerate(steps) if data["id"] == before), len(steps))
        return self.but(definition=(*steps[:place], step.dump(), *steps[place:]))
