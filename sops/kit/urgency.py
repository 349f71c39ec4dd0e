"""For whom a far end is asked: what whoever is on call steers never waits for the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sops.kit.model import Role
from sops.kit.run import Run

_urgent: ContextVar[bool] = ContextVar("urgent", default=False)


def urgent() -> bool:
    """What is asked at this moment is for a run that may not wait."""
    return _urgent.get()


@contextmanager
def asking_for(run: Run) -> Iterator[None]:
    """Inside, a far end is asked on behalf of that run."""
    token = _urgent.set(not {Role.ON_CALL, Role.SECURITY_LEAD}.isdisjoint(run.leaders))
    try:
        yield
    finally:
        _urgent.reset(token)
