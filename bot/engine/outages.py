"""A far end that fails at a step: the run's thread hears so once, and once that it works again; status shows it always.

Nothing is told that whoever keeps the bot going was told for everybody: while all are turned away, status shows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat import replies
from bot.engine import held_up
from bot.engine.desk import Desk
from sops.kit.errors import AtFarEnd, FarEndError
from sops.kit.escaping import printable
from sops.kit.model import Step
from sops.kit.run import Failing, StepRecord, StepState

SHORT = 160  # characters of what it said
SOMEBODY = "the far end"  # where nobody knows which
NO_ANSWER = "no answer yet"


@dataclass(frozen=True)
class TellAfter:
    """A failing far end is told of after so many tries of a step, or the first that fails so long after the first."""

    tries: int = 3
    time: timedelta = timedelta(minutes=2)


def met(desk: Desk, step: Step, problem: AtFarEnd, tell_after: TellAfter) -> None:
    """One more try failed."""
    unasked = isinstance(problem, FarEndError) and problem.unasked
    at = problem.at or SOMEBODY
    before = desk.run.record(step.id).failing
    if before is not None and before.at != at and _only_slow(before):
        before = before.model_copy(update={"at": at})
    if before is None or before.at != at:
        before = Failing(at=at, said="", since=desk.now)
    said = before.said if unasked and before.said else problem.said or str(problem)
    now = before.model_copy(update={"said": _short(said), "tries": before.tries + (0 if unasked else 1)})
    due = not unasked and (now.tries >= tell_after.tries or desk.now - now.since >= tell_after.time)
    tell = due and not now.told
    known = any(each.at == at for each in _told(desk))
    desk.run = desk.run.with_record(step.id, failing=now.model_copy(update={"told": now.told or tell}))
    if tell:
        desk.note("trouble", step=step.id, what=f"{at}: {now.said}")
    if tell and not known:
        desk.say(replies.news.failing(desk.run, step, now))


def slow(desk: Desk, step: Step, since: datetime) -> None:
    """A far end was asked then, and has said nothing yet: that is shown, and told to nobody."""
    record = desk.run.record(step.id)
    if record.failing is None and record.state in {StepState.WAITING, StepState.RUNNING}:
        desk.run = desk.run.with_record(step.id, failing=Failing(at=SOMEBODY, said=NO_ANSWER, since=since))


def answered(desk: Desk, step: Step) -> None:
    """What was slow has come to its end."""
    failing = desk.run.record(step.id).failing
    if failing is not None and _only_slow(failing):
        over(desk, step)


def _only_slow(failing: Failing) -> bool:
    return failing.tries == 0 and failing.at == SOMEBODY


def over(desk: Desk, step: Step) -> None:
    """The step got its answers."""
    failing = desk.run.record(step.id).failing
    if failing is None:
        return
    desk.run = held_up.counted(desk.run, failing.at, failing.since, desk.now)
    desk.run = desk.run.with_record(step.id, failing=None)
    if failing.told and not any(each.at == failing.at for each in _told(desk)):
        desk.say(replies.news.works_again(desk.run, step, failing, desk.now))


def _told(desk: Desk) -> list[Failing]:
    """The outages that the thread knows of, and that go on."""
    records: list[StepRecord] = [desk.run.record(step.id) for step in desk.run.steps]
    return [each.failing for each in records if each.failing and each.failing.told and not each.state.over]


def _short(said: str) -> str:
    plain = printable(said[: 4 * SHORT])
    return plain if len(plain) <= SHORT else f"{plain[: SHORT - 1]}…"
