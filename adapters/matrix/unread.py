"""Sealed events whose key has not come yet, kept over a restart: a key may come later than what it opens."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.matrix.homeserver import Json
from adapters.matrix.told import sane

MOST = 500


class Unread:
    """A file of events by room, the oldest given up when there are too many. Written in whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: list[tuple[str, Json]] = []

    def load(self) -> None:
        """Raises OSError or ValueError where the file cannot be read."""
        if self._file.exists():
            kept = json.loads(self._file.read_bytes())
            if not isinstance(kept, list) or not all(isinstance(each, list) and len(each) == 2 for each in kept):
                raise ValueError("not what was written")
            self._events = [(str(room), event) for room, event in kept if sane([event])[0]]

    @property
    def events(self) -> Sequence[tuple[str, Json]]:
        return tuple(self._events)

    def keep(self, room: str, events: Sequence[Json]) -> None:
        """Each once, and the newest `MOST` of all."""
        known = {event["event_id"] for _, event in self._events}
        new = [(room, event) for event in events if event["event_id"] not in known]
        if new:
            self._write([*self._events, *new][-MOST:])

    def forget(self, read: Mapping[str, Sequence[Json]]) -> None:
        gone = {event["event_id"] for events in read.values() for event in events}
        if gone:
            self._write([(room, event) for room, event in self._events if event["event_id"] not in gone])

    def _write(self, events: list[tuple[str, Json]]) -> None:
        half = self._file.with_name(f"{self._file.name}.new")
        half.write_text(json.dumps(events), encoding="utf-8")
        half.replace(self._file)
        self._events = events
