"""`!cleanup`: a cancelled run clears away what it left and nobody touched."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import left, refusals
from bot.engine.desk import Desk
from sops.kit.cleanup import CleanUp
from sops.kit.model import Step
from sops.kit.run import RunState, StepState


def cleanup(desk: Desk, me: Speaker, _: commands.Cleanup) -> Refused | None:
    """The run is active again for this one step; what was not done stays undone, and it ends cancelled as before."""
    run = desk.run
    if run.state is not RunState.CANCELLED:
        return Refused(refusals.refused(replies.answers.NOT_CANCELLED))
    if run.facts.get("cleaned"):
        return Refused(refusals.refused(left.CLEANED))
    for step in run.steps:
        if not run.record(step.id).state.over:
            run = run.with_record(step.id, state=StepState.SKIPPED, note="cancelled")
    number = 1 + sum(step.id.startswith("cleanup-") for step in run.steps)
    step = Step(f"cleanup-{number}", row="", title="clear away", do=CleanUp())
    desk.run = run.with_step(step).but(state=RunState.ACTIVE, ended_at=None)
    desk.note("cleanup", me.record)
    desk.say(replies.answers.cleaning(me.handle))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Cleanup: cleanup}
