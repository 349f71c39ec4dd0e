"""Sealed events whose key has not come yet, kept over a restart: a key may come later than what it opens."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.matrix.homeserver import Json

MOST = 500


class Unread:
    """A file of events by room, the oldest given up when there are too many. Written in whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: list[tuple[str, Json]] = []

    def load(self) -> None:
        """Raises OSError or ValueError where the file cannot be read."""
        if self._file.exists():
            self._events = [(str(room), dict(event)) for room, event in json.loads(self._file.read_bytes())]

    @property
    def events(self) -> Sequence[tuple[str, Json]]:
        return tuple(self._events)

    def keep(self, room: str, event: Json) -> None:
        """Once for each event."""
        if all(known["event_id"] != event["event_id"] for _, known in self._events):
            self._write([*self._events, (room, event)][-MOST:])

    def forget(self, read: Mapping[str, Sequence[Json]]) -> None:
        gone = {event["event_id"] for events in read.values() for event in events}
        if gone:
            self._write([(room, event) for room, event in self._events if event["event_id"] not in gone])

    def _write(self, events: list[tuple[str, Json]]) -> None:
        half = self._file.with_name(f"{self._file.name}.new")
        half.write_text(json.dumps(events), encoding="utf-8")
        half.replace(self._file)
        self._events = events
