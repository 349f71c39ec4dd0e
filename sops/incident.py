"""SOP-08: respond to an incident. Rows 3 to 6 in any order, as often as needed."""

from sops.kit.gate import SignedOff
from sops.kit.incident_actions import (
    CloseIncidentIssue,
    OpenIncidentIssue,
    Reopened,
    ReopenIncidentIssue,
    SeverityKnown,
)
from sops.kit.model import Role, Sop, Step
from sops.kit.post_mortem import OwesPostMortem, PostMortemDrafted, WritePostMortem
from sops.kit.release_gates import Merged
from sops.kit.timing import ACKNOWLEDGE, POST_MORTEM, UPDATE

ON_CALL = Role.ON_CALL

INCIDENT = Sop(
    "SOP-08",
    "Incident",
    command="incident",
    prefix="INC",
    owner=ON_CALL,
    starters=(Role.ANYONE,),
    channel="ops",
    planned=False,
    steps=(
        Step("detect", row="1", title="detect", when=SeverityKnown(), starts=ACKNOWLEDGE),
        Step(
            "acknowledge",
            row="2",
            title="acknowledge",
            when=SignedOff(ON_CALL, ask="somebody takes command", verb="ack", evidence=False),
            do=OpenIncidentIssue(),
            stops=ACKNOWLEDGE,
            starts=UPDATE,
        ),
        Step(
            "communicate",
            row="3",
            title="communicate",
            after="detect",
            when=SignedOff(ON_CALL, ask="people were told", verb="update"),
        ),
        Step(
            "triage",
            row="4",
            title="triage",
            after="detect",
            when=SignedOff(ON_CALL, ask="scope and impact are known", verb="triage"),
        ),
        Step(
            "mitigate",
            row="5",
            title="mitigate",
            after="detect",
            when=SignedOff(ON_CALL, ask="the bleeding is stopped", verb="mitigate", child="SOP-04"),
        ),
        Step(
            "fix",
            row="6",
            title="fix",
            after="detect",
            when=SignedOff(ON_CALL, ask="the permanent fix is out", verb="fix", child="SOP-02"),
        ),
        Step(
            "reopen-issue",
            row="9",
            title="issue open again",
            after="acknowledge",
            only_if=Reopened(),
            do=ReopenIncidentIssue(),
        ),
        Step(
            "verify",
            row="7",
            title="verify",
            after="acknowledge",
            when=SignedOff(ON_CALL, ask="it is resolved where it hurt", verb="verify"),
            stops=UPDATE,
            starts=POST_MORTEM,
        ),
        Step(
            "post-mortem",
            row="8",
            title="post-mortem draft",
            after="verify",
            only_if=OwesPostMortem(),
            when=SignedOff(
                ON_CALL,
                ask="cause, impact and actions are set",
                needs=("cause", "impact", "actions"),
                evidence=False,
            ),
            do=WritePostMortem(),
        ),
        Step(
            "post-mortem-merged",
            row="8",
            title="post-mortem merged",
            after="post-mortem",
            only_if=PostMortemDrafted(),
            when=Merged("post-mortem"),
            stops=POST_MORTEM,
        ),
        Step(
            "close",
            row="9",
            title="close",
            after="verify",
            when=SignedOff(ON_CALL, ask="everything above is settled", verb="close", evidence=False),
            do=CloseIncidentIssue(),
        ),
    ),
)
