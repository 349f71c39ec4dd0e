"""How long a homeserver in trouble is left alone: longer and longer."""

import random

LONGEST_PAUSE = 60.0  # seconds


def pause_after(failures: int, asked: float | None = None) -> float:
    """Seconds, after so many failures in a row; not the same for all bots, and as long as the homeserver asks."""
    grown = min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
    return max(grown * random.uniform(0.5, 1.0), asked or 0.0)  # noqa: S311  # nothing here is secret
