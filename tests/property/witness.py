"""Stands beside the world and asks, at the instant of each public effect, whether the record allows it.

It believes only what is committed: it reads the ledger from the file, behind the bot's back, and counts the yeses
itself, by the rules of the design rather than by the engine's code.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sops.kit.model import Role
from sops.kit.people import Person
from tests.property.world import Effect, World

_MARKER = re.compile(r"<!-- sopwith (\w+) (\S+) (\d+) -->")


@dataclass(frozen=True)
class Entry:
    at: datetime
    kind: str
    who: str  # the person's handle
    payload: Mapping[str, Any]


@dataclass
class Asked:
    """A request as the ledger tells its story so far."""

    code: str
    subject: Mapping[str, Any]
    yes: set[str] = field(default_factory=set)
    grace_until: datetime | None = None
    consumed: bool = False
    over: bool = False


class Witness:
    """`objections` are effects the record did not allow; empty when all is well."""

    def __init__(self, database: Path, world: World, people: Iterable[Person]) -> None:
        self._database = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
        self._world = world
        self._reviewers = {person.handle for person in people if Role.REVIEWER in person.roles}
        self.objections: list[str] = []
        self.seen: Counter[str] = Counter()

    def close(self) -> None:
        self._database.close()

    def look(self, effect: Effect) -> None:
        self.seen[effect.kind] += 1
        chains = self._chains()
        if effect.kind == "merge":
            self._judge(effect, chains, self._merge_allowed(effect, chains))
        elif effect.kind == "tag":
            self._judge(effect, chains, self._tag_allowed(effect, chains))
        else:
            self._judge(effect, chains, self._word_allowed(effect, chains))

    def _judge(self, effect: Effect, chains: Mapping[str, list[Entry]], allowed: bool) -> None:
        if not allowed:
            tail = [(entry.kind, entry.who, dict(entry.payload)) for rows in chains.values() for entry in rows[-12:]]
            self.objections.append(f"{effect} without leave; the record ends {tail}")

    def _merge_allowed(self, effect: Effect, chains: Mapping[str, list[Entry]]) -> bool:
        """Exactly this head, of checks once green, for which enough of the right people said yes."""
        number, head = int(effect.about["number"]), effect.about["head"]
        authors = self._world.authors(number)
        return effect.about["base"] == "main" and any(
            (asked.subject["head"], asked.subject["pull request"]) == (head, number)
            and head in self._world.greened
            and self._enough(asked, entries, authors)
            for entries in chains.values()
            for asked in _consumed(entries)
        )

    def _tag_allowed(self, effect: Effect, chains: Mapping[str, list[Entry]]) -> bool:
        """On the head that was approved for this very version, or a merge of it that holds nothing else."""
        at = effect.about["at"]
        parents = self._world.commits[at].parents
        heads = {at, *(sha for sha in parents[1:] if self._world.commits[sha].files == self._world.commits[at].files)}
        return any(
            asked.subject["head"] in heads
            and effect.about["name"] == f"v{asked.subject['version']}-rc{asked.subject['iteration']}"
            for entries in chains.values()
            for asked in _consumed(entries)
        )

    def _word_allowed(self, effect: Effect, chains: Mapping[str, list[Entry]]) -> bool:
        """A call for testing was approved with the merge; a word about an incident was confirmed by a person."""
        found = _MARKER.search(effect.about["body"])
        if found is None:
            return False
        run, what, iteration = found.groups()
        self.seen[what.partition("-")[0]] += 1
        entries = chains.get(run, [])
        if what == "announce":
            return any(asked.subject["iteration"] == int(iteration) for asked in _consumed(entries))
        return any(entry.kind == "publish" and entry.payload["step"] == what for entry in entries)

    def _enough(self, asked: Asked, entries: list[Entry], authors: frozenset[str]) -> bool:
        barred = authors | {entry.who for entry in entries if entry.kind in {"planned", "started"}}
        counted = (asked.yes & self._reviewers) - barred
        return len(counted) >= asked.subject["quorum"] >= 1 and asked.yes == counted

    def _chains(self) -> dict[str, list[Entry]]:
        chains: dict[str, list[Entry]] = {}
        rows = self._database.execute("SELECT run_id, at, kind, actor, payload FROM ledger_entry ORDER BY run_id, seq")
        for run, at, kind, actor, payload in rows.fetchall():
            entry = Entry(datetime.fromisoformat(at), kind, actor.partition(" ")[0], json.loads(payload))
            chains.setdefault(run, []).append(entry)
        return chains


def _consumed(entries: Iterable[Entry]) -> list[Asked]:
    """The requests whose leave still holds: granted, waited for, used up, and ended by nothing; none while held."""
    asked: dict[str, Asked] = {}
    held = False
    for entry in entries:
        about = entry.payload
        if entry.kind == "approval-requested":
            asked[about["code"]] = Asked(about["code"], about["subject"])
        for code in about.get("codes", [about.get("code")]):
            if code in asked:
                _tell(asked[code], entry)
        if entry.kind == "cancel" or (entry.kind == "conflict" and about["step"] == "merge"):
            asked.clear()
        held = entry.kind in {"hold", "stop"} or (held and entry.kind != "resume")
    return [each for each in asked.values() if each.consumed and not held]


def _tell(asked: Asked, entry: Entry) -> None:
    match entry.kind:
        case "yes":
            asked.yes.add(entry.who)
        case "withdrawn":
            asked.yes.discard(entry.who)
            asked.grace_until = None
        case "grace":
            asked.grace_until = datetime.fromisoformat(entry.payload["until"])
        case "held-back":
            asked.grace_until = None
        case "approval-void" | "approval-expired" | "rejected" | "stop":
            asked.over = True
        case "approval-consumed":
            waited = asked.grace_until is not None and entry.at >= asked.grace_until
            asked.consumed = waited and not asked.over
