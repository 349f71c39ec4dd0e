"""The ground floor: what a procedure is, and the procedures themselves. Pure; does no I/O."""

from sops.hotfix import HOTFIX
from sops.incident import INCIDENT
from sops.kit.model import Sop
from sops.onboarding import ONBOARDING
from sops.release_candidate import RELEASE_CANDIDATE

ALL: tuple[Sop, ...] = (HOTFIX, RELEASE_CANDIDATE, ONBOARDING, INCIDENT)


def by_id(sop_id: str) -> Sop | None:
    return next((sop for sop in ALL if sop.id == sop_id), None)
