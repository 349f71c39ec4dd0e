"""A procedure of one's own: rows of a Markdown document run as a checklist.

Each row is a sign-off, unless the table has a column *Kind* that says otherwise: `sign-off`, `approval(2, reviewer)`,
`checks(name)`, `dispatch(file.yml)` or `wait(3d)`. *Who* names the role, *Due* how long the row may take (`2h`, `3d`).
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from sops.kit.action import Action, Done, Probe, Todo, World, fill
from sops.kit.dispatched import dispatched, started
from sops.kit.document import DocumentRow, DocumentSop
from sops.kit.errors import ConfigurationError
from sops.kit.gate import Approved, Gate, Met, SignedOff, Waiting
from sops.kit.ladder import span_of
from sops.kit.model import Piece, Role, Sop, Step
from sops.kit.patterns import Pattern
from sops.kit.policy import ExtraStep, Policy
from sops.kit.run import Run
from sops.kit.texts import duration
from sops.kit.timing import OWN
from sops.kit.world import CheckState

KINDS = "sign-off, approval(n, role), checks(name), dispatch(file.yml), wait(3d)"
_CALL = Pattern(r"([a-z-]+)(?:\((.*)\))?")
_OTHERS = Pattern(r"[^a-z]")
_ROLES = {
    "rm": Role.RELEASE_MANAGER,
    "oncall": Role.ON_CALL,
    "securitylead": Role.SECURITY_LEAD,
    "anybody": Role.ANYONE,
    **{role.value.replace(" ", ""): role for role in Role},
}
TITLE = 60


@dataclass(frozen=True)
class Named(Gate):
    """Nothing to wait for; it says in an approval what the row is about."""

    text: str

    def says(self, run: Run) -> str:
        return self.text

    async def check(self, run: Run, world: World) -> Met | Waiting:
        return Met()


@dataclass(frozen=True)
class CheckGreen(Gate):
    """One named check is green on the tip of main."""

    name: str

    def says(self, run: Run) -> str:
        return f"wait for the check {self.name} to be green on {run.policy.main}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        tip = await world.git.branch(run.policy.main)
        states = [each.state for each in await world.forge.checks(tip) if each.name == self.name] if tip else []
        if states and all(state is CheckState.GREEN for state in states):
            return Met()
        return Waiting(f"{self.name} is {'not green' if states else 'not reported'} on {run.policy.main}")


@dataclass(frozen=True)
class TimePassed(Gate):
    """So long has passed since the row's turn came."""

    step: str
    seconds: int

    def says(self, run: Run) -> str:
        return f"wait for {duration(timedelta(seconds=self.seconds))}"

    async def check(self, run: Run, world: World) -> Met | Waiting:
        until = (run.record(self.step).since or world.now) + timedelta(seconds=self.seconds)
        return Met() if world.now >= until else Waiting(f"until {until.isoformat(timespec='minutes')}")


@dataclass(frozen=True)
class DispatchWorkflow(Action):
    """Starts a workflow on main, once. `step` is its own, from whose turn on a run counts as the bot's."""

    step: str
    file: str
    uses = ()
    public = True
    keyless = True

    def says(self, run: Run) -> str:
        return f"start {self.file} on {run.policy.main}"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh workflow run {self.file} --ref {run.policy.main}",)

    async def probe(self, run: Run, world: World) -> Probe:
        tip, at = await world.git.branch(run.policy.main), f"{self.step}.on"
        found, news = await dispatched(run, world, self.file, step=self.step, on={tip, run.facts.get(at)} - {None})
        return Done({f"{self.step}.run": found.url}, news) if found else Todo(self.says(run), {at: tip})

    async def perform(self, run: Run, world: World) -> Done | None:
        found = await started(world, self.file, ref=fill("{main}", run), inputs={})
        return Done({f"{self.step}.run": found.url}) if found else None


def checklist(document: DocumentSop) -> Sop:
    """The procedure whose steps are the document's rows, in their order.

    Raises ConfigurationError, naming the line, for a kind, role or span that is none, and for a dispatch that no
    approval before it covers.
    """
    if not document.rows:
        raise ConfigurationError(f"{document.id} has no rows (line {document.line}).")
    steps = [Step("begin", row="", title="begin")]
    for row in document.rows:
        _whole(row)
        step = _step(row)
        if due := row.cells.get("due", "").strip():
            clock = f"{OWN}{step.id}:{_span(due, row)}"
            steps[-1] = replace(steps[-1], starts=clock)
            step = replace(step, stops=clock)
        steps.append(step)
    return Sop(
        document.id,
        document.title,
        command=f"sop start {document.id}",
        prefix="RUN",
        owner=Role.MAINTAINER,
        leaders=(Role.RELEASE_MANAGER,),
        starters=tuple(role for role in Role if role is not Role.ANYONE),
        steps=_covered(steps, document),
    )


