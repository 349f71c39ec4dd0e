"""Another project's public repository, of which only the releases are to be seen: what Skylark is built on."""

from datetime import UTC, datetime

from adapters.sandbox.people import WORKFLOW
from adapters.sandbox.state import Release

FULL_NAME = "acme/rocksdb"

_NOTES = (
    (
        "9.6.1",
        datetime(2025, 9, 9, 12, tzinfo=UTC),
        "## Fixes\n\n- A flush that was cancelled no longer holds its memtable for ever.\n",
    ),
    (
        "9.7.2",
        datetime(2026, 1, 20, 12, tzinfo=UTC),
        (
            "## New\n\n- Range deletions are counted in the table properties.\n\n"
            "## Behaviour changes\n\n- `max_open_files` now includes blob files; raise it if you set it low.\n"
        ),
    ),
    (
        "9.7.3",
        datetime(2026, 2, 24, 12, tzinfo=UTC),
        "## Fixes\n\n- Recovery could stop early at a log file of length zero.\n",
    ),
)


def releases() -> list[Release]:
    """Newest first."""
    return [
        Release(
            id=7000 + place,
            tag=f"v{version}",
            name=f"RocksDB {version}",
            body=notes,
            author=WORKFLOW,
            target="main",
            draft=False,
            prerelease=False,
            created_at=at,
            published_at=at,
        )
        for place, (version, at, notes) in reversed(list(enumerate(_NOTES)))
    ]
