"""What the record tells of a run, so that the run can be told again from its entries alone. Pure.

Each transaction that changes what is told of a run ends with an entry of the kind `state`: the first tells all of it,
each later one what changed, by path (`requests.1.state`). Whoever follows the entries knows how the run stands, who
said yes to what and what was found done, and can hold the stored run against that. What is told: how the run is
called and steered, its steps, requests and debts; of its settings and its list of steps a hash. What it learned beside
that (`facts`), its clocks and its messages are not; gates leave their evidence in entries of their own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sops.kit.approvals import Request, RequestState
from sops.kit.ledger import canonical, text_hash
from sops.kit.run import Definition, Obligation, Run, RunState

STATE = "state"
#: Which parts of a run are told, and how. Whoever tells more of it raises this; older tellings stay as they are.
TELLING = 1

Told = Mapping[str, Any]

_PLAIN = (
    *("name", "sop", "sop_version", "sop_hash", "title", "state", "starter", "owners", "created_at", "version"),
    *("severity", "iteration", "parent", "ordered_by", "private", "leaders", "ended_at"),
)
_STEP = ("state", "by", "text", "signed", "claimed", "performed")
_PARTS: dict[str, Any] = {
    **dict.fromkeys(_PLAIN, True),
    "records": {"__all__": set(_STEP)},
    "requests": {"__all__": set(Request.model_fields)},
    "obligations": {"__all__": set(Obligation.model_fields)},
}
MOST = 5  # so many paths are named


#: Seq, kind, actor and payload of an entry that tells of no state.
_Entry = tuple[int, str, str, Mapping[str, Any]]


def told_of(run: Run) -> dict[str, Any]:
    """All that is told of it, by path. What has its usual value is left out, so that a later build may add to it."""
    parts = run.model_dump(mode="json", include=_PARTS, exclude_defaults=True)
    told = {name: parts[name] for name in _PLAIN if name in parts}
    for name, record in parts.get("records", {}).items():
        told.update({f"records.{name}.{what}": value for what, value in record.items()})
    for many in ("requests", "obligations"):
        for number, each in enumerate(parts.get(many, ()), 1):
            told.update({f"{many}.{number}.{what}": value for what, value in each.items()})
    steps = run.definition if isinstance(run.definition, Definition) else Definition(run.definition)
    return told | {"definition": steps.digest, "policy": run.policy.digest}


def mark(told: Told) -> str:
    """What names exactly this, kept beside the head of the chain: which telling it is, and its hash."""
    return f"{TELLING}:{text_hash(canonical(dict(told)))}"


def first(told: Told, **more: Any) -> dict[str, Any]:
    """The payload of an entry that tells all."""
    return {"telling": TELLING, "all": dict(told), **more}


def changes(before: Told, now: Told) -> dict[str, Any]:
    """The payload of an entry that tells what changed."""
    different = {path: value for path, value in now.items() if path not in before or before[path] != value}
    gone = sorted(before.keys() - now.keys())
    return {"now": different, **({"gone": gone} if gone else {})}


def differing(one: Told, other: Told) -> list[str]:
    """The paths at which two tellings differ."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def listed(paths: Iterable[str]) -> str:
    every = list(paths)
    more = f" and {len(every) - MOST} more" if len(every) > MOST else ""
    return ", ".join(every[:MOST]) + more


#: What is told of a request and of a run has one of these entries beside it, which says who did it, or why.
_REQUESTS: Mapping[str, frozenset[str]] = {
    RequestState.GRANTED: frozenset({"granted"}),
    RequestState.CONSUMED: frozenset({"approval-consumed"}),
    RequestState.REJECTED: frozenset({"rejected"}),
    RequestState.EXPIRED: frozenset({"approval-expired"}),
}
_RUNS: Mapping[str, frozenset[str]] = {
    RunState.DONE: frozenset({"ended"}),
    RunState.CANCELLED: frozenset({"ended", "cancel", "went-on"}),
}


@dataclass
class Retold:
    """Follows one chain. `told` is None before the first entry that tells anything: a run of an earlier build."""

    told: dict[str, Any] | None = None
    telling: int = 0
    since_before: bool = False  # it was begun by a build that told nothing of this
    faults: list[tuple[int, str]] = field(default_factory=list)
    _beside: list[_Entry] = field(default_factory=list)

    def follow(self, seq: int, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        """The next entry. One that cannot be followed is a fault of its own, and stepped over."""
        if kind != STATE:
            self._beside.append((seq, kind, actor, payload))
            return
        beside, self._beside = self._beside, []
        if isinstance(payload.get("all"), dict):
            self._all(seq, payload)
        elif self.told is not None and isinstance(payload.get("now"), dict):
            self._change(seq, payload, beside)
        else:
            self.faults.append((seq, "tells of a state, and nobody can follow it"))

    def end(self) -> None:
        """No entry follows."""
        if self.told is not None:
            self._unheard(self._beside, set())

    @property
    def name(self) -> str:
        return str((self.told or {}).get("name", ""))

    def _all(self, seq: int, payload: Mapping[str, Any]) -> None:
        if self.told is not None and payload.get("telling") == self.telling and "found" not in payload:
            self.faults.append((seq, "tells all of the run anew, though it was told"))
        if found := payload.get("found"):
            self.faults.append((seq, f"found the stored run other than it was told: {listed(map(str, found))}"))
        if self.told is None:
            self.since_before = bool(payload.get("before"))
        self.told, self.telling = dict(payload["all"]), int(payload.get("telling") or 0)

    def _change(self, seq: int, payload: Mapping[str, Any], beside: list[_Entry]) -> None:
        told = self.told or {}
        gone = payload.get("gone")
        now = {path: value for path, value in told.items() if not isinstance(gone, list) or path not in gone}
        now |= payload["now"]
        kinds = {kind for _, kind, _, _ in beside}
        for path in payload["now"]:
            wanted = _wanted(path, now[path])
            if wanted and wanted.isdisjoint(kinds):
                self.faults.append((seq, f"tells {path} as {now[path]}, and no entry says who did that"))
        heard = set(_yeses(now)) - set(_yeses(told))
        said = self._unheard(beside, heard)
        for code, person in sorted(heard - said):
            self.faults.append((seq, f"tells of a yes of {person} to {code}, and no entry says it was given"))
        self.told = now

    def _unheard(self, beside: list[_Entry], heard: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Every yes that was said; one that no request took is a fault."""
        yeses = ((seq, actor, payload) for seq, kind, actor, payload in beside if kind == "yes")
        said = {(str(payload.get("code")), _person(actor)): seq for seq, actor, payload in yeses}
        for (code, person), seq in said.items():
            if (code, person) not in heard:
                self.faults.append((seq, f"is a yes of {person} to {code} that no request took"))
        return set(said)


def _person(actor: str) -> str:
    return actor.split(" (", 1)[0]


def _wanted(path: str, value: Any) -> frozenset[str]:
    """The kinds of entries of which one stands beside that change; empty if any may."""
    what, _, rest = path.partition(".")
    if path == "state":
        return _RUNS.get(str(value), frozenset())
    return _REQUESTS.get(str(value), frozenset()) if what == "requests" and rest.endswith(".state") else frozenset()


def _yeses(told: Told) -> Iterator[tuple[str, str]]:
    """Every yes that counts, by request and person."""
    for path, value in told.items():
        if path.startswith("requests.") and path.endswith(".yeses") and isinstance(value, list):
            code = str(told.get(path.removesuffix("yeses") + "code"))
            yield from ((code, str(each.get("person"))) for each in value if isinstance(each, dict))
