"""The plays in which everything dies once: a candidate that needs an rc2, an incident to its end, a newcomer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sops.kit.policy import Policy

START = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)  # a Monday morning in Berlin


@dataclass(frozen=True)
class Scenario:
    """A script, line by line, and the settings it is played with."""

    name: str
    lines: tuple[str, ...]
    policy: Policy

    def __str__(self) -> str:
        return self.name


def _lines(script: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in script.strip().splitlines())


# Gates look seldom by themselves: the forge rings, and a look that finds nothing new has the points of the last one.
SELDOM = Policy(look_every=timedelta(hours=6), look_every_soak=timedelta(days=4), soak=timedelta(days=2))

# After a death an effect without a key is not repeated at once (design: Effects), so every play leaves time for that
# before the next number of the forge is given out.

CANDIDATE = Scenario(
    "candidate",
    _lines(
        """
        @rm #releases: /release rc 1.4.0
        @rm in REL-1: !start
        %wait REL-1 merge
        @rev1 in REL-1: approve
        %clock +1m
        %wait REL-1 soak
        %forge issue "crash on start" rc-blocker
        %clock +1d
        %forge close 43
        %forge push release/v1.4.0-rc1
        @rm in REL-1: !done blockers the crash is fixed
        %wait REL-1 merge
        @rev2 in REL-1: approve
        %clock +1m
        %wait REL-1 soak
        %clock +1d
        %wait REL-1 promote 2d
        %state REL-1 run done
        """
    ),
    SELDOM,
)

INCIDENT = Scenario(
    "incident",
    _lines(
        """
        @guest #ops: /incident declare P1 payments return 500
        %clock +65m
        @oncall1 in INC-1: ack
        %clock +5m
        @oncall1 in INC-1: !publish We are looking into failing payments.
        @oncall1 in INC-1: !confirm
        %clock +5m
        @oncall1 in INC-1: !mitigate WAL cleared
        @oncall1 in INC-1: !triage 2 of 3 nodes
        @oncall1 in INC-1: !fix bigger disks
        @oncall1 in INC-1: !verify all green
        @oncall1 in INC-1: !set cause the disk was full
        @oncall1 in INC-1: !set impact payments failed for 40 minutes
        @oncall1 in INC-1: !action @oncall2 alert on WAL size by 2026-05-04
        %clock +5m
        @oncall1 in INC-1: !done post-mortem
        %clock +5m
        %forge merge 44
        @oncall1 in INC-1: !close
        %clock +5m
        %state INC-1 run done
        """
    ),
    SELDOM,
)

NEWCOMER = Scenario(
    "newcomer",
    _lines(
        """
        %forge contribute newcomer fix-typo
        %forge issue "explain wal.segment_bytes"
        @maint #maintainers: /onboard newcomer
        %clock +5m
        @maint in ONB-1: !done good-first-issues #42
        %clock +5d
        %forge review 41 rev2 comment
        @maint in ONB-1: !done feedback named the test to extend
        %clock +5m
        %forge merge 41
        %clock +5m
        %state ONB-1 run done
        """
    ),
    SELDOM,
)
