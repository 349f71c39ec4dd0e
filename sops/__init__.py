"""The ground floor: what a procedure is, and the procedures themselves. Pure; does no I/O."""

from sops.dependency_update import DEPENDENCY_UPDATE
from sops.freeze import RELEASE_FREEZE
from sops.hotfix import HOTFIX
from sops.incident import INCIDENT
from sops.kit.model import Sop
from sops.onboarding import ONBOARDING
from sops.release_candidate import RELEASE_CANDIDATE
from sops.rollback import ROLLBACK
from sops.security_response import SECURITY_RESPONSE
from sops.stable_release import STABLE_RELEASE

#: Those of the owner's document, in its order.
ALL: tuple[Sop, ...] = (
    STABLE_RELEASE,
    HOTFIX,
    RELEASE_CANDIDATE,
    ROLLBACK,
    SECURITY_RESPONSE,
    DEPENDENCY_UPDATE,
    ONBOARDING,
    INCIDENT,
)


#: Those of ours besides.
OWN: tuple[Sop, ...] = (RELEASE_FREEZE,)


def by_id(sop_id: str) -> Sop | None:
    return next((sop for sop in (*ALL, *OWN) if sop.id == sop_id), None)
