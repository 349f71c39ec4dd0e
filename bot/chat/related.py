"""How runs are related: which one a run is begun for, and which two must not go on at once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.chat.handlers.base import Speaker
from bot.chat.privacy import hidden
from bot.engine.mail import run_of
from sops.incident import INCIDENT
from sops.kit.conversation import Event
from sops.kit.freeze_gates import FREEZE
from sops.kit.model import Severity, Sop
from sops.kit.response import hurts
from sops.kit.run import Run
from sops.kit.stores import InboxItem, Transaction
from sops.kit.version import Version

#: Which procedures a run begun in another's thread is a child of.
PARENTS: Mapping[str, frozenset[str]] = {
    "SOP-02": frozenset({"SOP-05", "SOP-08"}),
    "SOP-04": frozenset({"SOP-08"}),
    "SOP-05": frozenset(),
}

WITHIN = timedelta(hours=1)  # in which two incidents of one title are taken for one, until somebody says otherwise
#: Of these one at a time goes on in a release line.
_OF_A_LINE = frozenset({"SOP-01", "SOP-03"})


def same_kind(one: Run, other: Run) -> bool:
    """The same procedure about the same thing, or two releases of one line, which must not run at once."""
    if one.sop in _OF_A_LINE and other.sop in _OF_A_LINE:
        return Version.parse(one.version).line == Version.parse(other.version).line
    alike = one.title == other.title or one.sop == FREEZE or (one.version == other.version != "")
    return one.sop == other.sop and alike


def declared_before(going: Sequence[Run], title: str, event: Event) -> Run | None:
    """The incident of that title which was declared within the hour and still hurts, where `event` may know of it.

    What it was called before is no name of it: somebody may have given it that to swallow what others declare.
    """
    alike = [
        run
        for run in going
        if run.sop == INCIDENT.id
        and _titled(title) == _titled(run.title)
        and timedelta() <= event.at - run.created_at <= WITHIN
        and hurts(run)
        and not hidden(run, event.place)
    ]
    return min(reversed(alike), key=lambda run: run.severity or Severity.P1, default=None)


def declared_by(going: Sequence[Run], who: Speaker, event: Event) -> list[Run]:
    """The incidents that still hurt of those which that account declared within the hour."""
    return [
        run
        for run in going
        if run.sop == INCIDENT.id
        and run.starter == who.handle
        and hurts(run)
        and not hidden(run, event.place)
        and timedelta() <= event.at - run.created_at <= WITHIN
    ]


def _titled(title: str) -> str:
    """Of two that differ in case, spaces or their full stop nobody would say that they differ."""
    return " ".join(title.casefold().split()).rstrip(".!")


def more_urgent(severity: Severity | None, first: Run) -> bool:
    """Its page must not wait for a choice; what nobody rated counts as a P1."""
    return (severity or Severity.P1) < (first.severity or Severity.P1)


def parent_of(tx: Transaction, item: InboxItem, sop: Sop) -> Run | None:
    """The open run in whose thread this one was begun, if procedures of its kind are begun from there."""
    run_id = run_of(tx, item.event)
    run = tx.runs.known(run_id) if run_id else None
    return run if run and not run.state.over and run.sop in PARENTS.get(sop.id, frozenset()) else None
