"""A release freeze: while it is on, no release and no candidate is merged. A run, so that it is on record."""

from sops.kit.freeze_gates import FREEZE
from sops.kit.gate import SignedOff
from sops.kit.model import Role, Sop, Step

UNFREEZE = "unfreeze"

RELEASE_FREEZE = Sop(
    FREEZE,
    "Release freeze",
    command="release freeze",
    prefix="FRZ",
    owner=Role.RELEASE_MANAGER,
    starters=(Role.RELEASE_MANAGER,),
    channel="releases",
    planned=False,
    steps=(
        Step(
            UNFREEZE,
            row="",
            title="frozen",
            when=SignedOff(Role.RELEASE_MANAGER, ask="releases may go on: /release unfreeze", evidence=False),
        ),
    ),
)
