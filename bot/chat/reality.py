"""What is recorded, against what is so: `status` shows where the two differ, and what to say about it."""

from dataclasses import dataclass

from sops.kit.action import Action, Conflict, Done, World
from sops.kit.errors import FarEndError, FarEndRefused, Unlearned
from sops.kit.model import Step
from sops.kit.run import Run, StepState


@dataclass(frozen=True)
class Differs:
    """A step recorded as done that is not so any more (`gone`), or one that is done though nothing says so."""

    step: Step
    gone: bool
    what: str


async def differences(run: Run, world: World) -> list[Differs]:
    """Public effects that are gone, and effects of the step in turn that are there already.

    A far end in trouble is left out: nothing is claimed of what could not be seen.
    """
    found: list[Differs] = []
    for step in run.steps:
        record = run.record(step.id)
        deeds = [piece for piece in step.deeds if isinstance(piece, Action)]
        if record.state is StepState.DONE and record.performed:
            found += [
                Differs(step, True, what) for deed in deeds if deed.public and (what := await _gone(deed, run, world))
            ]
        elif record.state is StepState.FAILED and deeds and await there(step, run, world):
            found.append(Differs(step, False, deeds[0].says(run)))
    return found


async def there(step: Step, run: Run, world: World) -> bool:
    """Every effect of the step is there, whoever did it."""
    try:
        probes = [await deed.probe(run, world) for deed in step.deeds if isinstance(deed, Action)]
    except (FarEndError, FarEndRefused, Unlearned):
        return False
    return bool(probes) and all(isinstance(probe, Done) for probe in probes)


async def _gone(deed: Action, run: Run, world: World) -> str:
    try:
        found = await deed.probe(run, world)
    except (FarEndError, FarEndRefused, Unlearned):
        return ""
    if isinstance(found, Done):
        return ""
    return found.reason if isinstance(found, Conflict) else deed.says(run)
