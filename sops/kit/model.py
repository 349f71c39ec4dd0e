"""What a procedure is made of: a Sop is a list of Steps; a Step names gates, actions and the row it serves.

Gates, actions and conditions are `Piece`s: small frozen values with plain fields, so that a run can keep a
snapshot of its steps and be resumed by any later build. A build that lacks a piece sees an `Unknown`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum, StrEnum
from functools import cache
from typing import Any, ClassVar, Self, get_args, get_type_hints


class Role(StrEnum):
    """What a person is for this organisation; the value is how people read it."""

    RELEASE_MANAGER = "release manager"
    REVIEWER = "reviewer"
    ON_CALL = "on call"
    SECURITY_LEAD = "security lead"
    MAINTAINER = "maintainer"
    ANYONE = "anyone"


class Severity(StrEnum):
    """How bad an incident is; P0 is a complete outage or lost data, P3 is cosmetic."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    def below(self, other: "Severity | None") -> bool:
        """Less urgent than that one; than what nobody rated yet, nothing is."""
        return other is not None and self > other


class Piece:
    """A part of a step, stored by its class name and plain fields. Subclasses are frozen dataclasses."""

    known: ClassVar[dict[str, type["Piece"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Piece.known[cls.__name__] = cls

    def dump(self) -> dict[str, Any]:
        return {"kind": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]  # every piece is one

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Piece":
        """The piece that was dumped; an `Unknown` if this build has no such kind or its fields differ."""
        kind = str(data.get("kind"))
        found = Piece.known.get(kind)
        given = {name: value for name, value in data.items() if name != "kind"}
        hints = _hints(kind) if found else {}
        if found is None or not given.keys() <= hints.keys():
            return Unknown(kind)
        try:
            return found(**{name: _typed(hints[name], value) for name, value in given.items()})
        except (TypeError, ValueError):  # a field this build needs is not in the snapshot, or a value is none it knows
            return Unknown(kind)


@cache
def _hints(kind: str) -> dict[str, Any]:
    """What the fields of that kind of piece are declared as."""
    declared = get_type_hints(Piece.known[kind])
    return {field.name: declared[field.name] for field in fields(Piece.known[kind])}  # type: ignore[arg-type]


def _typed(hint: Any, value: Any) -> Any:
    """The value as its field declares it: JSON has neither tuples nor enums."""
    if isinstance(value, list):
        return tuple(value)
    kinds = [each for each in (hint, *get_args(hint)) if isinstance(each, type) and issubclass(each, Enum)]
    return kinds[0](value) if kinds and value is not None else value


@dataclass(frozen=True)
class Unknown(Piece):
    """A piece this build cannot interpret. Whoever meets it parks the run and says so."""

    name: str

    def dump(self) -> dict[str, Any]:
        return {"kind": self.name}


@dataclass(frozen=True)
class Step:
    """One row of the document (or a part of one). It waits for `when`, then performs `do` in order.

    `after` names the step that must be over first; by default the one listed before it.
    `then` sends the run back to that step, in its next iteration.
    `starts` and `stops` name clocks (see `sops.kit.clocks`) that run from, or until, this step being done.
    """

    id: str
    row: str
    title: str
    when: "Piece | tuple[Piece, ...]" = ()
    do: "Piece | tuple[Piece, ...]" = ()
    only_if: Piece | None = None
    after: str | None = None
    then: str | None = None
    starts: str | None = None
    stops: str | None = None

    @property
    def waits(self) -> tuple[Piece, ...]:
        """The gates, sign-offs and approvals of `when`, in order."""
        return (self.when,) if isinstance(self.when, Piece) else self.when

    @property
    def deeds(self) -> tuple[Piece, ...]:
        """The actions of `do`, in order."""
        return (self.do,) if isinstance(self.do, Piece) else self.do

    def pieces(self) -> tuple[Piece, ...]:
        return (*self.waits, *self.deeds, *(() if self.only_if is None else (self.only_if,)))

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "row": self.row,
            "title": self.title,
            "when": [piece.dump() for piece in self.waits],
            "do": [piece.dump() for piece in self.deeds],
            "only_if": self.only_if.dump() if self.only_if else None,
            "after": self.after,
            "then": self.then,
            "starts": self.starts,
            "stops": self.stops,
        }

    @staticmethod
    def whole(data: Mapping[str, Any]) -> bool:
        """Whether these can be the values of a step; whatever else is among them is left alone."""
        named = all(isinstance(data.get(name), str) for name in ("id", "row", "title"))
        listed = [data.get("when"), data.get("do"), [data["only_if"]] if data.get("only_if") else []]
        return named and all(isinstance(each, list | tuple) and all(map(_piece, each)) for each in listed)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=data["id"],
            row=data["row"],
            title=data["title"],
            when=tuple(Piece.load(piece) for piece in data["when"]),
            do=tuple(Piece.load(piece) for piece in data["do"]),
            only_if=Piece.load(data["only_if"]) if data.get("only_if") else None,
            after=data.get("after"),
            then=data.get("then"),
            starts=data.get("starts"),
            stops=data.get("stops"),
        )


def _piece(data: Any) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("kind"), str)


@dataclass(frozen=True)
class Sop:
    """A procedure. `command` is what people type, `prefix` begins the short names of its runs (REL-1).

    `version` is part of what a run is pinned to; raise it when the meaning of a step changes. `leaders` are the roles
    that steer its runs beside the owner's. A `planned` one shows its plan and waits for `!start`. Of a `private` one
    nobody outside its channel learns. `source` names the document of one that is an organisation's own.
    """

    id: str
    title: str
    command: str
    prefix: str
    owner: Role
    steps: tuple[Step, ...]
    starters: tuple[Role, ...] = ()
    channel: str = "ops"
    leaders: tuple[Role, ...] = ()
    planned: bool = True
    private: bool = False
    version: int = 1
    source: str = ""

    def __post_init__(self) -> None:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.id}: two steps share an id")
        for step in self.steps:
            for name in (step.after, step.then):
                if name is not None and name not in ids:
                    raise ValueError(f"{self.id}: step {step.id} refers to {name!r}, which is not a step")
            for piece in step.pieces():
                if (known := getattr(piece, "step", None)) is not None and known not in ids:
                    raise ValueError(f"{self.id}: {type(piece).__name__} refers to {known!r}, which is not a step")

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)