def with_insertions(sop: Sop, policy: Policy) -> Sop:
    """The procedure with the steps the settings insert. Raises ConfigurationError for one that fits nowhere."""
    wanted = [each for each in policy.inserted if each.sop == sop.id]
    if not wanted:
        return sop
    steps = list(sop.steps)
    for extra in wanted:
        place = next((number for number, step in enumerate(steps) if step.id == extra.after), None)
        if place is None or extra.id in {step.id for step in steps}:
            why = f"a step {extra.id} already" if place is not None else f"no step {extra.after}"
            raise ConfigurationError(f"{sop.id} has {why}; see policy.inserted.")
        row = DocumentRow("", extra.title, 0, {"kind": extra.kind, "who": extra.who})
        made = replace(_step(row), id=extra.id, row=steps[place].row, after=extra.after)
        steps = [replace(step, after=extra.id) if step.after == extra.after else step for step in steps]
        steps.insert(place + 1, _renamed(made, extra))
    return replace(sop, steps=tuple(steps))


def _renamed(step: Step, extra: ExtraStep) -> Step:
    """Pieces that know their step by its id know it by the new one."""
    known = [replace(piece, step=extra.id) if hasattr(piece, "step") else piece for piece in step.waits]  # type: ignore[type-var]
    covers = [replace(piece, covers=(extra.id,)) if isinstance(piece, Approved) else piece for piece in known]
    if any(isinstance(piece, Action) for piece in step.deeds):
        raise ConfigurationError(f"{extra.sop}.{extra.id}: an inserted step cannot dispatch; write a procedure for it.")
    return replace(step, when=tuple(covers))


def _whole(row: DocumentRow) -> None:
    """Raises ConfigurationError for a row that would be run as less than what stands there."""
    if row.more:
        raise _wrong(row, f"what follows it has no number: {row.more[0][:TITLE]!r}; number it, or it would not be done")
    if not row.text.strip():
        raise _wrong(row, "it does not say what is to be done")


def _step(row: DocumentRow) -> Step:
    name = f"row-{row.row.lower()}"
    kind, argument = _kind(row)
    when: tuple[Piece, ...] = ()
    do: tuple[Piece, ...] = ()
    if kind == "sign-off":
        when = (SignedOff(_role(row.cells.get("who", ""), row), ask=row.text or row.row),)
    elif kind == "approval":
        count, _, role = argument.partition(",")
        if not count.strip().isdigit() or not 0 < int(count) < 100:
            raise _wrong(row, f"approval({argument}) needs a number and a role")
        when = (Named(row.text), Approved(int(count), by=_role(role, row), covers=(name,)))
    elif kind == "checks":
        when = (CheckGreen(argument),)
    elif kind == "wait":
        when = (TimePassed(name, int(span_of(_span(argument, row)).total_seconds())),)
    else:
        do = (DispatchWorkflow(name, argument),)
    return Step(name, row=row.row, title=row.text[:TITLE] or row.row, when=when, do=do)


def _kind(row: DocumentRow) -> tuple[str, str]:
    said = row.cells.get("kind", "").strip().lower() or "sign-off"
    found = _CALL.fullmatch(said)
    if found is None or found[1] not in {"sign-off", "approval", "checks", "dispatch", "wait"}:
        raise _wrong(row, f"{said!r} is no kind; there are {KINDS}")
    original = _CALL.fullmatch(row.cells.get("kind", "").strip())
    argument = (original or found)[2] or ""
    if bool(argument.strip()) == (found[1] == "sign-off"):
        raise _wrong(row, f"{said!r} is not how it is written; there are {KINDS}")
    return found[1], argument.strip()


def _role(text: str, row: DocumentRow) -> Role:
    name = _OTHERS.sub("", text.lower())
    if not name:
        return Role.ANYONE
    if name not in _ROLES:
        raise _wrong(row, f"{text!r} is no role; there are {', '.join(Role)}")
    return _ROLES[name]


def _span(text: str, row: DocumentRow) -> str:
    try:
        if not span_of(text.strip()):
            raise ValueError(text)
    except ValueError as error:
        raise _wrong(row, f"{text!r} is no span of time; write 30m, 2h or 3d") from error
    return text.strip()


def _covered(steps: list[Step], document: DocumentSop) -> tuple[Step, ...]:
    """Each approval also covers the dispatches up to the next approval; one without is refused."""
    asks: int | None = None
    for number, step in enumerate(steps):
        gate = next((piece for piece in step.waits if isinstance(piece, Approved)), None)
        if gate is not None:
            asks = number
        elif step.deeds and asks is None:
            text = f"{document.id}: row {step.row} starts a workflow; put a row of kind approval(n, role) before it"
            raise ConfigurationError(f"{text} (line {document.line}).")
        elif step.deeds and asks is not None:
            steps[asks] = _covering(steps[asks], step.id)
    return tuple(steps)


def _covering(step: Step, more: str) -> Step:
    waits = [
        replace(piece, covers=(*piece.covers, more)) if isinstance(piece, Approved) else piece for piece in step.waits
    ]
    return replace(step, when=tuple(waits))


def _wrong(row: DocumentRow, what: str) -> ConfigurationError:
    where = f" (line {row.line})" if row.line else ""
    return ConfigurationError(f"Row {row.row or row.text!r}: {what}{where}.")
