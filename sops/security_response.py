"""SOP-05: answer a report of a vulnerability. Private to its thread until the advisory is published."""

from sops.kit.branch_actions import CutBranch
from sops.kit.gate import Approved, SignedOff
from sops.kit.hotfix_actions import ListLine
from sops.kit.hotfix_gates import SupportedLine, TableLacks
from sops.kit.model import Role, Sop, Step
from sops.kit.post_mortem import PostMortemDrafted
from sops.kit.release_actions import OpenPullRequest
from sops.kit.release_gates import Merged
from sops.kit.security_actions import (
    OpenAdvisory,
    OpenFork,
    PublishAdvisory,
    RequestCve,
    ScoreAdvisory,
    WriteSecurityPostMortem,
)
from sops.kit.security_gates import AdvisoryText, AgreedDay, DayNamed, ForkReady, PatchOut, RangeFits, WarrantsCve
from sops.kit.timing import ACKNOWLEDGE, DISCLOSURE, FIX, PUBLISH, REPORT, UPDATE

LEAD = Role.SECURITY_LEAD
TABLE = "supported-versions/{version}"

SECURITY_RESPONSE = Sop(
    "SOP-05",
    "Security response",
    command="security report",
    prefix="SEC",
    owner=LEAD,
    leaders=(Role.RELEASE_MANAGER,),
    starters=(Role.ANYONE,),
    channel="security",
    planned=False,
    private=True,
    steps=(
        Step("report", row="1", title="report", starts=REPORT),
        Step(
            "acknowledge",
            row="1",
            title="acknowledge",
            when=SignedOff(LEAD, ask="the report is taken and its reporter answered", evidence=False),
            do=OpenAdvisory(),
            stops=REPORT,
        ),
        Step(
            "assess",
            row="2",
            title="assess",
            when=SignedOff(
                LEAD,
                ask="!set cvss VECTOR, !set affected RANGE, then how it can be exploited",
                needs=("cvss", "affected"),
            ),
            do=ScoreAdvisory(),
            starts=FIX,
        ),
        Step("private-fork", row="3", title="private fork", do=OpenFork()),
        Step("fork-ready", row="3", title="fork ready", when=ForkReady()),
        Step(
            "fix",
            row="4",
            title="fix",
            when=SignedOff(LEAD, ask="the fix is in the private fork; say the commit and how it was tested"),
        ),
        Step(
            "changelog",
            row="5",
            title="changelog",
            after="assess",
            when=SignedOff(
                LEAD,
                ask="!set changelog text, for after the disclosure, then !done changelog",
                needs=("changelog",),
                evidence=False,
            ),
        ),
        Step(
            "disclosure-date",
            row="6",
            title="disclosure date",
            after="assess",
            when=(
                SignedOff(
                    LEAD,
                    ask="!set disclosure YYYY-MM-DD [HH:MM ZONE] as the reporter agreed, then !done disclosure-date",
                    needs=("disclosure",),
                    evidence=False,
                ),
                DayNamed(),
            ),
            starts=DISCLOSURE,
        ),
        Step("hotfix", row="7", title="hotfix", after="fix", when=PatchOut(), stops=FIX, starts=PUBLISH),
        Step(
            "publish-advisory",
            row="8",
            title="advisory published",
            after="hotfix",
            when=(
                RangeFits(),
                AgreedDay(),
                AdvisoryText(),
                Approved(
                    1,
                    by=LEAD,
                    covers=("publish-advisory", "cve"),
                    binds=("ghsa", "cvss", "affected", "patched", "cve.wanted"),
                ),
            ),
            do=PublishAdvisory(),
            stops=PUBLISH,
        ),
        Step("cve", row="9", title="CVE", only_if=WarrantsCve(), do=RequestCve(), stops=DISCLOSURE),
        Step("security-table", row="10", title="supported versions", when=SupportedLine()),
        Step(
            "security-table-pr",
            row="10",
            title="supported versions' pull request",
            only_if=TableLacks(),
            do=(
                CutBranch(TABLE, base="{main}", under="table."),
                ListLine(TABLE),
                OpenPullRequest(
                    TABLE, "{main}", "Supported versions after {version}", text="security-table", name="table.pr"
                ),
            ),
        ),
        Step(
            "security-table-merged",
            row="10",
            title="supported versions merged",
            only_if=TableLacks(),
            when=Merged("table.pr"),
        ),
        Step(
            "post-mortem",
            row="11",
            title="post-mortem draft",
            after="cve",
            when=SignedOff(
                LEAD,
                ask="!set cause text and !set prevention text, then !done post-mortem",
                needs=("cause", "prevention"),
                evidence=False,
            ),
            do=WriteSecurityPostMortem(),
        ),
        Step(
            "post-mortem-merged",
            row="11",
            title="post-mortem merged",
            only_if=PostMortemDrafted(),
            when=Merged("post-mortem"),
        ),
    ),
)

ON_CALL = Role.ON_CALL

#: What an incident's response goes on with when it is restricted: rows of SOP-08, beside those of the report. They come
#: last in the list and begin at once.
RESPONDING = (
    Step(
        "command",
        row="",
        title="command",
        after="report",
        when=SignedOff(ON_CALL, ask="somebody takes command", verb="ack", evidence=False),
        stops=ACKNOWLEDGE,
        starts=UPDATE,
    ),
    Step(
        "communicate",
        row="",
        title="communicate",
        after="report",
        when=SignedOff(ON_CALL, ask="those who must know were told", verb="update"),
    ),
    Step(
        "triage",
        row="",
        title="triage",
        after="report",
        when=SignedOff(ON_CALL, ask="scope and impact are known", verb="triage"),
    ),
    Step(
        "mitigate",
        row="",
        title="mitigate",
        after="report",
        when=SignedOff(ON_CALL, ask="the bleeding is stopped", verb="mitigate"),
    ),
    Step(
        "verify",
        row="",
        title="verify",
        after="command",
        when=SignedOff(ON_CALL, ask="it is resolved where it hurt", verb="verify"),
        stops=UPDATE,
    ),
)
