"""What was played to fill the databases, by name: the eight procedures, a freeze and a checklist, step by step."""

#: As spelled in a settings file: gates look seldom by themselves, and candidates soak for two days.
SETTINGS = {"look_every": "PT6H", "look_every_soak": "P4D", "soak": "P2D", "upstreams": {"rocksdb": "acme/rocksdb"}}

DOCUMENT = """
## SOP-42 — Key ceremony

| # | Action | Kind | Who | Due |
|---|---|---|---|---|
| 1 | Book the room | | maintainer | 2d |
| 2 | The keys may be rotated | approval(2, reviewer) | | |
| 3 | Rotate | dispatch(edition-community-ci.yml) | | |
| 4 | Let it settle | wait(2h) | | |
| 5 | Burn the notes | | | |
"""

PLAYS = {
    "candidate": """
        @rm #releases: /release rc 1.4.0
        @rm in REL-1: !start
        %wait REL-1 merge
        @rm in REL-1: !hold a look at the changelog
        %clock +1h
        @rm in REL-1: !resume
        %clock +1m
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
        """,
    "stable": """
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
        """,
    "hotfix": """
        %forge write main src/other.hpp "// other work"
        @rm #releases: /hotfix 1.3.1 P1 wal-corruption
        @rm in FIX-1: !start
        @rm #releases: /release freeze the holidays
        %clock +5m
        @rm #releases: /release unfreeze
        %forge push hotfix/1.3.1-wal-corruption oncall1
        @oncall1 in FIX-1: !done fix reproduced by hand
        @rm in FIX-1: !set changelog A crash during a flush no longer loses the last segment.
        %wait FIX-1 merge
        @rev1 in FIX-1: approve
        %clock +5m
        @rev2 in FIX-1: approve
        %clock +15m
        %forge merge 42
        %clock +5m
        %forge join main v1.3.1
        @rm in FIX-1: !done main-ward merged by hand
        %state FIX-1 run done
        """,
    "rollback": """
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
        """,
    "security": """
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
        %wait FIX-1 merge
        @rev1 in FIX-1: approve
        %clock +15m
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
        """,
    "dependency": """
        @maint #maintainers: /deps update rocksdb 9.7.3 --cve CVE-2026-1234
        @maint in DEP-1: !start
        @maint in DEP-1: !done breaking-changes none
        %clock +15m
        %forge merge 41
        %clock +5m
        %state DEP-1 run done
        """,
    "newcomer": """
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
        """,
    "incident": """
        @guest #ops: /incident declare P1 payments return 500
        @oncall2 in INC-1: !mirror #maintainers
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
        """,
    "ceremony": """
        @maint #ops: /sop start SOP-42 spring
        @maint in RUN-1: !start
        %clock +1h
        @maint in RUN-1: !done row-1 room 12
        @rev1 in RUN-1: approve
        %clock +1m
        @rev2 in RUN-1: approve
        %wait RUN-1 row-5
        @guest in RUN-1: !done row-5 ashes
        %state RUN-1 run done
        """,
}
