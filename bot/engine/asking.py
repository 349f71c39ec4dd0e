"""Which steps need the far end to go on, and which only what people say."""

from sops.kit.action import Action
from sops.kit.gate import Approved, Gate, SignedOff
from sops.kit.model import Step
from sops.kit.run import Run, StepState


def asks_far_end(run: Run, step: Step) -> bool:
    """Going on with it takes more than what people say: the others come first, and wait for no far end."""
    record = run.record(step.id)
    if record.state in {StepState.PENDING, StepState.FAILED}:
        return False
    signed = all(piece.given(run, step.id) for piece in step.waits if isinstance(piece, SignedOff))
    asks = any(isinstance(piece, Gate | Approved) for piece in step.waits)
    return record.claimed or asks or (any(isinstance(deed, Action) for deed in step.deeds) and signed)
