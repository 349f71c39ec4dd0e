"""What is still to come is never told as if it were so, of any step of any procedure, wherever its line stands."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.chat.replies import lists, phrases, summary
from bot.engine.looks import Looking
from bot.engine.plan import outline, specimen
from sops import ALL, RELEASE_FREEZE
from sops.kit.gate import SignedOff
from sops.kit.message import Card
from sops.kit.model import Sop, Step
from sops.kit.run import Run, RunState, StepState

NOW = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)
UNFINISHED = (", to do", ", under way", ", not yet", ", stopped", ", never done")
SOPS = pytest.mark.parametrize("sop", [*ALL, RELEASE_FREEZE], ids=lambda sop: str(sop.id))


def at_each_step(sop: Sop) -> Iterator[Run]:
    """The procedure with its first steps done, and those whose turn it is waiting as the engine leaves them."""
    run = specimen(sop).but(state=RunState.ACTIVE, created_at=NOW)
    yield from (at_work(run, state) for state in (StepState.PENDING, StepState.RUNNING, StepState.FAILED))
    for step in (None, *run.steps):
        run = run.with_record(step.id, state=StepState.DONE) if step else run
        yield at_work(run, StepState.WAITING)


def at_work(run: Run, state: StepState) -> Run:
    for step in run.current():
        look = Looking()
        for piece in step.waits:
            if isinstance(piece, SignedOff):
                look.asked(run, step, piece)
        run = run.with_record(step.id, state=state, note="; ".join(look.notes))
    return run


def unfinished(run: Run) -> list[Step]:
    return [step for step in run.steps if not run.record(step.id).state.over]


def lines(card: Card) -> list[str]:
    return ["".join(span.text for span in each) for each in card.lines]


def named(told: list[str], step: Step) -> list[str]:
    return [each for each in told if each[2:].partition(",")[0].partition(" (")[0] in {step.id, step.title}]


@SOPS
def test_status_and_todo_say_of_each_step_whether_it_is_to_come(sop: Sop) -> None:
    for run in at_each_step(sop):
        told = lines(lists.status(run, NOW))
        for step in unfinished(run):
            assert [each for each in named(told, step) if any(word in each for word in UNFINISHED)], (step.id, told)
        for each in lines(lists.todo(run))[1:]:
            assert any(word in each for word in UNFINISHED) or each == "Nothing."


@SOPS
def test_what_somebody_is_to_say_stands_as_that_wherever_it_is_shown(sop: Sop) -> None:
    for run in at_each_step(sop):
        shown = [*lines(lists.status(run, NOW)), *lines(lists.todo(run)), *lines(summary.summary(run, NOW))]
        shown += [text for _, texts in outline(run) for text in texts]
        for step in unfinished(run):
            for ask in (piece.ask for piece in step.waits if isinstance(piece, SignedOff)):
                assert all("to say: " in each.partition(ask)[0] for each in shown if ask in each)


@SOPS
def test_a_summary_names_no_step_to_come_without_saying_so(sop: Sop) -> None:
    for run in at_each_step(sop):
        told = lines(summary.summary(run, NOW))
        for step in unfinished(run):
            bare = [each for each in told if step.title in each and not any(word in each for word in UNFINISHED)]
            ahead = ("Not yet: ", "Next    ", "✓ ", "–", run.name, "Started")  # what is done may be called alike
            assert not [each for each in bare if not each.startswith(ahead) and each[2:].startswith(step.title)], told


def test_a_run_that_is_over_says_what_was_never_done() -> None:
    run = specimen(ALL[0]).but(state=RunState.CANCELLED)
    assert all(each.endswith(", never done") for each in lines(lists.status(run, NOW))[1:])


def test_what_an_earlier_version_noted_is_told_as_this_one_does() -> None:
    run = specimen(next(sop for sop in ALL if sop.id == "SOP-08")).but(state=RunState.ACTIVE)
    step = run.step("mitigate")
    assert step is not None
    run = run.with_record("detect", state=StepState.DONE).with_record(
        "mitigate", state=StepState.WAITING, note="the bleeding is stopped"
    )
    told = "".join(span.text for span in phrases.note_of(run, step))
    assert told == ": somebody on call is to say: the bleeding is stopped (!mitigate text)"
