"""The threads a run is told in: its own, and one in each channel it is mirrored to.

A message of a run has one logical id in the run's own thread; its copies have the same with their thread's number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sops.kit.conversation import Place
from sops.kit.patterns import Pattern
from sops.kit.run import Run
from sops.kit.stores import Deadline, Outgoing

_NUMBER = Pattern(r"~[1-9][0-9]*$")


def root_of(run_id: str) -> str:
    """The logical id of a run's summary, the root of its thread."""
    return f"{run_id}/root"


def request_message(run_id: str, seq: int) -> str:
    """The logical id of the message that asks for an approval."""
    return f"{run_id}/request/{seq}"


def reminder_message(run_id: str, deadline: Deadline) -> str:
    """The logical id of the message that tells of a mark of a clock."""
    return f"{reminders_of(run_id, deadline.clock)}{deadline.generation}/{deadline.threshold}"


def reminders_of(run_id: str, clock: str) -> str:
    """How the logical ids of that clock's reminders begin."""
    return f"{run_id}/reminder/{clock}/"


@dataclass(frozen=True)
class Thread:
    """Number 0 is the run's own."""

    place: Place
    number: int = 0

    def named(self, logical_id: str) -> str:
        """What that message of the run is called here."""
        return f"{logical_id}~{self.number}" if self.number else logical_id

    def copied(self, message: Outgoing) -> Outgoing:
        """The message, as it is said here."""
        root = self.named(message.root) if message.root else None
        return replace(message, logical_id=self.named(message.logical_id), place=self.place, root=root)

    def holds(self, place: Place) -> bool:
        """Who speaks at `place` reads this thread's channel."""
        return (self.place.platform, self.place.channel) == (place.platform, place.channel)


def threads(run: Run) -> Sequence[Thread]:
    """Where the run is told, its own thread first."""
    return (Thread(run.place), *(Thread(mirror.place, mirror.number) for mirror in run.mirrors if not mirror.over))


def original(logical_id: str) -> str:
    """The message's name in the run's own thread."""
    return _NUMBER.sub("", logical_id)


def number_of(logical_id: str) -> int:
    """The thread's number of a message of a run."""
    return int(logical_id.rpartition("~")[2]) if _NUMBER.search(logical_id) else 0
