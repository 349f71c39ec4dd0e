"""Values the storage tests store, and raw access to what was stored."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Executable, Row, text

from sops.kit.conversation import Actor, Event, Place
from sops.kit.message import Card, line
from sops.kit.policy import Policy
from sops.kit.run import Run, RunState
from sops.kit.stores import Deadline, Outgoing
from storage.engine import migration_engine, parse

NOW = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
OPS = Place(platform="console", channel="ops")
ANN = Actor(platform="console", id="ann")


def later(**amount: float) -> datetime:
    return NOW + timedelta(**amount)


def a_run(run_id: str = "r1", name: str = "REL-1", **changes: Any) -> Run:
    run = Run(
        id=run_id,
        name=name,
        sop="SOP-01",
        sop_version=1,
        sop_hash="0" * 64,
        title="Release 1.8.0",
        state=RunState.ACTIVE,
        starter="ann",
        owners=("ann",),
        place=OPS,
        created_at=NOW,
        definition=(),
        policy=Policy(),
    )
    return run.but(**changes)


def an_event(key: str, words: str = "hello") -> Event:
    return Event(dedupe_key=key, kind="message", place=OPS, actor=ANN, text=words, at=NOW)


def a_message(
    logical_id: str,
    words: str = "hello",
    *,
    kind: Literal["post", "edit", "whisper"] = "post",
    root: str | None = None,
    place: Place = OPS,
    run_id: str | None = None,
    calls: bool = False,
) -> Outgoing:
    card, to = Card(lines=(line(words),)), ANN if kind == "whisper" else None
    return Outgoing(kind, logical_id, place, card, run_id=run_id, root=root, to=to, calls=calls)


def a_deadline(
    threshold: int = 100, *, due: datetime = NOW, run_id: str = "r1", clock: str = "acknowledge", generation: int = 1
) -> Deadline:
    return Deadline(run_id, clock, generation, threshold, due, {"step": "ack"})


def sql(url: str, *statements: str | Executable) -> Sequence[Row[Any]]:
    """Run SQL behind the store's back, in one transaction; returns the rows of the last statement."""
    engine = migration_engine(parse(url))
    try:
        with engine.begin() as connection:
            results = [
                connection.execute(text(statement) if isinstance(statement, str) else statement)
                for statement in statements
            ]
            return results[-1].all() if results[-1].returns_rows else []
    finally:
        engine.dispose()
