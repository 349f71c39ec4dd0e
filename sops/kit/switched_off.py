"""Steps an organisation leaves out by its settings: which may be, and whether the settings name them rightly."""

from collections.abc import Sequence

from sops.kit.action import Action
from sops.kit.errors import ConfigurationError
from sops.kit.gate import Approved
from sops.kit.model import Sop, Step
from sops.kit.policy import Policy
from sops.kit.timing import OWN


def check_switched_off(policy: Policy, sops: Sequence[Sop]) -> None:
    """Raises ConfigurationError when the settings leave out a step that is not there, or that others are built on.

    An approval can never be left out, nor a deed that what follows cannot do without, nor a step with which a promise
    to others begins or ends, nor one the run goes back from.
    """
    known = {f"{sop.id}.{step.id}": step for sop in sops for step in sop.steps}
    for name in policy.off:
        step = known.get(name)
        if step is None:
            raise ConfigurationError(
                f"policy.off names {name!r}; there are steps such as {', '.join(sorted(known)[:3])}"
            )
        if not _may_be_off(step):
            raise ConfigurationError(
                f"policy.off names {name!r}, which cannot be left out: other steps are built on it"
            )


def _may_be_off(step: Step) -> bool:
    approved = any(isinstance(piece, Approved) for piece in step.waits)
    essential = any(isinstance(piece, Action) and piece.essential for piece in step.deeds)
    promised = [clock for clock in (step.starts, step.stops) if clock and not clock.startswith(OWN)]
    return not (approved or essential or step.then or promised)
