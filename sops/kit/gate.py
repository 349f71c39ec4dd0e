"""What a step waits for. A gate looks at the world; a sign-off and an approval look at what people said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sops.kit.action import News, Owed, World
from sops.kit.model import Piece, Role
from sops.kit.run import Run, RunState


@dataclass(frozen=True)
class Met:
    """The condition holds; `facts` is the evidence. `note` is what a plan warns of all the same.

    `seen` is what it was seen from; like the facts it is kept in the record, but the run does not learn it.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    news: tuple[News, ...] = ()
    note: str = ""
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """It does not hold yet. `note` says what is missing.

    `window` is (clock, start, end) of a span of time the gate waits out; its end is None while nobody can say.
    `stuck`: no time will mend it, so people are told once. `until`: from that instant on it holds by itself, and a yes
    may be given some time before.
    """

    note: str
    facts: dict[str, Any] = field(default_factory=dict)
    news: tuple[News, ...] = ()
    window: tuple[str, datetime, datetime | None] | None = None
    stuck: bool = False
    until: datetime | None = None


#: So much of a digest names it.
DIGITS = 12


class Gate(Piece):
    """Something outside that must hold before a step goes on. A plan looks at `early` ones before anybody starts.

    Leaving out a `firm` one takes two people, also where a sign-off stands beside it.
    """

    early: ClassVar[bool] = False
    firm: ClassVar[bool] = False
    #: The facts its line of the plan hangs on (see `Action.uses`).
    uses: ClassVar[tuple[str, ...] | None] = None
    #: It only finds something out, so it is nothing a yes would let happen.
    learns: ClassVar[bool] = False
    #: What a run that waits at it is, in a word, where that is more than waiting.
    halts: ClassVar[str] = ""
    #: A yes may be asked for so long before it holds by itself (`Waiting.until`), and then waits for that, armed.
    ahead: ClassVar[timedelta] = timedelta(0)
    #: It asks what other runs owe, so that is looked at before.
    debts: ClassVar[bool] = False

    def says(self, run: Run) -> str:
        """What it waits for, as a line of the plan."""
        raise NotImplementedError(type(self).__name__)

    async def check(self, run: Run, world: World) -> Met | Waiting:
        raise NotImplementedError(type(self).__name__)

    def owes(self, run: Run, lacks: str) -> tuple[Owed, ...]:
        """What stays owed when people leave it out, which `lacks` says as far as it was seen."""
        return ()

    def every(self, run: Run) -> timedelta:
        """How often to look when nobody brings news."""
        return run.policy.look_every


@dataclass(frozen=True)
class SignedOff(Piece):
    """A person of that role says the step is done, with evidence. `needs` are facts that must be set before.

    `verb` is what that person types; `!done STEP evidence` always works too. A run of the procedure `child`, begun
    for this one and done, says it as well. `names` is a fact, a digest, whose beginning the evidence must hold; where
    the fact is there but empty nothing need be named.
    """

    by: Role
    ask: str
    verb: str = ""
    needs: tuple[str, ...] = ()
    evidence: bool = True
    child: str = ""
    names: str = ""

    def asks(self, run: Run) -> str:
        """What is asked, with the digest that must be named once it is known."""
        wanted = self.wanted(run)
        return f"{self.ask} ({wanted}…, to be named)" if wanted else self.ask

    def wanted(self, run: Run) -> str:
        """How the digest begins that the evidence must name; empty if none need be named, or none is known."""
        return str(run.facts.get(self.names) or "").removeprefix("sha256:")[:DIGITS] if self.names else ""

    def given(self, run: Run, step_id: str) -> bool:
        """Somebody said so, or a child did."""
        by_child = any(child.sop == self.child and child.state is RunState.DONE for child in run.children)
        return run.record(step_id).signed or by_child


@dataclass(frozen=True)
class Approved(Piece):
    """`n` distinct people of the role say yes to exactly what the steps in `covers` will do.

    With `also` a yes of that other role counts as well. The number is a setting, `approvals."SOP-03.merge"` (or
    `"SOP-02.merge.P0"` for one severity); `n` is the document's, `p0` the document's for a P0. `binds` are facts that
    are part of what the yes covers. A yes that was given at the step `already`, to the same head, tree, version and
    `binds`, is this one too, and nobody is asked again; `like` names the step whose number this one takes.
    """

    n: int
    by: Role
    covers: tuple[str, ...]
    p0: int | None = None
    binds: tuple[str, ...] = ()
    also: Role | None = None
    already: str = ""
    like: str = ""


class Condition(Piece):
    """Whether a step applies at all; when it does not, `otherwise` says why it is skipped.

    A `settled` one hangs on the settings, or on what an approval binds: it need not name what is left out.
    """

    settled: ClassVar[bool] = False

    def holds(self, run: Run) -> bool:
        raise NotImplementedError(type(self).__name__)

    def says(self, run: Run) -> str:
        """The condition, as the plan puts it before a step that may not come: "if a blocker is fixed"."""
        raise NotImplementedError(type(self).__name__)

    def otherwise(self, run: Run) -> str:
        raise NotImplementedError(type(self).__name__)
