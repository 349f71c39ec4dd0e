"""The plays in which everything dies once: together they go through all eight procedures."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sops.kit.policy import Policy, Security

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
SELDOM = Policy(
    look_every=timedelta(hours=6),
    look_every_soak=timedelta(days=4),
    soak=timedelta(days=2),
    security=Security(ci_repository="acme/skylark-private"),
)

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

STABLE = Scenario(
    "stable",
    _lines(
        """
        %forge entry develop "Readers wait less."
        @rm #releases: /release stable 1.4.0
        @rm in STB-1: !start
        @rm in STB-1: !waive soaked nothing soaked
        @rm2 in STB-1: !waive soaked nothing soaked
        %clock +5m
        @rm in STB-1: !done changelog-review read twice
        %clock +5m
        @rm in STB-1: !waive same-as-soaked nothing soaked
        @rm2 in STB-1: !waive same-as-soaked nothing soaked
        %wait STB-1 merge
        @rev1 in STB-1: approve
        @rev2 in STB-1: approve
        %clock +30m
        %state STB-1 run done
        """
    ),
    SELDOM,
)

#: In public, with a commit on main that is of no line: the head is released, and main is owed it.
HOTFIX = Scenario(
    "hotfix",
    _lines(
        """
        %forge write main src/other.hpp "// other work"
        @rm #releases: /hotfix 1.3.1 P0 wal-corruption
        @rm in FIX-1: !start
        %forge push hotfix/1.3.1-wal-corruption oncall1
        @oncall1 in FIX-1: !done fix reproduced by hand
        @rm in FIX-1: !set changelog A crash during a flush no longer loses the last segment.
        %wait FIX-1 merge
        @rev1 in FIX-1: approve
        %clock +15m
        %forge merge 42
        %clock +5m
        %forge resolve main v1.3.1
        @rm in FIX-1: !done main-ward merged by hand
        %state FIX-1 run done
        """
    ),
    SELDOM,
)

#: A rollback of a release that was made by hand, and the work brought back.
ROLLBACK = Scenario(
    "rollback",
    _lines(
        """
        %forge write main src/broken.cpp "int broken;"
        %forge tag v1.4.0 main
        %clock +10m
        @rm #releases: /release rollback 1.4.0 --retract
        @rm in RBK-1: !start
        @rev1 in RBK-1: approve
        %clock +5m
        @rm in RBK-1: !set workaround stay on 1.3.0
        %clock +30m
        %state RBK-1 run done
        @rm in RBK-1: !reland
        %clock +5m
        %forge merge 43
        %clock +5m
        %state RBK-1 run done
        """
    ),
    SELDOM,
)

#: The hotfix is begun from it, in private.
SECURITY = Scenario(
    "security",
    _lines(
        """
        @guest #security: /security report an empty header skips the check
        @seclead in SEC-1: !done acknowledge
        %clock +5m
        @seclead in SEC-1: !set cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
        @seclead in SEC-1: !set affected < 1.3.1
        @seclead in SEC-1: !done assess an empty header is enough
        %clock +10m
        @seclead in SEC-1: !done fix tried against the proof
        @seclead in SEC-1: !set changelog The check holds for an empty header.
        @seclead in SEC-1: !done changelog
        @seclead in SEC-1: !set disclosure 2026-04-20
        @seclead in SEC-1: !done disclosure-date
        @rm in SEC-1: /hotfix 1.3.1 P0 maintenance --security
        @rm in FIX-1: !start
        %clock +5m
        %forge push hotfix/1.3.1-maintenance oncall1
        @oncall1 in FIX-1: !done fix reproduced
        %wait FIX-1 private-review
        @rev1 in FIX-1: approve
        %wait FIX-1 reveal
        @seclead in FIX-1: approve
        %clock +5h
        %forge merge 42
        @seclead in SEC-1: approve
        %clock +5m
        @seclead in SEC-1: !set cause an empty header counted
        @seclead in SEC-1: !set prevention one parser
        @seclead in SEC-1: !done post-mortem
        %clock +5m
        %forge merge 43
        %clock +5m
        %state SEC-1 run done
        """
    ),
    SELDOM,
)

DEPENDENCY = Scenario(
    "dependency",
    _lines(
        """
        @maint #maintainers: /deps update rocksdb 9.7.3 --cve CVE-2026-1234
        @maint in DEP-1: !start
        @maint in DEP-1: !done breaking-changes none
        %clock +15m
        %forge merge 41
        %clock +5m
        %state DEP-1 run done
        """
    ),
    SELDOM,
)

ALL = (CANDIDATE, INCIDENT, NEWCOMER, STABLE, HOTFIX, ROLLBACK, SECURITY, DEPENDENCY)
