"""`!reland`: the rollback brings the work it took back to develop again, by a pull request people merge."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.reland import RELAND, STEPS
from sops.kit.run import Run, RunState, StepState
from sops.kit.tailored import renamed


def reland(desk: Desk, me: Speaker, _: commands.Reland) -> Refused | None:
    """The run is active again for this; what a cancelled one had not done stays undone, and it ends cancelled again."""
    run = desk.run
    if not any(debt.id == RELAND and debt.open for debt in run.obligations):
        return Refused(refusals.refused(replies.rollback.NOTHING_TO_RELAND))
    if any(run.step(step.id) and not run.record(step.id).state.over for step in STEPS):
        return Refused(refusals.refused(replies.rollback.RELANDING))
    run = _closed(run) if run.state is RunState.CANCELLED else run
    again = {step.id for step in STEPS}
    run = run.but(records={name: record for name, record in run.records.items() if name not in again})
    for step in renamed(run.sop, STEPS, run.policy):
        run = run if run.step(step.id) else run.with_step(step)
    desk.run = run.but(state=run.state if run.state is RunState.HELD else RunState.ACTIVE, ended_at=None)
    desk.note("reland", me.record)
    desk.say(replies.rollback.relanding(desk.run, me.handle))
    return None


def _closed(run: Run) -> Run:
    for step in run.steps:
        if not run.record(step.id).state.over:
            run = run.with_record(step.id, state=StepState.SKIPPED, note="cancelled")
    return run


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Reland: reland}
